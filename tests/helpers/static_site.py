"""The page without a server, built and served as any server of files would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pix2pix.cli.site import cache_folder
from pix2pix.web.runtime import find_runtime


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve_files(folder: Path) -> Iterator[str]:
    """The address of the folder's files on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def cache_with_runtime() -> Path:
    """The cache with onnxruntime-web in it; skips the test where npm cannot give it."""
    cache = cache_folder()
    try:
        find_runtime(cache)
    except ValueError as error:
        pytest.skip(str(error))
    return cache
