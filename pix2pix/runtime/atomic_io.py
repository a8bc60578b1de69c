"""Write files atomically."""

import os
import secrets
from pathlib import Path

PART_PATTERN = ".*.part"  # temporary files that a killed process may leave behind


def folder_name(folder: str | Path) -> str:
    """A folder's name for published texts, since a full path reveals details about its owner.

    A folder "best" is prefixed with the name of its run.
    """
    path = Path(folder).resolve()
    return f"{path.parent.name}/{path.name}" if path.name == "best" else path.name


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file atomically: at any moment the old or the new content is complete.

    Raises OSError on failure and leaves no temporary file behind.
    """
    write_together({path: content})


def write_together(files: dict[Path, bytes]) -> None:
    """Writes several files atomically; none is replaced before all are on the disk.

    Files are replaced one by one in the dict's order, so a kill in between leaves the first ones
    new and the others old. Raises OSError if one cannot be written; then all stay unchanged.
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
