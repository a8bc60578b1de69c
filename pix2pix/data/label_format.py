"""Determine how a dataset encodes its label maps, before training.

A single image can be ambiguous: a mask of 0 and 255 may hold one or two classes; a palette image
may be meant by its colours or by its indices. The label maps of a set are therefore examined
together; if they remain ambiguous, the error message contains the palette.json to write.
"""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pix2pix.data.discovery import Example, ImagePart
from pix2pix.data.example_reader import is_lossy, map_threads, open_parts
from pix2pix.labels.label_colors import pack_rgb
from pix2pix.labels.label_map import VOID
from pix2pix.labels.palette import PALETTE_NAME, Palette, ParsedLabelImage

SAMPLE_SIZE = 64  # label maps, evenly spread
MAX_FORMS = 64  # values or colours; a photo has more
COVERED = 0.98  # of an image, by its most frequent colours
LEAST_BAD = 0.25  # of those looked at: then it is the set, not some files
LEAST_SHARE = 0.0005  # of all pixels, of a colour that is proposed as a class

JPEG_REACH = 24.0  # how far a colour is, at most, from the one that was saved
BLACK = (0, 0, 0)

log = logging.getLogger(__name__)


@dataclass
class LabelSurvey:
    """What the label maps looked at hold."""

    sampled: int = 0
    fit_ids: int = 0
    fit_colors: int = 0
    faults: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    values: Counter[int] = field(default_factory=Counter)  # pixels, of images that have values
    valued: int = 0  # how many images those are
    has_255: bool = False
    value_colors: dict[int, tuple[int, ...]] = field(default_factory=dict)
    colors: Counter[tuple[int, ...]] = field(default_factory=Counter)  # pixels, by colour


def resolve_label_format(
    root: Path, found: dict[str, list[Example]], palette: Palette, skip_invalid: bool = False
) -> Palette:
    """The palette with how the whole set is to be read.

    Raises ValueError, with the palette.json to write, where a good part of the label maps cannot be
    read with this one, unless bad files are to be skipped.
    """
    parts = [e.parts[1] for examples in found.values() for e in examples]
    spread = np.linspace(0, len(parts) - 1, min(len(parts), SAMPLE_SIZE)).round().astype(int)
    chosen = [parts[i] for i in spread]
    survey = survey_labels(chosen, palette)
    if _is_mask(survey, palette):
        palette = replace(palette, ids=(0, VOID), void_ids=())
        log.info(
            "%s: the label maps hold only 0 and 255; 255 is read as %s",
            root,
            palette.classes[1].name,
        )
        survey = survey_labels(chosen, palette)
    bad = len(survey.faults)
    is_set = bad == survey.sampled or (bad > 1 and bad >= LEAST_BAD * survey.sampled)
    if bad and is_set and not skip_invalid:
        proposal = propose(survey, palette, root)
        if proposal:
            raise ValueError(
                f"{root}: {bad} of {survey.sampled} label maps looked at are not of the classes "
                f"expected ({survey.faults[0]}). {proposal}"
            )
    for note, count in survey.notes.most_common(3):
        log.warning("%s: in %d of %d label maps, %s", root, count, survey.sampled, note)
    return replace(palette, reading=_choose_reading(survey, palette))


def survey_labels(parts: Sequence[ImagePart], palette: Palette) -> LabelSurvey:
    survey = LabelSurvey()

    def look_at(part: ImagePart) -> ParsedLabelImage | None:
        try:
            return ParsedLabelImage(open_parts([part])[0], is_lossy(part))
        except ValueError:
            return None  # whoever reads it for training says why

    for start in range(0, len(parts), 8):  # a large one takes 100 MB while it is looked at
        some = parts[start : start + 8]
        for part, look in zip(some, map_threads(look_at, some, "looking at label maps")):
            if look is not None:
                _add(survey, part, look, palette)
    return survey


def _add(survey: LabelSurvey, part: ImagePart, look: ParsedLabelImage, palette: Palette) -> None:
    survey.sampled += 1
    survey.fit_ids += palette.read_ids(look) is not None
    survey.fit_colors += palette.read_exact_colors(look) is not None
    try:
        _, notes = palette.read(look)
        survey.notes.update(notes)
    except ValueError as error:
        survey.faults.append(f"{part.path.name}: {error}")
    if look.values is not None:
        values, counts = look.shown_values()
        survey.has_255 |= bool((values == VOID).any())
        if len(values) <= 256 and not look.is_lossy:
            survey.valued += 1
            survey.values.update(dict(zip(values.tolist(), counts.tolist())))
            if look.image.mode == "P":
                colors = np.array(look.image.getpalette("RGB"), int).reshape(-1, 3)
                for value in values.tolist():
                    survey.value_colors.setdefault(value, tuple(colors[value].tolist()))
    survey.colors.update(_frequent_colors(look))


def _frequent_colors(look: ParsedLabelImage) -> dict[tuple[int, ...], int]:
    """The colours of an image and how many pixels have them; {} of one that has too many."""
    packed, counts = np.unique(pack_rgb(look.rgb[~look.clear]), return_counts=True)
    order = counts.argsort()[::-1][:MAX_FORMS]
    if counts[order].sum() < COVERED * counts.sum():
        return {}
    return {
        (int(c) >> 16, int(c) >> 8 & 255, int(c) & 255): int(n)
        for c, n in zip(packed[order], counts[order])
    }


def looks_like_labels(part: ImagePart) -> bool:
    """Whether a picture has so few colours that it may be a label map, of whatever classes."""
    try:
        return bool(_frequent_colors(ParsedLabelImage(open_parts([part])[0], is_lossy(part))))
    except ValueError:
        return False


def _is_mask(survey: LabelSurvey, palette: Palette) -> bool:
    """Whether 0 and 255 are all that two classes with the ids 0 and 1 have."""
    return (
        palette.ids == (0, 1)
        and survey.valued == survey.sampled > survey.fit_colors
        and survey.values.keys() == {0, VOID}
    )


def _choose_reading(survey: LabelSurvey, palette: Palette) -> str:
    count = survey.sampled
    if not count or survey.fit_ids == survey.fit_colors == count:
        # A grey set is of ids, but for a mask of black and white whose white is a class
        white_is_class = (VOID,) * 3 in {c.rgb for c in palette.classes}
        is_ids = not survey.has_255 or VOID in palette.ids or not white_is_class
        return "ids" if count and not survey.value_colors and is_ids else ""
    return "ids" if survey.fit_ids == count else "colors" if survey.fit_colors == count else ""


def propose(survey: LabelSurvey, palette: Palette, root: Path) -> str:
    """What was found, and the palette.json that would say what it is; "" for no label maps."""
    if survey.valued * 2 > survey.sampled and len(survey.values) <= MAX_FORMS:
        return _propose_ids(survey, palette, root)
    total = sum(survey.colors.values())
    colors = _merge_near([c for c, n in survey.colors.most_common() if n >= LEAST_SHARE * total])
    if not 2 <= len(colors) <= MAX_FORMS:
        return ""
    if palette.is_facades:
        expected = {color for known in palette.names.palettes for color in known}
        if sum(survey.colors[color] for color in expected) > total / 2:
            return ""  # facades all the same; a line for each file says more
    known = {c.rgb: c.name for c in palette.classes} if palette.ids else {}
    is_void = BLACK in colors and BLACK not in known and len(colors) > 2
    classes = [c for c in colors if not (is_void and c == BLACK)]
    entries = [
        {"name": known.get(color, f"class {i}"), "rgb": list(color)}
        for i, color in enumerate(classes)
    ]
    shares = ", ".join(f"{color} ({survey.colors[color] / total:.1%})" for color in colors)
    words = "; black is then no class" if is_void else ""
    return f"They have the colours {shares}{words}. {_write(root, entries)}"


def _merge_near(colors: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The colours without those that JPEG makes of the ones before them."""
    kept: list[tuple[int, ...]] = []
    for color in colors:
        if all(np.linalg.norm(np.subtract(color, other)) > JPEG_REACH for other in kept):
            kept.append(color)
    return kept


def _propose_ids(survey: LabelSurvey, palette: Palette, root: Path) -> str:
    total = sum(survey.values.values())
    shares = ", ".join(f"{v} ({n / total:.1%})" for v, n in sorted(survey.values.items()))
    known = dict(zip(palette.ids, palette.classes))
    values = sorted(survey.values)
    if values == [0, VOID]:
        known, void = {}, []
        entries: list[dict] = [
            {"name": "background", "rgb": [0, 0, 0], "id": 0},
            {"name": "foreground", "rgb": [255, 255, 255], "id": VOID},
        ]
    else:
        void = [v for v in values if v == VOID and v not in known]
        entries, taken = [], {c.rgb for c in known.values()}
        for value in sorted({*values, *known} - set(void)):
            if value in known:
                name, rgb = known[value].name, known[value].rgb
            else:
                name, rgb = f"class {value}", _free_color(survey.value_colors.get(value), taken)
            taken.add(rgb)
            entries.append({"name": name, "rgb": list(rgb), "id": value})
    lacking = [v for v in values if v not in known and v not in void]
    words = f"They hold the ids {shares}"
    words += f"; {PALETTE_NAME} lacks {', '.join(map(str, lacking))}" if known else ""
    words += "; 255 is then no class" if void else ""
    words = f"{words}. {_write(root, entries)}"
    if not palette.ids and max(v for v in values if v != VOID or values == [0, VOID]) <= 12:
        words += (
            '\nIf they are the classes of facades, write {"facades": 1} where background is 1 and '
            'shop 12, {"facades": 0} where background is 0 and shop 11.'
        )
    return words


def _free_color(wanted: tuple[int, ...] | None, taken: set[tuple[int, ...]]) -> tuple[int, ...]:
    """The colour wanted, or else one that no class has yet; black is left to no class."""
    if wanted is not None and wanted not in taken:
        return wanted
    golden = 0.61803398875
    return next(c for i in range(1, 4096) if (c := _hue(i * golden % 1)) not in taken)


def _hue(turn: float) -> tuple[int, int, int]:
    """A strong colour, of a hue from 0 to 1."""
    red, green, blue = (
        round(60 + 180 * min(max(abs((turn * 6 + shift) % 6 - 3) - 1, 0), 1)) for shift in (0, 4, 2)
    )
    return red, green, blue


def _write(root: Path, entries: list[dict]) -> str:
    lines = ",\n ".join(json.dumps(entry) for entry in entries)
    return f"Write this to {root / PALETTE_NAME}, with names of your own:\n[{lines}]"
