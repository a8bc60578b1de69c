"""What `push` and `space` copy of a checkpoint that a stranger made."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from pix2pix.cli.publish import PICTURE, stage_checkpoint
from pix2pix.cli.space import copy_checkpoint


@pytest.fixture
def trap(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint folder whose pictures are links to a picture of the user's own."""
    secret = tmp_path / "private" / "passport.png"
    secret.parent.mkdir()
    Image.new("L", (8, 8)).save(secret)
    folder = tmp_path / "trap"
    shutil.copytree(tiny_checkpoint, folder)
    (folder / "README.md").write_text("# A card\n\n![a](link.png) ![b](inner/passport.png)\n")
    (folder / "link.png").symlink_to(secret)
    (folder / "inner").symlink_to(secret.parent)
    (folder / "examples").mkdir(exist_ok=True)
    (folder / "examples" / "link.png").symlink_to(secret)
    return folder


def test_push_copies_nothing_that_a_link_points_to(trap: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    stage_checkpoint(trap, into, "ada/houses", None)
    assert {path.name for path in into.rglob("*") if path.is_file()} == {
        "README.md",
        "config.json",
        "model.safetensors",
    }
    weights = trap / "model.safetensors"
    weights.rename(tmp_path / "weights")
    weights.symlink_to(tmp_path / "weights")
    with pytest.raises(ValueError, match=r"model\.safetensors is a link"):
        stage_checkpoint(trap, into, "ada/houses", None)


def test_space_copies_nothing_that_a_link_points_to(trap: Path, tmp_path: Path) -> None:
    copy_checkpoint(trap, tmp_path / "space", examples=True)
    assert not list((tmp_path / "space").rglob("*.png"))
    shutil.rmtree(trap / "examples")
    (trap / "examples").symlink_to(tmp_path / "private")
    copy_checkpoint(trap, tmp_path / "space", examples=True)
    assert not list((tmp_path / "space").rglob("*.png"))


def test_a_card_is_read_in_time_proportional_to_its_length() -> None:
    steps = [len(PICTURE.findall(text)) for text in ("![" * 200_000, "![](" + " " * 400_000)]
    assert steps == [0, 0], "a quadratic pattern would run for minutes"
