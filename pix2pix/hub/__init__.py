"""The Hugging Face Hub: checkpoints by name, from it and to it. huggingface_hub lives here only."""

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
    """The checkpoint folder of that name: the name itself, or a copy of OWNER/NAME[@REVISION].

    What exists on this machine wins, and what is no name of a repo comes back as it is. Raises
    what `pull` raises.
    """
    match = NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None or Path(name).exists():
        return name
    # Imported late: the client takes a quarter of a second, and a folder does not need it.
    from pix2pix.hub.client import HUB
    from pix2pix.hub.download import pull

    return pull(match["repo"], match["revision"], hub or HUB)
