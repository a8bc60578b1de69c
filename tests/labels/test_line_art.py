"""Line drawings are read whichever way round, drawn by pen or pencil, large or small."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pix2pix.labels.line_art import INK, decode_lines

Color = int | str | tuple[int, ...]


def drawing(side: int, width: int, ink: Color, paper: Color, mode: str = "L") -> Image.Image:
    image = Image.new(mode, (side, side), paper)
    ImageDraw.Draw(image).rectangle(
        (side // 4, side // 4, side * 3 // 4, side * 3 // 4), outline=ink, width=width
    )
    return image


@pytest.mark.parametrize(
    ("ink", "paper"),
    [(0, 255), (255, 0), (150, 230), (60, 20)],
    ids=["pen", "chalk", "pencil", "?"],
)
def test_the_rarer_tone_is_the_ink(ink: int, paper: int) -> None:
    lines = decode_lines(drawing(64, 2, ink, paper), (64, 64))
    expected = np.asarray(drawing(64, 2, INK, 0))
    np.testing.assert_array_equal(lines, expected)


def test_thin_lines_of_a_large_scan_are_not_lost() -> None:
    lines = decode_lines(drawing(2048, 5, 0, 255), (256, 256))
    assert lines[128, 60:68].any() and lines[60:68, 128].any()
    assert 0.005 < lines.mean() < 0.05


def test_transparency_is_paper_and_the_shape_is_kept() -> None:
    image = drawing(64, 2, (0, 0, 0, 255), (0, 0, 0, 0), "RGBA").crop((0, 0, 64, 32))
    lines = decode_lines(image, (128, 128))
    assert lines.shape == (64, 128)
    assert 0 < lines.mean() < 0.3


def test_a_page_of_one_tone_is_refused() -> None:
    with pytest.raises(ValueError, match="shows no lines"):
        decode_lines(Image.new("RGB", (40, 40), "#808080"), (64, 64))
