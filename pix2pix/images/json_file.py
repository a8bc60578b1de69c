"""Read a JSON file that a user wrote, with errors that name it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def read_json_file(path: Path, parse: Callable[[Any], T], max_bytes: int, kind: str) -> T:
    """`parse` of the value in a JSON file of at most `max_bytes`, "a hints file" as `kind`.

    Raises ValueError "FILE: reason", also for a ValueError of `parse`.
    """
    try:
        if path.stat().st_size > max_bytes:
            raise ValueError(f"is over {max_bytes >> 20} MB, too large for {kind}")
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = f"is not valid JSON ({error})"
    except ValueError as error:
        reason = str(error)
    raise ValueError(f"{path}: {reason}")
