"""NumPy files as images."""

import gc
import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pix2pix.images.array_files import SampleHeader, read_array_header


@pytest.fixture
def busy_collector() -> Iterator[None]:
    """The garbage collector runs often, and other threads go on meanwhile: so with Hypothesis."""
    before = gc.get_threshold()

    def linger(*_: object) -> None:
        left = 50
        while left:
            left -= 1

    gc.callbacks.append(linger)
    gc.set_threshold(5)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*before)
    gc.callbacks.remove(linger)


def test_headers_are_read_by_many_threads(busy_collector: None) -> None:
    file = io.BytesIO()
    np.save(file, np.zeros((32, 24), np.uint8))
    content = file.getvalue()
    with ThreadPoolExecutor(8) as pool:
        headers = pool.map(lambda _: read_array_header(io.BytesIO(content)), range(4000))
        assert set(headers) == {SampleHeader(32, 24, 1, "uint8")}
