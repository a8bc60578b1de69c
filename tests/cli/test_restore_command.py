"""The restore command, and colorize --remove-scratches."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.album import Colorize, make, pixels, results
from PIL import Image

from pix2pix.__main__ import main
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.cli.photo_command import find_restorer
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config


@pytest.fixture(scope="module")
def restore_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights."""
    folder = tmp_path_factory.mktemp("restore")
    torch.manual_seed(0)
    config = checkpoint_config(Recipe("restore", size=64, ngf=4, depth=4, max_channels=8))
    save_checkpoint(folder, config, Model(config), "")
    return folder


@pytest.fixture
def restore(restore_checkpoint: Path, tmp_path: Path, monkeypatch, capsys):
    """Runs the command in an empty folder; its exit status and its lines."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, list[str]]:
        status = main(["restore", *arguments, "--checkpoint", str(restore_checkpoint)])
        return status, capsys.readouterr().err.splitlines()

    return run


def write_strokes(text: str) -> str:
    Path("strokes.json").write_text(text)
    return "strokes.json"


def test_a_folder_is_repaired_with_names_and_formats_kept(restore) -> None:
    make("album/a.jpg", 90, 70)
    make("album/deep/b.PNG")
    status, _ = restore("album", "-o", "out", "-r")
    assert status == 0 and results() == {"a.jpg", "deep/b.PNG"}
    assert Image.open("out/a.jpg").size == (90, 70)
    assert restore("album", "-o", "out", "-r") == (
        0,
        ["2 already done and skipped; --force does them again"],
    )


def test_only_strokes_change_where_nothing_is_found(restore) -> None:
    make("photo.png", 80, 60)
    mark = write_strokes('[{"points": [[0.5, 0.5]], "radius": 0.05}]')
    keep = '[{"points": [[0, 0.5], [1, 0.5]], "radius": 0.25, "keep": true}]'
    assert restore("photo.png", "-o", "out.png", "--strokes", mark, "--map", "map.png")[0] == 0
    changed = np.asarray(Image.open("map.png").convert("L"))
    assert changed.shape == (60, 80) and changed[30, 40] == 255
    before, after = pixels("photo.png"), pixels("out.png")
    np.testing.assert_array_equal(after[changed == 0], before[changed == 0])
    restore("photo.png", "-o", "kept.png", "--strokes", write_strokes(keep), "--map", "map.png")
    assert not np.asarray(Image.open("map.png").convert("L"))[12:48].any()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--strokes", "none.json"], "none.json: cannot be read"),
        (["--map", "map.jpg"], "--map must be a file .png, got map.jpg"),
        (["--jobs", "0"], "--jobs must be from 1 to 256, got 0"),
    ],
)
def test_mistakes_are_said_and_nothing_is_written(restore, arguments, reason) -> None:
    make("photo.png")
    status, lines = restore("photo.png", "-o", "out.png", *arguments)
    assert status == 2 and reason in lines[-1] and not Path("out.png").exists()


def test_a_map_is_for_one_photo(restore) -> None:
    make("a.png")
    make("b.png")
    status, lines = restore("a.png", "b.png", "-o", "out/", "--map", "map.png")
    assert status == 2 and "--map is for one photo, got several" in lines[-1]


def test_scratches_are_removed_before_colouring(
    colorize: Colorize, restore_checkpoint: Path
) -> None:
    options = ["--remove-scratches", "--checkpoint-restore", str(restore_checkpoint)]
    status, lines = colorize("photo.jpg", "-o", "out.png", *options)
    assert status == 0
    assert any("scratches" in line or "nothing was repaired" in line for line in lines)


def test_where_no_model_is_bundled_the_way_to_one_is_said(
    colorize: Colorize, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pix2pix.cli.photo_command.BUNDLED_RESTORER", Path("none/restore"))
    options = ["--remove-scratches", "--checkpoint-restore", "none/restore"]
    status, lines = colorize("photo.jpg", "-o", "out.png", *options)
    assert status == 2 and "train.py restore --data PHOTOS" not in lines[-1], (
        "a name that was given"
    )
    with pytest.raises(ValueError, match=r"train one on photos.*add --checkpoint runs/restore"):
        find_restorer(Path("none/restore"), "--checkpoint")


def test_a_wrong_checkpoint_for_scratches_is_refused(colorize: Colorize) -> None:
    status, lines = colorize(
        "photo.jpg", "-o", "out.png", "--remove-scratches", "--checkpoint-restore", "none"
    )
    assert status == 2 and "none" in lines[-1]


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_a_scan_of_16_bits_keeps_them(restore, ending: str) -> None:
    values = np.linspace(3000, 61001, 80 * 60).reshape(60, 80).astype(np.uint16)
    Image.fromarray(values).save("deep.tif", dpi=(300, 300))
    keep = (
        '{"points": [[0, 0.1], [1, 0.1], [0, 0.5], [1, 0.9], [0, 1]], "radius": 0.25, "keep": true}'
    )
    mark = write_strokes(f'[{keep}, {{"points": [[0.5, 0.5]], "radius": 0.1}}]')
    options = ("--strokes", mark, "--map", "map.png")
    assert restore("deep.tif", "-o", f"out.{ending}", *options)[0] == 0
    result, changed = Image.open(f"out.{ending}"), np.asarray(Image.open("map.png"))
    assert round(float(result.info["dpi"][0])) == 300
    repaired = np.asarray(result).astype(np.uint16)
    assert repaired.max() > 60000 and (changed == 255).any() and not (changed > 0).all()
    assert np.array_equal(repaired[changed == 0], values[changed == 0])
    assert (repaired[changed == 255] != values[changed == 255]).mean() > 0.9


def test_a_format_of_8_bits_is_said_to_lose_them(restore) -> None:
    Image.fromarray(np.full((64, 80), 30000, np.uint16)).save("deep.tif")
    status, lines = restore("deep.tif", "-o", "out.jpg")
    assert status == 0 and "has 16 bits of lightness, .jpg holds 8" in "\n".join(lines)
