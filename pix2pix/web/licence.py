"""What the licence of a checkpoint asks visitors to know."""

import re
from pathlib import Path

from pix2pix.checkpoint import CARD_NAME

FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
LICENSE = re.compile(r'^license: *"?([A-Za-z0-9.-]+)"?$', re.MULTILINE)


def usage_note(folder: Path | None) -> str:
    """A sentence for the page if the model card's licence excludes commercial use, else "".

    Licences of Creative Commons are identified as on the Hub, such as cc-by-nc-4.0.
    """
    try:
        text = "" if folder is None else (folder / CARD_NAME).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    front = FRONT_MATTER.match(text)
    found = LICENSE.search(front[1]) if front else None
    if found is None or "nc" not in found[1].lower().split("-"):
        return ""
    terms, _, version = found[1].upper().removeprefix("CC-").rpartition("-")
    return f"This model is licensed CC {terms} {version}: not for commercial use."
