"""Label images of people's own classes: a palette.json beside the data says what they are.

    [{"name": "road", "rgb": [128, 64, 128]}, {"name": "sky", "rgb": [70, 130, 180]}]

A class may have an "id", its value in greyscale label images; without, that is its place in the
list, from 0 on. In those images 255, and in coloured ones black, is no class unless it is listed.
Without the file, the data has the twelve facade classes of `labels`.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pix2pix.config import LabelColor, from_dict, require
from pix2pix.drawings.labels import (
    CLASSES,
    MAX_COLOR_DISTANCE,
    VOID,
    Colors,
    decode_colors,
    decode_label_image,
)
from pix2pix.imaging.pixels import to_rgb

PALETTE_NAME = "palette.json"
# A lossless label image may have odd pixels along its borders; one odd colour that covers more
# than this part of it is a class that was forgotten.
MAX_ODD_PART = 0.02
UNKNOWN = VOID - 1


@dataclass(frozen=True)
class PaletteEntry:
    """A class as palette.json has it."""

    name: str
    rgb: tuple[int, ...]
    id: int = -1  # -1: its place in the list


@dataclass(frozen=True)
class Palette:
    """The classes of a data set, and how its label images are read."""

    classes: tuple[LabelColor, ...]
    ids: tuple[int, ...] = ()  # in greyscale label images; (): the forms that `labels` knows

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def is_facades(self) -> bool:
        return not self.ids

    def decode(self, image: Image.Image, is_lossy: bool = False) -> np.ndarray:
        """The label map (H, W) uint8 in an image. Raises ValueError with the reason for none."""
        if not is_lossy and image.mode in ("RGB", "RGBA", "P"):
            self._refuse_odd_colors(np.asarray(to_rgb(image)))
        return decode_label_image(image) if self.is_facades else self._decode(image)

    def _colors(self) -> Colors:
        return tuple(c.rgb for c in self.classes)

    def _decode(self, image: Image.Image) -> np.ndarray:
        if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
            return self._decode_ids(np.asarray(image))
        rgb = np.asarray(to_rgb(image))
        label_map = _color_lookup(self._colors())[_pack(rgb)]
        if (label_map != UNKNOWN).all():
            return label_map
        if image.mode == "P" and np.isin(np.asarray(image), (*self.ids, VOID)).all():
            return self._decode_ids(np.asarray(image))
        if (rgb == rgb[..., :1]).all():
            return self._decode_ids(rgb[..., 0])
        return decode_colors(rgb, (self._colors(),))

    def _decode_ids(self, values: np.ndarray) -> np.ndarray:
        unknown = np.setdiff1d(np.unique(values), (*self.ids, VOID))
        if unknown.size:
            raise ValueError(
                f"has the values {unknown[:8].tolist()}, which are no class; "
                f"{PALETTE_NAME} has the ids {', '.join(map(str, self.ids))}"
            )
        table = np.full(256, VOID, np.uint8)
        table[list(self.ids)] = np.arange(len(self.ids))
        return table[values.astype(np.uint8)]

    def _refuse_odd_colors(self, rgb: np.ndarray) -> None:
        """Raises ValueError for a colour, not a grey, that is no class and covers much of it."""
        colors = self._colors()
        if self.is_facades:
            colors += tuple(c.pix2pix_rgb for c in CLASSES)
        packed = _pack(rgb)
        odd = packed[_color_lookup(colors)[packed] == UNKNOWN]
        if odd.size <= MAX_ODD_PART * packed.size:
            return
        values, counts = np.unique(odd, return_counts=True)
        most = int(values[counts.argmax()])
        color = np.array([most >> 16, most >> 8 & 255, most & 255])
        near = np.linalg.norm(np.array(colors) - color, axis=1).min() <= MAX_COLOR_DISTANCE
        part = counts.max() / packed.size
        if part > MAX_ODD_PART and not near and np.ptp(color):
            raise ValueError(
                f"{part:.0%} of it has the colour {tuple(color.tolist())}, which is no class"
            )


def _pack(rgb: np.ndarray) -> np.ndarray:
    red, green, blue = (rgb[..., i].astype(np.int32) for i in range(3))
    return red << 16 | green << 8 | blue


@functools.lru_cache(maxsize=2)
def _color_lookup(colors: Colors) -> np.ndarray:
    """The class of each of 2 ** 24 colours, VOID for black that is none, UNKNOWN for the rest."""
    table = np.full(1 << 24, UNKNOWN, np.uint8)
    table[0] = VOID
    table[_pack(np.array(colors))] = np.arange(len(colors))
    return table


FACADES = Palette(tuple(LabelColor(c.name, c.rgb) for c in CLASSES))


def read_palette(folder: Path) -> Palette:
    """The classes in FOLDER/palette.json, or those of facades where there is no such file."""
    path = folder / PALETTE_NAME
    if not path.exists():
        return FACADES
    try:
        entries = json.loads(path.read_bytes())
        require(isinstance(entries, list) and len(entries) > 1, "it", "a list of classes", entries)
        parsed = [from_dict(PaletteEntry, e, f"class {i}") for i, e in enumerate(entries)]
        classes = tuple(LabelColor(e.name, e.rgb) for e in parsed)
        ids = tuple(i if e.id == -1 else e.id for i, e in enumerate(parsed))
        require(len(classes) < UNKNOWN, "it", f"at most {UNKNOWN - 1} classes", len(classes))
        require(all(0 <= i <= 255 for i in ids), "ids", "from 0 to 255", ids)
        for name, values in (
            ("ids", ids),
            ("names", [c.name for c in classes]),
            ("colours", [c.rgb for c in classes]),
        ):
            require(len(set(values)) == len(values), name, "all different", values)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    return Palette(classes, ids)
