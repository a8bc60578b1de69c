"""Find the examples of each split; without a val folder, hold out part of train."""

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
from pix2pix.images.reader import PHOTO_SUFFIXES
from pix2pix.images.samples import SAMPLE_SUFFIXES

# The example names of a run by split, as saved by its last session
SplitNames = Mapping[str, Collection[str]]


@dataclass
class LocatedSplits:
    """The splits of a dataset folder, before any image is decoded."""

    root: Path
    layout: str = ""
    places: dict[str, SplitLocation] = field(default_factory=dict)  # of the existing splits
    examples: dict[str, list[Example]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # such as files without a partner
    held_out: bool = False  # val is held out of train
    fuzzy_matches: int = 0  # pairs with similar, but not equal names
    roles: tuple[str, str] | None = None  # suffixes of input and target in one folder


def find_splits(
    options: DataOptions,
    root: Path,
    splits: Sequence[str],
    earlier: SplitNames | None = None,
    sides: Sequence[Path] = (),
) -> LocatedSplits:
    """The examples of each of `splits`, and the problems of files that belong to none.

    Without a val folder, part of train is held out; see `hold_out` for `earlier`. `sides` are the
    folders A and B, anywhere below `root`; by default they are looked for. Raises ValueError if a
    split is missing or empty.
    """
    for folder in sides or [root]:
        if not folder.is_dir():
            raise ValueError(f"{folder}: no such folder")
    located = LocatedSplits(root)
    for split in dict.fromkeys([*SPLITS, *splits]):
        place = locate(root, split, options, sides)
        if place is not None and (split in splits or all(place.images)):
            located.places[split] = place
    val = located.places.get("val")
    has_val = val is not None and any(val.images)
    for split in splits:
        source = "train" if split == "val" and not has_val else split
        if source not in located.places:
            raise ValueError(f"{root}: expected {describe_split(source)}")
        examples = _find_split(located, options, located.places[source])
        if source == "train" and not has_val:
            located.held_out = True
            examples = hold_out(examples, options, split == "val", earlier)
        located.examples[split] = examples
    return located


def locate(
    root: Path, split: str, options: DataOptions, sides: Sequence[Path]
) -> SplitLocation | None:
    """The location of a split's images; arrays are images where samples are learned."""
    suffixes = SAMPLE_SUFFIXES if options.has_samples else PHOTO_SUFFIXES
    if sides:
        return SplitLocation(tuple(sides), split, suffixes)
    return locate_split(root, split, suffixes)


def describe_split(split: str) -> str:
    """The folder of a split, as messages name it."""
    if split in SPLITS:
        return f"a subfolder {', '.join(SPLITS[split])}, or images"
    return f"a subfolder {split}, or --split with one of {', '.join(SPLITS)}"


def _find_split(
    located: LocatedSplits, options: DataOptions, place: SplitLocation
) -> list[Example]:
    if not any(place.images):
        raise ValueError(f"{place}: expected images, found none")
    model = located.places.get("train", place)  # val may be too small to detect the layout
    model = model if any(model.images) and len(model.folders) == len(place.folders) else place
    wanted = "unpaired" if options.is_unpaired else options.layout
    layout = located.layout = find_layout(model, options.task, wanted)
    if layout == "unpaired" and not options.is_unpaired:
        raise ValueError(
            f"{place}: no name in A has a partner in B, so these are unpaired sets; the recipes "
            "cyclegan and cut train on them. Pairs have equal names, or --layout folders lists "
            "the files without a partner"
        )
    if layout == "suffixes":
        located.roles = find_roles(model.images[0])
    found = find_examples(place, layout, located.roles)
    if options.task == "image2image" and (layout, options.layout) == ("side_by_side", "auto"):
        check_pairs(place.folders[0], found.examples)
    located.fuzzy_matches = max(located.fuzzy_matches, found.fuzzy_matches)
    located.problems += [fault for fault in found.problems if fault not in located.problems]
    return found.examples


def hold_out(
    examples: list[Example], options: DataOptions, is_val: bool, earlier: SplitNames | None = None
) -> list[Example]:
    """The held-out examples (`is_val`) or the others, drawn by a hash of seed and name.

    Adding data moves few examples between the splits. On resume, examples of the `earlier`
    sessions stay in their split. A single example is in both. Of unpaired sets the same fraction of
    each is held out.
    """
    sides = list(dict.fromkeys(example.side for example in examples))
    groups = ([e for e in examples if e.side == side] for side in sides)
    return [e for group in groups for e in _hold_out(group, options, is_val, earlier)]


def _hold_out(
    examples: list[Example], options: DataOptions, is_val: bool, earlier: SplitNames | None
) -> list[Example]:
    def hash_name(example: Example) -> bytes:
        return hashlib.sha256(f"{options.seed} {example.name}".encode()).digest()

    if len(examples) < 2:
        return examples
    count = min(max(1, round(len(examples) * options.val_split)), len(examples) - 1)
    drawn = [e.name for e in sorted(examples, key=hash_name)]
    trained, held_before = (set((earlier or {}).get(split, ())) for split in ("train", "val"))
    held_out = set(drawn) & held_before - trained
    fresh = [name for name in drawn if name not in trained | held_out]
    held_out |= set(fresh[: max(count - len(held_out), 0)])
    if not 0 < len(held_out) < len(examples):
        held_out = set(drawn[:count])
    return [e for e in examples if (e.name in held_out) == is_val]
