"""The memory that training works in."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import torch
from pix2pix.device import keep_freed_memory

if "keep" in sys.argv and not keep_freed_memory():
    print("none")
    sys.exit()
for number in range(30):
    if number == 20:  # by then it has what it needs
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24)  # 64 MiB
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def new_pages(*words: str) -> int:
    command = [sys.executable, "-c", PROGRAM, *words]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if output == "none":
        pytest.skip("this system's malloc cannot be told")
    return int(output)


def test_memory_that_was_freed_is_kept_for_the_next_tensor() -> None:
    assert new_pages("keep") < new_pages() / 5
