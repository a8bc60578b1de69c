"""What runs is what was trained: for each fit, the command errs as evaluation says."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.recording import record_calls
from helpers.synthetic import write_facades
from PIL import Image, ImageDraw, ImageFilter

from pix2pix.__main__ import main
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.config import RESIZE_MODES
from pix2pix.data.factory import open_datasets
from pix2pix.evaluation import evaluate_checkpoint
from pix2pix.images.reader import open_rgb
from pix2pix.inference import Drawer, Tracer, load_any, load_colorizer
from pix2pix.labels.label_map import open_label_map
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import Trainer, checkpoint_config

WIDTH, HEIGHT = 320, 128
STEPS, BATCH = 40, 4
GROUND, WIDE, HIGH = (70, 110, 80), (230, 140, 40), (110, 60, 200)
RECIPE = Recipe(
    "image2image", size=64, ngf=8, ndf=4, depth=3, max_channels=32,
    resize_mode="mirror", random_flip=False, lambda_gan=0.0, lr=5e-3, upsample="resize",
    padding="replicate",
)  # fmt: skip


def make_pair(seed: int) -> tuple[Image.Image, Image.Image]:
    """Boxes on white, and the same in colours on green: those that are wide are orange, those that
    are high violet. What is stretched or turned has other colours, and so has what is smaller."""
    rng = np.random.default_rng(seed)
    a, b = Image.new("RGB", (WIDTH, HEIGHT), "white"), Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    for _ in range(6):
        is_wide = rng.random() < 0.5
        w, h = (70, 30) if is_wide else (26, 64)
        left, top = int(rng.integers(0, WIDTH - w)), int(rng.integers(0, HEIGHT - h))
        box = (left, top, left + w, top + h)
        ImageDraw.Draw(a).rectangle(box, fill=(120, 120, 120))
        ImageDraw.Draw(b).rectangle(box, fill=WIDE if is_wide else HIGH)
    return a, b.filter(ImageFilter.GaussianBlur(6))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pairs")
    for split, seeds in (("train", range(16)), ("val", range(100, 106))):
        for side in "AB":
            (root / split / side).mkdir(parents=True)
        for seed in seeds:
            for side, picture in zip("AB", make_pair(seed)):
                picture.save(root / split / side / f"{seed}.png")
    return root


@pytest.fixture(scope="module")
def model(data: Path) -> Model:
    """A small network, trained a little: enough for its error to depend on what it is shown."""
    trainer = Trainer(RECIPE, torch.device("cpu"), total_steps=STEPS)
    (dataset,) = open_datasets(RECIPE.data_options(), data, ["train"])
    for step in range(STEPS):
        rngs = [np.random.default_rng([step, i]) for i in range(BATCH)]
        chosen = [(step * BATCH + i) % len(dataset) for i in range(BATCH)]
        trainer.step(dataset.batch(chosen, rngs))
    return trainer.ema


def save(folder: Path, model: Model, fit: str) -> None:
    width = 32 if fit == "rotate" else 64  # pictures that lie are turned where the views stand
    recipe = dataclasses.replace(RECIPE, resize_mode=fit, width=width)
    config = checkpoint_config(recipe, {"options": dataclasses.asdict(recipe)})
    save_checkpoint(folder, config, model, "")


def evaluated_error(folder: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(evaluate_checkpoint, "perceptual_metrics", lambda *_: ({}, []))
    return evaluate_checkpoint.evaluate_checkpoint(folder, data, device_name="cpu")["metrics"]["l1"]


def command_error(folder: str, data: Path, out: Path, columns: slice = slice(None)) -> float:
    """The mean difference, 0 to 255, of the command's results from the truth, in its columns."""
    sources = sorted((data / "val" / "A").iterdir())
    arguments = [*map(str, sources), "-o", f"{out}/", "--device", "cpu"]
    assert main(["translate", *arguments, "--checkpoint", folder]) == 0
    errors = []
    for source in sources:
        result = np.asarray(Image.open(out / source.name), float)
        truth = np.asarray(Image.open(data / "val" / "B" / source.name))
        assert result.shape == truth.shape
        errors.append(np.abs(result - truth)[:, columns].mean())
    return float(np.mean(errors))


@pytest.mark.parametrize("fit", [fit for fit in RESIZE_MODES if fit != "crop"])
def test_the_command_errs_as_evaluation_says(
    data: Path, model: Model, tmp_path: Path, fit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "model", model, fit)
    folder = str(tmp_path / "model")
    expected = evaluated_error(folder, data, monkeypatch)
    assert command_error(folder, data, tmp_path / "out") == pytest.approx(expected, rel=0.02)


def test_with_crop_the_middle_is_as_evaluated_and_no_worse_in_the_whole(
    data: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "model", model, "crop")
    folder = str(tmp_path / "model")
    expected = evaluated_error(folder, data, monkeypatch)
    left = (WIDTH - HEIGHT) // 2
    middle = slice(left, left + HEIGHT)
    # Beside the middle the network sees what goes on there, where evaluation ends
    assert command_error(folder, data, tmp_path / "out", middle) <= expected * 1.02
    for side in "AB":
        (tmp_path / "val" / side).mkdir(parents=True)
        for source in (data / "val" / side).iterdir():
            with Image.open(source) as picture:
                cut = picture.crop((middle.start, 0, middle.stop, HEIGHT))
            cut.save(tmp_path / "val" / side / source.name)
    square = command_error(folder, tmp_path, tmp_path / "square")
    assert square == pytest.approx(expected, rel=0.02)


SMALL: dict[str, Any] = {
    "size": 64,
    "ngf": 4,
    "ndf": 4,
    "depth": 3,
    "max_channels": 8,
    "lambda_gan": 0.0,
}


@pytest.mark.parametrize("fit", ["stretch", "pad", "mirror", "rotate"])
@pytest.mark.parametrize("width", [64, 32])
def test_drawings_and_photos_of_facades_are_shown_as_evaluation_shows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fit: str, width: int
) -> None:
    data = write_facades(tmp_path / "data", 1, 1, HEIGHT, WIDTH)
    source = data / "val" / "house0"
    for task in ("labels2photo", "photo2labels"):
        recipe = Recipe(
            task, **SMALL, width=width, resize_mode=fit, half_output=task == "photo2labels"
        )
        config = checkpoint_config(recipe)
        save_checkpoint(tmp_path / task, config, Model(config), "")
        shown = evaluation_input(recipe, data)
        service = load_any(tmp_path / task, "cpu")
        runs = record_calls(monkeypatch, service, "_runner")
        if isinstance(service, Drawer):
            result = service.draw(open_label_map(source.with_suffix(".png")))
        else:
            assert isinstance(service, Tracer)
            result = service.trace(open_rgb(source.with_suffix(".jpg")))
        torch.testing.assert_close(runs[0][0][:1], shown)
        assert result.shape[:2] == (HEIGHT, WIDTH)


def evaluation_input(recipe: Recipe, data: Path) -> torch.Tensor:
    (dataset,) = open_datasets(recipe.data_options(), data, ["val"])
    return dataset.batch([0], None).input


@pytest.mark.parametrize(
    ("fit", "shape"),
    [("crop", (64, 160)), ("stretch", (64, 64)), ("pad", (26, 64)), ("mirror", (26, 64))],
)
def test_photos_are_coloured_at_the_scale_of_training(
    tmp_path: Path, fit: str, shape: tuple[int, int]
) -> None:
    config = checkpoint_config(Recipe("colorize", **SMALL, resize_mode=fit))
    save_checkpoint(tmp_path, config, Model(config), "")
    session = load_colorizer(tmp_path, "cpu").open_photo(make_pair(0)[1])
    assert session._small.shape == shape
    assert session.colorize().size == (WIDTH, HEIGHT)
