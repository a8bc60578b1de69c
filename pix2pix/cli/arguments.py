"""What several commands have: a parser, options, the kind of work they do."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from pix2pix.runtime.bundle import CHECKPOINTS

if TYPE_CHECKING:
    from PIL import Image

Process: TypeAlias = "Callable[[str], Image.Image]"  # what a command does to one file
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(
    commands: Commands, name: str, summary: str, **texts: Any
) -> argparse.ArgumentParser:
    """A parser for a command, its `description` and `epilog` kept in lines as they are."""
    raw = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(name, help=summary, formatter_class=raw, **texts)


def add_checkpoint(parser: argparse.ArgumentParser, bundled: str | None = None) -> None:
    """`--checkpoint`, by default the one of that name that comes along, else required."""
    default = f" (default: the one that comes along, {CHECKPOINTS.name}/{bundled})"
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
        "--device", default="auto", help="cpu, cuda or mps (default: the best there is)"
    )
