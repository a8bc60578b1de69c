"""Image-to-image translation with conditional GANs: train, draw, colourise.

import pix2pix
from PIL import Image

colorizer = pix2pix.load("checkpoints/colorize")  # a folder, or OWNER/NAME on the Hub
colorizer.colorize(Image.open("grandmother.jpg")).save("colour.png")
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.config import VERSION

if TYPE_CHECKING:
    from pix2pix.inference import Colorizer, Drawer, Restorer, Tracer, Translator

__version__ = VERSION


def load(
    checkpoint: str | Path, device: str = "auto", engine: str = "auto"
) -> "Drawer | Colorizer | Tracer | Translator | Restorer":
    """The pipeline of a checkpoint: a folder, or OWNER/NAME[@REVISION] on the Hugging Face Hub.

    By the checkpoint's task: `Drawer.draw` takes a label map (H, W) uint8 of class
    indices and gives the photo (H, W, 3) uint8; `Tracer.trace` takes a PIL photo and gives a label
    map; `Colorizer.colorize` and `Translator.translate` take and give PIL images;
    `Restorer.restore` gives a `Restoration`: the image and where it was changed. `device`
    is auto, cpu, cuda or mps; `engine` auto, torch or openvino. Raises ValueError where the
    checkpoint is missing or unsound, and for a device or engine that is not there.
    """
    from pix2pix.inference import load_any  # torch takes seconds to import

    return load_any(checkpoint, device, engine)
