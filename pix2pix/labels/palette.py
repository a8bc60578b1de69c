"""Label images with custom classes, defined in a palette.json beside the data.

    [{"name": "road", "rgb": [128, 64, 128]}, {"name": "sky", "rgb": [70, 130, 180]}]

A class may have an "id", its value in greyscale and palette images; the default is its position in
the list, from 0. Unless listed, the value 255 is no class, and neither is black in colour images.
An entry "ignore" or "void" with the id 255 defines the colour of pixels without a class. Without
the file, label maps have the twelve facade classes in colours; {"facades": 1} means facade ids from
1 on (0: no class), {"facades": 0} from 0 on.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from pix2pix.config import LabelColor
from pix2pix.config_fields import from_dict, require
from pix2pix.images.convert import to_array, to_rgb
from pix2pix.labels.label_colors import (
    ClassColors,
    NotALabelMapError,
    decode_colors,
    decode_exactly,
    find_white_background,
)
from pix2pix.labels.label_images import (
    FACADE_CLASS_COLORS,
    check_palette,
    drop_alpha,
    extract_gray_values,
    find_transparent,
    find_void_index,
)
from pix2pix.labels.label_map import CLASSES, NUM_CLASSES, VOID, Colors

PALETTE_NAME = "palette.json"
MAX_PALETTE_BYTES = 1 << 20  # 255 classes take 20 kB
VOID_NAMES = ("ignore", "ignored", "void", "unlabeled", "unlabelled")
MAX_CLASSES = VOID - 2


@dataclass(frozen=True)
class PaletteEntry:
    """An entry of palette.json."""

    name: str
    rgb: tuple[int, ...]
    id: int = -1  # -1: its position in the list
    ignore: bool = False  # no class: its pixels count in no loss and no metric


class ParsedLabelImage:
    """A label image with its RGB values, grey values and transparency."""

    def __init__(self, image: Image.Image, is_lossy: bool) -> None:
        check_palette(image)
        self.image = image
        self.is_lossy = is_lossy
        self.clear = find_transparent(image)
        if self.clear.all():
            raise ValueError("is fully transparent, so there is no class in it")
        self.rgb = to_array(to_rgb(drop_alpha(image)))
        grey = extract_gray_values(image, self.rgb)
        self.is_grey = grey is not None
        self.values = to_array(image) if image.mode == "P" else grey  # (H, W), None: only colours
        if self.values is not None and np.isin(self.values, (0, 65535)).all():
            self.values = np.where(self.values > 0, 255, 0)  # a 16-bit mask

    def shown_values(self) -> tuple[np.ndarray, np.ndarray]:
        """The values of its visible pixels, and the count of each."""
        assert self.values is not None
        return np.unique(self.values[~self.clear], return_counts=True)


@dataclass(frozen=True)
class Palette:
    """The classes of a data set, and how its label images are read."""

    classes: tuple[LabelColor, ...]
    ids: tuple[int, ...] = ()  # values in greyscale and palette images; (): unknown
    void_ids: tuple[int, ...] = (VOID,)
    void_colors: Colors = ()
    reading: str = ""  # "ids" or "colors" for the whole set; "": decided for each image

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def is_facades(self) -> bool:
        return self.classes == FACADES.classes

    @property
    def names(self) -> ClassColors:
        if self.is_facades:
            return FACADE_CLASS_COLORS
        colors = tuple(c.rgb for c in self.classes)
        return ClassColors(tuple(c.name for c in self.classes), (colors,))

    def decode(self, image: Image.Image, is_lossy: bool = False) -> np.ndarray:
        """The label map (H, W) uint8 in an image. Raises ValueError with the reason otherwise."""
        return self.read(ParsedLabelImage(image, is_lossy))[0]

    def read(self, look: ParsedLabelImage) -> tuple[np.ndarray, tuple[str, ...]]:
        """The label map, and notes on how it was read, as in `label_images`."""
        label_map = None if self.reading == "ids" else self.read_exact_colors(look)
        if label_map is None and self.reading != "colors":
            label_map = self.read_ids(look)
        if label_map is not None:
            return label_map, ()
        if self.reading == "ids" or (look.is_grey and not self._has_greys()):
            raise ValueError(self._unknown_ids(look))
        return self._read_near_colors(look)

    def read_ids(self, look: ParsedLabelImage) -> np.ndarray | None:
        """Class indices from its values; None if it has none, or one of them is no id."""
        if look.values is None or not self.ids:
            return None
        shown, _ = look.shown_values()
        if not np.isin(shown, (*self.ids, *self.void_ids)).all():
            return None
        table = np.full(256, VOID, np.uint8)
        table[list(self.ids)] = np.arange(len(self.ids))
        return self._fill(table[np.where(look.clear, 0, look.values).astype(np.uint8)], look.clear)

    def read_exact_colors(self, look: ParsedLabelImage) -> np.ndarray | None:
        """Class indices from its colours; None if one of them is no class, or all is black."""
        left_out = look.clear | self._void(look)
        for colors in self.names.palettes:
            label_map = decode_exactly(look.rgb, colors, left_out)
            if label_map is not None:
                return self._fill(label_map, look.clear)
        return None

    def _read_near_colors(self, look: ParsedLabelImage) -> tuple[np.ndarray, tuple[str, ...]]:
        names, ground, notes = self.names, look.clear, []
        white = (
            find_white_background(look.rgb, ground, names) if names.background is not None else None
        )
        if white is not None and not (white | ground).all():
            ground = ground | white
            notes.append("a white area is read as background")
        void = self._void(look)
        try:
            label_map, more = decode_colors(look.rgb, names, ground | void, look.is_lossy)
        except NotALabelMapError:
            raise
        except ValueError as error:
            raise ValueError(f"{error}; if it is a class, add it to {PALETTE_NAME}") from None
        return self._fill(label_map, ground), (*notes, *more)

    def _fill(self, label_map: np.ndarray, ground: np.ndarray) -> np.ndarray:
        background = self.names.background
        label_map[ground] = VOID if background is None else background
        return label_map

    def _void(self, look: ParsedLabelImage) -> np.ndarray:
        void = find_void_index(look.image, look.rgb, self.names.palettes)
        for color in self.void_colors:
            void |= (look.rgb == np.array(color, np.uint8)).all(-1)
        return void

    def _has_greys(self) -> bool:
        """Whether several classes have grey colours, as in a black-and-white mask."""
        return sum(len(set(c.rgb)) == 1 for c in self.classes) > 1

    def _unknown_ids(self, look: ParsedLabelImage) -> str:
        if look.values is None:
            return "is a colour image, but the other label maps of the set hold ids"
        shown, _ = look.shown_values()
        unknown = np.setdiff1d(shown, (*self.ids, *self.void_ids)) if self.ids else shown
        named = ", ".join(map(str, unknown[:8].tolist())) + ", ..." * (len(unknown) > 8)
        if not self.ids:
            return f"is greyscale with the values {named}, and no {PALETTE_NAME} defines them"
        return (
            f"has the values {named}, which are no classes; {PALETTE_NAME} has the ids "
            f"{', '.join(map(str, self.ids))}"
        )


FACADES = Palette(tuple(LabelColor(c.name, c.rgb) for c in CLASSES))


def read_palette(folder: Path) -> Palette:
    """The classes in FOLDER/palette.json, or the facade classes if there is no such file."""
    path = folder / PALETTE_NAME
    if not path.exists():
        return FACADES
    try:
        size = path.stat().st_size
        require(size <= MAX_PALETTE_BYTES, "it", f"at most {MAX_PALETTE_BYTES} bytes", size)
        entries = json.loads(path.read_bytes())
        if isinstance(entries, dict):
            return _facade_ids(entries)
        require(isinstance(entries, list) and len(entries) > 1, "it", "a list of classes", entries)
        return _parse_classes(entries)
    except RecursionError:
        raise ValueError(f"{path}: expected a list of classes, got lists within lists") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _facade_ids(entry: dict) -> Palette:
    first = entry.get("facades")
    ok = len(entry) == 1 and type(first) is int and first in (0, 1)
    require(ok, "it", 'a list of classes, or {"facades": 0 or 1}, the id of the first', entry)
    assert isinstance(first, int)
    ids = tuple(range(first, first + NUM_CLASSES))
    return replace(FACADES, ids=ids, void_ids=(0, VOID) if first else (VOID,))


def _parse_classes(entries: list) -> Palette:
    parsed = [from_dict(PaletteEntry, e, f"class {i}") for i, e in enumerate(entries)]
    parsed = [replace(e, id=i) if e.id == -1 else e for i, e in enumerate(parsed)]
    void = [
        e for e in parsed if e.ignore or (e.id == VOID and e.name.strip().lower() in VOID_NAMES)
    ]
    parsed = [e for e in parsed if e not in void]
    classes = tuple(LabelColor(e.name, e.rgb) for e in parsed)
    ids = tuple(e.id for e in parsed)
    require(1 < len(classes) <= MAX_CLASSES, "it", f"2 to {MAX_CLASSES} classes", len(classes))
    void_ids = tuple(e.id for e in void)
    require(all(0 <= i <= 255 for i in ids + void_ids), "ids", "from 0 to 255", ids + void_ids)
    for name, values in (
        ("ids", ids + void_ids),
        ("names", [c.name for c in classes]),
        ("colours", [c.rgb for c in classes]),
    ):
        require(len(set(values)) == len(values), name, "all different", values)
    void_ids += () if VOID in ids + void_ids else (VOID,)
    return Palette(classes, ids, void_ids, void_colors=tuple(e.rgb for e in void))
