"""Print messages of commands on stderr."""

import os
import sys


def print_stderr(line: str) -> None:
    """Prints one line on stderr, with unprintable characters escaped."""
    print("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), file=sys.stderr)


def describe_error(error: Exception) -> str:
    """The error as a message for users."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{os.fspath(error.filename)}: {error.strerror}"
    return str(error) or type(error).__name__
