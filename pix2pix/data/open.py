"""Opening people's data: found, checked as a whole, and made into data sets."""

import hashlib
import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pix2pix.data.check import check_quickly, decode, measure, report
from pix2pix.data.examples import Examples, Pictures, Reader, cache_bytes
from pix2pix.data.facades import FacadePairs, read_pair
from pix2pix.data.find import (
    PEEK,
    SPLITS,
    Example,
    find_examples,
    find_layout,
    locate_split,
)
from pix2pix.data.geometry import Geometry
from pix2pix.data.halves import check_pairs
from pix2pix.data.loader import Dataset
from pix2pix.data.options import LABEL_TASKS, DataOptions
from pix2pix.data.pairs import ImagePairs, read_images
from pix2pix.data.palette import Palette, read_palette
from pix2pix.data.photos import PlainPhotos, read_plain
from pix2pix.data.read import read_labels
from pix2pix.data.tracing import TracedFacades

log = logging.getLogger(__name__)


def open_datasets(
    options: DataOptions,
    root: Path,
    splits: Sequence[str] = ("train", "val"),
    processes: int = 1,
) -> list[Dataset]:
    """The data sets of the splits in a folder, every file of them checked.

    Without a folder val, a part of train is held out, chosen by the seed and the examples' names.
    The decoded examples are kept in memory where they fit in this process's share of it, one of
    `processes`; if not, label maps are decoded to be checked and photos are believed by their
    beginning and end. Raises DataProblems with everything that is wrong with files, unless they
    are to be skipped; ValueError where a split is not there or is empty.
    """
    palette = read_palette(root) if options.task in LABEL_TASKS else None
    found, problems = find_splits(options, root, splits)
    if palette is not None:
        found = orient_labels(found, options, palette)
    elif options.direction == "BtoA":
        found = {s: [replace(e, parts=e.parts[::-1]) for e in x] for s, x in found.items()}

    # Headers tell sizes, and so whether all fits in memory; decoding tells the rest
    geometries = {split: view_geometry(options, split) for split in splits}
    found, sizes, faults = measure(found, palette)
    problems += faults
    kept: dict[str, list[Pictures]] = {}
    if estimate_bytes(sizes, geometries) <= cache_bytes(options.cache_gb, processes):
        for split in splits:
            read = make_reader(options, geometries[split], palette)
            found[split], kept[split], faults = decode(found[split], read, palette)
            problems += faults
    else:
        log.info("%s: too large for memory; images are read as they are needed", root)
        for split in splits:
            found[split], faults = check_quickly(found[split], palette)
            problems += faults
    report(problems, options.skip_bad, root, found)

    return [
        make_dataset(
            options,
            Examples(
                found[split],
                make_reader(options, geometries[split], palette),
                kept.get(split),
                options.skip_bad,
            ),
            geometries[split],
            palette,
        )
        for split in splits
    ]


def find_splits(
    options: DataOptions, root: Path, splits: Sequence[str]
) -> tuple[dict[str, list[Example]], list[str]]:
    """The examples of each split, and what is wrong with files that belong to none."""
    if not root.is_dir():
        raise ValueError(f"{root}: no such folder")
    found: dict[str, list[Example]] = {}
    problems: list[str] = []
    has_val = bool(locate_split(root, "val"))
    for split in splits:
        source = "train" if split == "val" and not has_val else split
        folders = locate_split(root, source)
        if not folders:
            names = ", ".join(SPLITS[source])
            raise ValueError(f"{root}: expected the folder {names} in it, or images")
        layout = find_layout(folders, options.task, options.layout)
        examples, faults = find_examples(folders, layout)
        if options.task == "image2image" and (layout, options.layout) == ("side_by_side", "auto"):
            check_pairs(folders[0], examples)
        if not examples and not faults:
            raise ValueError(f"{' and '.join(map(str, folders))}: expected images, found none")
        if source == "train" and not has_val:
            examples = hold_out(examples, options, split == "val")
        found[split] = examples
        problems += [fault for fault in faults if fault not in problems]
    return found, problems


def hold_out(examples: list[Example], options: DataOptions, is_val: bool) -> list[Example]:
    """The held-out part of the examples, or the others: by name, so more data moves few of them."""

    def lot(example: Example) -> bytes:
        return hashlib.sha256(f"{options.seed} {example.name}".encode()).digest()

    count = max(1, round(len(examples) * options.val_split))
    held_out = {e.name for e in sorted(examples, key=lot)[:count]}
    return [e for e in examples if (e.name in held_out) == is_val]


def orient_labels(
    found: dict[str, list[Example]], options: DataOptions, palette: Palette
) -> dict[str, list[Example]]:
    """The examples with the photo first and the label map second.

    Of photo and label by stem they are so. Else `direction` says which is the label map, or the
    one side that can be read as such.
    """
    examples = [e for split in found.values() for e in split]
    if not examples or options.layout == "stems" or _is_by_stem(examples[0]):
        return found
    if options.direction == "auto":
        label_side = _find_label_side(examples, palette)
    else:
        input_side = 0 if options.direction == "AtoB" else 1
        label_side = input_side if options.task == "labels2photo" else 1 - input_side
    order = slice(None) if label_side == 1 else slice(None, None, -1)
    return {s: [replace(e, parts=e.parts[order]) for e in x] for s, x in found.items()}


def _is_by_stem(example: Example) -> bool:
    first, second = example.parts
    return first.half is None and first.path.parent == second.path.parent


def _find_label_side(examples: list[Example], palette: Palette) -> int:
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
        reason = "; ".join(faults.values()) if faults else "both A and B are label maps"
    raise ValueError(f"expected label maps in A or in B; say which with --direction ({reason})")


def view_geometry(options: DataOptions, split: str) -> Geometry:
    """How a split's pictures become views: training's at random, all others' as served."""
    geometry = options.geometry()
    return geometry if split == "train" else geometry.evaluating()


def estimate_bytes(sizes: dict[str, list[tuple[int, int]]], geometries: dict[str, Geometry]) -> int:
    """How much memory the decoded examples take, at most 7 bytes a pixel: two pictures, a mask."""
    return sum(
        7 * math.prod(geometries[split].stored_shape((height, width)))
        for split, shapes in sizes.items()
        for width, height in shapes
    )


def make_reader(options: DataOptions, geometry: Geometry, palette: Palette | None) -> Reader:
    if palette is not None:
        return partial(read_pair, geometry=geometry, palette=palette)
    return partial(read_plain if options.task == "colorize" else read_images, geometry=geometry)


def make_dataset(
    options: DataOptions, examples: Examples, geometry: Geometry, palette: Palette | None
) -> Dataset:
    if options.task == "colorize":
        return PlainPhotos(examples, geometry, options.half_output)
    if palette is None:
        return ImagePairs(examples, geometry)
    pairs = FacadePairs(examples, geometry, palette)
    if options.task == "photo2labels":
        return TracedFacades(pairs, options.class_balance)
    return pairs
