"""Line drawings as label maps of two classes, paper and ink."""

import cv2
import numpy as np
from PIL import Image

from pix2pix.images.convert import to_rgb

PAPER, INK = 0, 1
MIN_CONTRAST = 16  # grey levels between the lightest and the darkest pixel


def decode_lines(image: Image.Image, shape: tuple[int, int]) -> np.ndarray:
    """The lines in an image, (H, W) uint8 of PAPER and INK, scaled to fit in `shape`.

    INK is the rarer of the two tones, so black on white and white on black are read alike. Otsu's
    threshold (IEEE SMC 9, 1979) separates pencil and pen. Raises ValueError for an image of one
    tone.
    """
    grey = np.asarray(to_rgb(image).convert("L"))
    scale = min(shape[0] / grey.shape[0], shape[1] / grey.shape[1])
    height, width = (max(1, round(length * scale)) for length in grey.shape)
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(grey, (width, height), interpolation=kind)
    if int(small.max()) - int(small.min()) < MIN_CONTRAST:
        raise ValueError("shows no lines: it has one tone throughout")
    _, light = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    is_ink = light == 0 if light.mean() >= 0.5 else light == 1
    return np.where(is_ink, INK, PAPER).astype(np.uint8)
