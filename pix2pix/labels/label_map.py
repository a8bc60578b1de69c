"""Label maps and their conversion from and to label images.

A label map is an array of class indices, (H, W) uint8 in 0..11; VOID (255) marks pixels without a
class. A label image is its image form: written as a palette PNG with ids 1-12 and the colours of
the CMP Facade Database, and read from every common form.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from pix2pix.images.reader import ImageSource, describe_source, open_image
from pix2pix.labels.classes import CLASSES, NUM_CLASSES, PALETTE, VOID, Colors
from pix2pix.labels.label_images import read_label_image
from pix2pix.runtime.user_warnings import notify


def is_facades(names: Sequence[str]) -> bool:
    """Whether classes of these names, by index, are the twelve of facades."""
    return list(names) == [c.name for c in CLASSES]


def check_label_map(label_map: np.ndarray, num_classes: int = NUM_CLASSES) -> None:
    """Raises ValueError unless `label_map` is (H, W) uint8 of class indices or VOID."""
    if label_map.ndim != 2 or label_map.dtype != np.uint8 or label_map.size == 0:
        raise ValueError(
            "a label map is a non-empty (H, W) uint8 array, "
            f"got {label_map.shape} {label_map.dtype}"
        )
    bad = np.unique(label_map[(label_map >= num_classes) & (label_map != VOID)])
    if bad.size:
        raise ValueError(
            f"class indices must be from 0 to {num_classes - 1}, got {bad.tolist()[:8]}"
        )


def encode_label_image(
    label_map: np.ndarray, colors: Sequence[Sequence[int]] | np.ndarray = PALETTE
) -> Image.Image:
    """A palette image (mode P) of ids 1-12 in CMP colours, the form of the CMP database.

    VOID becomes id 0, black. A PNG of it reads back identically. For other classes than the
    facade's, `colors` (K, 3) in 0..255 are theirs.
    """
    check_label_map(label_map, len(colors))
    image = Image.fromarray(np.where(label_map == VOID, 0, label_map + 1).astype(np.uint8))
    image = image.convert("L")
    image.putpalette([0, 0, 0, *np.asarray(colors).reshape(-1).tolist()])
    return image


def open_label_map(
    source: ImageSource,
    name: str | None = None,
    colors: Colors | None = None,
    classes: Sequence[str] = (),
) -> np.ndarray:
    """The label map in a file: `images.open_image`, then `decode_label_image`.

    Raises ValueError "NAME: reason".
    """
    image = open_image(source, name)
    try:
        label_map, notes = read_label_image(image, colors, classes)
    except ValueError as error:
        raise ValueError(f"{name or describe_source(source)}: {error}") from None
    for note in notes:
        notify(f"{name or describe_source(source)}: {note}")
    return label_map


def decode_label_image(
    image: Image.Image, colors: Colors | None = None, classes: Sequence[str] = ()
) -> np.ndarray:
    """The label map (H, W) uint8 in an image of any supported form.

    Reads palette and RGB images (JPEG too) in the CMP or the pix2pix colours, with black as VOID,
    and greyscale indices 0-11 or ids 1-12. With `colors` (K, 3), reads other classes: in these
    colours, or as indices from 0 to K - 1. A transparent or white background becomes the class
    "background" if `classes`, the class names, has it. In a photo and its label map side by side,
    the map is read. `user_warnings.notify` reports such decisions. Raises ValueError with the
    reason for anything else, such as a photograph, or a larger area in colours of no class.
    """
    label_map, notes = read_label_image(image, colors, classes)
    for note in notes:
        notify(f"{note[0].upper()}{note[1:]}.")
    return label_map


def resize_label_map(label_map: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The label map resized to (H, W): each pixel gets the class that covers most of it."""
    if label_map.shape == shape:
        return label_map
    if shape[0] >= label_map.shape[0] and shape[1] >= label_map.shape[1]:
        return cv2.resize(label_map, shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    present = np.unique(label_map)
    cover = [
        cv2.resize((label_map == c).astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
        for c in present
    ]
    return present[np.argmax(cover, axis=0)]
