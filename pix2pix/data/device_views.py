"""Random views of packed images, resized for a whole batch at once on any device.

They equal those of `resize_crop.Geometry.crop_view`, which calls OpenCV for each image: class
indices exactly, colours within one of 255 levels where the two round differently. The windows are
drawn on the CPU by the same code; the device gets the rows and columns that each pixel averages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
import torch
from torch import Tensor

from pix2pix.data.pixel_store import PackedImages
from pix2pix.data.resize_crop import Geometry, Shape, Window

LEAST_OVERLAP = 1e-3  # OpenCV ignores smaller overlaps of pixels


@dataclass(frozen=True)
class Views:
    """The pixels of packed images that the views (N, h, w) of a batch show.

    A pixel of a view is the weighted mean of the image's pixels at `rows` x `columns`.
    """

    starts: Tensor  # (N,) int64: index of each image's first pixel
    widths: Tensor  # (N,) int64: of the images
    rows: Tensor  # (N, h, K) int64
    row_weights: Tensor  # (N, h, K) float32; their sum over K is 1
    columns: Tensor  # (N, w, L) int64
    column_weights: Tensor  # (N, w, L)
    nearest_rows: Tensor  # (N, h) int64: for class indices
    nearest_columns: Tensor  # (N, w)
    tie_bias: Tensor  # (N,) float32: above 0 where halves of a level are rounded up

    def map(self, act: Callable[[Tensor], Tensor]) -> "Views":
        return Views(*(act(getattr(self, f.name)) for f in fields(self)))

    def average(self, pixels: Tensor) -> Tensor:
        """The views (N, 3, h, w) float32 of colours (P, 3) uint8, rounded to levels 0..255."""
        n, height, _ = self.rows.shape
        width = self.columns.shape[1]
        total = self.tie_bias[:, None, None, None].expand(n, height, width, 3).contiguous()
        for i in range(self.rows.shape[2]):
            row = (self.starts[:, None] + self.rows[:, :, i] * self.widths[:, None])[:, :, None]
            for j in range(self.columns.shape[2]):
                index = row + self.columns[:, None, :, j]  # (N, h, w)
                weight = self.row_weights[:, :, i, None] * self.column_weights[:, None, :, j]
                colors = pixels.index_select(0, index.view(-1)).view(total.shape)
                total.addcmul_(colors.float(), weight[..., None])
        return total.round_().permute(0, 3, 1, 2)

    def nearest(self, pixels: Tensor) -> Tensor:
        """The views (N, h, w) of class indices (P,) uint8."""
        row = self.starts[:, None] + self.nearest_rows * self.widths[:, None]
        index = row[:, :, None] + self.nearest_columns[:, None]
        return pixels.index_select(0, index.view(-1)).view(index.shape)


def draw_views(
    geometry: Geometry,
    images: PackedImages,
    rngs: Sequence[np.random.Generator],
    height: int | None = None,
) -> Views:
    """Random views of the images, one generator each; `height` is as in `Geometry.crop_view`."""
    windows = [geometry.draw_window(shape, rng) for shape, rng in zip(images.shapes, rngs)]
    return views_of_windows(windows, images, geometry.view_shape(height))


def views_of_windows(windows: Sequence[Window], images: PackedImages, shape: Shape) -> Views:
    """The views of these windows, resized to (h, w) `shape`."""
    top, left, rows, columns = (
        np.array([getattr(w, name) for w in windows]) for name in ("top", "left", "rows", "columns")
    )
    mirrored = np.array([w.mirrored for w in windows])
    grows = (rows < shape[0]) | (columns < shape[1])  # OpenCV then interpolates both axes
    none = np.zeros(len(windows), bool)
    return Views(
        torch.from_numpy(images.starts),
        torch.tensor([width for _, width in images.shapes]),
        *area_taps(top, rows, shape[0], grows, none),
        *area_taps(left, columns, shape[1], grows, mirrored),
        nearest_pixels(top, rows, shape[0], none),
        nearest_pixels(left, columns, shape[1], mirrored),
        # OpenCV adds 4 pixels as integers, and rounds halves up; else it rounds them to even
        torch.from_numpy(((rows == 2 * shape[0]) & (columns == 2 * shape[1])) * np.float32(0.01)),
    )


def area_taps(
    first: np.ndarray, count: np.ndarray, size: int, grows: np.ndarray, mirrored: np.ndarray
) -> tuple[Tensor, Tensor]:
    """Indices (N, size, K) and weights of cv2.INTER_AREA along one axis.

    Pixels `first` .. `first + count` (N,) become `size` pixels. Where the image `grows`, OpenCV
    interpolates between two pixels, with the fractions of its `resize` for INTER_AREA.
    """
    first, count, grows, mirrored = (x[:, None, None] for x in (first, count, grows, mirrored))
    scale = count / size  # (N, 1, 1)
    low = np.arange(size)[:, None] * scale  # (N, size, 1)
    tap = np.arange(int(np.ceil(scale.max())) + 1)
    cell = np.floor(low) + tap  # (N, size, K)
    overlap = np.minimum(low + scale, cell + 1) - np.maximum(low, cell)
    area = np.where(overlap > LEAST_OVERLAP, overlap, 0) / np.minimum(scale, count - low)
    part = (np.arange(size)[:, None] + 1) - (np.floor(low) + 1) / scale
    part = np.where((part <= 0) | (np.floor(low) >= count - 1), 0, part - np.floor(part))
    linear = np.where(tap == 0, 1 - part, np.where(tap == 1, part, 0))
    weight = np.where(grows, linear, area)
    cell = cell.clip(0, count - 1)
    index = first + np.where(mirrored, count - 1 - cell, cell)
    used = weight.any((0, 1))
    return (
        torch.from_numpy(index[..., used].astype(np.int64)),
        torch.from_numpy(weight[..., used].astype(np.float32)),
    )


def nearest_pixels(first: np.ndarray, count: np.ndarray, size: int, mirrored: np.ndarray) -> Tensor:
    """Indices (N, size) int64 of cv2.INTER_NEAREST_EXACT along one axis.

    OpenCV resizes a row of indices: which pixel it takes has changed between versions.
    """
    cells = [
        cv2.resize(
            np.arange(n, dtype=np.float32)[None], (size, 1), interpolation=cv2.INTER_NEAREST_EXACT
        )[0]
        for n in count.tolist()
    ]
    first, count, mirrored = (x[:, None] for x in (first, count, mirrored))
    cell = np.stack(cells).astype(np.int64)
    return torch.from_numpy(first + np.where(mirrored, count - 1 - cell, cell))
