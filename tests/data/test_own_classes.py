"""Label images of people's own classes: read in every form, and what is wrong named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.synthetic import make_facade, open_set, save_picture
from helpers.whole_runs import SMALL
from PIL import Image

from pix2pix.checkpoint import load_checkpoint
from pix2pix.cli import train
from pix2pix.data.validation import DataError

PALETTE: list[dict[str, Any]] = [
    {"name": "land", "rgb": [30, 160, 60]},
    {"name": "water", "rgb": [20, 60, 200], "id": 7},
    {"name": "street", "rgb": [128, 128, 128]},
]


def write_own_classes(root: Path, form: str) -> np.ndarray:
    """Three photos with label images of one chessboard of PALETTE; its label map."""
    places = np.kron(np.random.default_rng(0).integers(0, 3, (4, 4)), np.ones((16, 16), int))
    ids = np.array([0, 7, 2], np.uint8)[places]
    rgb = np.array([p["rgb"] for p in PALETTE], np.uint8)[places]
    indexed = Image.fromarray(ids)
    indexed.putpalette([9, 9, 9] * 256)  # a palette that says nothing
    for i in range(3):
        photo = np.random.default_rng(i).integers(0, 256, rgb.shape, np.uint8)
        if form == "jpeg":
            save_picture(root / "train" / "A" / f"{i}.jpg", rgb, quality=80)
            save_picture(root / "train" / "B" / f"{i}.jpg", photo)
        else:
            picture = {"ids": ids, "colors": rgb, "indexed": indexed}[form]
            save_picture(root / "train" / f"{i}.png", picture)
            save_picture(root / "train" / f"{i}.jpg", photo)
    (root / "palette.json").write_text(json.dumps(PALETTE))
    return places


@pytest.mark.parametrize("form", ["ids", "colors", "indexed", "jpeg"])
def test_peoples_own_classes_are_read_in_every_form(form: str, tmp_path: Path) -> None:
    places = write_own_classes(tmp_path, form)
    dataset = open_set(
        "labels2photo", tmp_path, 64, resize_mode="stretch", crop_scale=1.0, val_split=0.3
    )
    one_hot = dataset.batch([0], None).input[0]
    assert one_hot.shape == (3, 64, 64)
    right = (one_hot.argmax(0).numpy() == places).mean()
    assert right == 1 if form != "jpeg" else right > 0.97
    assert [c.name for c in dataset.palette.classes] == ["land", "water", "street"]


def test_an_id_that_is_no_class_is_named(tmp_path: Path) -> None:
    write_own_classes(tmp_path, "ids")
    labels = np.asarray(Image.open(tmp_path / "train" / "1.png")).copy()
    labels[0, 0] = 5
    save_picture(tmp_path / "train" / "1.png", labels)
    with pytest.raises(DataError, match=r"1\.png: has the values 5, which are no class"):
        open_set("labels2photo", tmp_path, 64, val_split=0.3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "palette.json"),
        ("[]", "a list of classes"),
        ('[{"name": "a", "rgb": [0, 0]}, {"name": "b", "rgb": [1, 1, 1]}]', "three values"),
        ('[{"name": "a", "rgb": [1, 1, 1]}, {"name": "b", "rgb": [1, 1, 1]}]', "all different"),
        ('[{"name": "a", "colour": 1}, {"name": "b", "rgb": [1, 1, 1]}]', "no key"),
    ],
)
def test_a_palette_that_is_wrong_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    write_own_classes(tmp_path, "ids")
    (tmp_path / "palette.json").write_text(text)
    with pytest.raises(ValueError, match=reason):
        open_set("labels2photo", tmp_path, 64)


@pytest.mark.parametrize("recipe", ["paper", "trace"])
def test_a_model_of_peoples_own_classes_knows_their_names_and_colors(
    recipe: str, tmp_path: Path
) -> None:
    palette = [
        {"name": f"class {i}", "rgb": [250 - 15 * i, 17 * i, 40 + 10 * i]} for i in range(15)
    ]
    for i in range(4):
        ids = np.random.default_rng(i).permutation(16).reshape(4, 4).clip(0, 14)
        save_picture(
            tmp_path / "data" / "A" / f"{i}.png", np.kron(ids, np.ones((16, 16))).astype(np.uint8)
        )
        save_picture(tmp_path / "data" / "B" / f"{i}.jpg", make_facade(64, 64, i)[0])
    (tmp_path / "data" / "palette.json").write_text(json.dumps(palette))
    run = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), *SMALL]
    assert train.main([recipe, *run, "--max-steps", "2", "--batch-size", "2"]) == 0
    config, _ = load_checkpoint(tmp_path / "run")
    assert [{"name": c.name, "rgb": list(c.rgb)} for c in config.palette] == palette
    assert "--palette" not in (tmp_path / "run" / "README.md").read_text()
    assert train.main(["--resume", str(tmp_path / "run")]) == 0
