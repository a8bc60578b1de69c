"""Find the format of the inputs and of the targets: pictures, or samples of any depth and channels.

The files' headers decide. One format and one value range hold for a whole set, or dark images would
become as bright as bright ones; both are saved with the recipe and in config.json.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pix2pix.config import INPUT_TYPES
from pix2pix.data.discovery import Example, ImagePart
from pix2pix.data.example_reader import crop_part, map_threads
from pix2pix.data.options import DataOptions
from pix2pix.images.array_files import SampleHeader
from pix2pix.images.samples import (
    PICTURE,
    PICTURE_CHANNELS,
    SampleFormat,
    describe_samples,
    read_header,
    read_samples,
)
from pix2pix.images.value_range import AUTO_RANGE, ValueRange, guess_value_range, parse_range

SAMPLED_FILES = 64  # evenly spaced
SAMPLED_VALUES = 1 << 16  # of a file, evenly spaced
PERCENTILES = (0.1, 99.9)  # of the values, between which the range is looked for
GREY_OR_RGB = (1, PICTURE_CHANNELS)
MAX_NAMED = 3

log = logging.getLogger(__name__)

# Keys of the channels, the value range and the dtype of inputs and targets
SAMPLE_KEYS = (
    ("channels_in", "input_range", "input_dtype"),
    ("channels_out", "target_range", "target_dtype"),
)
Kind = tuple[int, str]  # channels, and the dtype; "" for pictures


class FoundFormat(NamedTuple):
    """The format of a set, and the problems of the files that have another one."""

    format: SampleFormat
    faults: list[str]


def find_sample_formats(
    options: DataOptions, found: dict[str, list[Example]]
) -> tuple[dict[str, Any], list[str]]:
    """The options of the formats of inputs and targets, and the problems of files of another one.

    Line drawings stay pictures.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    asked = (options.channels_in, options.channels_out)
    texts = (options.range_in, options.range_out)
    for i, (channels, side, dtype) in enumerate(SAMPLE_KEYS):
        if i == 0 and options.input_type != INPUT_TYPES[0]:
            continue
        what = ("inputs", "targets")[i]
        if options.objective == "cyclegan":
            what = f"images of {'AB'[i]}"
        own = find_format(parts_of(found, i), what, asked[i], texts[i])
        faults += own.faults
        if not own.format.is_picture:
            values |= {channels: own.format.channels, dtype: own.format.dtype}
            values[side] = own.format.value_range
    return values, faults


def parts_of(found: dict[str, list[Example]], index: int) -> list[ImagePart]:
    """The inputs (index 0) or targets (1) of all examples."""
    listed = [e for examples in found.values() for e in examples]
    parts = [e.parts[index] for e in listed if len(e.parts) > index and not e.side]
    return parts + [e.parts[0] for e in listed if e.side == "AB"[index]]


def without_files(found: dict[str, list[Example]], faults: list[str]) -> dict[str, list[Example]]:
    """The examples without those of the files that problems "FILE: reason" name."""

    def is_named(example: Example) -> bool:
        return any(fault.startswith(f"{p.path}: ") for fault in faults for p in example.parts)

    if not faults:
        return found
    return {split: [e for e in own if not is_named(e)] for split, own in found.items()}


def find_format(
    parts: Sequence[ImagePart], what: str, asked: int = 0, range_text: str = AUTO_RANGE
) -> FoundFormat:
    """The format of most files of a set, and a problem "FILE: reason" for each of the others.

    `what` names the set in messages; `asked` is the number of channels if it was given, else 0;
    `range_text` is LO:HI or auto. What was found is logged. Raises ValueError if the files have
    another number of channels than `asked`, or only one value.
    """
    parts = list(dict.fromkeys(parts))
    headers = map_threads(_try_header, [part.path for part in parts], "looking at files")
    kinds = [_kind_of(header) if header else None for header in headers]
    counts = Counter(kind for kind in kinds if kind)
    if not counts:  # nothing can be read: reported by the validation
        return FoundFormat(PICTURE, [])
    channels, dtype = kind = counts.most_common(1)[0][0]
    if asked == PICTURE_CHANNELS and (len(counts) > 1 or channels == 1):
        return FoundFormat(PICTURE, [])  # all are read as 8-bit pictures
    if not dtype:
        return FoundFormat(_picture_format(what, asked, range_text), _find_odd(kinds, kind, parts))
    if asked not in (0, channels):
        raise ValueError(
            f"{what}: {asked} channels were asked for, but the files have "
            f"{describe_samples(channels, dtype)}, such as {parts[kinds.index(kind)].path}"
        )
    chosen = [part for part, own in zip(parts, kinds) if own == kind]
    found = SampleFormat(dtype, channels, _choose_range(chosen, what, dtype, range_text))
    return FoundFormat(found, _find_odd(kinds, kind, parts))


def _try_header(path: object) -> SampleHeader | None:
    try:
        return read_header(path)  # type: ignore[arg-type]
    except ValueError:
        return None  # reported by the validation


def _kind_of(header: SampleHeader) -> Kind:
    is_picture = header.dtype == "uint8" and header.channels in GREY_OR_RGB
    return (PICTURE_CHANNELS, "") if is_picture else (header.channels, header.dtype)


def _picture_format(what: str, asked: int, range_text: str) -> SampleFormat:
    if asked == 1:
        return SampleFormat("uint8", 1, parse_range(range_text, "the range") or (0.0, 255.0))
    if asked not in (0, PICTURE_CHANNELS):
        raise ValueError(
            f"{what}: {asked} channels were asked for, but the files are 8-bit pictures; expected "
            f"1 (grey) or {PICTURE_CHANNELS} (RGB)"
        )
    if range_text != AUTO_RANGE:
        raise ValueError(
            f"{what}: the range {range_text} was given, but the files are 8-bit pictures, which "
            "are read from 0 to 255; one channel (grey) may have another range"
        )
    return PICTURE


def _find_odd(kinds: Sequence[Kind | None], usual: Kind, parts: Sequence[ImagePart]) -> list[str]:
    """A problem for each file of another kind than `usual`, each named once."""
    others = sum(kind == usual for kind in kinds)
    return [
        f"{part.path}: has {describe_samples(*kind)}, while {others:,} others have "
        f"{describe_samples(*usual)}; expected one kind in a set (3 channels asked for: all are "
        "read as 8-bit pictures)"
        for part, kind in zip(parts, kinds)
        if kind and kind != usual
    ]


def _choose_range(parts: Sequence[ImagePart], what: str, dtype: str, range_text: str) -> ValueRange:
    given = parse_range(range_text, "the range")
    values, blank = _sample_values(parts)
    if not len(values):
        return given or (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    found = given or _guess_range(values, dtype)
    if not found:
        raise ValueError(
            f"{what}: all values of the files looked at are {low:g}, such as in {parts[0].path}; "
            "expected images with contents, or a range LO:HI"
        )
    count = "1 image" if len(parts) == 1 else f"{len(parts):,} images"
    clipped = float(np.mean((values < found[0]) | (values > found[1])))
    log.info(
        "%s: %s of %s, with values from %s to %s; %s to %s is learned as black to white (%s)%s",
        what,
        count,
        describe_samples(_channels_of(parts), dtype),
        *(f"{value:,.6g}" for value in (low, high, *found)),
        "as given" if given else "found; LO:HI sets another range",
        f", {clipped:.2%} of the values lie outside and are clipped" if clipped else "",
    )
    for path in blank[:MAX_NAMED]:
        log.warning("%s: has one value in all pixels; there is nothing to learn from it", path)
    return found


def _channels_of(parts: Sequence[ImagePart]) -> int:
    header = _try_header(parts[0].path)
    return header.channels if header else 1


def _guess_range(values: np.ndarray, dtype: str) -> ValueRange:
    """The range by percentiles, rounded to a usual one (`guess_value_range`); () if it is empty."""
    if dtype == "uint8":
        return (0.0, 255.0)
    low, high = (float(v) for v in np.percentile(values, PERCENTILES))
    if low == high:
        low, high = float(values.min()), float(values.max())
    if low == high:
        return ()
    return guess_value_range(low, high, dtype == "float32")


def _sample_values(parts: Sequence[ImagePart]) -> tuple[np.ndarray, list[str]]:
    """Evenly spaced values of evenly spaced files, and the files that have a single value."""

    def look(part: ImagePart) -> np.ndarray | None:
        try:
            values = crop_part(read_samples(part.path), part).reshape(-1)
        except ValueError:
            return None  # reported by the validation
        if values.min() == values.max():
            blank.append(str(part.path))
        return values[:: max(1, len(values) // SAMPLED_VALUES)]

    blank: list[str] = []
    spread = np.linspace(0, len(parts) - 1, min(len(parts), SAMPLED_FILES)).round().astype(int)
    looks = map_threads(look, [parts[i] for i in spread], "looking at values")
    found = [values for values in looks if values is not None]
    return (np.concatenate(found) if found else np.empty(0)), sorted(blank)
