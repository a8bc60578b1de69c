"""Photos through the routes of the page: what it answers, and what it refuses, in words."""

import struct
import zlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.routes import colorize, open_answer, post, send_file
from helpers.synthetic import save_ramp
from PIL import Image

CPU = ("cpu", "torch")
SIZE = 256


def test_a_photo_comes_back_in_colour_at_its_own_size(fake_studio: str, tmp_path: Path) -> None:
    result = open_answer(colorize(fake_studio, save_ramp(tmp_path / "aunt.jpg", (301, 97))))
    assert result.size == (301, 97)
    assert np.ptp(np.asarray(result, int), -1).mean() > 20


def test_a_photo_keeps_its_orientation(fake_studio: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save_ramp(tmp_path / "turned.jpg", (90, 60), exif=exif)
    assert open_answer(colorize(fake_studio, path)).size == (60, 90)


def test_strength_nought_leaves_it_grey(fake_studio: str, tmp_path: Path) -> None:
    answer = colorize(fake_studio, save_ramp(tmp_path / "a.png"), strength=0)
    result = np.asarray(open_answer(answer), int)
    assert np.ptp(result, -1).max() <= 1


@pytest.mark.parametrize(
    ("name", "format_", "result"),
    [("grandma 1941.jpg", "png", "grandma 1941.png"), ("b.tif", "jpeg", "b.jpg")],
)
def test_the_result_carries_the_name_of_the_photo(
    fake_studio: str, tmp_path: Path, name: str, format_: str, result: str
) -> None:
    photo = save_ramp(tmp_path / name)
    sent = send_file(fake_studio, "colorize", "photos", photo.read_bytes(), name).json()
    wanted = {"kind": "save", "photo": sent["photo"], "format": format_}
    assert post(fake_studio, "colorize", "colorize", wanted).json()["name"] == result


def test_the_date_of_a_photo_and_where_it_was_taken_are_kept(
    fake_studio: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation
    exif[0x0132] = "2009:05:04 10:11:12"
    exif.get_ifd(0x8769)[0x9003] = "1941:07:06 08:09:10"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 0.0)  # latitude
    path = save_ramp(tmp_path / "dated.jpg", (90, 60), exif=exif)
    for format_ in ("png", "jpeg"):
        result = open_answer(colorize(fake_studio, path, format=format_))
        assert result.format == format_.upper()
        kept = result.getexif()
        assert kept[0x0132] == "2009:05:04 10:11:12"
        assert kept.get_ifd(0x8769)[0x9003] == "1941:07:06 08:09:10"
        assert kept.get(0x0112, 1) == 1, "it is upright already"
        assert kept.get_ifd(0x8825)[2] == (48.0, 8.0, 0.0)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"size": 191}, "size must be one of"),
        ({"size": 10**9}, "size must be one of"),
        ({"size": "192"}, "size must be one of"),
        ({"size": True}, "size must be one of"),
        ({"format": "exe"}, "format must be png or jpeg"),
        ({"format": ["png"]}, "format must be png or jpeg"),
        ({"repair": 1}, "repair must be true or false"),
        ({"denoise": "yes"}, "denoise must be true or false"),
        ({"hints": "all"}, "expected a list of hints"),
        ({"hints": [3]}, "expected a hint with x, y and color"),
        ({"hints": [{"x": 0.5, "y": 1.1, "color": "#000000"}]}, "must be from 0 to 1"),
        ({"hints": [{"x": True, "y": 0, "color": "#000000"}]}, "must be a number"),
        ({"hints": [{"x": "0", "y": 0, "color": "#000000"}]}, "must be a number"),
        ({"hints": [{"x": 0, "y": 0, "color": "red"}]}, "color must be "),
        ({"hints": [{"x": 0, "y": 0, "color": "#0000000"}]}, "color must be "),
        ({"hints": [{"x": 0, "y": 0, "color": [0, 0, 0]}]}, "color must be "),
        ({"hints": [{"x": 0, "y": 0, "color": "#000000"}] * 257}, "at most 256 hints"),
    ],
)
def test_a_hostile_request_is_refused_in_words(
    fake_studio: str, tmp_path: Path, more: dict[str, Any], reason: str
) -> None:
    answer = colorize(fake_studio, save_ramp(tmp_path / "a.png"), **more)
    assert answer.status_code == 400 and reason in answer.json()["error"]


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(header))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
    )


BAD_PHOTOS = {
    "empty.jpg": b"",
    "notes.jpg": b"these are not pixels",
    "huge.png": huge_png(),
    "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
}


@pytest.mark.parametrize("name", [*BAD_PHOTOS, "cut.png"])
def test_a_bad_photo_is_refused_by_name(fake_studio: str, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "cut.png":
        data = save_ramp(path, (300, 200)).read_bytes()
        path.write_bytes(data[: len(data) // 2])
    else:
        path.write_bytes(BAD_PHOTOS[name])
    answer = colorize(fake_studio, path)
    assert answer.status_code == 200, "a browser would log anything else"
    assert answer.json()["error"].startswith(f"{name}: ")


@pytest.mark.parametrize(
    "file",
    [
        None,
        "/etc/passwd",
        {"path": "/etc/passwd"},
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
        {"path": "../../etc/passwd"},
        {"path": "a\0b"},
        {"path": 7},
    ],
)
def test_nothing_but_uploads_can_be_opened(fake_studio: str, file: Any) -> None:
    answer = raw_call(fake_studio, "colorize", file, 1.0)
    assert answer.startswith("error")
    assert "root:" not in answer


def raw_call(url: str, name: str, *data: Any) -> str:
    """The event stream's last event, past the client's own preparation of files."""
    answer = httpx.post(f"{url}gradio_api/call/{name}", json={"data": list(data)}, timeout=120)
    if answer.status_code in (400, 422):
        return f"error {answer.text}"
    event = answer.json()["event_id"]
    stream = httpx.get(f"{url}gradio_api/call/{name}/{event}", timeout=120).text
    return stream.split("event: ")[-1]


def test_of_a_photo_sent_by_a_program_nothing_stays_on_the_disk(
    fake_studio: str, upload_folder: Path, tmp_path: Path
) -> None:
    from gradio_client import Client, handle_file

    client = Client(fake_studio, verbose=False, download_files=tmp_path / "downloads")
    photo = save_ramp(tmp_path / "private.jpg")
    client.predict(handle_file(photo), 1.0, api_name="/colorize")
    assert list(upload_folder.rglob("private*.jpg")) == []


@pytest.mark.parametrize("strength", [-0.1, 1.6, "1", None, True, 1e308])
def test_a_strength_out_of_range_is_refused(
    fake_studio: str, tmp_path: Path, strength: object
) -> None:
    answer = colorize(fake_studio, save_ramp(tmp_path / "a.png"), strength=strength)
    assert answer.status_code == 400
    assert "strength must be from 0 to 1.5, got" in answer.json()["error"]
