"""Open a data folder: find and validate the examples, and create the datasets."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import ge
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.data.bit_depth import find_set_range
from pix2pix.data.datasets.colorization_dataset import PlainPhotos, read_plain
from pix2pix.data.datasets.label_dataset import FacadePairs, read_pair
from pix2pix.data.datasets.pair_dataset import ImagePairs, read_images
from pix2pix.data.datasets.restoration_dataset import DamagedPhotos, read_masks
from pix2pix.data.datasets.segmentation_dataset import TracedFacades
from pix2pix.data.datasets.sketch_dataset import Sketching, SketchPhotos
from pix2pix.data.datasets.unpaired_dataset import UnpairedImages
from pix2pix.data.discovery import PHOTO_TASKS, Example
from pix2pix.data.example_reader import PICTURES, Formats
from pix2pix.data.image_cache import CachedExamples, ImageArrays, Reader, cache_budget_bytes
from pix2pix.data.label_format import resolve_label_format
from pix2pix.data.loader import Dataset
from pix2pix.data.options import LABEL_TASKS, DataOptions
from pix2pix.data.pair_direction import order_parts
from pix2pix.data.resize_crop import Geometry
from pix2pix.data.sample_formats import find_sample_formats, parts_of, without_files
from pix2pix.data.size_notes import describe_sizes
from pix2pix.data.splits import SplitNames, find_splits
from pix2pix.data.summary import Facts, class_shares, gather_facts, sample_examples
from pix2pix.data.validation import check_without_decoding, decode, measure, report
from pix2pix.images.value_range import ValueRange
from pix2pix.labels.palette import Palette, read_palette

log = logging.getLogger(__name__)

LABEL_PARTS = ("photo", "label map")
PART_NAMES = {
    "image2image": ("input", "target"),
    "labels2photo": LABEL_PARTS,
    "photo2labels": LABEL_PARTS,
    "colorize": ("photo",),
    "restore": ("photo",),
}


@dataclass(frozen=True)
class OpenedData:
    """The requested datasets, and the facts that `summary` prints."""

    datasets: list[Dataset]
    facts: Facts
    options: DataOptions  # including the value ranges found
    size_notes: list[str] = field(default_factory=list)  # warnings about the images' sizes


def open_datasets(
    options: DataOptions,
    root: Path,
    splits: Sequence[str] = ("train", "val"),
    processes: int = 1,
) -> list[Dataset]:
    """The datasets of the splits in a folder; see `open_data`."""
    return open_data(options, root, splits, processes).datasets


def open_data(
    options: DataOptions,
    root: Path,
    splits: Sequence[str] = ("train", "val"),
    processes: int = 1,
    earlier: SplitNames | None = None,
    seek_ranges: bool = False,
    sides: Sequence[Path] = (),
) -> OpenedData:
    """The datasets of the splits in a folder, after validating every file.

    Without a val folder, part of train is held out by the seed and the examples' names; examples of
    `earlier` sessions stay in their split. `seek_ranges` determines the formats and value ranges
    of all images, unless `options` have them. `sides` are the folders A and B, if not looked for in
    `root`. Decoded examples are cached if they fit into this
    process's share of memory, one of `processes`; otherwise label maps are decoded for validation,
    and of photos only the header and the end marker are checked. Raises DataError with all problems
    unless invalid files are skipped, and ValueError if a split is missing or empty.
    """
    palette = read_palette(root) if options.task in LABEL_TASKS else None
    located = find_splits(options, root, splits, earlier, sides)
    problems = list(located.problems)
    oriented, direction = order_parts(located.examples, options, palette)
    if palette is not None:
        palette = resolve_label_format(root, oriented, palette, options.skip_invalid)

    if seek_ranges:
        if options.has_samples:
            keys, faults = find_sample_formats(options, oriented)
            options, problems = replace(options, **keys), problems + faults
            oriented = without_files(oriented, faults)
        options = replace(options, **find_set_ranges(options, oriented))
    formats = options.formats() if options.has_samples else PICTURES

    # Headers give the sizes, which decide whether everything fits in memory
    geometries = {split: make_geometry(options, split) for split in splits}
    found, sizes, faults = measure(oriented, palette, formats)
    problems += faults
    if not options.enlarge:
        found, sizes = leave_out_small(options, found, sizes)
    kept: dict[str, list[ImageArrays]] = {}
    needed = estimate_bytes(sizes, geometries, bytes_per_pixel(formats))
    if needed <= cache_budget_bytes(options.cache_gb, processes):
        for split in splits:
            read = make_reader(options, geometries[split], palette)
            found[split], kept[split], faults = decode(found[split], read, palette, formats)
            problems += faults
    else:
        log.info("%s: too large for memory; images are read on demand", root)
        for split in splits:
            found[split], faults = check_without_decoding(found[split], palette, formats)
            problems += faults
    problems = list(dict.fromkeys(problems))
    if located.held_out:
        fill_empty_split(found, kept)
    report(problems, options.skip_invalid, root, found)

    examples = {
        split: CachedExamples(
            found[split],
            make_reader(options, geometries[split], palette),
            kept.get(split),
            options.skip_invalid,
        )
        for split in splits
    }
    classes = class_shares(sample_examples(examples[splits[0]]), palette) if palette else {}
    facts = gather_facts(located, direction, found, part_names(options), classes, formats)
    datasets = []
    for split in splits:
        masks = read_masks(root, split) if options.task == "restore" else []
        parts = (examples[split], geometries[split], palette, masks)
        datasets.append(make_dataset(options, *parts))
    training = geometries[splits[0]]
    shape = training.height, training.width
    notes = describe_sizes(sizes[splits[0]], shape, training.resize_mode)
    return OpenedData(datasets, facts, options, notes)


def part_names(options: DataOptions) -> tuple[str, ...]:
    """What the images of an example are."""
    if options.is_unpaired:
        return ("A and B",)
    return PART_NAMES["colorize" if options.draws_lines else options.task]


def find_set_ranges(options: DataOptions, found: dict[str, list[Example]]) -> dict[str, Any]:
    """The options "input_range" and "target_range" for deep images among pictures, if any."""
    ranges: dict[str, ValueRange] = {}
    kinds = PART_NAMES[options.task] if options.is_unpaired else part_names(options)
    for i, (name, known) in enumerate(zip(options.range_names(), options.part_ranges())):
        if name and not known and (value_range := find_set_range(parts_of(found, i), kinds[i])):
            ranges[name] = value_range
    return ranges


def leave_out_small(
    options: DataOptions,
    found: dict[str, list[Example]],
    sizes: dict[str, list[tuple[int, int]]],
) -> tuple[dict[str, list[Example]], dict[str, list[tuple[int, int]]]]:
    """The examples with at least as many pixels as a view along both sides, and their sizes.

    Raises ValueError if a split has none.
    """
    least = options.width or options.size, options.size
    examples, shapes = {}, {}
    for split, own in sizes.items():
        kept = [i for i, size in enumerate(own) if all(map(ge, size, least))]
        examples[split] = [found[split][i] for i in kept]
        shapes[split] = [own[i] for i in kept]
        if own and not kept:
            raise ValueError(
                f"{split}: expected images of at least {least[0]}x{least[1]} pixels with enlarge = "
                f"false, got none of {len(own)}: a smaller --size or --enlarge true uses them"
            )
        if len(kept) < len(own):
            log.info(
                "%s: %d of %d images have fewer than %dx%d pixels and are left out",
                split,
                len(own) - len(kept),
                len(own),
                *least,
            )
    return examples, shapes


def fill_empty_split(found: dict[str, list[Example]], kept: dict[str, list[ImageArrays]]) -> None:
    """If skipped files emptied train or the held-out val, uses the other split for both."""
    for split, other in (("train", "val"), ("val", "train")):
        if split in found and not found[split] and found.get(other):
            found[split] = found[other]
            kept.pop(split, None)  # other geometry; read again on demand


def make_geometry(options: DataOptions, split: str) -> Geometry:
    """The geometry of a split: random crops for train, as in inference for all others."""
    geometry = options.geometry()
    return geometry if split == "train" else geometry.for_evaluation()


def bytes_per_pixel(formats: Formats) -> int:
    """The memory of a pixel of a decoded example, at most: two images and a mask."""
    return 1 + sum(3 if own.is_picture else 4 * own.channels for own in formats)


def estimate_bytes(
    sizes: dict[str, list[tuple[int, int]]], geometries: dict[str, Geometry], per_pixel: int = 7
) -> int:
    """The memory of the decoded examples, by the bytes of a pixel."""
    return sum(
        per_pixel * math.prod(geometries[split].stored_shape((height, width)))
        for split, shapes in sizes.items()
        for width, height in shapes
    )


def make_reader(options: DataOptions, geometry: Geometry, palette: Palette | None) -> Reader:
    ranges = options.part_ranges()
    if palette is not None:
        return partial(read_pair, geometry=geometry, palette=palette, photo_range=ranges[0])
    if options.task in PHOTO_TASKS or options.draws_lines:
        return partial(read_plain, geometry=geometry, photo_range=ranges[0])
    return partial(read_images, geometry=geometry, formats=options.formats())


def make_dataset(
    options: DataOptions,
    examples: CachedExamples,
    geometry: Geometry,
    palette: Palette | None,
    masks: Sequence[np.ndarray],
) -> Dataset:
    if options.task == "restore":
        return DamagedPhotos(examples, geometry, masks)
    if options.task == "colorize":
        return PlainPhotos(examples, geometry, options.half_output)
    if options.draws_lines:
        sketching = Sketching(
            options.small_fraction,
            options.small_scale,
            options.small_rotation,
            options.scribble_fraction,
        )
        return SketchPhotos(examples, geometry, options.input_type == "lines-white", sketching)
    if options.is_unpaired:
        return UnpairedImages(examples, geometry)
    if palette is None:
        return ImagePairs(examples, geometry, options.formats()[1])
    pairs = FacadePairs(examples, geometry, palette)
    if options.task == "photo2labels":
        return TracedFacades(pairs, options.class_balance)
    return pairs
