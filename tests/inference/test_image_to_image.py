"""Image to image through the one door and by command: any size in, the same size out."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.translators import EDGES, TINY, Echo, save_tiny, waves
from PIL import Image

import pix2pix.__main__ as cli
from pix2pix.config import RESIZE_MODES, CheckpointConfig
from pix2pix.inference import Colorizer, Drawer, Tracer, Translator, load_any, load_translator
from pix2pix.inference.image_to_image import LineDrawer, LineTracer
from pix2pix.inference.working_shapes import mirror_to_multiple
from pix2pix.labels.line_art import INK, PAPER
from pix2pix.training.recipe import Recipe, load_recipe
from pix2pix.training.train_step import checkpoint_config


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("edges"))


@pytest.mark.parametrize("size", [(32, 32), (400, 100), (50, 333), (31, 47), (1, 1), (3, 900)])
def test_a_picture_comes_back_at_its_own_size(edges: Path, size: tuple[int, int]) -> None:
    result = load_translator(edges, "cpu").translate(waves(*size[::-1]))
    assert (result.size, result.mode) == (size, "RGB")


@pytest.mark.parametrize("fit", RESIZE_MODES)
@pytest.mark.parametrize("shape", [(64, 64), (200, 90), (96, 130)])
def test_what_the_model_leaves_alone_stays_in_place(shape: tuple[int, int], fit: str) -> None:
    photo = waves(*shape)
    back = Echo(64, fit=fit).translate(photo)
    assert np.abs(np.asarray(back, int) - np.asarray(photo)).mean() < 4


@pytest.mark.parametrize(
    ("fit", "shapes"),
    [
        ("stretch", [(32, 64)] * 3),
        ("pad", [(32, 64)] * 3),
        ("squeeze", [(32, 64)] * 3),
        ("crop", [(32, 64), (32, 72), (48, 64)]),
    ],
)
def test_the_model_sees_what_it_saw_in_training_in_whole_steps_of_its_depth(
    fit: str, shapes: list[tuple[int, int]]
) -> None:
    echo = Echo(32, 64, fit)
    for shape in ((320, 640), (320, 700), (480, 640)):
        echo.translate(waves(*shape))
    assert echo.shapes == shapes


def test_the_sides_are_filled_with_the_mirror_image() -> None:
    row = np.arange(5, dtype=np.uint8)[None]
    assert mirror_to_multiple(row, 4)[0].tolist() == [0, 1, 2, 3, 4, 4, 3, 2]
    assert mirror_to_multiple(row, 4).shape == (4, 8)


def test_a_style_is_chosen_by_the_seed(tmp_path: Path) -> None:
    recipe = dataclasses.replace(EDGES, style_dim=4, class_norm=False)
    translator = load_translator(save_tiny(tmp_path, recipe), "cpu")
    one, again, other = (np.asarray(translator.translate(waves(32, 32), s)) for s in (1, 1, 2))
    assert (one == again).all() and (one != other).any()


@pytest.mark.parametrize("fit", RESIZE_MODES)
def test_lines_are_shown_to_the_model_as_they_are_in_the_colours_of_its_data(fit: str) -> None:
    drawing = np.zeros((32, 32), np.uint8)
    drawing[10:20, 4:28] = 1
    for canvas, ink, paper in (("lines", 0, 255), ("lines-white", 255, 0)):
        echo = Echo(fit=fit)
        echo.config = dataclasses.replace(echo.config, input_type=canvas)
        photo = LineDrawer(echo).draw(drawing)
        assert (photo[drawing == 1] == ink).all() and (photo[drawing == 0] == paper).all()
        assert echo.shapes == [(32, 32)]
    with pytest.raises(ValueError, match="from 0 to 1"):
        LineDrawer(Echo()).draw(drawing * 2)


def test_the_recipes_of_lines_say_so_and_others_cannot() -> None:
    for name in ("edges2photo", "sketch2photo"):
        assert checkpoint_config(load_recipe(name)).input_type == "lines"
    assert checkpoint_config(load_recipe("map2aerial")).input_type == "photo"
    with pytest.raises(ValueError, match="input_type must be photo for labels2photo"):
        Recipe("labels2photo", input_type="lines")
    with pytest.raises(ValueError, match="input_type must be one of photo, lines, lines-white"):
        CheckpointConfig("image2image", 32, checkpoint_config(EDGES).generator, input_type="oil")


@pytest.mark.parametrize(
    ("task", "service"),
    [
        ("labels2photo", Drawer),
        ("colorize", Colorizer),
        ("photo2labels", Tracer),
        ("image2image", Translator),
    ],
)
def test_a_checkpoint_of_any_task_is_served_by_what_it_is(
    tmp_path: Path, task: str, service: type
) -> None:
    folder = save_tiny(tmp_path, Recipe(task, **TINY))
    assert type(load_any(folder, "cpu")) is service


def test_the_command_translates_upright_at_its_own_size_and_lists_the_bad(
    edges: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    waves(40, 90).save(tmp_path / "turned.jpg", exif=turned)
    waves(20, 300).save(tmp_path / "größe & co.png")
    (tmp_path / "notes.png").write_text("no pixels")
    out = tmp_path / "out"
    paths = sorted(map(str, tmp_path.glob("*.*")))
    status = cli.main(["translate", *paths, "-o", f"{out}/", "--checkpoint", str(edges)])
    assert status == 1
    assert "notes.png: is not an image" in capsys.readouterr().err
    sizes = {path.name: Image.open(path).size for path in out.iterdir()}
    assert sizes == {"turned.png": (40, 90), "größe & co.png": (300, 20)}


def test_a_checkpoint_of_another_task_is_refused_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waves(20, 20).save(tmp_path / "a.png")
    folder = save_tiny(tmp_path / "trace", Recipe("photo2labels", **TINY))
    source, target = (str(tmp_path / name) for name in ("a.png", "b.png"))
    assert cli.main(["translate", source, "-o", target, "--checkpoint", str(folder)]) == 2
    assert "is a checkpoint for photo2labels" in capsys.readouterr().err


def test_the_lines_of_a_photo_are_those_of_training_on_a_sheet() -> None:
    photo = np.full((300, 200, 3), 255, np.uint8)
    photo[100:200, 50:150] = (20, 60, 120)
    lines = LineTracer((64, 96)).trace(Image.fromarray(photo))
    assert lines.shape == (64, 96) and set(np.unique(lines)) == {PAPER, INK}
    rows, columns = np.nonzero(lines == INK)
    assert 6 <= rows.min() <= 10 and 54 <= rows.max() <= 58, "the middle of a tall photo"
    assert 22 <= columns.min() <= 26 and 70 <= columns.max() <= 74
    assert lines[20:44, 36:60].max() == PAPER
    assert not LineTracer((64, 64)).trace(Image.new("L", (30, 30), 128)).any(), "an even photo"
