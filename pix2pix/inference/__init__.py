"""Inference pipelines, one per task, with PIL or NumPy inputs and outputs.

`loading` creates the pipeline of a checkpoint: `Drawer`, `Tracer`, `Colorizer`,
`Restorer` or `Translator`. They share `styles` and `working_shapes`, and run the network by
`oom_fallback`, `runner` and `backends`.
"""

from pix2pix.images.color_hints import MAX_HINTS, Hint
from pix2pix.inference.backends import ENGINES, InferenceCancelledError, Stop
from pix2pix.inference.colorizer import Colorizer, format_offers
from pix2pix.inference.image_to_image import Translator
from pix2pix.inference.label_to_photo import Drawer, Style
from pix2pix.inference.loading import (
    load_any,
    load_colorizer,
    load_drawer,
    load_restorer,
    load_tracer,
    load_translator,
)
from pix2pix.inference.photo_session import MAX_STRENGTH, PhotoSession
from pix2pix.inference.photo_to_label import Tracer
from pix2pix.inference.regions import MAX_REGIONS, Look, Regions
from pix2pix.inference.restorer import Restoration, Restorer

__all__ = [
    "ENGINES",
    "MAX_HINTS",
    "MAX_REGIONS",
    "MAX_STRENGTH",
    "Colorizer",
    "Drawer",
    "Hint",
    "InferenceCancelledError",
    "Look",
    "PhotoSession",
    "Regions",
    "Restoration",
    "Restorer",
    "Stop",
    "Style",
    "Tracer",
    "Translator",
    "format_offers",
    "load_any",
    "load_colorizer",
    "load_drawer",
    "load_restorer",
    "load_tracer",
    "load_translator",
]
