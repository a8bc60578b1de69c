"""Plain photos are not taken for pairs side by side, and pairs are not refused."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.models import save_pairs
from PIL import Image, ImageOps

from pix2pix.cli import train
from pix2pix.data.factory import open_datasets
from pix2pix.data.options import DataOptions

PHOTOS = sorted((Path(__file__).resolve().parents[2] / "assets" / "examples").glob("*.jpg"))


def outlines(photo: np.ndarray) -> np.ndarray:
    return 255 - cv2.Canny(photo, 80, 160)[..., None].repeat(3, -1)


def night(photo: np.ndarray) -> np.ndarray:
    return (photo * np.array([0.25, 0.3, 0.45])).astype(np.uint8)


def with_hole(photo: np.ndarray) -> np.ndarray:
    height, width = photo.shape[:2]
    holed = photo.copy()
    holed[height // 4 : height // 2, width // 4 : width // 2] = 255
    return holed


def on_white(photo: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(photo, 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def save(folder: Path, make: Callable[[np.ndarray], np.ndarray]) -> Path:
    (folder / "train").mkdir(parents=True)
    for path in PHOTOS:
        with Image.open(path) as image:
            photo = np.asarray(ImageOps.contain(image.convert("RGB"), (400, 400)))
        photo = photo[:, : photo.shape[1] // 2 * 2]
        Image.fromarray(make(photo)).save(folder / "train" / path.name, quality=80)
    return folder


def open_pairs(folder: Path, **options: str) -> int:
    pairs = DataOptions("image2image", 64, **options)  # type: ignore[arg-type]
    return sum(len(dataset) for dataset in open_datasets(pairs, folder))


def test_plain_photos_are_refused_as_pairs(tmp_path: Path) -> None:
    data = save(tmp_path, lambda photo: photo)
    with pytest.raises(ValueError, match=r"train: expected pairs.*plain photos: in \d of 4"):
        open_pairs(data)


def test_one_who_insists_has_them_halved(tmp_path: Path) -> None:
    data = save(tmp_path, lambda photo: photo)
    assert open_pairs(data, layout="side_by_side") == len(PHOTOS)


@pytest.mark.parametrize("make", [outlines, night, with_hole])
def test_pairs_of_real_photos_are_taken(
    make: Callable[[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    data = save(tmp_path, lambda photo: np.concatenate([make(photo), photo], 1))
    assert open_pairs(data) == len(PHOTOS)


def test_pairs_of_things_on_white_are_taken(tmp_path: Path) -> None:
    def pair(photo: np.ndarray) -> np.ndarray:
        thing = on_white(photo)
        return np.concatenate([outlines(thing), thing], 1)

    assert open_pairs(save(tmp_path, pair)) == len(PHOTOS)


def test_two_folders_are_not_looked_at(tmp_path: Path) -> None:
    save_pairs(tmp_path, count=4)
    assert open_pairs(tmp_path) == 8


def test_the_command_says_so_before_the_first_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = save(tmp_path / "data", lambda photo: photo)
    out = tmp_path / "run"
    assert train.main(["edges2photo", "--data", str(data), "--out", str(out)]) == 2
    assert "--layout side_by_side takes them as they are" in capsys.readouterr().err
    assert not out.exists()
