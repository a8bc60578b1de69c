"""Checkpoints on the Hugging Face Hub. Only this package imports huggingface_hub."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pix2pix.hub.client import Hub

NAME = re.compile(
    r"(?P<repo>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})"
    r"(?:@(?P<revision>(?!.*\.\.)[A-Za-z0-9][\w./-]{0,127}))?",
    re.ASCII,
)


def resolve(name: str | Path, hub: "Hub | None" = None) -> str | Path:
    """The folder of a checkpoint: `name` itself, or the local copy of OWNER/NAME[@REVISION].

    A local path takes precedence; a name that is no repo is returned unchanged. Raises the errors
    of `pull`.
    """
    match = NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None or Path(name).exists():
        return name
    # Imported late: the client takes a quarter of a second, and local folders do not need it.
    from pix2pix.hub.client import HUB
    from pix2pix.hub.download import pull

    return pull(match["repo"], match["revision"], hub or HUB)
