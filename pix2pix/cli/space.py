"""Build a Hugging Face Space of one checkpoint or of the studio: a copy of the app, or a page."""

import importlib.metadata
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pix2pix.checkpoint import (
    CARD_NAME,
    CONFIG_NAME,
    EXAMPLES_DIR,
    WEIGHTS_NAME,
    load_checkpoint,
)
from pix2pix.config import CheckpointConfig
from pix2pix.hub import resolve
from pix2pix.hub.download import pinned_name
from pix2pix.hub.upload import SpaceKind, find_repo, is_regular_file, with_front_matter
from pix2pix.images.reader import IMAGE_SUFFIXES
from pix2pix.labels.label_map import is_facades
from pix2pix.runtime.bundle import ASSETS, BUNDLE, CHECKPOINTS, PACKAGE
from pix2pix.web.tabs import SiteModel

OWN_TAB = "--checkpoint"
PROMISES = {
    "labels2photo": "Draw a label map, see the photo as you draw.",
    "photo2labels": "See which class each part of a photo is of.",
    "colorize": "Give black-and-white photos their colours.",
    "restore": "Take scratches and stains out of old photos.",
    "image2image": "Give an image, see what becomes of it.",
}
STUDIO_PROMISE = "Draw a facade, get a building. Give old photos colour."
STUDIO = "the bundled models"
PLAIN_FILES = ("LICENSE", "requirements.txt")
LEFT_OUT = ("__pycache__", "_bundle", "readme")  # "readme": pictures of the README in assets/
PYTHON_VERSION = "3.12"  # ZeroGPU has 3.10 and 3.12

APP = '''\
"""Serves {what} in pix2pix studio."""

import sys
from pathlib import Path

from pix2pix.app.main import main

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    main([{arguments}*sys.argv[1:]])
'''

README = """\
# {title}

{promise} This Space serves {what} with pix2pix studio.
"""


def build_space(
    checkpoint: str | None,
    repo_id: str,
    into: Path,
    examples: bool = True,
    space: SpaceKind = "zero",
) -> None:
    """Writes the Space into a folder, created if needed. ValueError for an invalid checkpoint.

    Without a checkpoint it is the whole studio with the bundled models. With `examples`, the
    example images of a local checkpoint are included.
    """
    if checkpoint is None:
        return build_studio_space(repo_id, into, space)
    folder = Path(resolve(checkpoint))
    config, _ = load_checkpoint(folder)
    pinned = pinned_name(folder)
    if space == "static":
        models = [SiteModel(repo_id.split("/")[1], folder)]
        what = f"the checkpoint {pinned}" if pinned else "a checkpoint"
        values = {"models": [pinned.split("@")[0]]} if pinned else {}
        promise = PROMISES[config.task]
        return build_static_space(models, promise, what, repo_id, into, values)
    into.mkdir(parents=True, exist_ok=True)
    copy_app(into)
    if pinned is None:
        copy_checkpoint(folder, into / "checkpoint", examples)
    what = f"the checkpoint {pinned}" if pinned else "the checkpoint in checkpoint/"
    where = repr(pinned) if pinned else 'str(HERE / "checkpoint")'
    arguments = f"{choose_flag(config)!r}, {where}, "
    write_front(into, repo_id, PROMISES[config.task], what, arguments, pinned)


def build_studio_space(repo_id: str, into: Path, space: SpaceKind) -> None:
    """Writes a Space of the whole studio: the app or the page, with the bundled models."""
    from pix2pix.cli.site import bundled_models

    if space == "static":
        return build_static_space(bundled_models(), STUDIO_PROMISE, STUDIO, repo_id, into, {})
    into.mkdir(parents=True, exist_ok=True)
    copy_app(into)
    for folder in sorted(path.parent for path in CHECKPOINTS.glob(f"*/{CONFIG_NAME}")):
        copy_checkpoint(folder, into / CHECKPOINTS.name / folder.name, examples=True)
    write_front(into, repo_id, STUDIO_PROMISE, STUDIO, "", None)


def write_front(
    into: Path, repo_id: str, promise: str, what: str, arguments: str, pinned: str | None
) -> None:
    """Writes app.py, which calls the app with `arguments`, and README.md."""
    (into / "app.py").write_text(APP.format(what=what, arguments=arguments), "utf-8")
    title = repo_id.split("/")[1]
    text = README.format(title=title, promise=promise, what=what)
    values = front_matter(title, promise, pinned)
    (into / CARD_NAME).write_text(with_front_matter(text, values), "utf-8")


def build_static_space(
    models: Sequence[SiteModel],
    promise: str,
    what: str,
    repo_id: str,
    into: Path,
    values: dict[str, Any],
) -> None:
    """Writes the page without a server, with the headers that let it use threads.

    `values` are further ones for the front matter.
    """
    from pix2pix.cli.site import cache_folder
    from pix2pix.web.site import build_site

    title = repo_id.split("/")[1]
    build_site(into, models, cache=cache_folder())
    values |= {
        "title": title,
        "colorFrom": "blue",
        "colorTo": "red",
        "sdk": "static",
        "app_file": "index.html",
        "license": "mit",
        "short_description": promise,
        "tags": ["pix2pix", "image-to-image"],
        "custom_headers": {
            "cross-origin-embedder-policy": "require-corp",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "cross-origin",
        },
    }
    text = README.format(title=title, promise=promise, what=what)
    text += "\nIt runs in your browser: nothing that you draw or open leaves your device.\n"
    (into / CARD_NAME).write_text(with_front_matter(text, values), "utf-8")


def choose_flag(config: CheckpointConfig) -> str:
    """The flag of app.py to serve a checkpoint: in a built-in tab, or in a tab of its own."""
    if config.task == "labels2photo" and is_facades([c.name for c in config.palette]):
        return "--checkpoint-facades"
    return "--checkpoint-colorize" if config.task == "colorize" else OWN_TAB


def front_matter(title: str, promise: str, pinned: str | None) -> dict[str, Any]:
    """The Space's settings (https://huggingface.co/docs/hub/spaces-config-reference)."""
    values: dict[str, Any] = {
        "title": title,
        "colorFrom": "blue",
        "colorTo": "red",
        "sdk": "gradio",
        "sdk_version": importlib.metadata.version("gradio"),
        "python_version": PYTHON_VERSION,
        "app_file": "app.py",
        "license": "mit",
        "short_description": promise,
        "tags": ["pix2pix", "image-to-image"],
        "suggested_hardware": "zero-a10g",
    }
    if pinned is not None:
        model, sha = pinned.split("@")
        values["models"] = [model]
        there = find_repo(model, "model")
        if (
            there is not None and not there[0]
        ):  # downloaded during the build of the Space, without a login
            values["preload_from_hub"] = [f"{model} {CONFIG_NAME},{WEIGHTS_NAME} {sha}"]
    return values


def copy_checkpoint(folder: Path, into: Path, examples: bool) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG_NAME, WEIGHTS_NAME, CARD_NAME):
        if is_regular_file(folder / name, folder):
            shutil.copyfile(folder / name, into / name)
        elif name != CARD_NAME:
            raise ValueError(f"{folder}: {name} is a link; expected a file, copy it there")
    for path in (folder / EXAMPLES_DIR).glob("*") if examples else ():
        if path.suffix.lower() in IMAGE_SUFFIXES and is_regular_file(path, folder):
            (into / EXAMPLES_DIR).mkdir(exist_ok=True)
            shutil.copyfile(path, into / EXAMPLES_DIR / path.name)


def copy_app(into: Path) -> None:
    """Copies the package, the assets and the files for pip, without checkpoints."""
    ignore = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(PACKAGE, into / "pix2pix", ignore=ignore, dirs_exist_ok=True)
    shutil.copytree(ASSETS, into / "assets", ignore=ignore, dirs_exist_ok=True)
    for name in PLAIN_FILES:
        shutil.copyfile(BUNDLE / name, into / name)
