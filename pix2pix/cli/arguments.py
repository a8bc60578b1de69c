"""Options and types that several commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pix2pix.runtime.bundle import CHECKPOINTS

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# Processes one file: a picture, or samples (H, W, C) that are no 8-bit picture
Process: TypeAlias = "Callable[[str], Image.Image | np.ndarray]"
Say: TypeAlias = "Callable[[str], None]"  # takes a line about a file
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(
    commands: Commands, name: str, summary: str, **texts: Any
) -> argparse.ArgumentParser:
    """A parser for a command that keeps the line breaks of `description` and `epilog`."""
    raw = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(name, help=summary, formatter_class=raw, **texts)


def add_checkpoint(parser: argparse.ArgumentParser, bundled: str | None = None) -> None:
    """Adds `--checkpoint`, by default the bundled one of that name, else required."""
    default = f" (default: the bundled {CHECKPOINTS.name}/{bundled})"
    parser.add_argument(
        "--checkpoint",
        metavar="X",
        default=CHECKPOINTS / bundled if bundled else None,
        required=bundled is None,
        help="checkpoint folder, or OWNER/NAME[@REVISION] on the Hugging Face Hub"
        + (default if bundled else ""),
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", default="auto", help="cpu, cuda or mps (default: the best available)"
    )


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a command that takes folders of images."""
    option = parser.add_argument
    option("-r", "--recursive", action="store_true", help="include sub-folders")
    option("--force", action="store_true", help="process images that are done already")
    option("--report", type=Path, metavar="FILE.json", help="write a report about each image")
