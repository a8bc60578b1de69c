"""Read the images of examples, and find all problems with them."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from PIL import Image
from tqdm import tqdm

from pix2pix.data.discovery import Example, ImagePart
from pix2pix.images.convert import to_rgb
from pix2pix.images.reader import has_end, open_image, read_size
from pix2pix.images.samples import (
    PICTURE,
    SampleFormat,
    describe_samples,
    read_header,
    read_samples,
)
from pix2pix.images.value_range import ValueRange, read_in_range
from pix2pix.labels.palette import Palette

LOSSY_SUFFIXES = (".jpg", ".jpeg", ".webp", ".avif")
PROGRESS_DELAY_S = 2.0  # before a progress bar appears

S = TypeVar("S")
T = TypeVar("T")


Formats = Sequence[SampleFormat]  # of inputs and targets, or of A and B
PICTURES: Formats = (PICTURE, PICTURE)


def formats_of(example: Example, formats: Formats) -> Formats:
    """The format of each part of an example."""
    return formats["AB".index(example.side) :] if example.side else formats


def part_size(part: ImagePart, own: SampleFormat = PICTURE) -> tuple[int, int]:
    """The (width, height) of a part, from its file's header. ValueError "FILE: reason"."""
    if own.is_picture:
        width, height = read_size(part.path)
    else:
        header = read_header(part.path)
        width, height = header.width, header.height
    if part.half is None:
        return width, height
    if width % 2:
        raise ValueError(
            f"{part.path}: is {width} pixels wide; a side-by-side pair needs an even width"
        )
    return width // 2, height


def example_size(example: Example, formats: Formats = PICTURES) -> tuple[int, int]:
    """The (width, height) of all parts. ValueError "FILE: reason", also if they differ."""
    sizes = [part_size(*each) for each in zip(example.parts, formats_of(example, formats))]
    for part, size in zip(example.parts[1:], sizes[1:]):
        if size != sizes[0]:
            raise ValueError(
                f"{part.path}: is {size[0]}x{size[1]}, "
                f"its partner {example.parts[0].path.name} {sizes[0][0]}x{sizes[0][1]}"
            )
    return sizes[0]


def open_parts(
    parts: Sequence[ImagePart], at_least: tuple[int, int] | None = None
) -> list[Image.Image]:
    """The parts' images, upright, in their own modes. ValueError "FILE: reason".

    `at_least` is as in `reader.open_image`, for each part.
    """
    images: dict[object, Image.Image] = {}
    opened = []
    for part in parts:
        wanted = at_least
        if at_least and part.half is not None:
            wanted = (2 * at_least[0], at_least[1])
        image = images.get(part.path) or open_image(part.path, at_least=wanted)
        images[part.path] = image
        if part.half is not None:
            middle = image.width // 2
            image = image.crop((part.half * middle, 0, (part.half + 1) * middle, image.height))
        opened.append(image)
    return opened


def read_photo(part: ImagePart, value_range: ValueRange = ()) -> np.ndarray:
    """The photo (H, W, 3) uint8; `value_range` scales deep images. ValueError "FILE: reason"."""
    return np.asarray(to_rgb(read_in_range(open_parts([part])[0], value_range)))


def read_part(part: ImagePart, own: SampleFormat) -> np.ndarray:
    """The samples of a part as fractions of the value range, (H, W, C) float32 in 0..1.

    Raises ValueError "FILE: reason", also for another number of channels or dtype than the set's.
    """
    samples = read_samples(part.path, channels=own.channels if own.dtype == "uint8" else None)
    if (samples.shape[2], samples.dtype.name) != (own.channels, own.dtype):
        found = describe_samples(samples.shape[2], samples.dtype.name)
        raise ValueError(f"{part.path}: has {found}; expected {own.describe()}")
    return own.scale(crop_part(samples, part))


def crop_part(samples: np.ndarray, part: ImagePart) -> np.ndarray:
    """The half of the samples (H, W, C) of a file that is the part."""
    if part.half is None:
        return samples
    middle = samples.shape[1] // 2
    return samples[:, part.half * middle : (part.half + 1) * middle]


def is_lossy(part: ImagePart) -> bool:
    return part.path.suffix.lower() in LOSSY_SUFFIXES


def read_labels(part: ImagePart, palette: Palette) -> np.ndarray:
    """The label map (H, W) uint8. Raises ValueError "FILE: reason"."""
    image = open_parts([part])[0]
    try:
        return palette.decode(image, is_lossy(part))
    except ValueError as error:
        raise ValueError(f"{part.path}: {error}") from None


def validate_example(
    example: Example,
    palette: Palette | None,
    quick: bool = False,
    formats: Formats = PICTURES,
) -> list[str]:
    """The problems of an example, one "FILE: reason" per file; [] if it is valid.

    With a palette, part 1 is a label map. `quick` does not decode photos with a valid header and
    end marker; label maps are always decoded.
    """
    faults = []
    for i, (part, own) in enumerate(zip(example.parts, formats_of(example, formats))):
        try:
            part_size(part, own)
            if palette is not None and i == 1:
                read_labels(part, palette)
            elif not (quick and has_end(part.path)):
                read_photo(part) if own.is_picture else read_part(part, own)
        except ValueError as error:
            faults.append(str(error))
    if not faults:
        try:
            example_size(example, formats)
        except ValueError as error:
            faults.append(str(error))
    return list(dict.fromkeys(faults))


def map_threads(act: Callable[[S], T], items: Sequence[S], words: str) -> list[T]:
    """[act(x) for x in items] in threads, with a progress bar labelled `words` if it takes long."""
    with ThreadPoolExecutor() as pool:
        results: Iterable[T] = pool.map(act, items)
        bar = tqdm(results, words, len(items), leave=False, delay=PROGRESS_DELAY_S, unit="image")
        return list(bar)
