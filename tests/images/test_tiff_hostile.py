"""A TIFF that means harm, is damaged, or of no known kind is refused in words, and cheaply."""

import io
import itertools
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.tiff_kinds import KINDS
from helpers.tiffs import GREY, RGB, WIDE, WIDE_RGB, YCBCR, by_hand, grey, planes, written
from PIL import Image

from pix2pix.images.convert import to_rgb
from pix2pix.images.reader import open_image
from pix2pix.images.tiff_layout import MAX_DIRECTORIES


def test_a_file_cut_short_is_refused_wherever_it_ends() -> None:
    for data in (
        written(WIDE_RGB, photometric="rgb", compression="zlib", predictor=True),
        written(planes(RGB), photometric="rgb", planarconfig="separate"),
        grey(WIDE, compression="lzw", tile=(16, 16)),
    ):
        for length in range(1, len(data) - 100, 97):
            with pytest.raises(ValueError, match=r"^cut: is (damaged or cut short|not an image)"):
                open_image(data[:length], "cut")


def refused(data: bytes) -> str:
    with pytest.raises(ValueError) as raised:
        open_image(data, "bad")
    return str(raised.value)


def test_a_page_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    assert refused(by_hand([b"x"], width=60_000, height=60_000)) == (
        "bad: is 60000x60000 pixels; the limit is 50 megapixels"
    )
    assert refused(by_hand([b"x"], width=100_000, height=1)) == (
        "bad: is 100000x1 pixels; the limit is 65535 pixels a side"
    )
    huge = by_hand([b"x"], (322, 4, [2**31]), (323, 4, [2**31]), (324, 4, [8]), (325, 4, [1]))
    assert "a strip or tile of more than 300 MB" in refused(huge)


def test_what_unpacks_to_far_more_than_its_page_takes_no_memory() -> None:
    bomb = zlib.compress(bytes(300_000_000), 1)
    data = by_hand([bomb], (259, 3, [8]))
    assert measured_peak(lambda: refused(data)) < 40_000_000


def measured_peak(work: Callable[[], Any]) -> int:
    """Bytes that Python and numpy took at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_jpeg_larger_than_its_page_is_refused() -> None:
    buffer = io.BytesIO()
    Image.new("L", (6000, 6000)).save(buffer, "JPEG")
    assert "a JPEG in it is of another size" in refused(by_hand([buffer.getvalue()], (259, 3, [7])))


def test_directories_in_circles_or_without_end_are_refused() -> None:
    data = bytearray(by_hand([GREY.tobytes()]))
    start = struct.unpack_from("<I", data, 4)[0]
    end = start + 2 + 12 * struct.unpack_from("<H", data, start)[0]
    struct.pack_into("<I", data, end, start)
    assert "go in circles" in refused(bytes(data))
    chain = b"".join(struct.pack("<HI", 0, 8 + 6 * (i + 1)) for i in range(MAX_DIRECTORIES + 1))
    assert "far too many pages" in refused(b"II*\0" + struct.pack("<I", 8) + chain)


def test_the_same_strip_again_and_again_is_refused() -> None:
    data = by_hand(
        [GREY.tobytes()], (278, 4, [1]), (273, 4, [8] * 40), (279, 4, [len(GREY.tobytes())] * 40)
    )
    assert "again and again" in refused(data)


def test_absurdly_large_tags_are_refused() -> None:
    text = bytes(9 << 20)
    assert "absurdly large tags" in refused(by_hand([b"x"], (270, 2, text), (305, 2, text)))


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (((262, 3, [32803]),), "is a camera's raw file"),
        ((*YCBCR, (530, 3, [2, 2])), "of a kind that cannot be read"),
        (((259, 3, [34712]),), "of a kind that cannot be read (compression 34712)"),
        (((262, 3, [32845]),), "of a kind that cannot be read"),
        (((262, 3, [2]), (277, 3, [2]), (258, 3, [8, 8])), "of a kind that cannot be read"),
        (((339, 3, [6]), (258, 3, [64])), "cannot be read (volumes or complex numbers)"),
        (((257, 4, [0]),), "it has no page"),
        (((273, 4, [0]),), "lies outside the file"),
        (((279, 4, [100]),), "a strip is too short"),
    ],
)
def test_what_is_of_no_known_kind_is_said(tags: tuple, reason: str) -> None:
    assert reason in refused(by_hand([GREY.tobytes()], *tags))


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "lab, 8"])
def test_damage_anywhere_is_a_picture_or_a_reason(kind: str) -> None:
    data = KINDS[kind][0]()
    rng = np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 6):
            damaged[place] = rng.integers(256)
        tail = rng.integers(max(0, len(data) - 400), len(data), 2)
        damaged[tail[0]] = damaged[tail[1]]
        try:
            to_rgb(open_image(bytes(damaged), "bad"))
        except ValueError as error:
            assert str(error).startswith("bad: ")


def test_nothing_is_said_beside_the_error(capfd: pytest.CaptureFixture[str]) -> None:
    refused(by_hand([GREY.tobytes()], (279, 4, [100])))
    for length in itertools.chain(range(200, 400, 20)):
        refused(written(WIDE, photometric="minisblack", rowsperstrip=4)[:length])
    assert capfd.readouterr() == ("", "")
