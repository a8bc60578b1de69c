"""The colorize command takes of a folder what is an image by its content, and every page."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.album import make, pixels, results
from helpers.tiffs import pages
from PIL import Image

from pix2pix.cli.photo_tasks import find_photos, plan_photos
from pix2pix.images.format_detection import detect_format


def put(name: str, like: str, kind: str = "JPEG") -> None:
    """The photo `like` under a name that does not say what it is."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    with Path(name).open("wb") as file:
        Image.open(like).save(file, kind)


def make_box() -> None:
    for name in ("b.jfif", "c.jpe", "scan0001", "roll.0002", "roll.0003", "D.JPG"):
        put(f"box/{name}", "photo.jpg")
    put("box/shot", "photo.jpg", "PNG")
    put("box/page.xyz", "photo.jpg", "PPM")
    for name, content in {
        "notes.txt": b"not a photo",
        "film.mov": b"\0\0\0\x14ftypqt  ",
        "BM note": b"BMW, 1961",
        "empty": b"",
        "letter.pdf": b"%PDF-1.4",
        ".hidden.jpg": b"x",
    }.items():
        Path("box", name).write_bytes(content)


def test_what_is_an_image_is_taken_whatever_its_name(colorize) -> None:
    make_box()
    status, lines = colorize("box", "-o", "out", "--report", "report.json")
    assert (status, lines) == (
        0,
        ["5 files are not images, skipped: box/BM note, box/empty, box/film.mov and 2 more"],
    )
    assert results() == {
        "b.jpg", "c.jpg", "scan0001.jpg", "roll.0002.jpg", "roll.0003.jpg", "D.JPG",
        "shot.png", "page.xyz.png",
    }  # fmt: skip
    for name in results():
        assert pixels(f"out/{name}").shape == (50, 70, 3)
    report = json.loads(Path("report.json").read_text())
    assert [entry["file"] for entry in report["left_out"]] == [
        f"box/{name}" for name in ("BM note", "empty", "film.mov", "letter.pdf", "notes.txt")
    ]
    assert {e["reason"] for e in report["left_out"]} == {"is not an image in a supported format"}
    assert len(report["done"]) == 8 and not report["failed"]


def test_a_bad_file_with_a_photos_name_is_complained_of(colorize) -> None:
    make("box/a.jpg")
    Path("box/b.jpg").write_bytes(b"no picture")
    status, lines = colorize("box", "-o", "out")
    assert status == 1 and len(lines) == 1 and lines[0].startswith("box/b.jpg: is not an image")


def test_files_of_one_name_do_not_overwrite_each_others_result(colorize) -> None:
    for i, name in enumerate(("a", "a.jpe", "a.jpg", "a.png", "a-2.jpg", "A.JPG")):
        make("grey.png", 30 + i, 20)
        put(f"box/{name}", "grey.png", "PNG" if name == "a.png" else "JPEG")
    assert colorize("box", "-o", "out") == (0, [])
    widths = {name: pixels(f"out/{name}").shape[1] for name in results()}
    assert sorted(widths.values()) == [30, 31, 32, 33, 34, 35]
    assert [widths[name] for name in ("A.JPG", "a.png", "a-2.jpg")] == [35, 33, 34]
    assert len({name.casefold() for name in widths}) == 6
    lines = ["6 already done and skipped; --force does them again"]
    assert colorize("box", "-o", "out") == (0, lines)


def save_pages(name: str, *arrays: np.ndarray) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(pages(*arrays, photometric="minisblack"))


def grey(width: int, value: int) -> np.ndarray:
    return np.full((40, width), value, np.uint8)


@pytest.mark.parametrize("out", ["out.png", "out.tif"])
def test_every_page_is_done_and_said(colorize, out: str) -> None:
    save_pages("three.tif", grey(50, 60), grey(60, 120), grey(70, 180))
    line = "three.tif: has 3 pages; the results of the others end in -2 to -3"
    assert colorize("three.tif", "-o", out) == (0, [line])
    stem, ending = out.split(".")
    for name, width, value in (("", 50, 60), ("-2", 60, 120), ("-3", 70, 180)):
        rgb = pixels(f"{stem}{name}.{ending}")
        assert rgb.shape == (40, width, 3) and abs(rgb.mean() - value) < 25


def test_pages_in_a_folder_keep_apart_from_photos_of_such_names(colorize) -> None:
    save_pages("box/a.tif", grey(50, 60), grey(60, 120))
    save_pages("box/a-2.tif", grey(33, 60))
    status, lines = colorize("box", "-o", "out", "--report", "report.json")
    assert status == 0 and lines == [
        "box/a.tif: has 2 pages; the results of the others end in -2 to -2"
    ]
    widths = sorted(pixels(f"out/{name}").shape[1] for name in results())
    assert widths == [33, 50, 60]
    assert (pixels("out/a.tif").shape[1], pixels("out/a-2.tif").shape[1]) == (50, 33)
    report = json.loads(Path("report.json").read_text())
    assert [e["photo"] for e in report["done"]].count("box/a.tif (page 2)") == 1


def test_a_later_page_does_not_overwrite_a_photo(colorize) -> None:
    save_pages("a.tif", grey(50, 60), grey(60, 120))
    save_pages("a-2.tif", grey(33, 60), grey(35, 60))
    before = {name: Path(name).read_bytes() for name in ("a.tif", "a-2.tif")}
    assert colorize("a.tif", "a-2.tif", "-o", ".")[0] == 1
    status, lines = colorize("a-2.tif", "-o", "a.png")
    assert status == 0
    Path("b-2.tif").write_bytes(before["a-2.tif"])
    status, lines = colorize("b-2.tif", "-o", "b.tif")
    assert (status, lines[-1]) == (1, "b-2.tif (page 2): its result would overwrite b-2.tif")
    before["b-2.tif"] = before["a-2.tif"]
    assert {name: Path(name).read_bytes() for name in before} == before


def test_a_bad_page_is_named_and_the_others_are_done(colorize) -> None:
    save_pages("a.tif", grey(50, 60), grey(60, 120))
    content = Path("a.tif").read_bytes()
    second = content.rindex(bytes([120]) * 60 * 40)
    # Only the second page's data end: its strip is now said to lie behind the file.
    where = content.rindex((second).to_bytes(4, "little"))
    broken = content[:where] + (len(content)).to_bytes(4, "little") + content[where + 4 :]
    Path("a.tif").write_bytes(broken)
    status, lines = colorize("a.tif", "-o", "out/")
    assert status == 1 and results() == {"a.tif"}
    assert lines[-1].startswith("a.tif (page 2): is damaged or cut short")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF"])
def test_a_format_is_known_by_its_first_bytes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        Image.new("RGB", (9, 9)).save(file, kind)
    assert detect_format(path) == kind


def test_photos_are_found_in_order_with_what_is_left_out(tmp_path: Path) -> None:
    for name in ("b.jpg", "a", "out/old.jpg", ".x/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (9, 9)).save(tmp_path / name, "JPEG")
    (tmp_path / "readme").write_text("P is for photo")
    found = find_photos([str(tmp_path)], tmp_path / "out", recursive=True)
    assert [p.as_posix() for p in found.names.values()] == ["a", "b.jpg"]
    assert [*found.left_out] == [str(tmp_path / "readme")]
    jobs, bad = plan_photos(found.names, tmp_path / "out", None)
    assert ([j.target.name for j in jobs], bad) == (["a.jpg", "b.jpg"], {})
