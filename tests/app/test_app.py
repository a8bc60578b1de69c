"""The app as a whole: its models, what it serves, and the defaults of its command line."""

import dataclasses
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.drawings import WALL
from helpers.routes import post
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer

from pix2pix.app import main as app
from pix2pix.app.blocks import create_demo, launch_options
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.config import LabelColor
from pix2pix.inference import Tracer, Translator
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

CPU = ("cpu", "torch")
SIZE = 256


def test_a_failing_model_is_reported_without_its_insides(upload_folder: Path) -> None:
    class Broken(PaletteDrawer):
        calls = 0

        def draw(self, label_map: np.ndarray, *_: Any) -> np.ndarray:
            self.calls += 1
            if self.calls > 1:
                raise RuntimeError("secret path /home/x")
            return super().draw(label_map, *_)

    for url in serve(Broken(), SepiaColorizer()):
        answer = post(url, "draw", "draw", {"ids": pack_ids(WALL)})
        assert answer.status_code == 500 and "RuntimeError" in answer.json()["error"]
        assert "secret" not in answer.text


def test_a_tracer_is_loaded_only_where_it_traces_facades(tmp_path: Path) -> None:
    config = checkpoint_config(Recipe("photo2labels", size=64, ngf=4, depth=4))
    save_checkpoint(tmp_path / "trace", config, Model(config), "")
    assert isinstance(app.load_tracer_if_there(tmp_path / "trace", CPU), Tracer)
    palette = tuple(LabelColor(f"class {i}", c.rgb) for i, c in enumerate(config.palette))
    other = dataclasses.replace(config, palette=palette)
    save_checkpoint(tmp_path / "other", other, Model(other), "")
    assert app.load_tracer_if_there(tmp_path / "other", CPU) is None


def test_a_tracer_that_was_asked_for_and_is_not_there_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert app.load_tracer_if_there(tmp_path / "none", CPU) is None
    assert "is not a checkpoint folder" in caplog.text
    caplog.clear()
    monkeypatch.setattr(app, "CHECKPOINTS", tmp_path)
    assert app.load_tracer_if_there(tmp_path / "trace", CPU) is None
    assert not caplog.text, "not there from the start is nothing to warn of"


def test_without_models_the_app_starts_and_says_why() -> None:
    demo = create_demo("No <model> for drawing.", "No model for photos.")
    config = str(demo.get_config_file())
    assert "No &lt;model&gt; for drawing." in config
    assert "No model for photos." in config


def test_a_missing_checkpoint_becomes_a_sentence(tmp_path: Path) -> None:
    from pix2pix.inference import load_drawer

    reason = app.load_or_say_why(load_drawer, tmp_path / "none", "facades", CPU)
    assert isinstance(reason, str) and "could not be loaded" in reason


def test_only_the_assets_are_served(fake_studio: str) -> None:
    from pix2pix.app.assets import ASSETS_URL

    assert httpx.get(f"{fake_studio}{ASSETS_URL}/js/draw/draw.js", timeout=120).status_code == 200
    for path in ("..%2fapp.py", "%2e%2e/app.py", "../app.py"):
        assert httpx.get(f"{fake_studio}{ASSETS_URL}/{path}", timeout=120).status_code == 404
    for path in (app.__file__, "app.py", "/etc/passwd"):
        assert httpx.get(f"{fake_studio}gradio_api/file={path}", timeout=120).status_code in (
            403,
            404,
        )


def test_the_app_reports_to_nobody_and_keeps_nothing_for_long() -> None:
    demo = create_demo("off", "off")
    options = launch_options(demo)
    assert demo.analytics_enabled is False
    assert options["run_history"] is False and options["share"] is False
    assert options["max_file_size"]
    assert demo.delete_cache is not None and demo.delete_cache[1] <= 3600
    assert options["theme"]._stylesheets == [], "fonts from elsewhere"


def test_the_command_line_has_the_defaults_that_readme_names() -> None:
    args = app.parse_args([])
    assert (args.host, args.port, args.device) == ("127.0.0.1", 7860, "auto")
    assert Path(args.checkpoint_facades).parts[-2:] == ("checkpoints", "facades")
    assert Path(args.checkpoint_trace).parts[-2:] == ("checkpoints", "trace")
    assert Path(args.checkpoint_colorize).parts[-2:] == ("checkpoints", "colorize")
    assert Path(args.checkpoint_cats).parts[-2:] == ("checkpoints", "cats")


def test_the_cats_have_a_tab_unless_left_out(tmp_path: Path) -> None:
    where = ("cpu", "torch")
    (cats,) = app.load_cats_if_there(app.parse_args([]).checkpoint_cats, where)
    assert cats.title == "Cats" and isinstance(cats.model, Translator)
    assert next(iter(cats.model.config.styles)) == "silver"
    assert app.load_cats_if_there("", where) == []
    (broken,) = app.load_cats_if_there(str(tmp_path / "none"), where)
    assert broken.title == "Cats" and "could not be loaded" in str(broken.model)
