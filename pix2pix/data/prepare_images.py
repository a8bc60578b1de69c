"""Prepare training images: apply one operation to the images of a folder, in parallel.

Operations are functions from an RGB image to an image. Names and sub-folders are kept; results are
PNG, since JPEG would blur edges and labels.
"""

import io
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from pix2pix.data.resize_crop import Geometry, pad
from pix2pix.images.convert import to_rgb
from pix2pix.images.reader import find_images, open_image
from pix2pix.runtime.atomic_io import write_atomically

Operation = Callable[[np.ndarray], np.ndarray]  # (H, W, 3) uint8 -> (H, W, 3) or (H, W) uint8


def resize_picture(photo: np.ndarray, size: tuple[int, int], fit: str = "stretch") -> np.ndarray:
    """The image at (H, W); `fit` is a `resize_mode` of `Geometry`, except "squeeze"."""
    geometry = Geometry(*size, fit, crop_scale=1.0, random_flip=False)
    return geometry.crop_view(geometry.resize_to_stored([photo]), None)[0]


def pad_to_shape(photo: np.ndarray, mirror: bool = False, aspect: float = 1.0) -> np.ndarray:
    """The image padded on two sides so that width / height is `aspect`, without resizing."""
    height, width = photo.shape[:2]
    shape = (max(height, round(width / aspect)), max(width, round(height * aspect)))
    return pad(photo, shape, mirror)


def crop_to_shape(photo: np.ndarray, aspect: float = 1.0) -> np.ndarray:
    """The largest center crop with width / height equal to `aspect`."""
    height, width = photo.shape[:2]
    rows, columns = min(height, round(width / aspect)), min(width, round(height * aspect))
    rows, columns = max(rows, 1), max(columns, 1)
    top, left = (height - rows) // 2, (width - columns) // 2
    return photo[top : top + rows, left : left + columns]


def to_grayscale(photo: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)


def find_edges(
    photo: np.ndarray, low: float = 50, high: float = 150, blur: float = 1.0
) -> np.ndarray:
    """Edges as black lines on white, 1 pixel wide: Canny (1986) after a blur of `blur` pixels.

    `high` and `low` are the thresholds of the gradient to start and to continue an edge.
    """
    gray = to_grayscale(photo)
    if blur:
        gray = cv2.GaussianBlur(gray, (0, 0), blur)
    return 255 - cv2.Canny(gray, low, high, L2gradient=True)


def draw_sketch(photo: np.ndarray, blur: float = 4.0, strength: float = 1.0) -> np.ndarray:
    """A pencil sketch: the photo divided by its blurred version, which keeps local contrast."""
    gray = to_grayscale(photo).astype(np.float32) + 16  # else noise in night photos becomes lines
    around = cv2.GaussianBlur(gray, (0, 0), blur)
    paper = np.power((gray / around).clip(0, 1), 2 * strength)
    return (paper * 255 + 0.5).astype(np.uint8)


def blank_hole(photo: np.ndarray, part: float = 0.5, gray: int = 128) -> np.ndarray:
    """The photo with a grey rectangle at its center, `part` of each side."""
    height, width = photo.shape[:2]
    rows, columns = max(1, round(height * part)), max(1, round(width * part))
    top, left = (height - rows) // 2, (width - columns) // 2
    holed = photo.copy()
    holed[top : top + rows, left : left + columns] = gray
    return holed


def combine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The pair side by side, A left and B right. Raises ValueError if the sizes differ."""
    if a.shape != b.shape:
        raise ValueError(
            f"is {b.shape[1]}x{b.shape[0]}, its partner in A {a.shape[1]}x{a.shape[0]}"
        )
    return np.concatenate([a, b], 1)


# A task creates one file: its target path, and a function that returns the content
ImageTask = tuple[Path, Callable[[], bytes]]


def convert_tasks(source: Path, out: Path, operate: Operation) -> list[ImageTask]:
    """Tasks for one PNG in OUT per image in SOURCE, a folder or a file."""
    paths, folder = list_sources(source)

    def make(path: Path) -> bytes:
        return encode_png(operate(np.asarray(to_rgb(open_image(path)))))

    return name_targets(paths, folder, out, make)


def combine_tasks(a: Path, b: Path, out: Path) -> tuple[list[ImageTask], list[str]]:
    """A task per pair of images in A and B, and the problems of all other images."""
    stems: list[dict[Path, list[Path]]] = [{}, {}]
    for side, folder in zip(stems, (a, b)):
        for path in list_sources(folder)[0]:
            side.setdefault(path.relative_to(folder).with_suffix(""), []).append(path)
    bad: list[str] = []
    tasks: list[ImageTask] = []
    for stem in sorted(stems[0].keys() | stems[1].keys()):
        pair = [side.get(stem, []) for side in stems]
        if not all(pair):
            lacking = b if pair[0] else a
            bad.append(f"{(pair[0] or pair[1])[0]}: has no partner {stem}.* in {lacking}")
        elif max(map(len, pair)) > 1:
            twice = max(pair, key=len)
            bad.append(f"{twice[0]}: has a namesake beside it, {twice[1].name}")
        else:
            tasks.append((_png(out, stem), partial(_combine_files, pair[0][0], pair[1][0])))
    return tasks, bad


def _combine_files(a: Path, b: Path) -> bytes:
    first, second = (np.asarray(to_rgb(open_image(path))) for path in (a, b))
    try:
        return encode_png(combine(first, second))
    except ValueError as error:
        raise ValueError(f"{b}: {error}") from None


def split_tasks(source: Path, out: Path, val: float, seed: int) -> list[ImageTask]:
    """Tasks to copy files to OUT/train and a fraction `val` to OUT/val, grouped by stem."""
    paths, folder = list_sources(source)
    stems = sorted({path.relative_to(folder).with_suffix("") for path in paths})
    if len(stems) < 2:
        raise ValueError(f"{source}: expected at least two images to split, found {len(stems)}")
    count = min(max(1, round(len(stems) * val)), len(stems) - 1)
    held_out = set(random.Random(seed).sample(stems, count))
    tasks: list[ImageTask] = []
    for path in paths:
        name = path.relative_to(folder)
        split = "val" if name.with_suffix("") in held_out else "train"
        tasks.append((out / split / name, partial(_checked_bytes, path)))
    return tasks


def _checked_bytes(path: Path) -> bytes:
    open_image(path)
    return path.read_bytes()


def list_sources(source: Path) -> tuple[list[Path], Path]:
    """The images of SOURCE, a folder or one file, and the folder their names are relative to."""
    if source.is_file():
        return [source], source.parent
    if not source.is_dir():
        raise ValueError(f"{source}: no such file or folder")
    paths = find_images(source)
    if not paths:
        raise ValueError(f"{source}: expected images in it, found none")
    return paths, source


def name_targets(
    paths: Sequence[Path], folder: Path, out: Path, make: Callable[[Path], bytes]
) -> list[ImageTask]:
    """A task per path with target NAME.png; the suffix is kept if two targets would collide.

    photo.jpg beside photo.tif become photo.jpg.png and photo.tif.png.
    """
    stems = [path.relative_to(folder).with_suffix("") for path in paths]
    tasks: list[ImageTask] = []
    for path, stem in zip(paths, stems):
        name = stem if stems.count(stem) == 1 else path.relative_to(folder)
        tasks.append((_png(out, name), partial(make, path)))
    return tasks


def _png(out: Path, name: Path) -> Path:
    return out / name.parent / f"{name.name}.png"


def encode_png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "PNG")
    return buffer.getvalue()


def run_tasks(tasks: Sequence[ImageTask], workers: int, force: bool) -> Iterator[str]:
    """Runs all tasks; yields "FILE: reason" for each one that fails."""

    def run(task: ImageTask) -> str | None:
        target, make = task
        if target.exists() and not force:
            return f"{target}: already exists; --force overwrites it"
        try:
            content = make()
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, content)
        except OSError as error:
            return f"{error.filename or target}: {error.strerror or error}"
        except (ValueError, cv2.error) as error:
            return str(error)
        return None

    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(run, tasks)
        yield from filter(None, tqdm(results, total=len(tasks), unit="image"))
