"""The browser engine mixes the looks of regions as Python does, to the bit."""

from pathlib import Path

import numpy as np
import pytest
from helpers.engine import NodeJob

from pix2pix.inference.regions import blend_weights, edge_radius
from pix2pix.labels.label_map import VOID


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_regions_blend_alike(tmp_path: Path, radius: int) -> None:
    rng = np.random.default_rng(radius)
    ids = rng.integers(0, 4, (23, 31)).astype(np.uint8)
    ids[5:18, 8:25] = 3
    ids[:4, :9] = VOID
    where = {"width": 31, "height": 23, "ids": ids.reshape(-1)}
    (found,) = NodeJob(tmp_path).call("draw/regions", "blendWeights", [[where, radius]])
    present, weights = blend_weights(ids, radius)
    assert list(found["present"]) == present.tolist()
    np.testing.assert_array_equal(found["weights"].reshape(weights.shape), weights)


def test_edges_are_as_wide(tmp_path: Path) -> None:
    sides = [32, 256, 384, 512, 640, 1024]
    found = NodeJob(tmp_path).call("draw/regions", "edgeRadius", [[side] for side in sides])
    assert found == [edge_radius(side) for side in sides]
