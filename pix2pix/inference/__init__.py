"""The one door to a model for the app and the command line: PIL or NumPy in, PIL or NumPy out.

A class for each task, `load` for a checkpoint of it. What they share: `styles`, the `shapes` that
networks work at, and the way down to one: `oom_fallback`, `runner`, `backends`.
"""

from pix2pix.images.color_hints import MAX_HINTS, Hint
from pix2pix.inference.backends import ENGINES, InferenceCancelledError, Stop
from pix2pix.inference.colorizer import MAX_STRENGTH, Colorizer, PhotoSession, format_offers
from pix2pix.inference.image_to_image import Translator
from pix2pix.inference.label_to_photo import Drawer, Style
from pix2pix.inference.loading import (
    load_any,
    load_colorizer,
    load_drawer,
    load_tracer,
    load_translator,
)
from pix2pix.inference.photo_to_label import Tracer

__all__ = [
    "ENGINES",
    "MAX_HINTS",
    "MAX_STRENGTH",
    "Colorizer",
    "Drawer",
    "Hint",
    "InferenceCancelledError",
    "PhotoSession",
    "Stop",
    "Style",
    "Tracer",
    "Translator",
    "format_offers",
    "load_any",
    "load_colorizer",
    "load_drawer",
    "load_tracer",
    "load_translator",
]
