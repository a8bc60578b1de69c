"""The twelve facade classes and their colours in label images."""

from typing import NamedTuple

import numpy as np

VOID = 255  # the value of pixels without a class


class LabelClass(NamedTuple):
    """A class: its name, a description for users, and its colour in both palettes."""

    name: str
    meaning: str
    rgb: tuple[int, int, int]
    pix2pix_rgb: tuple[int, int, int]


# Names, order and `rgb` are those of the CMP Facade Database (Tylecek and Sara, GCPR 2013);
# `pix2pix_rgb` was measured in the label JPEGs of the pix2pix "facades" set.
CLASSES = (
    LabelClass("background", "sky, street, neighbours", (0, 0, 170), (0, 0, 222)),
    LabelClass("facade", "the plain wall of the building", (0, 0, 255), (0, 48, 255)),
    LabelClass("window", "glass and its frame", (0, 85, 255), (0, 128, 255)),
    LabelClass("door", "a way in", (0, 170, 255), (1, 207, 255)),
    LabelClass("cornice", "the ledge that crowns a storey", (0, 255, 255), (32, 255, 224)),
    LabelClass("sill", "the shelf under a window", (85, 255, 170), (112, 254, 142)),
    LabelClass("balcony", "a railing in front of a window", (170, 255, 85), (192, 255, 63)),
    LabelClass("blind", "a shutter or blind at a window", (255, 255, 0), (255, 240, 1)),
    LabelClass("deco", "ornament: a mask, a relief, a sign", (255, 170, 0), (255, 159, 0)),
    LabelClass("molding", "a raised band or window surround", (255, 85, 0), (255, 80, 0)),
    LabelClass("pillar", "a column or flat pilaster", (255, 0, 0), (254, 0, 0)),
    LabelClass("shop", "a shop front at street level", (170, 0, 0), (174, 0, 1)),
)
NUM_CLASSES = len(CLASSES)
PALETTE = np.array([c.rgb for c in CLASSES], np.uint8)  # (12, 3)
PIX2PIX_PALETTE = np.array([c.pix2pix_rgb for c in CLASSES], np.uint8)  # (12, 3)

Colors = tuple[tuple[int, ...], ...]  # the RGB of each class
FACADE_COLORS: Colors = tuple(c.rgb for c in CLASSES)
PIX2PIX_COLORS: Colors = tuple(c.pix2pix_rgb for c in CLASSES)
