"""What is freed is kept where it is soon wanted again, and given back where it is not."""

import platform
import subprocess
import sys

import pytest
from helpers.running import ROOT

from pix2pix.runtime import malloc

with_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )


def test_memory_can_be_given_back() -> None:
    malloc.trim_heap()


PIN = """
from pathlib import Path
from PIL import Image
from pix2pix.runtime.malloc import limit_heap_growth

def resident_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

limit_heap_growth()
before, kept = resident_mb(), []
for _ in range(3):
    large = Image.new("RGB", (5000, 5000))
    kept.append(bytes(100_000))
    del large
print(resident_mb() - before)
"""


@with_glibc
def test_of_large_pictures_nothing_stays_though_something_small_came_after_them() -> None:
    assert float(run(PIN).stdout) < 30  # else 95 MB, one of the three


THREADS = """
import ctypes, sys, threading
from pix2pix.runtime.malloc import limit_heap_growth

if "serve" in sys.argv:
    limit_heap_growth()
together = threading.Barrier(8)

def work():
    together.wait()  # all at once: a thread that is alone with them takes another's heap
    kept = [bytes(1000 + i) for i in range(1000)]
    together.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL("libc.so.6").malloc_stats()
"""


@with_glibc
def test_threads_that_serve_share_two_heaps() -> None:
    assert run(THREADS, "serve").stderr.count("Arena") <= malloc.ARENAS
    assert run(THREADS).stderr.count("Arena") > malloc.ARENAS


PAGES = """
import resource
import torch
from pix2pix.runtime.malloc import keep_freed_memory

def page_faults():
    for number in range(15):
        if number == 10:  # by then it has what it needs
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(10 << 20)  # 40 MiB, more than glibc keeps by itself
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(page_faults())
assert keep_freed_memory()
print(page_faults())
"""


@with_glibc
def test_memory_that_training_freed_is_kept_for_its_next_tensors() -> None:
    faults, faults_after = map(int, run(PAGES).stdout.split())
    assert faults_after < faults / 5
