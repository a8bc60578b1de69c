"""Summarise the data of a run: as a dict to save, as log lines, and as changes on resume."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pix2pix.data.discovery import PEEK, Example
from pix2pix.data.example_reader import open_parts
from pix2pix.data.image_cache import CachedExamples
from pix2pix.data.splits import LocatedSplits
from pix2pix.labels.label_map import VOID
from pix2pix.labels.palette import Palette

Facts = dict[str, Any]  # plain values, as JSON has them

COUNTED = 512  # label maps that the classes' shares are taken from, unless all are in memory
MAX_NAMED = 3
LAYOUT_WORDS = {
    "side_by_side": "side by side, A left and B right in one image",
    "folders": "two folders A and B",
    "stems": "photos NAME.jpg with label maps NAME.png beside them",
    "suffixes": "pairs by the end of their names in one folder",
    "photos": "plain photos",
}


def gather_facts(
    located: LocatedSplits,
    direction: str,
    used: Mapping[str, list[Example]],
    part_names: Sequence[str],
    classes: dict[str, float],
) -> Facts:
    """What is to be said and kept.

    `used` are the examples of each split that are left after the check, `direction` says what is
    the input, `part_names` what the parts of an example are.
    """
    examples = [e for split in used.values() for e in split]
    return {
        "layout": located.layout,
        "direction": direction,
        "pairing": pairing_words(located),
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
        "values": dict(zip(part_names, value_ranges(examples))),
    }


def pairing_words(located: LocatedSplits) -> str:
    """How pairs were matched whose names are not the same; "" where all are."""
    if located.roles:
        return f"NAME_{located.roles[0]} is A, NAME_{located.roles[1]} is B"
    if not located.alike:
        return ""
    pairs = (e.parts for x in located.examples.values() for e in x)
    names = next(
        (f"{a.path.name} with {b.path.name}" for a, b in pairs if a.path.stem != b.path.stem), ""
    )
    count = f"{located.alike:,} pair{'s' * (located.alike != 1)}"
    return f"{count} by names that differ, such as {names}" if names else ""


def class_shares(examples: Iterable[tuple[np.ndarray, ...]], palette: Palette) -> dict[str, float]:
    """The part of the pixels of each class, by name; those that are no class do not count."""
    counts = np.zeros(256, np.int64)
    for _, labels, *_ in examples:
        counts += np.bincount(labels.reshape(-1), minlength=256)
    counts[VOID] = 0
    total = max(counts.sum(), 1)
    return {c.name: float(counts[i] / total) for i, c in enumerate(palette.classes)}


def evenly(examples: CachedExamples) -> Iterable[tuple[np.ndarray, ...]]:
    """All examples where they are in memory, else COUNTED of them from the whole set."""
    count = len(examples) if examples.in_memory else min(len(examples), COUNTED)
    for i in np.linspace(0, len(examples) - 1, count).round().astype(int):
        yield examples[int(i)]


def value_ranges(examples: Sequence[Example]) -> list[str]:
    """The depth and the values of the files' pixels, of PEEK examples: a line for each part.

    "8 bit, 0 to 255", "16 bit, 310 to 40,211"; the kinds apart where the files are of several.
    """
    if not examples:
        return []
    spread = np.linspace(0, len(examples) - 1, min(len(examples), PEEK)).round().astype(int)
    lines = []
    for part in range(len(examples[0].parts)):
        ranges: dict[str, tuple[float, float]] = {}
        for i in spread:
            try:
                image = open_parts([examples[i].parts[part]])[0]
            except ValueError:  # the check said so
                continue
            low, high = find_value_extremes(image)
            before = ranges.get(depth_words(image.mode), (low, high))
            ranges[depth_words(image.mode)] = min(low, before[0]), max(high, before[1])
        lines.append("; ".join(f"{k}, {a:,.5g} to {b:,.5g}" for k, (a, b) in ranges.items()))
    return lines


def find_value_extremes(image: Image.Image) -> tuple[float, float]:
    """The least and the greatest value in any of the image's channels."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        return float(values.min()), float(values.max())
    found: Any = image.getextrema()
    pairs = found if isinstance(found[0], tuple) else (found,)
    return float(min(low for low, _ in pairs)), float(max(high for _, high in pairs))


def depth_words(mode: str) -> str:
    if mode.startswith("I;16"):
        return "16 bit"
    words = {"1": "1 bit", "I": "32 bit", "F": "floating point", "P": "palette of colours"}
    return words.get(mode, "8 bit")


def lines_of_facts(facts: Facts, root: Path) -> list[str]:
    """What was found, to be read before the first step."""
    lines = [f"{root}: {LAYOUT_WORDS[facts['layout']]}; {facts['direction']}"]
    if facts["pairing"]:
        lines.append(f"  matched: {facts['pairing']}")
    lines += [f"  {line}" for line in _split_lines(facts)]
    if facts["runs"]:
        lines.append(f"  left out, folders of runs or checkpoints: {first_names(facts['runs'])}")
    if facts["values"]:
        values = "; ".join(f"{name} {words}" for name, words in facts["values"].items())
        lines.append(f"  values: {values}")
    if facts["classes"]:
        shares = sorted(facts["classes"].items(), key=lambda item: -item[1])
        there = ", ".join(f"{name} {share_words(part)}" for name, part in shares if part)
        never = ", ".join(name for name, part in shares if not part)
        lines.append(f"  classes: {there}" + (f"; never: {never}" if never else ""))
    return lines


def _split_lines(facts: Facts) -> list[str]:
    thing = "photo" if facts["layout"] == "photos" else "pair"
    lines = []
    for split, names in facts["names"].items():
        count = f"{len(names):,} {thing}{'s' * (len(names) != 1)}"
        where = " and ".join(facts["folders"].get(split, ()))
        if split != "val" or not facts["held_out"]:
            lines.append(f"{split}: {count}" + (f" in {where}" if where not in ("", ".") else ""))
        elif set(names) <= set(facts["names"].get("train", ())):
            lines.append(
                f"val: the {thing} trained on, as there is no other; "
                "its figures say nothing of new pictures"
            )
        else:
            lines.append(f"val: {count} held out of them, as there is no folder val")
    for split, count in facts["unused"].items():
        where = " and ".join(facts["folders"][split])
        lines.append(f"{split}: {count:,} {thing}{'s' * (count != 1)} in {where}, not used here")
    return lines


def share_words(part: float) -> str:
    return "under 0.1%" if part < 0.001 else f"{part:.1%}"


def first_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def lines_of_changes(old: Facts, new: Facts) -> list[str]:
    """What differs in the data since the facts `old` were gathered; [] where nothing does."""
    lines = []
    for split in new["names"]:
        before, now = (set(facts["names"].get(split, ())) for facts in (old, new))
        if before == now:
            continue
        words = [f"{split}: {len(before):,} -> {len(now):,}"]
        for verb, names in (("new", now - before), ("gone", before - now)):
            if names:
                words.append(f"{len(names):,} {verb} ({first_names(sorted(names))})")
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
    for verb, there, lacking in (("now there", shares, earlier), ("now absent", earlier, shares)):
        if gone := [name for name, part in there.items() if part and not lacking.get(name)]:
            lines.append(f"classes {verb}: {', '.join(gone)}")
    return lines


def _depths(words: str) -> set[str]:
    """The depths in a line of `value_ranges`, without the values, which hang on the sample."""
    return {kind.split(",")[0] for kind in words.split("; ")}
