"""The browser engine saves the label images that Python saves."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from helpers.engine import NodeJob
from helpers.models import ROADS
from PIL import Image

from pix2pix.labels.classes import FACADE_COLORS, VOID
from pix2pix.labels.label_map import encode_label_image, open_label_map


def test_a_saved_label_map_has_the_pixels_and_the_palette_that_python_writes(
    tmp_path: Path,
) -> None:
    roads = tuple(c.rgb for c in ROADS)
    many = tuple((i, 255 - i, i // 2) for i in range(254))
    rng = np.random.default_rng(0)
    cases = []
    for colors in (FACADE_COLORS, roads, many):
        for shape in ((1, 1), (40, 33), (256, 256)):
            labels = rng.integers(0, len(colors), shape).astype(np.uint8)
            labels[: shape[0] // 4] = VOID
            cases.append((labels, colors))
    calls = [[labels, *labels.shape[::-1], colors] for labels, colors in cases]
    found = NodeJob(tmp_path).call("labels/label_png", "encodeLabelImage", calls)
    for (labels, colors), content in zip(cases, found):
        buffer = io.BytesIO()
        encode_label_image(labels, colors).save(buffer, "PNG")
        expected, image = Image.open(buffer), Image.open(io.BytesIO(content.tobytes()))
        assert image.mode == expected.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))
        assert image.getpalette() == expected.getpalette()
    facade = cases[1][0]
    np.testing.assert_array_equal(open_label_map(found[1].tobytes()), facade)
