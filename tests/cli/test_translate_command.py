"""`translate`: folders, other sizes, tiles, and pairs side by side."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.translators import EDGES, Echo, save_tiny, waves
from PIL import Image, ImageDraw

from pix2pix.__main__ import main
from pix2pix.checkpoint import CONFIG_NAME, load_checkpoint, read_config, save_checkpoint
from pix2pix.cli import train
from pix2pix.inference import load_translator
from pix2pix.inference.image_to_image import LineDrawer


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("edges"))


class Translate:
    """The command in the current folder; a call gives the exit status and the lines on stderr."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._start = ["translate", "--checkpoint", str(folder), "--device", "cpu"]
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, list[str]]:
        status = main([*self._start, *arguments])
        return status, self._capsys.readouterr().err.splitlines()


@pytest.fixture
def translate(
    edges: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Translate:
    monkeypatch.chdir(tmp_path)
    return Translate(edges, capsys)


def pixels(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


# Folders


def make_album() -> None:
    for name in ("a.jpg", "inner/b.png", "inner/c.webp"):
        path = Path("album") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        waves(40, 60).save(path)
    Path("album/bad.png").write_text("no pixels")


def test_a_folder_is_done_with_its_bad_files_listed(translate: Translate) -> None:
    make_album()
    status, lines = translate("album", "-o", "out")
    assert status == 1 and len(lines) == 1 and lines[0].startswith("album/bad.png: is not an image")
    assert {p.name for p in Path("out").rglob("*.*")} == {"a.png"}
    assert translate("album", "-o", "out", "-r")[0] == 1
    found = {p.relative_to("out").as_posix() for p in Path("out").rglob("*.*")}
    assert found == {"a.png", "inner/b.png", "inner/c.png"}


def test_notes_and_pages_are_said(translate: Translate) -> None:
    Path("album").mkdir()
    Path("album/readme.txt").write_text("no image")
    first, second = waves(40, 60), waves(30, 20)
    first.save("album/scan.tif", save_all=True, append_images=[second, second])
    status, lines = translate("album", "-o", "out")
    assert status == 0
    assert lines[0] == "1 file is not an image, skipped: album/readme.txt"
    assert lines[1].startswith("album/scan.tif: ") and "page" in lines[1] and len(lines) == 2
    assert pixels("out/scan.png").shape == (40, 60, 3)


def test_what_is_done_is_left_out_until_it_is_forced(translate: Translate) -> None:
    make_album()
    Path("album/bad.png").unlink()
    assert translate("album", "-o", "out", "-r") == (0, [])
    Path("out/inner/b.png").unlink()
    before = Path("out/a.png").stat().st_mtime_ns
    assert translate("album", "-o", "out", "-r") == (
        0,
        ["2 already done and skipped; --force does them again"],
    )
    assert Path("out/inner/b.png").exists() and Path("out/a.png").stat().st_mtime_ns == before
    assert translate("album", "-o", "out", "-r", "--force") == (0, [])
    assert Path("out/a.png").stat().st_mtime_ns > before


def test_a_folder_of_nothing_and_one_for_its_own_results_are_refused(translate: Translate) -> None:
    make_album()
    Path("empty").mkdir()
    assert translate("empty", "-o", "out") == (
        2,
        ["empty: contains no photos; --recursive searches its sub-folders"],
    )
    status, lines = translate("album", "-o", "album")
    assert status == 2 and "choose another one for results" in lines[0]


# Sizes and tiles


def test_a_larger_size_is_worked_at(translate: Translate) -> None:
    waves(96, 96).save("a.png")
    assert translate("a.png", "-o", "1.png") == (0, [])
    assert translate("a.png", "-o", "2.png", "--size", "96") == (0, [])
    one, two = pixels("1.png"), pixels("2.png")
    assert one.shape == two.shape == (96, 96, 3) and (one != two).any()


def test_a_small_drawing_is_enlarged_for_a_model_of_objects(
    edges: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "objects"
    config, model = load_checkpoint(edges)
    config = dataclasses.replace(config, input_type="lines", object_box=(0.1, 0.1, 0.9, 0.9))
    save_checkpoint(folder, config, model, card="")
    picture = Image.new("RGB", (96, 96), "white")
    pen = ImageDraw.Draw(picture)
    for box in ((10, 10, 50, 50), (18, 20, 24, 26), (34, 20, 40, 26)):  # a head and its eyes
        pen.ellipse(box, outline="black", width=2)
    monkeypatch.chdir(tmp_path)
    picture.save("small.png")
    assert main(["translate", "small.png", "-o", "made.png", "--checkpoint", str(folder)]) == 0
    drawer = LineDrawer(load_translator(folder, "cpu"))
    expected = drawer.translate_samples(np.asarray(picture))
    np.testing.assert_array_equal(pixels("made.png"), expected)
    assert (pixels("made.png") != load_translator(folder, "cpu").translate(picture)).any()


def test_size_and_tile_are_of_the_height_the_model_works_at() -> None:
    echo = Echo(32, 64, "stretch")
    echo.translate(waves(300, 500), size=64)
    echo.translate(waves(300, 500), size=50)
    assert echo.shapes == [(64, 128), (56, 104)]
    echo.shapes.clear()
    photo = waves(300, 500)
    back = np.asarray(echo.translate(photo, tile=64))
    assert set(echo.shapes) == {(64, 128)} and len(echo.shapes) > 20
    np.testing.assert_array_equal(back, np.asarray(photo))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--size", "8"), "--size must be from 16 to 4096 (the model was trained at 32), got 8"),
        (("--tile", "9999"), "--tile must be from 16 to 4096 (the model was trained at 32), got"),
    ],
)
def test_a_size_that_makes_no_sense_is_refused_in_a_line(
    translate: Translate, arguments: tuple[str, str], words: str
) -> None:
    waves(40, 40).save("a.png")
    status, lines = translate("a.png", "-o", "b.png", *arguments)
    assert (status, len(lines)) == (2, 1) and words in lines[0]


def test_tiles_of_a_network_cover_a_large_picture(translate: Translate, edges: Path) -> None:
    waves(150, 170).save("a.png")
    assert translate("a.png", "-o", "b.png", "--tile", "64") == (0, [])
    tiled = pixels("b.png").astype(int)
    assert tiled.shape == (150, 170, 3)
    whole = np.asarray(load_translator(edges, "cpu").translate(Image.open("a.png"), tile=256))
    for axis in (0, 1):  # no step at the rim of a tile that the picture has not without tiles
        steps = np.abs(np.diff(tiled, axis=axis)).mean(-1).mean(1 - axis)
        usual = np.abs(np.diff(whole.astype(int), axis=axis)).mean(-1).mean(1 - axis)
        assert steps.max() <= usual.max() + 4


# Pairs side by side


def make_pair(height: int = 32) -> Image.Image:
    pair = Image.new("RGB", (2 * height, height))
    pair.paste(waves(height, height), (0, 0))
    pair.paste(Image.eval(waves(height, height), lambda v: 255 - v), (height, 0))
    return pair


def test_a_half_is_taken_of_a_pair_where_it_is_asked_for(translate: Translate) -> None:
    pair = make_pair()
    pair.save("pair.png")
    pair.crop((0, 0, 32, 32)).save("left.png")
    pair.crop((32, 0, 64, 32)).save("right.png")
    for half in ("left", "right"):
        assert translate("pair.png", "-o", "1.png", "--half", half) == (0, [])
        translate(f"{half}.png", "-o", "2.png")
        np.testing.assert_array_equal(pixels("1.png"), pixels("2.png"))
    assert translate("pair.png", "-o", "1.png", "--half", "whole") == (0, [])
    assert pixels("1.png").shape == (32, 64, 3)
    Image.new("RGB", (33, 32)).save("odd.png")
    status, lines = translate("odd.png", "-o", "1.png", "--half", "left")
    assert status == 2 and "is 33 pixels wide" in lines[0]


def test_what_looks_like_a_pair_is_taken_as_one_image_and_said(translate: Translate) -> None:
    make_pair().save("pair.png")
    waves(32, 64).save("wide.png")
    status, lines = translate("pair.png", "wide.png", "-o", "out/")
    assert (status, len(lines)) == (0, 1)
    assert lines[0].startswith("pair.png: looks like two pictures") and "--half left" in lines[0]
    assert pixels("out/pair.png").shape == (32, 64, 3)


def test_a_model_of_pairs_side_by_side_takes_the_inputs_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for i in range(4):
        make_pair().save(f"data/{i}.png")
    keys = "--size 32 --ngf 4 --ndf 4 --depth 3 --max-channels 8 --lambda-gan 0 --max-steps 1"
    for direction, half in (("AtoB", "left"), ("BtoA", "right")):
        arguments = ["--data", "data", "--out", direction, "--device", "cpu", *keys.split()]
        assert train.main(["day2night", *arguments, "--direction", direction]) == 0
        assert read_config(tmp_path / direction).input_half == half
        capsys.readouterr()
        run = Translate(tmp_path / direction, capsys)
        make_pair(64).save("pair.png")
        grain = np.random.default_rng(0).integers(-20, 21, (32, 64, 3))
        Image.fromarray((np.asarray(waves(32, 64)) + grain).astype(np.uint8)).save("wide.png")
        status, lines = run("pair.png", "wide.png", "-o", "out/", "--force")
        assert (status, len(lines)) == (0, 1) and f"the {half} half is used" in lines[0]
        assert (pixels("out/pair.png").shape, pixels("out/wide.png").shape) == (
            (64, 64, 3),
            (32, 64, 3),
        )
        assert (tmp_path / direction / CONFIG_NAME).exists()


def test_of_things_on_white_what_the_model_learned_from_decides(tmp_path: Path) -> None:
    from pix2pix.cli.translate import HalfPicker

    config = load_translator(save_tiny(tmp_path, EDGES), "cpu").config
    white = Image.new("RGB", (128, 64), "white")
    assert HalfPicker("auto", config).take(white, "shoe.png").size == (128, 64)
    paired = dataclasses.replace(config, input_half="left")
    assert HalfPicker("auto", paired).take(white, "shoe.png").size == (64, 64)
    assert HalfPicker("whole", paired).take(white, "shoe.png").size == (128, 64)
    assert HalfPicker("auto", paired).take(white.crop((0, 0, 126, 64)), "shoe.png").size == (
        126,
        64,
    )
