"""Small drawings of objects are drawn at the size of training and put back."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.cat_scribbles import draw, eyes, load_landmarks, outline_and_eyes, scribbles
from pix2pix.checkpoint import Model
from pix2pix.inference.drawing_frame import Frame, find_frame
from pix2pix.inference.image_to_image import LineDrawer, Translator
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

BOX = (0.14, 0.1, 0.86, 0.84)
MARKS = load_landmarks()["pixabay_cat_003142"]


def small_head(scale: float, left: float, top: float) -> np.ndarray:
    return draw([scale * stroke + (left, top) for stroke in outline_and_eyes(MARKS)])


@pytest.mark.parametrize(("scale", "left", "top"), [(0.3, 0, 0), (0.4, 140, 12), (0.6, 90, 100)])
def test_a_small_head_is_framed_at_the_size_of_training(
    scale: float, left: float, top: float
) -> None:
    sheet = small_head(scale, left, top)
    frame = find_frame(sheet, BOX)
    assert frame is not None
    cut = frame.cut(sheet)
    assert cut.shape == sheet.shape
    y, x = np.nonzero(cut)
    assert max((np.ptp(x) + 1) / 256 / 0.72, (np.ptp(y) + 1) / 256 / 0.74) == pytest.approx(
        1, abs=0.05
    )
    assert (x.min() + x.max()) / 512 == pytest.approx(0.5, abs=0.03)
    assert (y.min() + y.max()) / 512 == pytest.approx(0.47, abs=0.03)
    assert find_frame(cut, BOX) is None, "it is large enough now"


def test_scribbles_of_the_usual_size_and_eyes_alone_have_no_frame() -> None:
    assert all(find_frame(sheet, BOX) is None for _, sheet in scribbles(10))
    assert find_frame(draw([]), BOX) is None
    assert find_frame(draw(eyes(MARKS, with_pupils=True)), BOX) is None
    assert find_frame(draw([0.4 * outline_and_eyes(MARKS)[0]]), BOX) is None, "no eyes yet"


def test_a_framed_picture_fades_into_the_colours_of_its_corners() -> None:
    picture = np.full((64, 64, 3), 40, np.uint8)
    picture[16:48, 16:48] = 220
    sheet = Frame(30, -4, 24, 24).paste(picture)
    assert (sheet[8, 42] == 220).all(), "the middle of the frame"
    assert (sheet[40:, :] == 40).all()
    assert (sheet[:, :28] == 40).all()


def test_a_drawer_enlarges_small_drawings_alone_and_only_if_its_model_asks_for_it() -> None:
    shape = {"size": 64, "depth": 4, "ngf": 4, "max_channels": 8}
    recipe = Recipe("image2image", input_type="lines", **shape)  # type: ignore[arg-type]
    config = checkpoint_config(recipe)
    torch.manual_seed(0)
    model = Model(config).eval()
    plain, framing = (
        LineDrawer(Translator(replace(config, object_box=box), model, torch.device("cpu")))
        for box in ((), BOX)
    )
    large, small = scribbles(1)[0][1][::4, ::4].copy(), small_head(0.4, 100, 100)
    np.testing.assert_array_equal(framing.draw(large), plain.draw(large))
    frame = find_frame(small, BOX)
    assert frame is not None
    np.testing.assert_array_equal(framing.draw(small), frame.paste(plain.draw(frame.cut(small))))


@pytest.mark.parametrize("input_type", ["lines", "lines-white"])
def test_a_small_object_in_a_picture_of_any_size_is_enlarged_too(input_type: str) -> None:
    recipe = Recipe("image2image", size=64, depth=4, ngf=4, max_channels=8, input_type=input_type)
    config = replace(checkpoint_config(recipe), object_box=BOX)
    torch.manual_seed(0)
    translator = Translator(config, Model(config).eval(), torch.device("cpu"))
    drawer = LineDrawer(translator)
    paper, ink = (0, 255) if input_type == "lines-white" else (255, 0)
    picture = np.where(small_head(0.4, 100, 100)[20:, :, None], ink, paper).astype(np.uint8)
    picture = np.repeat(picture, 3, axis=2)  # (236, 256, 3)
    frame = find_frame((picture[..., 0] != paper).astype(np.uint8), BOX)
    assert frame is not None
    made = drawer.translate_samples(picture, seed=3)
    enlarged = frame.cut_picture(picture, paper)
    assert (enlarged == paper).mean() < (picture == paper).mean()
    np.testing.assert_array_equal(made, frame.paste(translator.translate_samples(enlarged, 3)))
    for sheet, tile in ((picture, 32), (enlarged, None)):
        np.testing.assert_array_equal(
            drawer.translate_samples(sheet, 3, tile=tile),
            translator.translate_samples(sheet, 3, tile=tile),
        )


@pytest.mark.parametrize("box", [(0.1, 0.1, 0.9), (0.9, 0.1, 0.1, 0.9), (0, 0, 1, 1.5)])
def test_a_box_outside_the_sheet_is_refused(box: tuple[float, ...]) -> None:
    config = checkpoint_config(Recipe("image2image", size=64, depth=4, input_type="lines"))
    with pytest.raises(ValueError, match="object_box must be empty, or left, top"):
        replace(config, object_box=box)
