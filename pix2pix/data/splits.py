"""Find the examples of each split of a folder, and hold out a part of train without val."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pix2pix.data.discovery import (
    SPLITS,
    Example,
    SplitLocation,
    find_examples,
    find_layout,
    locate_split,
)
from pix2pix.data.options import DataOptions
from pix2pix.data.pair_detection import check_pairs
from pix2pix.data.pair_matching import find_roles

SplitNames = Mapping[
    str, Collection[str]
]  # of a run's examples by split, as they were the last time


@dataclass
class LocatedSplits:
    """What a folder has for a run, before any file was opened."""

    root: Path
    layout: str = ""
    places: dict[str, SplitLocation] = field(default_factory=dict)  # of the splits that are there
    examples: dict[str, list[Example]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # files that belong to no example
    held_out: bool = False  # val is a part of train
    alike: int = 0  # pairs whose names are not the same
    roles: tuple[str, str] | None = None  # the words that tell input from target in one folder


def find_splits(
    options: DataOptions, root: Path, splits: Sequence[str], earlier: SplitNames | None = None
) -> LocatedSplits:
    """The examples of each of `splits`, and what is wrong with files that belong to none.

    Without val, a part of train is held out; see `hold_out` for `earlier`. ValueError where a
    split is not there or is empty.
    """
    if not root.is_dir():
        raise ValueError(f"{root}: no such folder")
    located = LocatedSplits(root)
    for split in SPLITS:
        place = locate_split(root, split)
        if place is not None and (split in splits or all(place.images)):
            located.places[split] = place
    val = located.places.get("val")
    has_val = val is not None and any(val.images)
    for split in splits:
        source = "train" if split == "val" and not has_val else split
        if source not in located.places:
            names = ", ".join(SPLITS[source])
            raise ValueError(f"{root}: expected the folder {names} in it, or images")
        examples = _find_split(located, options, located.places[source])
        if source == "train" and not has_val:
            located.held_out = True
            examples = hold_out(examples, options, split == "val", earlier)
        located.examples[split] = examples
    return located


def _find_split(
    located: LocatedSplits, options: DataOptions, place: SplitLocation
) -> list[Example]:
    if not any(place.images):
        raise ValueError(f"{place}: expected images, found none")
    model = located.places.get("train", place)  # a val of two pictures alone may tell too little
    model = model if any(model.images) and len(model.folders) == len(place.folders) else place
    layout = located.layout = find_layout(model, options.task, options.layout)
    if layout == "suffixes":
        located.roles = find_roles(model.images[0])
    found = find_examples(place, layout, located.roles)
    if options.task == "image2image" and (layout, options.layout) == ("side_by_side", "auto"):
        check_pairs(place.folders[0], found.examples)
    located.alike = max(located.alike, found.alike)
    located.problems += [fault for fault in found.problems if fault not in located.problems]
    return found.examples


def hold_out(
    examples: list[Example], options: DataOptions, is_val: bool, earlier: SplitNames | None = None
) -> list[Example]:
    """The held-out part of the examples, or the others: by name, so more data moves few of them.

    What was held out in the `earlier` sessions of a run stays so, and what it learned from is not
    held out. One example alone is both.
    """

    def lot(example: Example) -> bytes:
        return hashlib.sha256(f"{options.seed} {example.name}".encode()).digest()

    if len(examples) < 2:
        return examples
    count = min(max(1, round(len(examples) * options.val_split)), len(examples) - 1)
    drawn = [e.name for e in sorted(examples, key=lot)]
    learned, held_before = (set((earlier or {}).get(split, ())) for split in ("train", "val"))
    held_out = set(drawn) & held_before - learned
    fresh = [name for name in drawn if name not in learned | held_out]
    held_out |= set(fresh[: max(count - len(held_out), 0)])
    if not 0 < len(held_out) < len(examples):
        held_out = set(drawn[:count])
    return [e for e in examples if (e.name in held_out) == is_val]
