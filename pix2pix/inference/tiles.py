"""A picture far larger than the network's, in tiles that overlap and are blended.

Only one row of tiles is in memory beside the picture and the result.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

OVERLAP = 4  # neighbours share at least this part of a tile's side: 1 / OVERLAP

Paint = Callable[[np.ndarray], np.ndarray]  # (h, w, 3) uint8 -> (h, w, 3) uint8


def tile_starts(length: int, side: int) -> list[int]:
    """Where tiles of `side` begin along `length` (at least `side`), evenly, the last at its end."""
    step = side - side // OVERLAP
    count = 1 + -(-(length - side) // step)
    return np.linspace(0, length - side, count).round().astype(int).tolist()


def tile_weights(starts: list[int], side: int) -> np.ndarray:
    """How much each tile counts along its side (n, side) float32: at every place 1 in all.

    From its rim, where the network knew least of what is around, to the overlap's end it rises.
    """
    rise = (np.arange(side) + 0.5) / max(1, side // OVERLAP)
    window = np.minimum(1, np.minimum(rise, rise[::-1]))
    total = np.zeros(starts[-1] + side)
    for start in starts:
        total[start : start + side] += window
    return np.stack([window / total[s : s + side] for s in starts]).astype(np.float32)


def paint_in_tiles(picture: np.ndarray, shape: tuple[int, int], paint: Paint) -> np.ndarray:
    """What `paint` makes (H, W, 3) uint8 of a picture (H, W, 3) uint8, tile by tile of `shape`.

    A side shorter than a tile's is filled up with the mirror image. At the picture's own rim a tile
    alone counts; everywhere else two or more are blended.
    """
    height, width = picture.shape[:2]
    (rows, columns), pixels = shape, picture
    if height < rows or width < columns:
        fill = [(0, max(0, rows - height)), (0, max(0, columns - width)), (0, 0)]
        pixels = np.pad(picture, fill, mode="symmetric")
    tops, lefts = tile_starts(pixels.shape[0], rows), tile_starts(pixels.shape[1], columns)
    down, across = tile_weights(tops, rows), tile_weights(lefts, columns)
    result = np.empty_like(pixels)
    band = np.zeros((rows, pixels.shape[1], 3), np.float32)  # of the sum, from `top` on
    for top, following, by_row in zip(tops, [*tops[1:], pixels.shape[0]], down):
        for left, by_column in zip(lefts, across):
            tile = np.ascontiguousarray(pixels[top : top + rows, left : left + columns])
            weight = by_row[:, None, None] * by_column[None, :, None]
            band[:, left : left + columns] += paint(tile) * weight
        done = following - top  # no later tile reaches these rows
        result[top:following] = (band[:done] + 0.5).clip(0, 255)
        band[: rows - done] = band[done:].copy()
        band[rows - done :] = 0
    return result[:height, :width]
