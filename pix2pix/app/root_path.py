"""The sub-path of a site under which a proxy serves the app, stripped by the proxy or passed on."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


def read_root_path(text: str) -> str:
    """`text` as Gradio takes it: "" or "/studio", or a whole address, without the last slash.

    Raises ValueError for anything but a path of plain segments, or such a path on a web site.
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
    """What the request may have asked of the app: the path without the prefix, where the proxy
    left it on, then as it came. A proxy that strips too much or too little gives "//config"."""
    if prefix and path.startswith(f"{prefix}/"):
        yield "/" + path[len(prefix) :].lstrip("/")
    yield "/" + path.lstrip("/")
