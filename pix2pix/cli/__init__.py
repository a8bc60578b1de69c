"""The commands of `python -m pix2pix`, a module each, and what they share."""
