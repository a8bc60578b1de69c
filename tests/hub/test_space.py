"""A Space has what it needs, nothing else, and starts; the app falls back and says so."""

import ast
import contextlib
import dataclasses
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fake_hub import TOKEN, FakeHub, check_front_matter, read_front_matter
from helpers.forked import Programs, wait_until
from helpers.hand import drag, read_canvas
from helpers.models import TINY_RECIPE, save_models
from helpers.running import ROOT, free_port
from helpers.static_site import cache_with_runtime
from huggingface_hub import constants
from PIL import Image

import pix2pix.__main__ as cli
from pix2pix.app import main as app
from pix2pix.app.blocks import create_demo
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.config import LabelColor
from pix2pix.hub.client import Hub
from pix2pix.inference import Drawer, load_drawer, load_translator
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.training.train_step import checkpoint_config
from pix2pix.web.tabs import SiteModel

CPU = ("cpu", "torch")
NAME = "ada/houses"
SPACE = "ada/houses-studio"
NEEDED_BY_SPACES = {
    *("title", "sdk", "sdk_version", "python_version", "app_file", "license"),
    *("colorFrom", "colorTo", "short_description"),
}


@pytest.fixture
def built(tiny_checkpoint: Path, tmp_path: Path, hub: Hub) -> Path:
    folder = tmp_path / "space"
    arguments = ["--checkpoint", str(tiny_checkpoint), "--folder", str(folder)]
    assert cli.main(["space", SPACE, *arguments]) == 0
    return folder


def test_the_front_matter_of_this_repo_is_what_spaces_accepts() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not check_front_matter(text, "space")
    assert read_front_matter(text).keys() >= NEEDED_BY_SPACES
    assert (ROOT / read_front_matter(text)["app_file"]).is_file()


def test_a_space_has_the_package_the_assets_and_the_checkpoint_alone(built: Path) -> None:
    files = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert {"app.py", "requirements.txt", "LICENSE", "README.md"} <= files
    assert {"checkpoint/config.json", "checkpoint/model.safetensors"} <= files
    assert {
        "pix2pix/inference/label_to_photo.py",
        "pix2pix/app/tabs/draw_tab.py",
        "assets/css/studio.css",
    } <= files
    assert "pix2pix/images/negative.npz" in files
    assert not [name for name in files if name.startswith(("tests/", "assets/readme/"))]
    assert not [name for name in files if name.startswith(("checkpoints/", "pix2pix/_bundle/"))]
    assert not [name for name in files if name.endswith(".pyc")]


def test_the_front_matter_of_a_space_is_what_spaces_accepts(built: Path) -> None:
    text = (built / "README.md").read_text(encoding="utf-8")
    values = read_front_matter(text)
    assert not check_front_matter(text, "space")
    assert values.keys() >= NEEDED_BY_SPACES
    assert values["title"] == "houses-studio" and "models" not in values


def test_a_space_of_a_model_on_the_hub_names_its_commit(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], tmp_path: Path
) -> None:
    sha = hub_server.add(NAME, files).refs["main"]
    folder = tmp_path / "space"
    assert cli.main(["space", SPACE, "--checkpoint", NAME, "--folder", str(folder)]) == 0
    assert not (folder / "checkpoint").exists()
    assert f"main(['--checkpoint-facades', '{NAME}@{sha}'" in (folder / "app.py").read_text()
    values = read_front_matter((folder / "README.md").read_text())
    assert values["models"] == [NAME]
    assert values["preload_from_hub"] == [f"{NAME} config.json,model.safetensors {sha}"]


def test_a_space_is_pushed(
    hub_server: FakeHub,
    hub: Hub,
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert cli.main(["space", SPACE, "--checkpoint", str(tiny_checkpoint), "--yes"]) == 0
    repo = hub_server.repos["space", SPACE]
    assert repo.sdk == "gradio" and "app.py" in repo.files()
    assert repo.files()["app.py"] and ast.parse(repo.files()["app.py"])
    assert f"ada uploads to the Space {SPACE} (new)" in capsys.readouterr().out


@pytest.mark.parametrize("task", ["photo2labels", "image2image"])
def test_a_space_serves_any_other_task_in_a_tab_of_its_own(
    hub: Hub, tmp_path: Path, task: str
) -> None:
    config = checkpoint_config(dataclasses.replace(TINY_RECIPE, task=task, style_dim=0))
    save_checkpoint(tmp_path / "model", config, Model(config), "# A card\n")
    (tmp_path / "model" / "examples").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "model" / "examples" / "a.png")
    (tmp_path / "model" / "examples" / "secret.txt").write_text("not for show")
    folder = tmp_path / "space"
    arguments = ["--checkpoint", str(tmp_path / "model"), "--folder", str(folder)]
    assert cli.main(["space", SPACE, *arguments]) == 0
    assert "main(['--checkpoint', str(HERE" in (folder / "app.py").read_text()
    assert [path.name for path in (folder / "checkpoint" / "examples").iterdir()] == ["a.png"]


def test_a_space_of_other_classes_than_facades_has_a_tab_for_them(hub: Hub, tmp_path: Path) -> None:
    palette = (LabelColor("road", (128, 64, 128)), LabelColor("sky", (70, 130, 180)))
    config = checkpoint_config(dataclasses.replace(TINY_RECIPE, palette=palette))
    save_checkpoint(tmp_path / "roads", config, Model(config), "# A card\n")
    arguments = ["--checkpoint", str(tmp_path / "roads"), "--folder", str(tmp_path / "space")]
    assert cli.main(["space", SPACE, *arguments]) == 0
    assert "main(['--checkpoint', " in (tmp_path / "space" / "app.py").read_text()


def test_a_folder_with_something_in_it_is_left_alone(
    built: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--checkpoint", str(tiny_checkpoint), "--folder", str(built)]
    assert cli.main(["space", SPACE, *arguments]) == 2
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.own_profile
def test_a_zerogpu_space_of_ones_own_edges_draws_with_them(
    programs: Programs, chromium: Any, tmp_path: Path, hub: Hub
) -> None:
    model, folder = save_models(tmp_path / "models")["edges"], tmp_path / "space"
    command = ["space", SPACE, "--checkpoint", str(model), "--folder", str(folder)]
    assert cli.main(command) == 0
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "spaces.py").write_text(SPACES_PACKAGE)
    with started_space(programs, folder, tmp_path / "package") as url:
        page = chromium.new_context(accept_downloads=True).new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(url)
        page.wait_for_selector(".st-drawing[data-ready]")
        assert page.locator(".st-canvas").count() == 1, "no tab but its own"
        page.locator(".st-canvas").hover()
        drag(page, (0.2, 0.2), (0.8, 0.7))
        page.wait_for_function("() => +document.querySelector('.st-preview').dataset.picture > 0")
        sheet = (read_canvas(page.locator(".st-canvas")).max(-1) < 128).astype(np.uint8)
        assert (sheet == 1).sum() > 20, "the pen draws ink"
        with page.expect_download() as download:
            page.get_by_role("button", name="Save").click()
            page.get_by_role("menuitem", name="Save the picture").click()
        with Image.open(download.value.path()) as picture:
            painted = np.asarray(picture.convert("RGB"), int)
        page.context.close()
    expected = LineDrawer(load_translator(model, "cpu")).draw(sheet, 7)
    assert np.abs(painted - expected).max() <= 3
    assert (tmp_path / "package" / "notes.txt").read_text() == "_keep_alive\n_run_on_gpu\n"


# The package `spaces` as far as this project uses it: it notes its functions and lends nothing.
SPACES_PACKAGE = """
from pathlib import Path

import torch

torch.cuda.is_available = lambda: True  # as outside of calls

def GPU(task, duration):
    with Path(__file__).with_name("notes.txt").open("a") as notes:
        notes.write(task.__name__ + "\\n")

    def refuse(*_):
        raise AssertionError("no GPU is to be borrowed for strokes")
    return refuse
"""


@contextlib.contextmanager
def started_space(programs: Programs, folder: Path, package: Path) -> Iterator[str]:
    """Runs the app.py of a Space as ZeroGPU does; its address."""
    port, said = free_port(), folder.with_name("said.txt")
    environment = {
        **{"OMP_NUM_THREADS": "1", "PYTHONPATH": str(package)},
        **{"SPACES_ZERO_GPU": "true", "SPACE_ID": SPACE, "PIX2PIX_DRAW_IN": "server"},
    }
    command = ["app.py", "--host", "127.0.0.1", "--port", str(port)]
    said.touch()
    process = programs.begin(command, said, folder, environment)
    try:
        wait_until(lambda: "studio is at" in said.read_text() or process.poll() is not None)
        assert process.poll() is None, said.read_text()
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


# ---- what the app serves -----------------------------------------------------------------


def test_the_app_serves_a_model_by_its_name(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    sha = hub_server.add(NAME, files).refs["main"]
    with caplog.at_level(logging.INFO, "pix2pix"):
        drawer = app.load_or_say_why(load_drawer, NAME, "facades", CPU)
    assert isinstance(drawer, Drawer) and drawer.size == TINY_RECIPE.size
    assert f"{NAME}@{sha}" in caplog.text


def test_offline_without_a_copy_the_app_serves_its_own_model_and_says_so(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    drawer = app.load_or_say_why(load_drawer, NAME, "facades", CPU)
    assert isinstance(drawer, Drawer) and drawer.size == 256
    assert "no local copy; checkpoints/facades is served instead" in caplog.text


def test_a_name_that_is_nowhere_turns_the_tab_off_with_the_reason(hub: Hub) -> None:
    reason = app.load_or_say_why(load_drawer, NAME, "facades", CPU)
    assert isinstance(reason, str) and "there is no such repo on the Hub" in reason


def test_a_model_that_is_not_there_and_was_not_asked_for_has_no_tab() -> None:
    assert app.load_or_say_why(load_drawer, app.CHECKPOINTS / "none", "none", CPU) is None
    page = str(create_demo(None, "off").get_config_file())
    assert "'Draw'" not in page and "'Colourise'" in page


# ---- what a free account may have --------------------------------------------------------


def test_a_space_runs_on_zerogpu_unless_asked_otherwise(
    hub_server: FakeHub, hub: Hub, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    command = ["--checkpoint", str(tiny_checkpoint), "--yes"]
    assert cli.main(["space", SPACE, *command]) == 0
    assert hub_server.repos["space", SPACE].hardware == "zero-a10g"
    hub_server.is_pro = True
    assert cli.main(["space", "ada/on-cpu", *command, "--cpu"]) == 0
    assert hub_server.repos["space", "ada/on-cpu"].hardware == "cpu-basic"


def test_a_space_that_the_account_may_not_have_is_refused_with_the_way_on(
    hub_server: FakeHub,
    hub: Hub,
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    command = ["--checkpoint", str(tiny_checkpoint), "--yes"]
    assert cli.main(["space", SPACE, *command, "--cpu"]) == 2
    assert "needs a PRO account" in capsys.readouterr().err
    assert [cli.main(["space", f"ada/houses-{i}", *command]) for i in range(3)] == [0, 0, 2]
    assert "may have two" in (error := capsys.readouterr().err) and "--static" in error


def test_a_static_space_is_the_page_without_a_server(
    hub_server: FakeHub, hub: Hub, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_with_runtime()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    command = ["--checkpoint", str(tiny_checkpoint), "--yes", "--static"]
    assert cli.main(["space", SPACE, *command]) == 0
    repo = hub_server.repos["space", SPACE]
    files = repo.files()
    assert repo.sdk == "static" and repo.hardware is None
    text = files["README.md"].decode()
    values = read_front_matter(text)
    assert not check_front_matter(text, "space")
    assert values["app_file"] in files and values["sdk"] == "static"
    assert values["custom_headers"]["cross-origin-embedder-policy"] == "require-corp"
    assert not [name for name in files if name.endswith((".py", ".safetensors"))]


# ---- the whole studio -----------------------------------------------------------------------


def test_a_space_without_a_checkpoint_is_the_studio_with_the_bundled_models(tmp_path: Path) -> None:
    folder = tmp_path / "space"
    assert cli.main(["space", "ada/studio", "--folder", str(folder)]) == 0
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert not check_front_matter(text, "space")
    assert read_front_matter(text).keys() >= NEEDED_BY_SPACES
    for name in ("facades", "colorize", "restore", "cats", "trace"):
        path = f"checkpoints/{name}/model.safetensors"
        assert (folder / path).read_bytes() == (ROOT / path).read_bytes()
    call = ast.parse((folder / "app.py").read_text(encoding="utf-8")).body[-1]
    assert ast.unparse(call).endswith("main([*sys.argv[1:]])")
    found = [sys.executable, "-c", "from pix2pix.runtime.bundle import CHECKPOINTS as c; print(c)"]
    where = subprocess.run(found, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert where.strip() == str(folder / "checkpoints"), "its own models are served"


def test_a_static_space_without_a_checkpoint_is_the_page_with_the_bundled_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[list[str]] = []

    def note(out: Path, models: list[SiteModel], **_: object) -> None:
        out.mkdir()
        built.append([model.folder.name for model in models])

    monkeypatch.setattr("pix2pix.web.site.build_site", note)
    folder = tmp_path / "space"
    assert cli.main(["space", "ada/page", "--static", "--folder", str(folder)]) == 0
    values = read_front_matter((folder / "README.md").read_text(encoding="utf-8"))
    assert values["sdk"] == "static" and values["custom_headers"]
    assert built == [["facades", "colorize", "restore", "cats", "trace"]]
