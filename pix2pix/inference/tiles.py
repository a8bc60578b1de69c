"""Process images that are much larger than the network's input in overlapping, blended tiles.

Only one row of tiles is in memory beside the input and the result.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

OVERLAP = 4  # neighbouring tiles overlap by at least 1 / OVERLAP of a tile's side

Paint = Callable[[np.ndarray], np.ndarray]  # (h, w, C) -> (h, w, C)


def tile_starts(length: int, side: int, overlap: int = OVERLAP) -> list[int]:
    """The evenly spaced starts of tiles of `side` that cover `length` (at least `side`)."""
    step = side - side // overlap
    count = 1 + -(-(length - side) // step)
    return np.linspace(0, length - side, count).round().astype(int).tolist()


def fit_side(length: int, side: int, overlap: int = OVERLAP, multiple: int = 1) -> int:
    """The smallest side of tiles, a multiple of `multiple`, of which no more are needed to cover
    `length` than of tiles of `side`; `length` itself if one tile covers it."""
    if length <= side:
        return length
    count = len(tile_starts(length, side, overlap))
    while len(tile_starts(length, side - multiple, overlap)) == count:
        side -= multiple
    return side


def tile_weights(starts: list[int], side: int, overlap: int = OVERLAP) -> np.ndarray:
    """The blending weights along each tile's side, (n, side) float32, which sum to 1 everywhere.

    Weights rise from a tile's edge, where the network has the least context, across the overlap.
    """
    rise = (np.arange(side) + 0.5) / max(1, side // overlap)
    window = np.minimum(1, np.minimum(rise, rise[::-1]))
    total = np.zeros(starts[-1] + side)
    for start in starts:
        total[start : start + side] += window
    return np.stack([window / total[s : s + side] for s in starts]).astype(np.float32)


def paint_in_tiles(
    picture: np.ndarray,
    shape: tuple[int, int],
    paint: Paint,
    overlap: int = OVERLAP,
    channels: int = 0,
    dtype: str = "",
) -> np.ndarray:
    """The output of `paint` for an image (H, W, C), by tiles of `shape`.

    `channels` and `dtype` (uint8, uint16 or float32) of the output are by default those of the
    image.

    An image side shorter than a tile is padded with its mirror image. Overlapping tiles are
    blended over at least 1 / `overlap` of a tile's side.
    """
    height, width = picture.shape[:2]
    (rows, columns), pixels = shape, picture
    if height < rows or width < columns:
        fill = [(0, max(0, rows - height)), (0, max(0, columns - width)), (0, 0)]
        pixels = np.pad(picture, fill, mode="symmetric")
    tops, lefts = (tile_starts(length, side, overlap) for length, side in zip(pixels.shape, shape))
    down, across = tile_weights(tops, rows, overlap), tile_weights(lefts, columns, overlap)
    result: np.ndarray = np.empty(
        (*pixels.shape[:2], channels or pixels.shape[2]), dtype or pixels.dtype
    )
    is_float = result.dtype.kind == "f"
    half, largest = (0.0, np.inf) if is_float else (0.5, np.iinfo(result.dtype).max)
    band = np.zeros((rows, *result.shape[1:]), np.float32)  # the weighted sum from `top` on
    for top, following, by_row in zip(tops, [*tops[1:], pixels.shape[0]], down):
        for left, by_column in zip(lefts, across):
            tile = np.ascontiguousarray(pixels[top : top + rows, left : left + columns])
            weight = by_row[:, None, None] * by_column[None, :, None]
            band[:, left : left + columns] += paint(tile) * weight
        done = following - top  # no later tile reaches these rows
        result[top:following] = (band[:done] + half).clip(0, largest)
        band[: rows - done] = band[done:].copy()
        band[rows - done :] = 0
    return result[:height, :width]
