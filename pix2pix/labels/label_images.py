"""Read label images of any form, with notes on how they were interpreted."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from pix2pix.images.convert import crop_rows, strips, to_array, to_rgb
from pix2pix.images.seam import MIN_SEAM, measure_center_seam
from pix2pix.labels.classes import (
    CLASSES,
    FACADE_COLORS,
    NUM_CLASSES,
    PIX2PIX_COLORS,
    VOID,
    Colors,
)
from pix2pix.labels.label_colors import (
    ClassColors,
    NotALabelMapError,
    decode_colors,
    decode_exactly,
    find_white_background,
)

LOSSY_FORMATS = ("JPEG", "MPO", "WEBP", "AVIF", "HEIF")
MIN_ALPHA = 128  # pixels with a lower alpha are transparent
MIN_HALF = 16  # pixels
FACADE_CLASS_COLORS = ClassColors(tuple(c.name for c in CLASSES), (FACADE_COLORS, PIX2PIX_COLORS))

Notes = tuple[str, ...]


def read_label_image(
    image: Image.Image, colors: Colors | None = None, classes: Sequence[str] = ()
) -> tuple[np.ndarray, Notes]:
    """Like `label_map.decode_label_image`, but returns the notes instead of reporting them.

    A note is a sentence without a capital letter and full stop.
    """
    if colors is None:
        names = FACADE_CLASS_COLORS
    else:
        names = ClassColors(
            tuple(classes) or tuple(f"class {i}" for i in range(len(colors))), (colors,)
        )
    is_lossy = image.format in LOSSY_FORMATS
    try:
        return _read_whole(image, names, is_lossy)
    except NotALabelMapError:
        half = _read_half(image, names, is_lossy)
        if half is None:
            raise
        return half


def _read_half(
    image: Image.Image, names: ClassColors, is_lossy: bool
) -> tuple[np.ndarray, Notes] | None:
    """The label map of a side-by-side pair of a photo and its map; None if it is no such pair."""
    middle = image.width // 2
    if image.width % 2 or min(middle, image.height) < MIN_HALF:
        return None
    step = measure_center_seam(image)
    if step is None or step < MIN_SEAM:
        return None
    found = []
    for side, left in (("left", 0), ("right", middle)):
        try:
            half = image.crop((left, 0, left + middle, image.height))
            label_map, notes = _read_whole(half, names, is_lossy)
            found.append(
                (label_map, (f"the {side} half of this pair is read as the label map", *notes))
            )
        except NotALabelMapError:
            continue
        except ValueError:
            return None
    return found[0] if len(found) == 1 else None


def _read_whole(image: Image.Image, names: ClassColors, is_lossy: bool) -> tuple[np.ndarray, Notes]:
    check_palette(image)
    clear = find_transparent(image)
    if clear.all():
        raise ValueError("is fully transparent, so nothing is drawn on it")
    rgb = to_array(to_rgb(drop_alpha(image)))
    notes: list[str] = []
    values = extract_gray_values(image, rgb)
    label_map = None if values is None else _read_grey(values, rgb, names, clear)
    if label_map is None:
        ground, void = clear, find_void_index(image, rgb, names.palettes)
        white = find_white_background(rgb, clear, names) if names.background is not None else None
        if white is not None and not (white | clear).all():
            ground = clear | white
            notes.append(f"the white area ({white.mean():.0%}) is read as background")
        label_map, more = decode_colors(rgb, names, ground | void, is_lossy)
        notes += more
        label_map[ground] = VOID if names.background is None else names.background
    elif names.background is not None:
        label_map[clear] = names.background
    if clear.any():
        stands_for = "no class" if names.background is None else "background"
        notes.append(f"the transparent area ({clear.mean():.0%}) is read as {stands_for}")
    return label_map, tuple(notes)


def _read_grey(
    values: np.ndarray, rgb: np.ndarray, names: ClassColors, clear: np.ndarray
) -> np.ndarray | None:
    """Class indices of a grey image; None if its values are no indices."""
    if names is FACADE_CLASS_COLORS:
        return _decode_indices(values, clear)
    colors = names.palettes[0]
    label_map = decode_exactly(rgb, colors, clear)  # a class may have a grey colour
    if label_map is not None:
        return label_map
    shown = values[~clear]
    if shown.min() >= 0 and shown.max() < len(colors):
        if (shown != shown.astype(np.uint8)).any():
            raise ValueError(f"has values that are not indices from 0 to {len(colors) - 1}")
        return np.where(clear, VOID, values.astype(np.uint8)).astype(np.uint8)
    if len(colors) == 2 and shown.max() in (255, 65535) and np.isin(shown, (0, shown.max())).all():
        return np.where(clear, VOID, values > 0).astype(np.uint8)
    return None


def _decode_indices(values: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Facade classes of greyscale indices 0-11 or ids 1-12; ValueError if ambiguous."""
    shown = values[~clear]
    low, high = shown.min(), shown.max()
    if not (low >= 0 and high <= NUM_CLASSES):  # NaN too
        raise NotALabelMapError(
            f"is greyscale with values {low}..{high}; a label map has indices 0-11 or ids 1-12"
        )
    if (shown.astype(np.uint8) != shown).any():
        raise ValueError("has fractional values; a label map has indices 0-11 or ids 1-12")
    if high == 0:
        raise ValueError("is all black, so it may be a map of class 0 or of no class at all")
    if low == 0 and high == NUM_CLASSES:
        raise ValueError("mixes index 0 with id 12, so it is neither indices 0-11 nor ids 1-12")
    if low > 0 and high < NUM_CLASSES:
        raise ValueError(
            "is greyscale with neither a 0 nor a 12, so indices 0-11 and ids 1-12 cannot be told "
            "apart; save it as a palette or RGB image in the class colours"
        )
    indices = np.where(clear, 0, values).astype(np.uint8) - np.uint8(low > 0)
    return np.where(clear, VOID, indices).astype(np.uint8)


def check_palette(image: Image.Image) -> None:
    """Raises ValueError if a palette image uses indices beyond its palette."""
    if image.mode == "P" and image.getextrema()[1] >= len(image.getpalette() or ()) // 3:  # type: ignore[operator]
        raise ValueError("is damaged: it uses colour indices that its palette does not have")


def find_transparent(image: Image.Image) -> np.ndarray:
    """The transparent pixels, (H, W) bool."""
    clear = np.zeros((image.height, image.width), bool)
    for rows in strips(clear.shape) if image.has_transparency_data else ():
        clear[rows] = np.asarray(crop_rows(image, rows).convert("RGBA"))[..., 3] < MIN_ALPHA
    return clear


def drop_alpha(image: Image.Image) -> Image.Image:
    """The image without alpha: transparent pixels keep their own colours."""
    if not image.has_transparency_data:
        return image
    return (
        image.convert("LA").convert("L")
        if image.mode == "La"
        else image.convert("RGBA").convert("RGB")
    )


def extract_gray_values(image: Image.Image, rgb: np.ndarray) -> np.ndarray | None:
    """The values (H, W) of a grey image, of any bit depth; None if it has colours."""
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
        return to_array(image)
    is_grey = all(np.array_equal(rgb[..., 0], rgb[..., i]) for i in (1, 2))
    return rgb[..., 0] if is_grey else None


def find_void_index(
    image: Image.Image, rgb: np.ndarray, palettes: tuple[Colors, ...]
) -> np.ndarray:
    """Pixels with palette index 255, (H, W) bool: no class, as in Pascal VOC.

    All False if a class has the colour of this index.
    """
    if image.mode != "P":
        return np.zeros(rgb.shape[:2], bool)
    void = to_array(image) == VOID
    if void.any():
        color = tuple(rgb[void][0].tolist())
        if any(color in colors for colors in palettes):
            return np.zeros(rgb.shape[:2], bool)
    return void
