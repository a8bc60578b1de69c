"""Writing files whole or not at all."""

import os
import secrets
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that at any moment it is the old one or the new one, whole.

    Raises OSError where it cannot be written, and then leaves nothing behind.
    """
    part = path.with_name(f".{secrets.token_hex(8)}.part")  # short: a name has at most 255 bytes
    try:
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
