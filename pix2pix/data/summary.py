"""Summarise the dataset of a run: as a dict to save, as log lines, as changes on resume."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pix2pix.data.discovery import PEEK, Example, ImagePart
from pix2pix.data.example_reader import PICTURES, Formats, crop_part, formats_of, open_parts
from pix2pix.data.image_cache import CachedExamples
from pix2pix.data.splits import LocatedSplits
from pix2pix.images.samples import SampleFormat, describe_samples, read_samples
from pix2pix.labels.label_map import VOID
from pix2pix.labels.palette import Palette

Facts = dict[str, Any]  # JSON-serialisable

MAX_SAMPLED = 512  # label maps counted for the class shares, unless all are cached in memory
MAX_NAMED = 3  # names listed before "and N more"
LAYOUT_DESCRIPTIONS = {
    "side_by_side": "side by side, A left and B right in one image",
    "folders": "two folders A and B",
    "stems": "photos NAME.jpg with label maps NAME.png beside them",
    "suffixes": "one folder, pairs matched by the suffixes of their names",
    "unpaired": "two folders A and B without pairs",
    "photos": "plain photos",
}


def gather_facts(
    located: LocatedSplits,
    direction: str,
    used: Mapping[str, list[Example]],
    part_names: Sequence[str],
    classes: dict[str, float],
    formats: Formats = PICTURES,
) -> Facts:
    """The summary of a dataset, as saved in data.json and logged.

    `used` holds the valid examples of each split, `direction` names the input and the output,
    `part_names` the images of an example, `formats` are those of inputs and targets.
    """
    examples = [e for split in used.values() for e in split]
    return {
        "layout": located.layout,
        "direction": direction,
        "pairing": describe_pairing(located),
        "folders": {
            split: [path.relative_to(located.root).as_posix() for path in place.where]
            for split, place in located.places.items()
        },
        "held_out": located.held_out,
        "names": {split: [e.name for e in found] for split, found in used.items()},
        "unused": {
            split: len(place.images[0])
            for split, place in located.places.items()
            if split not in used and any(place.images)
        },
        "runs": sorted({run.name for place in located.places.values() for run in place.runs}),
        "classes": classes,
        "values": dict(zip(part_names, value_ranges(examples, formats))),
    }


def describe_pairing(located: LocatedSplits) -> str:
    """How pairs with different names were matched; "" if all names are equal."""
    if located.roles:
        return f"NAME_{located.roles[0]} is A, NAME_{located.roles[1]} is B"
    if not located.fuzzy_matches:
        return ""
    pairs = (e.parts for x in located.examples.values() for e in x)
    names = next(
        (f"{a.path.name} with {b.path.name}" for a, b in pairs if a.path.stem != b.path.stem), ""
    )
    count = f"{located.fuzzy_matches:,} pair{'s' * (located.fuzzy_matches != 1)}"
    return f"{count} with different names, such as {names}" if names else ""


def class_shares(examples: Iterable[tuple[np.ndarray, ...]], palette: Palette) -> dict[str, float]:
    """The fraction of pixels of each class, by name. Void pixels are ignored."""
    counts = np.zeros(256, np.int64)
    for _, labels, *_ in examples:
        counts += np.bincount(labels.reshape(-1), minlength=256)
    counts[VOID] = 0
    total = max(counts.sum(), 1)
    return {c.name: float(counts[i] / total) for i, c in enumerate(palette.classes)}


def sample_examples(examples: CachedExamples) -> Iterable[tuple[np.ndarray, ...]]:
    """All examples if cached in memory, else at most MAX_SAMPLED evenly spaced ones."""
    count = len(examples) if examples.in_memory else min(len(examples), MAX_SAMPLED)
    for i in np.linspace(0, len(examples) - 1, count).round().astype(int):
        yield examples[int(i)]


def value_ranges(examples: Sequence[Example], formats: Formats = PICTURES) -> list[str]:
    """The bit depth and value range of the files' pixels in PEEK examples: a line per part.

    Such as "8 bit, 0 to 255" or "16 bit, 310 to 40,211"; several depths are joined with ";".
    """
    if not examples:
        return []
    spread = np.linspace(0, len(examples) - 1, min(len(examples), PEEK)).round().astype(int)
    lines = []
    for part in range(len(examples[0].parts)):
        ranges: dict[str, tuple[float, float]] = {}
        for i in spread:
            try:
                own = formats_of(examples[i], formats)[part]
                depth, low, high = look_at_values(examples[i].parts[part], own)
            except ValueError:  # reported by the validation
                continue
            before = ranges.get(depth, (low, high))
            ranges[depth] = min(low, before[0]), max(high, before[1])
        lines.append("; ".join(f"{k}, {a:,.5g} to {b:,.5g}" for k, (a, b) in ranges.items()))
    return lines


def look_at_values(part: ImagePart, own: SampleFormat) -> tuple[str, float, float]:
    """The depth of a file in words, its minimum and maximum. ValueError "FILE: reason"."""
    if own.is_picture:
        image = open_parts([part])[0]
        return describe_depth(image.mode), *find_value_extremes(image)
    samples = crop_part(read_samples(part.path), part)
    depth = describe_samples(samples.shape[2], samples.dtype.name)
    return depth, float(samples.min()), float(samples.max())


def find_value_extremes(image: Image.Image) -> tuple[float, float]:
    """The minimum and maximum over all channels of an image."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        return float(values.min()), float(values.max())
    found: Any = image.getextrema()
    pairs = found if isinstance(found[0], tuple) else (found,)
    return float(min(low for low, _ in pairs)), float(max(high for _, high in pairs))


def describe_depth(mode: str) -> str:
    if mode.startswith("I;16"):
        return "16 bit"
    words = {"1": "1 bit", "I": "32 bit", "F": "floating point", "P": "palette of colours"}
    return words.get(mode, "8 bit")


def describe_facts(facts: Facts, root: Path) -> list[str]:
    """The log lines of a summary, shown before the first step."""
    lines = [f"{root}: {LAYOUT_DESCRIPTIONS[facts['layout']]}; {facts['direction']}"]
    if facts["pairing"]:
        lines.append(f"  matched: {facts['pairing']}")
    lines += [f"  {line}" for line in _split_lines(facts)]
    if facts["runs"]:
        lines.append(f"  skipped folders of runs or checkpoints: {join_names(facts['runs'])}")
    if facts["values"]:
        values = "; ".join(f"{name} {words}" for name, words in facts["values"].items())
        lines.append(f"  values: {values}")
    if facts["classes"]:
        shares = sorted(facts["classes"].items(), key=lambda item: -item[1])
        present = ", ".join(f"{name} {format_share(part)}" for name, part in shares if part)
        absent = ", ".join(name for name, part in shares if not part)
        lines.append(f"  classes: {present}" + (f"; absent: {absent}" if absent else ""))
    return lines


def _split_lines(facts: Facts) -> list[str]:
    thing = {"photos": "photo", "unpaired": "image"}.get(facts["layout"], "pair")
    lines = []
    for split, names in facts["names"].items():
        count = f"{len(names):,} {thing}{'s' * (len(names) != 1)}"
        if facts["layout"] == "unpaired":
            sizes = (sum(name.startswith(f"{side}/") for name in names) for side in "AB")
            count = "{:,} images of A and {:,} of B".format(*sizes)
        where = " and ".join(facts["folders"].get(split, ()))
        if split != "val" or not facts["held_out"]:
            lines.append(f"{split}: {count}" + (f" in {where}" if where not in ("", ".") else ""))
        elif set(names) <= set(facts["names"].get("train", ())):
            lines.append(
                f"val: the only {thing}, also used for training; "
                "its metrics say nothing about new images"
            )
        else:
            lines.append(f"val: {count} held out of train, as there is no folder val")
    for split, count in facts["unused"].items():
        where = " and ".join(facts["folders"][split])
        lines.append(f"{split}: {count:,} {thing}{'s' * (count != 1)} in {where}, not used")
    return lines


def format_share(part: float) -> str:
    return "under 0.1%" if part < 0.001 else f"{part:.1%}"


def join_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def describe_data_changes(old: Facts, new: Facts) -> list[str]:
    """What changed in the data from summary `old` to `new`; [] if nothing did."""
    lines = []
    for split in new["names"]:
        before, now = (set(facts["names"].get(split, ())) for facts in (old, new))
        if before == now:
            continue
        words = [f"{split}: {len(before):,} -> {len(now):,}"]
        for verb, names in (("new", now - before), ("gone", before - now)):
            if names:
                words.append(f"{len(names):,} {verb} ({join_names(sorted(names))})")
        lines.append(", ".join(words))
    lines += [
        f"{key}: {old.get(key)} -> {new[key]}"
        for key in ("layout", "direction")
        if old.get(key) != new[key]
    ]
    lines += [
        f"values of {name}: {old['values'][name]} -> {words}"
        for name, words in new["values"].items()
        if _depths(old.get("values", {}).get(name, words)) != _depths(words)
    ]
    shares, earlier = new["classes"], old.get("classes", {})
    for verb, present, missing in (("added", shares, earlier), ("removed", earlier, shares)):
        if gone := [name for name, part in present.items() if part and not missing.get(name)]:
            lines.append(f"classes {verb}: {', '.join(gone)}")
    return lines


def _depths(words: str) -> set[str]:
    """The bit depths in a line of `value_ranges`; its values depend on the sampled files."""
    return {kind.split(",")[0] for kind in words.split("; ")}
