"""Line drawings: a label map of two classes, paper and ink."""

import cv2
import numpy as np
from PIL import Image

from pix2pix.images.convert import to_rgb

PAPER, INK = 0, 1
LEAST_CONTRAST = 16  # grey levels between the lightest and the darkest of what shows lines


def decode_lines(image: Image.Image, shape: tuple[int, int]) -> np.ndarray:
    """The lines in a picture, (H, W) uint8 as large as fits in `shape`: PAPER, INK the rarer tone.

    So black on white and white on black are read alike, and a pencil as a pen (the threshold is
    Otsu's, IEEE SMC 9, 1979). Raises ValueError for a picture of one tone.
    """
    grey = np.asarray(to_rgb(image).convert("L"))
    scale = min(shape[0] / grey.shape[0], shape[1] / grey.shape[1])
    height, width = (max(1, round(length * scale)) for length in grey.shape)
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(grey, (width, height), interpolation=kind)
    if int(small.max()) - int(small.min()) < LEAST_CONTRAST:
        raise ValueError("shows no lines: it has one tone throughout")
    _, light = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    is_ink = light == 0 if light.mean() >= 0.5 else light == 1
    return np.where(is_ink, INK, PAPER).astype(np.uint8)
