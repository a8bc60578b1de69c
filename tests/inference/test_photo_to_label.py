"""A photo is traced at its own size, the same from both sides, whatever the photo's shape."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.inference import Tracer, load_tracer
from pix2pix.inference.photo_to_label import argmax_upsampled
from pix2pix.labels.label_map import VOID
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

TRACE = Recipe(
    "photo2labels", size=64, ngf=4, depth=4, upsample="resize", half_output=True, lambda_ce=1.0
)


@pytest.fixture(scope="module")
def tracer(tmp_path_factory: pytest.TempPathFactory) -> Tracer:
    folder = tmp_path_factory.mktemp("trace")
    torch.manual_seed(0)
    config = checkpoint_config(TRACE)
    model = Model(config)
    for p in model.parameters():  # larger than they start, so that places differ
        p.data *= 4
    save_checkpoint(folder, config, model, "")
    return load_tracer(folder, "cpu")


def make_photo(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (33, 90), (300, 70), (2000, 2), (640, 480)])
def test_a_tracing_has_the_size_of_its_photo(tracer: Tracer, size: tuple[int, int]) -> None:
    labels = tracer.trace(make_photo(*size))
    assert labels.shape == size[::-1] and labels.dtype == np.uint8
    assert labels.max() < 12


def test_a_mirrored_photo_has_the_mirrored_tracing(tracer: Tracer) -> None:
    photo = make_photo(128, 64)
    mirrored = Image.fromarray(np.asarray(photo)[:, ::-1].copy())
    straight = tracer.likelihoods(np.asarray(photo))
    np.testing.assert_allclose(
        tracer.likelihoods(np.asarray(mirrored))[:, ::-1], straight, atol=0.02
    )
    assert straight.std(axis=(0, 1)).max() > 1e-4, "something is seen"
    np.testing.assert_allclose(straight.sum(-1), 1, atol=1e-3)


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "P", "I;16"])
def test_a_photo_of_any_mode_is_traced(tracer: Tracer, mode: str) -> None:
    photo = make_photo(70, 50)
    if mode == "I;16":
        photo = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    else:
        photo = photo.convert(mode)
    assert tracer.trace(photo).shape == (50, 70)


def test_likelihoods_are_enlarged_before_the_class_is_chosen() -> None:
    rng = np.random.default_rng(0)
    small = rng.random((5, 7, 12), np.float32)
    whole = torch.from_numpy(small).permute(2, 0, 1)[None]
    wide = torch.nn.functional.interpolate(whole, (230, 190), mode="bilinear")[0]
    same = argmax_upsampled(small, (230, 190)) == wide.argmax(0).numpy()
    assert same.mean() > 0.999


def test_strips_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    small = np.random.default_rng(1).random((40, 30, 12), np.float32)
    whole = argmax_upsampled(small, (333, 222))
    monkeypatch.setattr("pix2pix.inference.photo_to_label.STRIP_PIXELS", 1000)
    np.testing.assert_array_equal(argmax_upsampled(small, (333, 222)), whole)


def test_a_checkpoint_of_another_task_is_no_tracer(tmp_path: Path) -> None:
    config = checkpoint_config(Recipe("labels2photo", size=64, ngf=4, depth=4))
    save_checkpoint(tmp_path, config, Model(config), "")
    with pytest.raises(ValueError, match="expected one for photo2labels"):
        load_tracer(tmp_path, "cpu")


def test_a_partial_label_map_is_completed_with_the_classes_it_does_not_mark(
    tracer: Tracer,
) -> None:
    photo = make_photo(90, 60)
    partial = np.ones((60, 90), np.uint8)  # a wall, with windows, and a corner without a class
    partial[10:30, 20:50] = 2
    partial[:5, :5] = VOID
    traced = tracer.trace(photo)
    full = tracer.complete(photo, partial, [2])
    assert (full[10:30, 20:50] == 2).all()
    rest = partial != 2
    assert (full[rest] != 2).all(), "unmarked pixels are none of the known classes"
    likely = rest & (traced != 2)
    assert (full[likely] == traced[likely]).all()
    assert (full == tracer.complete(photo, partial.repeat(2, 0).repeat(2, 1), [2])).all()


@pytest.mark.parametrize(
    ("shape", "known", "words"),
    [
        ((60, 90), [], "some but not all of the 12 classes"),
        ((60, 90), range(12), "some but not all of the 12 classes"),
        ((60, 60), [2], "the label map is 60x60 and the photo 90x60"),
    ],
)
def test_a_partial_label_map_that_does_not_fit_is_refused(
    tracer: Tracer, shape: tuple[int, int], known: list[int], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        tracer.complete(make_photo(90, 60), np.ones(shape, np.uint8), known)
