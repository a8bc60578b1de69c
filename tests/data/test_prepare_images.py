"""`python -m pix2pix prepare` on the files that people have."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.synthetic import open_set
from PIL import Image

from pix2pix.__main__ import main

SKY = (90, 140, 230)

OPERATIONS = ("resize", "pad", "crop", "grayscale", "edges", "sketch", "blank", "combine", "split")


def make_photo(height: int = 60, width: int = 80) -> np.ndarray:
    """A dark square on a plain sky."""
    photo = np.full((height, width, 3), SKY, np.uint8)
    photo[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = (40, 30, 20)
    return photo


def save(path: Path, picture: Any, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    image.save(path, **options)
    return path


def prepare(*arguments: object) -> int:
    return main(["prepare", *map(str, arguments)])


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.fixture
def awkward(tmp_path: Path) -> Path:
    """Good images of every awkward kind, and two bad ones."""
    folder = tmp_path / "in"
    photo = Image.fromarray(make_photo())
    exif = Image.Exif()
    exif[0x0112] = 6
    save(folder / "turned.jpg", photo, exif=exif)
    save(folder / "cmyk.jpg", photo.convert("CMYK"))
    save(folder / "tiny.png", Image.new("RGB", (1, 1), SKY))
    save(folder / "inner" / "ünïcode ☂ and spaces.webp", photo)
    save(folder / "twin.jpg", photo)
    save(folder / "twin.png", photo)
    save(folder / "deep.png", Image.fromarray(np.full((60, 80), 30000, np.uint16)))
    whole = save(folder / "cut.png", photo).read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "not an image.jpg").write_text("hello")
    return folder


GOOD = [
    "cmyk.png",
    "deep.png",
    "inner/ünïcode ☂ and spaces.png",
    "tiny.png",
    "turned.png",
    "twin.jpg.png",
    "twin.png.png",
]


@pytest.mark.parametrize(
    "operation",
    [
        ["resize", "--size", 32],
        *(["resize", "--size", 32, "--width", 48, "--fit", f] for f in ("pad", "mirror", "rotate")),
        ["resize", "--size", 32, "--fit", "crop"],
        ["pad", "--mirror"],
        ["crop", "--aspect", 1.5],
        ["grayscale"],
        ["edges"],
        ["sketch"],
        ["blank"],
    ],
)
def test_good_files_are_done_and_bad_ones_listed(
    operation: list, awkward: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    assert prepare(*operation, awkward, "-o", out) == 1
    written = [p.relative_to(out).as_posix() for p in sorted(out.rglob("*.png"))]
    assert sorted(written) == sorted(GOOD)
    for name in GOOD:
        image = Image.open(out / name)
        assert image.mode == ("L" if operation[0] in ("grayscale", "edges", "sketch") else "RGB")
    complaints = [x for x in capsys.readouterr().err.splitlines() if "in/" in x]
    assert len(complaints) == 2
    assert "cut.png: is damaged or cut short" in complaints[0]
    assert "not an image.jpg: is not an image" in complaints[1]


def test_nothing_is_overwritten_without_force(tmp_path: Path, capsys) -> None:
    save(tmp_path / "in" / "a.jpg", make_photo())
    out = tmp_path / "out"
    assert prepare("edges", tmp_path / "in", "-o", out) == 0
    (out / "a.png").write_bytes(b"mine")
    assert prepare("edges", tmp_path / "in", "-o", out) == 2
    assert "--force" in capsys.readouterr().err
    assert (out / "a.png").read_bytes() == b"mine"
    assert prepare("edges", tmp_path / "in", "-o", out, "--force") == 0
    assert read(out / "a.png").shape == (60, 80)


def apply(tmp_path: Path, photo: np.ndarray, *arguments: object) -> np.ndarray:
    save(tmp_path / "in" / "a.png", photo)
    assert prepare(*arguments, tmp_path / "in", "-o", tmp_path / "out") == 0
    return read(tmp_path / "out" / "a.png").astype(int)


def test_edges_are_black_lines_where_the_photo_changes(tmp_path: Path) -> None:
    edges = apply(tmp_path, make_photo(), "edges")
    assert set(np.unique(edges)) == {0, 255}
    changes = cv2.dilate(cv2.Canny(make_photo(), 50, 150), np.ones((5, 5)))
    assert (edges[changes == 0] == 255).all()
    assert 0.6 < (edges == 0).sum() / (2 * (30 + 40)) < 1.3  # as long as the square's border


def test_a_sketch_is_white_where_nothing_is_and_dark_at_changes(tmp_path: Path) -> None:
    sketch = apply(tmp_path, make_photo(), "sketch", "--blur", 2)
    assert sketch[:5].min() > 240
    assert sketch[16, 30] < 130  # just inside the dark square


def test_a_hole_has_the_size_that_was_asked_for(tmp_path: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 100, (60, 80, 3), np.uint8)
    holed = apply(tmp_path, photo, "blank", "--part", 0.4, "--gray", 200)
    hole = (holed == 200).all(-1)
    assert hole.sum() == 24 * 32
    assert hole[18:42, 24:56].all()
    np.testing.assert_array_equal(holed[~hole], photo[~hole])


@pytest.mark.parametrize(("operation", "shape"), [("pad", (80, 80)), ("crop", (60, 60))])
def test_pad_and_crop_leave_pixels_as_they_are(operation: str, shape: tuple, tmp_path) -> None:
    photo = np.random.default_rng(0).integers(1, 256, (60, 80, 3), np.uint8)
    result = apply(tmp_path, photo, operation)
    assert result.shape == (*shape, 3)
    if operation == "pad":
        np.testing.assert_array_equal(result[10:70], photo)
        assert result[:10].max() == result[70:].max() == 0
    else:
        np.testing.assert_array_equal(result, photo[:, 10:70])


def test_combine_matches_by_name_and_names_what_has_no_partner(tmp_path: Path, capsys) -> None:
    a, b, out = tmp_path / "A", tmp_path / "B", tmp_path / "out"
    save(a / "x" / "1.jpg", Image.new("RGB", (40, 30), (250, 0, 0)), quality=95)
    save(b / "x" / "1.png", Image.new("RGB", (40, 30), (0, 250, 0)))
    save(a / "2.png", Image.new("RGB", (40, 30)))
    save(b / "3.png", Image.new("RGB", (40, 30)))
    save(a / "4.png", Image.new("RGB", (40, 30)))
    save(b / "4.png", Image.new("RGB", (50, 30)))
    assert prepare("combine", a, b, "-o", out) == 1
    pair = read(out / "x" / "1.png").astype(int)
    assert pair.shape == (30, 80, 3)
    assert pair[:, :40, 0].min() > 240 and pair[:, 40:, 1].min() > 240
    errors = capsys.readouterr().err
    assert "2.png: has no partner 2.*" in errors and "3.png: has no partner" in errors
    assert "4.png: is 50x30, its partner in A 40x30" in errors
    assert len(list(out.rglob("*.png"))) == 1


def test_split_keeps_names_together_and_bytes_as_they_are(tmp_path: Path) -> None:
    for i in range(10):
        save(tmp_path / "in" / f"{i}.jpg", make_photo())
        save(tmp_path / "in" / f"{i}.png", make_photo())
    out = tmp_path / "out"
    assert prepare("split", tmp_path / "in", "-o", out, "--val", 0.3, "--seed", 5) == 0
    train, val = ({p.name for p in (out / s).iterdir()} for s in ("train", "val"))
    assert len(train) == 14 and len(val) == 6
    assert all(f"{Path(name).stem}.jpg" in val and f"{Path(name).stem}.png" in val for name in val)
    for name in val:
        assert (out / "val" / name).read_bytes() == (tmp_path / "in" / name).read_bytes()


def test_one_image_is_enough(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", make_photo())
    assert prepare("edges", path, "-o", tmp_path / "out") == 0
    assert prepare("edges", path, "-o", tmp_path) == 2
    np.testing.assert_array_equal(read(path), make_photo())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["edges", "nowhere", "-o", "out"], "no such file or folder"),
        (["edges", "in", "-o", "in"], "another folder for the results"),
        (["edges", "in", "-o", "in/edges"], "another folder for the results"),
        (["edges", "in", "-o", "in/a.png"], "another folder for the results"),
        (["edges", "in", "-o", "file"], "expected a folder for the results"),
        (["edges", "empty", "-o", "out"], "expected images"),
        (["resize", "in", "-o", "out", "--size", "0"], "--size must be from 1"),
        (["blank", "in", "-o", "out", "--part", "nan"], "--part must be from"),
        (["split", "in", "-o", "out"], "at least two images"),
    ],
)
def test_a_mistake_is_one_line_in_words(
    arguments: list[str], reason: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "in" / "a.png", make_photo())
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    assert prepare(*arguments) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_help_says_how_to_make_a_set(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        prepare("--help")
    text = capsys.readouterr().out
    assert all(name in text for name in OPERATIONS)
    assert "exit status" in text


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_help(operation: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as left:
        prepare(operation, "--help")
    assert left.value.code == 0
    places = "A B" if operation == "combine" else "IN"
    assert capsys.readouterr().out.split("\n\n")[0].endswith(places)


@pytest.mark.parametrize("form", ["folders", "side by side"])
def test_prepared_photos_are_a_set_that_trains(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for i in range(6):
        save(tmp_path / "photos" / f"{i}.jpg", make_photo(70 + i, 90 - i), quality=95)
    size = ["--size", 64, "--fit", "crop"]
    assert prepare("resize", "photos", "-o", "set/B", *size) == 0
    assert prepare("edges", "set/B", "-o", "set/A") == 0
    root = tmp_path / "set"
    if form == "side by side":
        assert prepare("combine", "set/A", "set/B", "-o", "pairs") == 0
        assert prepare("split", "pairs", "-o", "data", "--val", 0.2) == 0
        root = tmp_path / "data"
    batch = open_set("image2image", root, 64, crop_scale=1.0, random_flip=False).batch([0], None)
    lines = batch.input[0, 0] < -0.9
    assert 0.005 < lines.float().mean() < 0.1
    x = batch.target[0].mean(0)
    change = gradient(x)
    assert change[lines].mean() > 4 * change[~lines].mean()


def gradient(x: Any) -> Any:
    across, down = x.new_zeros(x.shape), x.new_zeros(x.shape)
    across[:, 1:-1] = (x[:, 2:] - x[:, :-2]).abs()
    down[1:-1] = (x[2:] - x[:-2]).abs()
    return across + down
