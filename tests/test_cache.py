"""What Gradio's folder holds: few files, for a short while, and none after the end."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running import ROOT

from pix2pix.ui import cache
from pix2pix.ui.cache import KEEP_S, own_folder, sweep
from pix2pix.ui.gate import MAX_FORM_BYTES, MAX_JSON_BYTES
from pix2pix.ui.leaving import FINISH_S, LEAVE_S
from pix2pix.ui.photo_store import IDLE_S


def put(path: Path, age_s: float, size: int = 10) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def test_what_is_old_is_deleted_and_what_is_new_stays(tmp_path: Path) -> None:
    old, new = put(tmp_path / "a" / "x.png", KEEP_S + 5), put(tmp_path / "b" / "y.png", KEEP_S - 60)
    loose = put(tmp_path / "tmp_broken_off", KEEP_S + 5)
    sweep(tmp_path)
    assert new.exists() and not old.exists() and not loose.exists()
    assert not old.parent.exists(), "nor its folder"


def test_the_oldest_make_room(tmp_path: Path) -> None:
    paths = [put(tmp_path / str(i) / "x.png", 100 - i, 100) for i in range(10)]
    sweep(tmp_path, max_bytes=350)
    assert [path.exists() for path in paths] == [False] * 7 + [True] * 3


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside" / "x.png", KEEP_S + 5)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(outside.parent)
    sweep(folder)
    assert outside.exists()


def test_a_folder_that_is_not_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    sweep(tmp_path / "none")


def test_the_folder_is_the_process_own_and_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    with own_folder() as folder:
        assert os.environ["GRADIO_TEMP_DIR"] == str(folder)
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "x").write_text("photo")
    assert not folder.exists() and "GRADIO_TEMP_DIR" not in os.environ


def test_a_folder_that_was_named_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with own_folder() as folder:
        assert folder == tmp_path
    assert tmp_path.exists()


def test_the_periods_and_limits_are_those_that_readme_names() -> None:
    assert (KEEP_S, IDLE_S) == (1800, 900)
    assert (MAX_JSON_BYTES >> 20, MAX_FORM_BYTES >> 20) == (2, 65)
    assert FINISH_S < LEAVE_S < 10


def test_memory_can_be_given_back() -> None:
    cache.give_memory_back()


PIN = """
from pathlib import Path
from PIL import Image
from pix2pix.ui.cache import return_large_blocks

def resident_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

return_large_blocks()
before, kept = resident_mb(), []
for _ in range(3):
    large = Image.new("RGB", (5000, 5000))
    kept.append(bytes(100_000))
    del large
print(resident_mb() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
def test_of_large_pictures_nothing_stays_though_something_small_came_after_them() -> None:
    done = subprocess.run([sys.executable, "-c", PIN], cwd=ROOT, stdout=subprocess.PIPE, timeout=60)
    assert float(done.stdout) < 30  # else 95 MB, one of the three
