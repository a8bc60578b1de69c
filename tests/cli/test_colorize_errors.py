"""`python -m pix2pix colorize`: bad files, odd photos and mistakes, each a line in words."""

import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers.album import make, pixels, results
from PIL import Image

from pix2pix.__main__ import main

# Bad files


def bad_files() -> dict[str, bytes]:
    """Files that are no photo, by a word of the reason."""
    whole = Path("photo.jpg").read_bytes()
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return {
        "empty.jpg": b"",
        "cut.jpg": whole[: len(whole) // 2],
        "text.jpg": b"no picture",
        "bomb.png": bomb,
        "phone.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    }


REASONS = {
    "empty.jpg": "is empty (0 bytes)",
    "cut.jpg": "is damaged or cut short",
    "text.jpg": "is not an image in a supported format",
    "bomb.png": "the limit is 50 megapixels",
    "phone.heic": "HEIC",
}


@pytest.fixture
def no_heic_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)


@pytest.mark.parametrize("name", REASONS)
def test_a_bad_file_is_one_line_in_words(colorize, no_heic_decoder, name: str) -> None:
    Path(name).write_bytes(bad_files()[name])
    status, lines = colorize(name, "-o", "out.png")
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith(f"{name}: ") and REASONS[name] in lines[0]
    assert not Path("out.png").exists()


def test_an_album_goes_on_past_bad_files_and_reports_them(colorize, no_heic_decoder) -> None:
    make("album/good.jpg")
    for name, content in bad_files().items():
        Path("album", name).write_bytes(content)
    status, lines = colorize("album", "-o", "out", "--report", "new/report.json")
    assert status == 1
    assert {line.split(":")[0] for line in lines} == {f"album/{name}" for name in REASONS}
    assert results() == {"good.jpg"}
    report = json.loads(Path("new/report.json").read_text())
    assert [entry["photo"] for entry in report["done"]] == ["album/good.jpg"]
    assert {e["photo"]: e["reason"] for e in report["failed"]} == dict(
        line.split(": ", 1) for line in lines
    )
    status, lines = colorize("album", "-o", "out", "--report", "report.json")
    assert status == 1
    again = json.loads(Path("report.json").read_text())
    assert [entry["result"] for entry in again["skipped"]] == ["out/good.jpg"]


def save_odd(kind: str) -> str:
    """An odd photo that is a photo all the same; its name."""
    grey = Image.open("photo.jpg")
    name = f"{kind}.tif" if kind in ("cmyk", "16-bit") else f"{kind}.png"
    if kind == "animated":
        frames = [grey.rotate(90 * i) for i in range(3)]
        frames[0].save("animated.gif", save_all=True, append_images=frames[1:])
        return "animated.gif"
    odd = {
        "dot": lambda: Image.new("L", (1, 1), 90),
        "line": lambda: grey.resize((1, 5000)),
        "16-bit": lambda: Image.fromarray(np.asarray(grey, np.uint16) * 257),
        "cmyk": lambda: grey.convert("CMYK"),
        "clear": lambda: Image.merge("LA", (grey, grey)),
        "black and white": lambda: grey.convert("1"),
    }[kind]()
    odd.save(name)
    return name


@pytest.mark.parametrize(
    "kind", ["dot", "line", "16-bit", "cmyk", "clear", "animated", "black and white"]
)
def test_an_odd_photo_is_coloured_all_the_same(colorize, kind: str) -> None:
    name = save_odd(kind)
    line = f"{name}: is a 1-bit scan, black and white dots only; --denoise smooths the dots"
    said = [line] if kind == "black and white" else []
    assert colorize(name, "-o", "out/") == (0, said)
    (result,) = Path("out").iterdir()
    with Image.open(name) as odd:
        assert pixels(result).shape == (*odd.size[::-1], 3)


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--strength", "nan"), "--strength must be from 0 to 1.5, got nan"),
        (("--strength", "1.6"), "--strength must be from 0 to 1.5, got 1.6"),
        (("--size", "63"), "--size must be from 64 to 512, got 63"),
        (("--size", "513"), "--size must be from 64 to 512, got 513"),
        (("--jobs", "0"), "--jobs must be from 1 to 256, got 0"),
        (("--hints", "gone.json"), "gone.json: cannot be read (No such file or directory)"),
        (("--hints", "photo.jpg"), "photo.jpg: is not valid JSON ("),
        (("--report", "."), ".: is a folder; the report needs a file"),
        (("--report", "photo.jpg/r.json"), "photo.jpg: is a file; the results need a folder"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(colorize, arguments: tuple, line: str) -> None:
    status, lines = colorize("photo.jpg", "-o", "out.png", *arguments)
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith(f"pix2pix: {line}")
    assert not Path("out.png").exists()


def test_a_photo_is_not_overwritten(colorize) -> None:
    before = Path("photo.jpg").read_bytes()
    assert colorize("photo.jpg", "-o", ".") == (2, ["photo.jpg: its result would overwrite it"])
    assert Path("photo.jpg").read_bytes() == before


def test_help_has_the_form_of_hints(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["colorize", "--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0
    for topic in ("python -m pix2pix colorize ", '"color": "#c68642"', "exit status", "--jobs"):
        assert topic in text
