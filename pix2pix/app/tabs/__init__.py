"""The tabs of the app, a module each."""
