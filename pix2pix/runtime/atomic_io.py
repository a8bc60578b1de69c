"""Writing files whole or not at all."""

import os
import secrets
from pathlib import Path

PART_PATTERN = ".*.part"  # what a killed process may leave behind


def folder_name(folder: str | Path) -> str:
    """A folder's own name, for what others will see: a path says much about who made it.

    That of a folder "best" has its run's before it.
    """
    path = Path(folder).resolve()
    return f"{path.parent.name}/{path.name}" if path.name == "best" else path.name


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that at any moment it is the old one or the new one, whole.

    Raises OSError where it cannot be written, and then leaves nothing behind.
    """
    write_together({path: content})


def write_together(files: dict[Path, bytes]) -> None:
    """Writes several files, each whole, and none of them before all are on the disk.

    They take their places one after the other, in the dict's order: who is killed between two has
    the first ones new and the others old. Raises OSError where one cannot be written, and then all
    are the old ones.
    """
    parts: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            # short: a name has at most 255 bytes
            part = parts[path] = path.with_name(f".{secrets.token_hex(8)}.part")
            with open(part, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path, part in parts.items():
            part.replace(path)
    except BaseException:
        for part in parts.values():
            part.unlink(missing_ok=True)
        raise
