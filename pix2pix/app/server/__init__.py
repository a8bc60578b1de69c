"""The routes of the page, their requests' validation and what they keep."""
