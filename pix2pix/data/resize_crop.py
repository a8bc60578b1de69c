"""Resize, pad, crop and flip images of any shape to one size, alike for all images of an example.

Training crops views from a slightly larger stored image (`resize_to_stored`, `crop_view`).
Inference fits a whole image to the network (`prepare`) and converts the output back to the image's
shape (`restore`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pix2pix.config import CROP_SCALE_RANGE, RESIZE_MODES, CheckpointConfig, is_crop_scale
from pix2pix.config_fields import require
from pix2pix.labels.label_map import VOID

# Defaults of `crop_scale`. 286 / 256 is from Isola et al. (2017), section 6.2.
PAPER_CROP_SCALE = 286 / 256
DEFAULT_CROP_SCALES = {"crop": 1.3, "squeeze": 1.25}

# resize_mode = "squeeze": an image much wider or taller than the view is squeezed to at most this
# aspect ratio relative to the view, then cropped. Views show most of a building, little distorted.
MAX_SQUEEZE_ASPECT = 1.3
MAX_SQUEEZE_STRETCH = 1.15  # each side of a random crop is up to this much longer, independently
MAX_SIDES = 4  # resize_mode = "crop": longest stored side, in multiples of the view's side

# (H, W, 3) uint8 colours, (H, W, C) float32 fractions of a value range, or (H, W) uint8 classes
ImageArray = np.ndarray
Shape = tuple[int, int]  # (H, W)


@dataclass(frozen=True)
class Geometry:
    """How images are fitted to views of `height` x `width`.

    `resize_mode` handles images of another shape: "stretch"; "pad" with black (VOID in label maps);
    "mirror", padding with reflected content; "rotate" by 90 degrees if needed, then stretch;
    "crop"; or "squeeze" a little, then crop. A training view is a random crop of the image resized
    to `crop_scale` times the view's size. "crop" and "squeeze" also vary the size of the crop; the
    other modes crop exactly the view's size, as in the paper.
    """

    height: int
    width: int
    resize_mode: str = "stretch"
    crop_scale: float = 0.0  # 0: the default of `resize_mode`
    random_flip: bool = True  # mirror a training view with probability 0.5
    enlarge: bool = True  # "crop", "squeeze": else images are not stored larger than they are

    def __post_init__(self) -> None:
        require(
            self.resize_mode in RESIZE_MODES,
            "resize_mode",
            f"one of {', '.join(RESIZE_MODES)}",
            self.resize_mode,
        )
        require(is_crop_scale(self.crop_scale), "crop_scale", CROP_SCALE_RANGE, self.crop_scale)
        require(min(self.height, self.width) > 0, "size", "above 0", (self.height, self.width))

    @property
    def zoom(self) -> float:
        return self.crop_scale or DEFAULT_CROP_SCALES.get(self.resize_mode, PAPER_CROP_SCALE)

    def stored_shape(self, shape: Shape) -> Shape:
        """The shape at which an image of `shape` is stored for cropping; at least the view's."""
        rows, columns = self._full_stored_shape(shape)
        if self.enlarge:
            return rows, columns
        scale = min(1.0, shape[0] / rows, shape[1] / columns)
        return max(self.height, round(rows * scale)), max(self.width, round(columns * scale))

    def _full_stored_shape(self, shape: Shape) -> Shape:
        height, width = shape
        if self.resize_mode == "crop":
            scale = max(self.height * self.zoom / height, self.width * self.zoom / width)
            rows, columns = round(height * scale), round(width * scale)
            rows = min(max(self.height, rows), MAX_SIDES * self.height)
            return rows, min(max(self.width, columns), MAX_SIDES * self.width)
        rows, columns = round(self.height * self.zoom), round(self.width * self.zoom)
        if self.resize_mode == "squeeze":
            aspect = (width / height) / (self.width / self.height)
            aspect = float(np.clip(aspect, 1 / MAX_SQUEEZE_ASPECT, MAX_SQUEEZE_ASPECT))
            return round(rows * max(1 / aspect, 1)), round(columns * max(aspect, 1))
        return rows, columns

    def resize_to_stored(self, pictures: Sequence[ImageArray]) -> tuple[ImageArray, ...]:
        """Images of one shape, resized and padded for `crop_view`."""
        placement = self.stored_placement(_shape_of(pictures[0]))
        return tuple(placement.embed(picture) for picture in pictures)

    def resize_with_mask(self, pictures: Sequence[ImageArray]) -> tuple[ImageArray, ...]:
        """As `resize_to_stored`; modes that pad append a mask, VOID on the padding, else 0."""
        stored = self.resize_to_stored(pictures)
        if self.resize_mode not in ("pad", "mirror"):
            return stored
        shape = _shape_of(pictures[0])
        bare = replace(self.stored_placement(shape), mirror=False)
        return *stored, bare.embed(np.zeros(shape, np.uint8))

    def stored_placement(self, shape: Shape) -> "Placement":
        """The placement of an image of `shape` in its stored version."""
        target = self.stored_shape(shape)
        if self.resize_mode not in ("pad", "mirror"):
            is_rotated = self.resize_mode == "rotate" and (
                (shape[0] > shape[1]) != (self.height > self.width)
            )
            return Placement(target, target, is_rotated)
        scale = min(target[0] / shape[0], target[1] / shape[1])
        inner = (max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale)))
        inner = (min(inner[0], target[0]), min(inner[1], target[1]))
        return Placement(inner, target, mirror=self.resize_mode == "mirror")

    def for_evaluation(self) -> "Geometry":
        """The geometry for evaluation and inference, which fits the whole image to the view.

        "crop" and "squeeze" keep their `crop_scale`; the other modes need none without crops.
        """
        return self if self.resize_mode in ("crop", "squeeze") else replace(self, crop_scale=1.0)

    def with_height(self, height: int) -> "Geometry":
        """The geometry with another height of views, their aspect ratio unchanged."""
        return replace(self, height=height, width=max(1, round(self.width * height / self.height)))

    def prepare(self, picture: ImageArray) -> ImageArray:
        """The whole image as network input, for a `for_evaluation` geometry.

        It equals the evaluation view, except for "crop": that view is the center crop, while this
        is the whole image at the same scale.
        """
        (stored,) = self.resize_to_stored([picture])
        return resize(stored, self.placement(_shape_of(picture)).outer)

    def placement(self, shape: Shape) -> "Placement":
        """The placement of an image of `shape` in the result of `prepare`."""
        stored = self.stored_placement(shape)
        if self.resize_mode == "squeeze":
            return Placement((self.height, self.width), (self.height, self.width))
        if self.resize_mode != "crop":
            return stored
        scale = min(stored.outer[0] / self.height, stored.outer[1] / self.width)
        whole = (round(stored.outer[0] / scale), round(stored.outer[1] / scale))
        return Placement(whole, whole)

    def restore(self, output: ImageArray, shape: Shape) -> ImageArray:
        """The network's output (h, w, ...) without padding, resized to `shape`.

        (h, w) is the shape of the result of `prepare`, or half of it, rounded up.
        """
        return resample(self.placement(shape).extract(output), shape)

    def crop_view(
        self,
        pictures: Sequence[ImageArray],
        rng: np.random.Generator | None,
        height: int | None = None,
    ) -> tuple[ImageArray, ...]:
        """The same view of all `pictures` (from `resize_to_stored`).

        The crop and the flip are random, or with rng None those of evaluation. `height` is the
        height of the result, its aspect ratio unchanged.
        """
        shape = self.view_shape(height)
        window = self.draw_window(_shape_of(pictures[0]), rng)
        return tuple(resize(window.cut(picture), shape) for picture in pictures)

    def view_shape(self, height: int | None = None) -> Shape:
        """The shape of views of a height, their aspect ratio unchanged; None: the usual height."""
        height = height or self.height
        return height, round(self.width * height / self.height)

    def crop_views(
        self,
        examples: Sequence[Sequence[ImageArray]],
        rngs: Sequence[np.random.Generator] | None,
        height: int | None = None,
    ) -> list[tuple[ImageArray, ...]]:
        """`crop_view` of each example, with one generator each, or None for evaluation."""
        each: Sequence[np.random.Generator | None] = rngs or [None] * len(examples)
        return [self.crop_view(pictures, rng, height) for pictures, rng in zip(examples, each)]

    def draw_window(self, shape: Shape, rng: np.random.Generator | None) -> "Window":
        """A random window of a stored image of `shape`, or with rng None that of evaluation."""
        if rng is None:
            return self._evaluation_window(shape)
        window = self._random_window(shape, rng)
        return replace(window, mirrored=bool(self.random_flip and rng.random() < 0.5))

    def _evaluation_window(self, shape: Shape) -> "Window":
        height, width = shape
        rows, columns = height, width
        if self.resize_mode == "crop":
            scale = min(height / self.height, width / self.width)
            rows, columns = round(self.height * scale), round(self.width * scale)
        return Window((height - rows) // 2, (width - columns) // 2, rows, columns)

    def _random_window(self, shape: Shape, rng: np.random.Generator) -> "Window":
        height, width = shape
        rows, columns = self.height, self.width
        if self.resize_mode in ("crop", "squeeze"):
            zoom = rng.uniform(1.0, self.zoom)
            rows, columns = round(rows * zoom), round(columns * zoom)
        if self.resize_mode == "squeeze":  # independent: wider as often as narrower
            rows = round(rows * rng.uniform(1.0, MAX_SQUEEZE_STRETCH))
            columns = round(columns * rng.uniform(1.0, MAX_SQUEEZE_STRETCH))
        if self.resize_mode == "crop":  # shrunk to fit, aspect ratio unchanged
            scale = min(1.0, height / rows, width / columns)
            rows, columns = round(rows * scale), round(columns * scale)
        rows, columns = min(rows, height), min(columns, width)
        top = int(rng.integers(0, height - rows + 1))
        left = int(rng.integers(0, width - columns + 1))
        return Window(top, left, rows, columns)


@dataclass(frozen=True)
class Window:
    """The rectangle of a stored image that a view shows, in pixels."""

    top: int
    left: int
    rows: int
    columns: int
    mirrored: bool = False

    def cut(self, picture: ImageArray) -> ImageArray:
        """The pixels in the window, mirrored if the view is."""
        part = picture[self.top : self.top + self.rows, self.left : self.left + self.columns]
        return np.ascontiguousarray(part[:, ::-1] if self.mirrored else part)


@dataclass(frozen=True)
class Placement:
    """An image, rotated if `is_rotated`, resized to (H, W) `inner`, centred in `outer`."""

    inner: Shape
    outer: Shape
    is_rotated: bool = False
    mirror: bool = False

    def embed(self, picture: ImageArray) -> ImageArray:
        """The image resized and padded: with reflected content, or with black (VOID)."""
        if self.is_rotated:
            picture = np.ascontiguousarray(np.rot90(picture))
        return pad(resize(picture, self.inner), self.outer, self.mirror)

    def extract(self, output: ImageArray) -> ImageArray:
        """The upright image without padding, from an output at `outer` or half of it."""
        part = max(1, round(self.outer[0] / output.shape[0]))
        top, left = ((o - i) // 2 for o, i in zip(self.outer, self.inner))
        bottom, right = -(-(top + self.inner[0]) // part), -(-(left + self.inner[1]) // part)
        output = output[top // part : bottom, left // part : right]
        return np.ascontiguousarray(np.rot90(output, -1) if self.is_rotated else output)


def serving_geometry(config: CheckpointConfig) -> Geometry:
    """The geometry of a checkpoint for evaluation and inference."""
    return Geometry(*config.shape, config.resize_mode, config.crop_scale).for_evaluation()


def _shape_of(picture: ImageArray) -> Shape:
    return picture.shape[0], picture.shape[1]


def resize(picture: ImageArray, shape: Shape) -> ImageArray:
    """The image resized to (H, W): area-averaged colours, nearest-neighbour class indices."""
    if picture.shape[:2] == shape:
        return picture
    interpolation = cv2.INTER_AREA if picture.ndim == 3 else cv2.INTER_NEAREST_EXACT
    return _scale(picture, shape, interpolation)


def _scale(picture: ImageArray, shape: Shape, interpolation: int) -> ImageArray:
    """cv2.resize for any number of channels: it drops a single one and fails with more than 4."""
    if picture.ndim == 3 and picture.shape[2] > 4:
        groups = (picture[..., i : i + 4] for i in range(0, picture.shape[2], 4))
        return np.concatenate([_scale(group, shape, interpolation) for group in groups], -1)
    scaled = cv2.resize(picture, shape[::-1], interpolation=interpolation)
    return scaled.reshape(*shape, *picture.shape[2:])


def resample(picture: ImageArray, shape: Shape) -> ImageArray:
    """The image resized to (H, W): area-averaged when shrinking, cubic when growing."""
    less = (min(shape[0], picture.shape[0]), min(shape[1], picture.shape[1]))
    for sides, interpolation in ((less, cv2.INTER_AREA), (shape, cv2.INTER_CUBIC)):
        if picture.shape[:2] != sides:
            picture = _scale(picture, sides, interpolation)
    return picture


def pad(picture: ImageArray, shape: Shape, mirror: bool) -> ImageArray:
    """The image centred in a larger (H, W): padded with reflected content, or black (VOID)."""
    if picture.shape[:2] == shape:
        return picture
    spare = [total - side for total, side in zip(shape, picture.shape)]
    edges = [(n // 2, n - n // 2) for n in spare]
    if mirror:
        return np.pad(picture, edges + [(0, 0)] * (picture.ndim - 2), mode="symmetric")
    padded: np.ndarray = np.full(
        shape + picture.shape[2:], 0 if picture.ndim == 3 else VOID, picture.dtype
    )
    padded[edges[0][0] : shape[0] - edges[0][1], edges[1][0] : shape[1] - edges[1][1]] = picture
    return padded
