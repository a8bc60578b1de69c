"""The sub-path under which a proxy serves the app. The proxy may strip it or pass it on."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


def read_root_path(text: str) -> str:
    """The root path as Gradio takes it: "", "/studio" or a whole address, without a last slash.

    Raises ValueError unless it is a path of plain segments or an address with such a path.
    """
    given = text.strip().rstrip("/")
    try:
        parts = urlsplit(given)
    except ValueError:  # brackets that hold no IPv6 address
        parts = urlsplit("")
    if parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc):
        root_path = given
    else:
        root_path = f"/{given.lstrip('/')}" if given else ""
        parts = urlsplit("http://host" + root_path)
    is_plain = _PATH.fullmatch(parts.path) and not parts.query and not parts.fragment
    if not is_plain or {".", ".."} & set(parts.path.split("/")):
        raise ValueError(
            "the root path must be a path such as /studio, or an address such as "
            f"https://example.org/studio, got {text!r}"
        )
    return root_path


def prefix_of(root_path: str) -> str:
    """The path of a root path: "/studio" of "https://example.org/studio"."""
    return urlsplit(root_path).path if "://" in root_path else root_path


def inner_paths(path: str, prefix: str) -> Iterator[str]:
    """The possible paths within the app: without the prefix, if the proxy left it, then as it came.

    A proxy with a misplaced slash sends "//config", which is read as "/config".
    """
    if prefix and path.startswith(f"{prefix}/"):
        yield "/" + path[len(prefix) :].lstrip("/")
    yield "/" + path.lstrip("/")
