"""Determine how a dataset encodes its label maps, before training.

A single image can be ambiguous: a mask of 0 and 255 may hold one or two classes, and a palette
image may encode classes as colours or as indices. All label maps of a dataset are therefore
examined together. If they remain ambiguous, the error message contains the palette.json to write.
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

SAMPLE_SIZE = 64  # evenly spaced label maps to examine
MAX_DISTINCT = 64  # values or colours of a label map; photos have more
MIN_COVERAGE = 0.98  # fraction of the pixels that the most frequent colours must cover
MIN_BAD_FRACTION = 0.25  # of the sample; above it, the dataset is wrong and not a few files
MIN_CLASS_FRACTION = 0.0005  # of all pixels, for a colour to be proposed as a class

MAX_JPEG_SHIFT = 24.0  # largest RGB distance between a saved colour and its JPEG artefacts
BLACK = (0, 0, 0)

log = logging.getLogger(__name__)


@dataclass
class LabelSurvey:
    """Statistics of the sampled label maps."""

    sampled: int = 0
    fit_ids: int = 0
    fit_colors: int = 0
    faults: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    values: Counter[int] = field(default_factory=Counter)  # pixel counts by value
    valued: int = 0  # images with at most 256 values
    has_255: bool = False
    value_colors: dict[int, tuple[int, ...]] = field(default_factory=dict)
    colors: Counter[tuple[int, ...]] = field(default_factory=Counter)  # pixel counts by colour


def resolve_label_format(
    root: Path, found: dict[str, list[Example]], palette: Palette, skip_invalid: bool = False
) -> Palette:
    """The palette with the `reading` that fits all label maps of the dataset.

    Raises ValueError, with the palette.json to write, if many label maps do not fit the palette;
    with `skip_invalid` they are left to the validation, which skips them.
    """
    parts = [e.parts[1] for examples in found.values() for e in examples]
    spread = np.linspace(0, len(parts) - 1, min(len(parts), SAMPLE_SIZE)).round().astype(int)
    chosen = [parts[i] for i in spread]
    survey = survey_labels(chosen, palette)
    if _is_mask(survey, palette):
        palette = replace(palette, ids=(0, VOID), void_ids=())
        log.info(
            "%s: the label maps contain only 0 and 255; 255 is read as %s",
            root,
            palette.classes[1].name,
        )
        survey = survey_labels(chosen, palette)
    bad = len(survey.faults)
    is_systematic = bad == survey.sampled or (bad > 1 and bad >= MIN_BAD_FRACTION * survey.sampled)
    if bad and is_systematic and not skip_invalid:
        proposal = propose_palette(survey, palette, root)
        if proposal:
            raise ValueError(
                f"{root}: {bad} of {survey.sampled} sampled label maps do not match the expected "
                f"classes ({survey.faults[0]}). {proposal}"
            )
    for note, count in survey.notes.most_common(3):
        log.warning("%s: in %d of %d label maps, %s", root, count, survey.sampled, note)
    return replace(palette, reading=_choose_reading(survey, palette))


def survey_labels(parts: Sequence[ImagePart], palette: Palette) -> LabelSurvey:
    survey = LabelSurvey()

    def parse(part: ImagePart) -> ParsedLabelImage | None:
        try:
            return ParsedLabelImage(open_parts([part])[0], is_lossy(part))
        except ValueError:
            return None  # reported by the validation

    for start in range(0, len(parts), 8):  # a large image takes 100 MB while it is parsed
        chunk = parts[start : start + 8]
        for part, parsed in zip(chunk, map_threads(parse, chunk, "examining label maps")):
            if parsed is not None:
                _add(survey, part, parsed, palette)
    return survey


def _add(survey: LabelSurvey, part: ImagePart, parsed: ParsedLabelImage, palette: Palette) -> None:
    survey.sampled += 1
    survey.fit_ids += palette.read_ids(parsed) is not None
    survey.fit_colors += palette.read_exact_colors(parsed) is not None
    try:
        _, notes = palette.read(parsed)
        survey.notes.update(notes)
    except ValueError as error:
        survey.faults.append(f"{part.path.name}: {error}")
    if parsed.values is not None:
        values, counts = parsed.shown_values()
        survey.has_255 |= bool((values == VOID).any())
        if len(values) <= 256 and not parsed.is_lossy:
            survey.valued += 1
            survey.values.update(dict(zip(values.tolist(), counts.tolist())))
            if parsed.image.mode == "P":
                colors = np.array(parsed.image.getpalette("RGB"), int).reshape(-1, 3)
                for value in values.tolist():
                    survey.value_colors.setdefault(value, tuple(colors[value].tolist()))
    survey.colors.update(_frequent_colors(parsed))


def _frequent_colors(parsed: ParsedLabelImage) -> dict[tuple[int, ...], int]:
    """The pixel counts of an image by colour; {} if it has too many colours."""
    packed, counts = np.unique(pack_rgb(parsed.rgb[~parsed.clear]), return_counts=True)
    order = counts.argsort()[::-1][:MAX_DISTINCT]
    if counts[order].sum() < MIN_COVERAGE * counts.sum():
        return {}
    return {
        (int(c) >> 16, int(c) >> 8 & 255, int(c) & 255): int(n)
        for c, n in zip(packed[order], counts[order])
    }


def looks_like_labels(part: ImagePart) -> bool:
    """Whether an image has few enough colours to be a label map."""
    try:
        return bool(_frequent_colors(ParsedLabelImage(open_parts([part])[0], is_lossy(part))))
    except ValueError:
        return False


def _is_mask(survey: LabelSurvey, palette: Palette) -> bool:
    """Whether a dataset with two classes (ids 0 and 1) contains only 0 and 255."""
    return (
        palette.ids == (0, 1)
        and survey.valued == survey.sampled > survey.fit_colors
        and survey.values.keys() == {0, VOID}
    )


def _choose_reading(survey: LabelSurvey, palette: Palette) -> str:
    count = survey.sampled
    if not count or survey.fit_ids == survey.fit_colors == count:
        # Grey label maps hold ids, unless they are black-and-white masks and white is a class
        white_is_class = (VOID,) * 3 in {c.rgb for c in palette.classes}
        is_ids = not survey.has_255 or VOID in palette.ids or not white_is_class
        return "ids" if count and not survey.value_colors and is_ids else ""
    return "ids" if survey.fit_ids == count else "colors" if survey.fit_colors == count else ""


def propose_palette(survey: LabelSurvey, palette: Palette, root: Path) -> str:
    """What was found, and a palette.json for it; "" if these are no label maps."""
    if survey.valued * 2 > survey.sampled and len(survey.values) <= MAX_DISTINCT:
        return _propose_ids(survey, palette, root)
    total = sum(survey.colors.values())
    colors = _merge_near(
        [c for c, n in survey.colors.most_common() if n >= MIN_CLASS_FRACTION * total]
    )
    if not 2 <= len(colors) <= MAX_DISTINCT:
        return ""
    if palette.is_facades:
        expected = {color for known in palette.names.palettes for color in known}
        if sum(survey.colors[color] for color in expected) > total / 2:
            return ""  # facades with errors; a line per file says more
    known = {c.rgb: c.name for c in palette.classes} if palette.ids else {}
    is_void = BLACK in colors and BLACK not in known and len(colors) > 2
    classes = [c for c in colors if not (is_void and c == BLACK)]
    entries = [
        {"name": known.get(color, f"class {i}"), "rgb": list(color)}
        for i, color in enumerate(classes)
    ]
    shares = ", ".join(f"{color} ({survey.colors[color] / total:.1%})" for color in colors)
    words = "; black is treated as void" if is_void else ""
    return f"Their colours are {shares}{words}. {_write(root, entries)}"


def _merge_near(colors: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The colours, without JPEG artefacts of earlier ones in the list."""
    kept: list[tuple[int, ...]] = []
    for color in colors:
        if all(np.linalg.norm(np.subtract(color, other)) > MAX_JPEG_SHIFT for other in kept):
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
    missing = [v for v in values if v not in known and v not in void]
    words = f"Their ids are {shares}"
    words += f"; {PALETTE_NAME} does not list {', '.join(map(str, missing))}" if known else ""
    words += "; 255 is treated as void" if void else ""
    words = f"{words}. {_write(root, entries)}"
    if not palette.ids and max(v for v in values if v != VOID or values == [0, VOID]) <= 12:
        words += (
            '\nIf these are the classes of facades, write {"facades": 1} if background is 1 and '
            'shop 12, or {"facades": 0} if background is 0 and shop 11.'
        )
    return words


def _free_color(wanted: tuple[int, ...] | None, taken: set[tuple[int, ...]]) -> tuple[int, ...]:
    """The wanted colour if it is free, else an unused one. Black is reserved for void."""
    if wanted is not None and wanted not in taken:
        return wanted
    golden = 0.61803398875
    return next(c for i in range(1, 4096) if (c := _hue(i * golden % 1)) not in taken)


def _hue(turn: float) -> tuple[int, int, int]:
    """A saturated RGB colour; the hue `turn` is in 0..1."""
    red, green, blue = (
        round(60 + 180 * min(max(abs((turn * 6 + shift) % 6 - 3) - 1, 0), 1)) for shift in (0, 4, 2)
    )
    return red, green, blue


def _write(root: Path, entries: list[dict]) -> str:
    lines = ",\n ".join(json.dumps(entry) for entry in entries)
    return f"Write this to {root / PALETTE_NAME} and rename the classes:\n[{lines}]"
