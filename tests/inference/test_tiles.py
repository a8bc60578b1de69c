"""Tiles: they cover every pixel, leave no seam, and are never all in memory."""

import tracemalloc

import numpy as np
import pytest

from pix2pix.inference.tiles import OVERLAP, paint_in_tiles, tile_starts, tile_weights


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("length", [32, 33, 40, 57, 64, 100, 999])
def test_every_pixel_counts_once_in_all_and_neighbours_overlap(length: int) -> None:
    starts = tile_starts(length, 32)
    assert (starts[0], starts[-1]) == (0, length - 32)
    assert (np.diff(starts) <= 32 - 32 // OVERLAP).all()
    total = np.zeros(length)
    for start, weights in zip(starts, tile_weights(starts, 32)):
        assert (weights > 0).all()
        total[start : start + 32] += weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize("shape", [(32, 48), (33, 49), (100, 333), (10, 200), (200, 7), (1, 1)])
def test_what_is_left_alone_comes_back_whole(shape: tuple[int, int]) -> None:
    picture = noise(*shape)
    shapes = set()

    def paint(tile: np.ndarray) -> np.ndarray:
        shapes.add(tile.shape)
        return tile

    np.testing.assert_array_equal(paint_in_tiles(picture, (32, 48), paint), picture)
    assert shapes == {(32, 48, 3)}


def test_where_tiles_differ_there_is_no_seam() -> None:
    rng = np.random.default_rng(1)

    def paint(tile: np.ndarray) -> np.ndarray:  # each in another light, as instance norm does it
        return np.full_like(tile, 100 + int(rng.integers(0, 40)))

    made = paint_in_tiles(np.zeros((200, 300, 3), np.uint8), (64, 64), paint).astype(int)
    assert np.ptp(made) > 20
    for axis in (0, 1):
        assert np.abs(np.diff(made, axis=axis)).max() <= 40 / (64 / OVERLAP) + 2


def test_at_a_tiles_rim_its_inside_neighbour_decides() -> None:
    def paint(tile: np.ndarray) -> np.ndarray:  # wrong by its border, as where a network pads
        made = np.full_like(tile, 100)
        made[:2] = made[-2:] = 255
        made[:, :2] = made[:, -2:] = 255
        return made

    made = paint_in_tiles(np.zeros((300, 300, 3), np.uint8), (64, 64), paint)
    assert made[2:-2, 2:-2].max() < 140


def test_tiles_are_forgotten_row_by_row() -> None:
    picture = np.zeros((3000, 512, 3), np.uint8)
    tracemalloc.start()
    paint_in_tiles(picture, (64, 64), lambda tile: tile)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * picture.nbytes  # the result, and a band of floats; all would be 4 times it
