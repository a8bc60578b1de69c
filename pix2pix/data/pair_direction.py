"""Decide which image of a pair is the input, the target, or the label map."""

from collections.abc import Mapping
from dataclasses import replace

from pix2pix.data.discovery import PEEK, Example
from pix2pix.data.example_reader import read_labels
from pix2pix.data.label_format import looks_like_labels
from pix2pix.data.options import DataOptions
from pix2pix.labels.palette import Palette

Splits = Mapping[str, list[Example]]


def order_parts(found: Splits, options: DataOptions, palette: Palette | None) -> tuple[dict, str]:
    """The examples with their parts in the dataset's order, and a description of the direction.

    The order is input and target for images, photo and label map for label tasks. Of unpaired sets,
    `side` is A for inputs and B for targets.
    """
    if options.task == "colorize":
        return dict(found), "the light of each photo in, its colours out"
    if options.task == "restore":
        return dict(found), "each photo with damage in, without it out"
    if options.draws_lines:
        return dict(found), "lines drawn from each photo in, the photo out"
    if options.objective == "cyclegan":
        return dict(found), "A to B and B to A"
    if options.objective == "cut":
        if options.direction != "BtoA":
            return dict(found), "A in, images like those of B out"
        other = {"A": "B", "B": "A"}
        turned = {s: [replace(e, side=other[e.side]) for e in x] for s, x in found.items()}
        return turned, "B in, images like those of A out"
    if palette is None:
        if options.direction != "BtoA":
            return dict(found), "A in, B out"
        return _turn(found), "B in, A out"
    side = find_label_side(found, options, palette)
    oriented = dict(found) if side == 1 else _turn(found)
    if options.layout == "stems" or any(_is_by_stem(e) for x in found.values() for e in x[:1]):
        photos, labels = "photos", "label maps of the same names"
    else:
        photos, labels = f"photos {'BA'[side]}", f"label maps {'AB'[side]}"
    both = (labels, photos) if options.task == "labels2photo" else (photos, labels)
    return oriented, f"{both[0]} in, {both[1]} out"


def _turn(found: Splits) -> dict[str, list[Example]]:
    return {s: [replace(e, parts=e.parts[::-1]) for e in x] for s, x in found.items()}


def find_label_side(found: Splits, options: DataOptions, palette: Palette) -> int:
    """The index of the label map in the examples' parts.

    It is 1 for photo and label map by stem; else `direction` or the content decides.
    """
    examples = [e for split in found.values() for e in split]
    if not examples or options.layout == "stems" or _is_by_stem(examples[0]):
        return 1
    if options.direction == "auto":
        return _read_label_side(examples, palette)
    input_side = 0 if options.direction == "AtoB" else 1
    return input_side if options.task == "labels2photo" else 1 - input_side


def _is_by_stem(example: Example) -> bool:
    if len(example.parts) != 2:
        return False
    first, second = example.parts
    return first.half is None and first.path.with_suffix("") == second.path.with_suffix("")


def _read_label_side(examples: list[Example], palette: Palette) -> int:
    reason = "there is no image that can be read"
    for example in examples[:PEEK]:
        faults = {}
        for side, part in enumerate(example.parts):
            try:
                read_labels(part, palette)
            except ValueError as error:
                faults[side] = str(error)
        if len(faults) == 1:
            return 0 if 1 in faults else 1
        if faults and sum(seem := [looks_like_labels(part) for part in example.parts]) == 1:
            return seem.index(True)  # of classes that nobody has named yet
        reason = "; ".join(faults.values()) if faults else "both A and B are label maps"
    raise ValueError(f"expected label maps in A or in B; say which with --direction ({reason})")
