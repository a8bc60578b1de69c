"""Image-to-image translation with conditional GANs: train, draw, colourise."""

__version__ = "0.1.0"
