"""Uploads and results stay within their disk space; the client that holds the most makes room."""

import os
import tempfile
import threading
import time
from pathlib import Path

import pytest
from helpers.forked import Programs

from pix2pix.app.server.disk_share import (
    LOCK_NAME,
    MAX_DISK_BYTES,
    MAX_FILES_BYTES,
    NEW_S,
    SPOOLED_BYTES,
    DiskShare,
    locked,
    remove_leftovers,
)
from pix2pix.app.server.limits import DEFAULT_LIMITS
from pix2pix.app.server.request_filter import MAX_FORM_BYTES
from pix2pix.app.server.upload_cache import KEEP_S


def write(share: DiskShare, folder: Path, name: str, size: int, client: str) -> Path:
    path = folder / name / "x.png"
    with share.writing(path, size, client):
        path.write_bytes(bytes(size))
    return path


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_the_limit_is_never_passed_and_a_clients_own_files_go_first(tmp_path: Path) -> None:
    share = DiskShare(max_bytes=1000)
    mine = [write(share, tmp_path, f"mine {i}", 100, "10.0.0.1") for i in range(3)]
    for number in range(30):
        write(share, tmp_path, f"other {number}", 300, "10.9.9.9")
        assert size_of(tmp_path) <= 1000
    assert all(path.exists() for path in mine)


def test_room_is_made_before_a_file_is_written(tmp_path: Path) -> None:
    share = DiskShare(max_bytes=1000)
    old = write(share, tmp_path, "old", 600, "a")
    with share.writing(tmp_path / "new" / "x.png", 600, "a"):
        assert not old.exists()
        with pytest.raises(ValueError, match="no room"):  # what is being written stays
            with share.writing(tmp_path / "third" / "x.png", 600, "b"):
                pass


def test_many_small_files_are_bounded_in_number(tmp_path: Path) -> None:
    share = DiskShare(max_files=10)
    mine = write(share, tmp_path, "mine", 50, "10.0.0.1")
    for number in range(30):
        write(share, tmp_path, str(number), 10, "10.9.9.9")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) == 10 and mine.exists()
    assert len(list(tmp_path.iterdir())) == 10, "their folders go, too"


def test_uploads_that_are_being_received_count_too() -> None:
    assert MAX_FILES_BYTES + SPOOLED_BYTES == MAX_DISK_BYTES == 2 << 30
    assert DEFAULT_LIMITS.uploads * (MAX_FORM_BYTES - (1 << 20)) <= SPOOLED_BYTES


def test_what_a_killed_process_left_is_deleted_and_what_lives_stays(
    programs: Programs, tmp_path: Path
) -> None:
    code = (
        "import os; from pix2pix.app.server.upload_cache import own_folder\n"
        "with own_folder() as folder:\n"
        "    (folder / 'photo.png').write_bytes(b'photo'); print(folder, flush=True); os._exit(9)"
    )
    code = "import os; os.environ.pop('GRADIO_TEMP_DIR', None)\n" + code
    done = programs.run(["-c", code], tmp_path / "said.txt", TMPDIR=str(tmp_path))
    left = Path(done.stdout.strip())
    assert left.is_relative_to(tmp_path) and (left / "photo.png").exists()
    living = Path(tempfile.mkdtemp(prefix="pix2pix-", dir=tmp_path))
    fresh = Path(tempfile.mkdtemp(prefix="pix2pix-", dir=tmp_path))
    old = Path(tempfile.mkdtemp(prefix="pix2pix-", dir=tmp_path))
    os.utime(old, (time.time() - NEW_S - 5,) * 2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK_NAME).touch()
    (tmp_path / "pix2pix-link").symlink_to(elsewhere)
    with locked(living):
        remove_leftovers(tmp_path)
    assert not left.exists() and not old.exists()
    assert living.exists() and fresh.exists() and elsewhere.exists()


def put(path: Path, age_s: float, size: int = 10) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def test_what_is_old_is_deleted_and_what_is_new_stays(tmp_path: Path) -> None:
    old, new = put(tmp_path / "a" / "x.png", KEEP_S + 5), put(tmp_path / "b" / "y.png", KEEP_S - 60)
    loose = put(tmp_path / "tmp_broken_off", KEEP_S + 5)
    DiskShare().sweep(tmp_path, KEEP_S)
    assert new.exists() and not old.exists() and not loose.exists()
    assert not old.parent.exists(), "nor its folder"


def test_the_oldest_make_room(tmp_path: Path) -> None:
    paths = [put(tmp_path / str(i) / "x.png", 100 - i, 100) for i in range(10)]
    DiskShare(max_bytes=350).sweep(tmp_path, KEEP_S)
    assert [path.exists() for path in paths] == [False] * 7 + [True] * 3


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside" / "x.png", KEEP_S + 5)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(outside.parent)
    DiskShare().sweep(folder, KEEP_S)
    assert outside.exists()


def test_a_folder_that_is_not_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    DiskShare().sweep(tmp_path / "none", KEEP_S)


def test_what_is_being_written_stays_and_so_does_its_folder(tmp_path: Path) -> None:
    share = DiskShare(max_bytes=100)
    path = tmp_path / "upload-1" / "x.png"
    with share.writing(path, 50, "a"):
        share.sweep(tmp_path, KEEP_S)
        put(path, KEEP_S + 5, 200)  # the folder is still there, and the file slow to come
        share.sweep(tmp_path, KEEP_S)
        assert path.exists()
    share.sweep(tmp_path, KEEP_S)
    assert not path.parent.exists()


def test_sweeping_and_writing_at_once_lose_nothing(tmp_path: Path) -> None:
    share, is_done = DiskShare(), threading.Event()

    def sweep_always() -> None:
        while not is_done.wait(0.001):
            share.sweep(tmp_path, KEEP_S)

    sweeper = threading.Thread(target=sweep_always)
    sweeper.start()
    try:
        for number in range(100):
            path = tmp_path / f"upload-{number}" / "x.png"
            with share.writing(path, 10, "a"):
                path.write_bytes(bytes(10))
            if number % 2:
                path.unlink()  # used: its folder may go
    finally:
        is_done.set()
        sweeper.join()
    assert sorted(int(path.parent.name[7:]) for path in tmp_path.glob("*/x.png")) == [
        *range(0, 100, 2)
    ]
