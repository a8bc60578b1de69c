"""A trained model brings pictures to start from, and they go to the Hub only where one wants."""

from pathlib import Path

import numpy as np
import pytest
from helpers.fake_hub import TOKEN, FakeHub
from helpers.models import CPU, ROADS, save_pairs, street
from helpers.synthetic import write_facades, write_photos
from helpers.whole_runs import SMALL
from PIL import Image

import pix2pix.__main__ as cli
from pix2pix.app import main as app
from pix2pix.app.blocks import create_demo
from pix2pix.cli import train
from pix2pix.hub import resolve
from pix2pix.hub.client import Hub
from pix2pix.images.reader import open_rgb
from pix2pix.inference import Colorizer, load_any
from pix2pix.labels.canvas_spec import canvas_of
from pix2pix.labels.label_map import encode_label_image

NAME = "ada/houses"


def train_a_little(recipe: str, data: Path, out: Path, *more: str) -> Path:
    where = ["--data", str(data), "--out", str(out), "--device", "cpu"]
    steps = ["--max-steps", "1", "--batch-size", "1"]
    assert train.main([recipe, *where, *SMALL, *steps, *more]) == 0
    return out


def write_roads(root: Path) -> Path:
    """Pairs of own classes: photos with label maps and their palette."""
    for split in ("train", "val"):
        (root / split).mkdir(parents=True)
        Image.new("RGB", (64, 64), (90, 90, 90)).save(root / split / "street of mine.jpg")
        labels = encode_label_image(street(), [c.rgb for c in ROADS]).convert("RGB")
        labels.save(root / split / "street of mine.png")
    entries = [f'{{"name": "{c.name}", "rgb": {list(c.rgb)}}}' for c in ROADS]
    (root / "palette.json").write_text(f"[{', '.join(entries)}]")
    return root


@pytest.fixture
def edges_run(tmp_path: Path) -> Path:
    save_pairs(tmp_path / "data", count=1)
    return train_a_little("edges2photo", tmp_path / "data", tmp_path / "run")


def test_held_out_inputs_lie_beside_the_checkpoint(edges_run: Path, tmp_path: Path) -> None:
    examples = sorted((edges_run / "examples").iterdir())
    assert [path.name for path in examples] == [f"example-{i}.png" for i in range(1, 5)]
    for i, path in enumerate(examples):
        given = np.asarray(open_rgb(tmp_path / "data" / "val" / "A" / f"{i}.png"))
        np.testing.assert_array_equal(np.asarray(open_rgb(path)), given)


def test_label_maps_of_own_classes_are_what_the_tab_starts_with(tmp_path: Path) -> None:
    run = train_a_little(
        "facades", write_roads(tmp_path / "data"), tmp_path / "run", "--random-flip=false"
    )
    sheet = canvas_of(ROADS, (64, 64), "roads", run / "examples")
    np.testing.assert_array_equal(sheet.starts["example-1"], street())


def test_a_colouriser_shows_its_own_grey_photos(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "data", 1, 1)
    run = train_a_little("colorize", data, tmp_path / "run")
    photo = np.asarray(open_rgb(run / "examples" / "example-1.jpg")).astype(int)
    assert np.ptp(photo, axis=-1).max() <= 2 and photo.std() > 10
    assert isinstance(load_any(run, "cpu"), Colorizer)
    config = str(create_demo(None, None, None, [app.load_served(str(run), CPU)]).config)
    assert "'title': 'example-1'" in config and "A boy on a slide" not in config


def test_facades_have_drawings_of_their_own(tmp_path: Path) -> None:
    data = write_facades(tmp_path / "data", 1, 1, 64, 64)
    assert not (train_a_little("facades", data, tmp_path / "run") / "examples").exists()


def test_what_lies_there_already_is_left_alone(tmp_path: Path) -> None:
    save_pairs(tmp_path / "data", count=1)
    (tmp_path / "run" / "examples").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "run" / "examples" / "mine.png")
    run = train_a_little("edges2photo", tmp_path / "data", tmp_path / "run")
    assert [path.name for path in (run / "examples").iterdir()] == ["mine.png"]


def test_the_best_checkpoint_has_them_too(tmp_path: Path) -> None:
    save_pairs(tmp_path / "data", count=1)
    data, out = tmp_path / "data", tmp_path / "run"
    run = train_a_little("edges2photo", data, out, "--best-metric", "l1")
    assert len(list((run / "best" / "examples").glob("*.png"))) == 4


def test_push_shows_them_first_and_leaves_them_out_where_asked(
    hub_server: FakeHub,
    hub: Hub,
    edges_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    (edges_run / "examples" / "notes.txt").write_text("no picture")
    (edges_run / "examples" / "link.png").symlink_to(edges_run.parent / "data/val/B/0.png")
    assert cli.main(["push", str(edges_run), "ada/bare", "--yes", "--no-examples"]) == 0
    assert not [p for p in hub_server.repos["model", "ada/bare"].files() if "examples" in p]
    assert "examples" not in capsys.readouterr().out
    assert cli.main(["push", str(edges_run), NAME, "--yes"]) == 0
    pushed = hub_server.repos["model", NAME].files()
    examples = [f"examples/example-{i}.png" for i in range(1, 5)]
    assert sorted(p for p in pushed if p.startswith("examples/")) == examples
    assert all(name in capsys.readouterr().out.split("Everyone")[0] for name in examples[:1])


def test_those_of_a_stranger_are_not_read(
    hub_server: FakeHub, hub: Hub, edges_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert cli.main(["push", str(edges_run), NAME, "--yes"]) == 0
    folder = Path(resolve(NAME))
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    assert not hub_server.asked("GET .*examples")
    config = str(create_demo(None, None, None, [app.load_served(NAME, CPU)]).config)
    assert "'starts': []" in config


def test_a_space_takes_them_along_unless_asked_not_to(
    hub: Hub, edges_run: Path, tmp_path: Path
) -> None:
    where = ["--checkpoint", str(edges_run), "--folder"]
    assert cli.main(["space", NAME, *where, str(tmp_path / "with")]) == 0
    assert len(list((tmp_path / "with" / "checkpoint" / "examples").iterdir())) == 4
    assert cli.main(["space", NAME, *where, str(tmp_path / "bare"), "--no-examples"]) == 0
    assert not (tmp_path / "bare" / "checkpoint" / "examples").exists()
