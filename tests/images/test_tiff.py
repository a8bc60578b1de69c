"""Every kind of TIFF that scanners and programs write opens as the picture that it is."""

import numpy as np
import pytest
from helpers.tiff_kinds import KINDS

from pix2pix.images.reader import open_rgb, read_size


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_tiff_is_the_picture_that_it_is(kind: str) -> None:
    make, expected, off = KINDS[kind]
    data = make()
    pixels = np.asarray(open_rgb(data)).astype(float)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).max() <= off
    assert read_size(data) == (64, 40)
