"""OpenEXR images: channels of every kind, windows, and hostile files, refused in words."""

import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from pix2pix.images.exr import encode_exr
from pix2pix.images.sample_writer import encode_samples, save_samples
from pix2pix.images.samples import read_header, read_samples

HEIGHT, WIDTH = 20, 31


def plane(seed: int, dtype: Any = np.float32) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0, 100, (HEIGHT, WIDTH))
    return np.abs(values).astype(dtype) if dtype == np.uint32 else values.astype(dtype)


def exr(channels: dict[str, Any], **header: Any) -> bytes:
    """A file of the library itself."""
    buffer = io.BytesIO()
    OpenEXR.File(header, dict(channels)).write(buffer)
    return buffer.getvalue()


def tiles() -> Any:
    description = OpenEXR.TileDescription()
    description.xSize = description.ySize = 16
    description.mode, description.roundingMode = OpenEXR.ONE_LEVEL, OpenEXR.ROUND_DOWN
    return description


def window(left: int, top: int, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    corners = (left, top), (left + width - 1, top + height - 1)
    return np.array(corners[0], np.int32), np.array(corners[1], np.int32)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint32])
@pytest.mark.parametrize(
    "names", ["Z", "Y", "R G B", "R G B A", "R G B A Z", "beauty.R beauty.G normal.X normal.Y"]
)
def test_channels_are_those_of_the_file_in_order(names: str, dtype: Any) -> None:
    channels = {name: plane(seed, dtype) for seed, name in enumerate(names.split())}
    content = exr(channels)
    expected = np.stack(list(channels.values()), -1).astype(np.float32)
    np.testing.assert_array_equal(read_samples(content, "a.exr"), expected)
    assert read_header(content, "a.exr") == (HEIGHT, WIDTH, len(channels), "float32")


@pytest.mark.parametrize("compression", ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "ZSTD"])
def test_scan_lines_and_tiles_are_read(compression: str) -> None:
    header = {"compression": getattr(OpenEXR, f"{compression}_COMPRESSION")}
    for kind in ({}, {"type": OpenEXR.tiledimage, "tiles": tiles()}):
        found = read_samples(exr({"Z": plane(1)}, **header, **kind), "a.exr")
        np.testing.assert_array_equal(found[..., 0], plane(1))


def test_the_data_window_is_placed_in_the_display_window() -> None:
    z = plane(2)
    inside = {"dataWindow": window(5, 7, WIDTH, HEIGHT), "displayWindow": window(0, 0, 50, 40)}
    found = read_samples(exr({"Z": z}, **inside), "a.exr")[..., 0]
    assert found.shape == (40, 50) and read_header(exr({"Z": z}, **inside), "a")[:2] == (40, 50)
    np.testing.assert_array_equal(found[7 : 7 + HEIGHT, 5 : 5 + WIDTH], z)
    assert np.count_nonzero(found) == np.count_nonzero(z)
    overscan = {"dataWindow": window(-5, -7, WIDTH, HEIGHT), "displayWindow": window(0, 0, 20, 30)}
    found = read_samples(exr({"Z": z}, **overscan), "a.exr")[..., 0]
    np.testing.assert_array_equal(found[: HEIGHT - 7], z[7:, 5:25])
    assert found.shape == (30, 20) and not found[HEIGHT - 7 :].any()


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_what_is_written_is_read_back_by_us_and_by_the_library(
    channels: int, tmp_path: Path
) -> None:
    values = np.stack([plane(seed) for seed in range(channels)], -1)
    save_samples(values, tmp_path / "a.exr")
    np.testing.assert_array_equal(read_samples(tmp_path / "a.exr"), values)
    names = sorted(OpenEXR.File(str(tmp_path / "a.exr"), True).channels())
    assert names == {1: ["Y"], 3: ["B", "G", "R"], 4: ["A", "B", "G", "R"]}.get(
        channels, [f"C{k:03}" for k in range(channels)]
    )


def test_integers_are_not_written_as_exr() -> None:
    with pytest.raises(ValueError, match=r"\.exr does not hold 1 channels of uint16; use one of"):
        encode_samples(np.zeros((4, 4, 1), np.uint16), ".exr")


# Files that are refused


def several_parts() -> bytes:
    buffer = io.BytesIO()
    parts = [OpenEXR.Part({}, {"Z": plane(k)}, f"part {k}") for k in range(2)]
    OpenEXR.File(parts).write(buffer)
    return buffer.getvalue()


def with_window(content: bytes, name: str, corners: tuple[int, int, int, int]) -> bytes:
    """The file with another window in its header."""
    start = content.index(name.encode() + b"\0box2i\0") + len(name) + 11
    return content[:start] + struct.pack("<4i", *corners) + content[start + 16 :]


def refused_files() -> dict[str, tuple[bytes, str]]:
    """The content of files that cannot be read, and the reason."""
    plain = exr({"Z": plane(0)})
    wide = with_window(plain, "displayWindow", (0, 0, 99_999, 99_999))
    outside = {"dataWindow": window(99, 0, WIDTH, HEIGHT), "displayWindow": window(0, 0, 9, 9)}
    channel = b"Z\0" + struct.pack("<4i", 2, 0, 1, 1)  # float, a value for each pixel
    coarse = plain.replace(channel, channel[:-8] + struct.pack("<2i", 1, 2))
    tiled = exr({"Z": plane(0)}, type=OpenEXR.tiledimage, tiles=tiles())
    sides = b"tiledesc\0" + struct.pack("<3i", 9, 16, 16)
    long_tiles = tiled.replace(sides, sides[:-2] + b"\xff\0")
    return {
        "of two parts": (several_parts(), "has 2 parts; expected one image in a file"),
        "with large ids": (
            exr({"id": np.full((4, 4), 1 << 30, np.uint32)}),
            r"has integers up to 1,073,741,824 in its channel id; the limit is 16,777,216",
        ),
        "with coarse channels": (coarse, "has channels of several resolutions"),
        "off its display": (exr({"Z": plane(0)}, **outside), "has no pixels in its display window"),
        "of a huge display": (wide, "has 10,000,000,000 values; the limit is 100,000,000"),
        "of huge data": (
            with_window(wide, "dataWindow", (0, 0, 99_999, 99_999)),
            "has 10,000,000,000 values|is damaged or cut short",
        ),
        "of the largest numbers": (
            with_window(plain, "displayWindow", (-(2**31), 0, 2**31 - 1, 9)),
            "has a displayWindow from|is damaged or cut short",
        ),
        "of long tiles": (long_tiles, r"is damaged .*\(tiles of 16 x 16,711,696 pixels\)"),
        "with infinity": (exr({"Z": plane(0) / np.float32(0)}), "values that are NaN or infinite"),
        **{f"cut at {n}": (plain[:n], "is damaged or cut short") for n in (8, 100, len(plain) - 1)},
    }


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_file_that_is_no_such_image_is_refused_in_words() -> None:
    for name, (content, reason) in refused_files().items():
        with pytest.raises(ValueError, match=f"{name}: .*({reason})"):
            read_samples(content, name)


MUTATED = """
import random, sys
sys.path.insert(0, {root!r})
from pix2pix.images.samples import read_samples
whole = bytes.fromhex({content!r})
rng, refused = random.Random(0), 0
for _ in range(60):
    changed = bytearray(whole)
    for _ in range(rng.randint(1, 5)):
        changed[rng.randrange(4, len(whole))] = rng.randrange(256)
    try:
        read_samples(bytes(changed), "a.exr")
    except ValueError:
        refused += 1
print("refused", refused)
"""


def test_changed_bytes_end_no_process() -> None:
    content = encode_exr(np.round(plane(0))[..., None]).hex()
    code = MUTATED.format(root=str(Path(__file__).resolve().parents[2]), content=content)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout.split()[-1]) > 20


# Without the package


def test_without_the_package_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    content = exr({"Z": plane(0)})
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    monkeypatch.setattr("cv2.imdecode", lambda *_: None)  # a build of OpenCV without EXR
    for read in (read_samples, read_header):
        with pytest.raises(ValueError, match=r"a\.exr: is an EXR image, .*pip install OpenEXR"):
            read(content, "a.exr")
    with pytest.raises(ValueError, match=r"OpenEXR is not installed \(pip install OpenEXR\)"):
        encode_samples(plane(0)[..., None], ".exr")
