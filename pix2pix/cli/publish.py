"""`python -m pix2pix push` and `space`: upload a checkpoint, or the app with it, to the Hub.

The files are assembled and validated in a temporary folder and listed before the upload.
"""

import argparse
import dataclasses
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.cli.arguments import Commands, add_command

if TYPE_CHECKING:
    from pix2pix.config import CheckpointConfig
    from pix2pix.hub.client import Kind
    from pix2pix.hub.upload import SpaceKind

# Bounded, so that the search takes time in proportion to the text, whatever the text.
PICTURE = re.compile(r"!\[[^\]]{,500}\]\(\s{,8}([^)\s]{1,500})\s{,8}\)")
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
PLACEHOLDER = re.compile(r"\bFOLDER\b")  # placeholder for the checkpoint in a model card

PUSH_HELP = """\
Upload a checkpoint to the Hugging Face Hub.

Uploads config.json, model.safetensors, the model card README.md, the images shown in the card, and
the images in examples/ (by default held-out inputs of your data). No other file is uploaded. All
files are listed with their sizes before the upload. The model can then be used by its name:
python -m pix2pix draw house.png -o photo.png --checkpoint OWNER/NAME
"""

SPACE_HELP = """\
Create a Hugging Face Space that serves a checkpoint, or the whole studio.

By default the app on ZeroGPU, of which a free account may have two. A checkpoint on the Hub is
referenced by its commit; a local checkpoint is uploaded with the Space. With --static the page of
`python -m pix2pix site`, which runs in the visitor's browser: never asleep, and without a limit.
"""

PUSH_EXAMPLES = """\
examples:
  python -m pix2pix push runs/facades ada/houses
  python -m pix2pix push runs/facades ada/houses --private --license cc-by-sa-4.0
"""

SPACE_EXAMPLES = """\
examples:
  python -m pix2pix space ada/studio
  python -m pix2pix space ada/houses-studio --checkpoint ada/houses
  python -m pix2pix space ada/houses-studio --checkpoint runs/facades --folder build
  python -m pix2pix space ada/houses-page --checkpoint runs/facades --static
"""


def add_parsers(commands: Commands) -> None:
    push = add_command(
        commands,
        "push",
        "a checkpoint -> the Hugging Face Hub",
        description=PUSH_HELP,
        epilog=PUSH_EXAMPLES,
    )
    push.add_argument("checkpoint", metavar="CHECKPOINT", help="checkpoint folder")
    push.add_argument("repo", metavar="OWNER/NAME", help="target repo, created if needed")
    push.add_argument(
        "--license",
        metavar="ID",
        help="license for the model card: an identifier of the Hub, or other",
    )
    push.add_argument(
        "--dataset",
        metavar="OWNER/NAME",
        action="append",
        default=[],
        help="data set on the Hub that it was trained on, for the model card; may be given several "
        "times",
    )
    space = add_command(
        commands,
        "space",
        "the app with a checkpoint -> a Hugging Face Space",
        description=SPACE_HELP,
        epilog=SPACE_EXAMPLES,
    )
    space.add_argument("repo", metavar="OWNER/NAME", help="target Space, created if needed")
    space.add_argument(
        "--checkpoint",
        metavar="X",
        help="checkpoint folder, or OWNER/NAME[@REV] (default: the studio with the bundled models)",
    )
    space.add_argument(
        "--folder", type=Path, metavar="DIR", help="build the Space in DIR without uploading"
    )
    hardware = space.add_mutually_exclusive_group()
    hardware.add_argument(
        "--static", action="store_true", help="a page that runs in the visitor's browser"
    )
    hardware.add_argument(
        "--cpu", action="store_true", help="the app on a CPU, which needs a PRO account"
    )
    for command in (push, space):
        command.add_argument(
            "--no-examples", action="store_true", help="do not upload the images in examples/"
        )
        command.add_argument("--private", action="store_true", help="create a private repo")
        command.add_argument("--yes", action="store_true", help="upload without confirmation")
        command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs a command and returns its exit status. Raises ValueError or OSError if it fails."""
    check_repo_name(options.repo)
    private, ask, examples = options.private, not options.yes, not options.no_examples
    if options.command == "push":
        folder, datasets = Path(options.checkpoint), options.dataset
        for name in datasets:
            check_repo_name(name)
        return push_checkpoint(
            folder, options.repo, private, options.license, ask, examples, datasets
        )
    space: SpaceKind = "static" if options.static else "cpu" if options.cpu else "zero"
    if options.folder is None:
        return push_space(options.checkpoint, options.repo, private, ask, examples, space)
    from pix2pix.cli.space import build_space

    if options.folder.exists() and any(options.folder.iterdir()):
        raise ValueError(f"{options.folder}: is not empty; expected a new folder")
    build_space(options.checkpoint, options.repo, options.folder, examples, space)
    serve = "python -m http.server" if options.static else "python app.py"
    print(f"built in {options.folder}; try it: cd {options.folder} && {serve}")
    return 0


def check_repo_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name, re.ASCII):
        raise ValueError(f"expected OWNER/NAME, such as ada/houses, got {name!r}")


def check_target(repo_id: str) -> None:
    """Raises ValueError if a push would fail due to its name or a missing login."""
    from pix2pix.hub.upload import get_account

    check_repo_name(repo_id)
    get_account()


def push_checkpoint(
    folder: Path,
    repo_id: str,
    private: bool,
    license_id: str | None,
    ask: bool,
    examples: bool = True,
    datasets: Sequence[str] = (),
) -> int:
    from pix2pix.hub.upload import get_account

    user = get_account()
    with tempfile.TemporaryDirectory() as scratch:
        stage_checkpoint(folder, Path(scratch), repo_id, license_id, examples, datasets)
        return show_and_upload(Path(scratch), repo_id, "model", user, private, ask)


def push_space(
    checkpoint: str | None,
    repo_id: str,
    private: bool,
    ask: bool,
    examples: bool,
    space: "SpaceKind",
) -> int:
    from pix2pix.cli.space import build_space
    from pix2pix.hub.upload import get_account

    user = get_account()
    with tempfile.TemporaryDirectory() as scratch:
        build_space(checkpoint, repo_id, Path(scratch), examples, space)
        return show_and_upload(Path(scratch), repo_id, "space", user, private, ask, space)


def stage_checkpoint(
    folder: Path,
    into: Path,
    repo_id: str,
    license_id: str | None,
    examples: bool = True,
    datasets: Sequence[str] = (),
) -> None:
    """Copies the files to upload. Raises ValueError unless the checkpoint is valid."""
    from pix2pix.checkpoint import (
        CARD_NAME,
        CONFIG_NAME,
        EXAMPLES_DIR,
        WEIGHTS_NAME,
        describe_inner,
        load_checkpoint,
    )
    from pix2pix.hub.upload import is_regular_file
    from pix2pix.training.hub_metadata import SAMPLES_NAME, hub_metadata
    from pix2pix.training.model_card import write_card

    for name in (CONFIG_NAME, WEIGHTS_NAME):
        if not (folder / name).is_file():
            raise ValueError(
                f"{folder}: is not a checkpoint folder, {name} is missing{describe_inner(folder)}"
            )
        if not is_regular_file(folder / name, folder):
            raise ValueError(f"{folder}: {name} is a link; expected a file, copy it there")
        shutil.copyfile(folder / name, into / name)
    try:
        config, _ = load_checkpoint(
            into
        )  # load the copy: a running training may overwrite the original
    except ValueError as error:
        raise ValueError(str(error).replace(str(into), str(folder))) from None
    card = folder / CARD_NAME
    text = card.read_text("utf-8") if is_regular_file(card, folder) else write_card(config)
    text, config = remove_private_paths(text, config, into / CONFIG_NAME)
    text = copy_pictures(text, folder, into)
    for path in sorted((folder / EXAMPLES_DIR).glob("*")) if examples else ():
        if is_picture(path, folder):
            copy_picture(path, into / EXAMPLES_DIR / path.name)
    known = hub_metadata(config, repo_id, datasets, (into / SAMPLES_NAME).is_file())
    text = complete_card(text, config, repo_id, license_id, known)
    (into / CARD_NAME).write_text(text, "utf-8")


def remove_private_paths(
    text: str, config: "CheckpointConfig", path: Path
) -> tuple[str, "CheckpointConfig"]:
    """The card and config without the local path in `init_from` of older runs.

    Also rewrites the config file `path`.
    """
    from pix2pix.training.init_weights import public_name
    from pix2pix.training.model_card import escape

    start = config.training.get("init_from")
    if not isinstance(start, str) or (name := public_name(start)) == start:
        return text, config
    config = dataclasses.replace(config, training={**config.training, "init_from": name})
    path.write_text(json.dumps(config.to_dict(), indent=2) + "\n", "utf-8")
    return text.replace(escape(start), escape(name)), config


def copy_pictures(text: str, folder: Path, into: Path) -> str:
    """Copies the images shown in the card; returns the card without images that are missing.

    Images outside the folder are never uploaded and count as missing. Web links are kept.
    """

    def keep_or_drop(picture: re.Match[str]) -> str:
        name = picture[1]
        if "://" in name:
            return picture[0]
        if not is_picture(folder / name, folder):
            return ""
        copy_picture(folder / name, into / name)
        return picture[0]

    return PICTURE.sub(keep_or_drop, text)


def copy_picture(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def is_picture(path: Path, folder: Path) -> bool:
    from pix2pix.hub.upload import is_regular_file

    return is_regular_file(path, folder) and path.suffix.lower() in PICTURE_ENDINGS


def complete_card(
    text: str,
    config: "CheckpointConfig",
    repo_id: str,
    license_id: str | None,
    known: Mapping[str, Any],
) -> str:
    """The card with front matter for the Hub and usage instructions with the repo's name.

    `known` are further values for the front matter.
    """
    from pix2pix.hub.upload import with_front_matter
    from pix2pix.training.model_card import LIBRARY, WORDS, fence, write_card

    if text == write_card(config):
        text = write_card(
            config, license_id or ""
        )  # a generated card also names the license in its text
    words = WORDS[config.task]
    if not PLACEHOLDER.search(text) and repo_id not in text:
        parts = [text.rstrip(), "## Use", fence("python", words.python), fence("", words.shell)]
        text = "\n\n".join(parts) + "\n"
    text = text.replace(", with this folder as `FOLDER`:", ":")
    values = {
        "library_name": LIBRARY,
        "pipeline_tag": words.pipeline_tag,
        "tags": ["pix2pix", "image-to-image", config.task],
        **known,
    }
    if license_id is not None:
        values["license"] = license_id
    return with_front_matter(PLACEHOLDER.sub(repo_id, text), values)


def show_and_upload(
    folder: Path,
    repo_id: str,
    kind: "Kind",
    user: str,
    private: bool,
    ask: bool,
    space: "SpaceKind" = "zero",
) -> int:
    """Lists the files, asks for confirmation, uploads, and prints the URL."""
    from pix2pix.hub.upload import find_repo, upload

    there = find_repo(repo_id, kind)
    if there is not None and private and not there[0]:
        raise ValueError(
            f"{repo_id}: already exists and is public; --private only applies to new repos. "
            "Make it private in its settings on the Hub"
        )
    is_private = there[0] if there else private
    what = "the Space " if kind == "space" else ""
    state = ", ".join(["new" if there is None else "existing", "private" if is_private else ""])
    print(f"{user} uploads to {what}{repo_id} ({state.strip(', ')}), in one commit:")
    total = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, size = path.relative_to(folder).as_posix(), path.stat().st_size
        total += size
        replaced = "  overwrites the existing file" if there and name in there[1] else ""
        print(f"  {format_bytes(size):>10}  {name}{replaced}")
    print(f"  {format_bytes(total):>10}  total")
    if not is_private:
        print("The repo is public: everyone can see all files, including images.")
    if ask and not confirm("Upload?"):
        print("upload cancelled")
        return 1
    try:
        page = upload(folder, repo_id, kind, private, space=space)
    except ValueError as error:
        raise ValueError(
            f"{error}. The upload is one commit, so nothing was changed; repeat the command to "
            "resume: files that already arrived are not sent again"
        ) from None
    print(f"done: {page}", flush=True)
    return 0


def format_bytes(size: int) -> str:
    return f"{size / 1024:.1f} KiB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MiB"


def confirm(question: str) -> bool:
    if not sys.stdin.isatty():
        raise ValueError(
            "cannot ask for confirmation without a terminal; add --yes to upload without it"
        )
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        print()
        return False
