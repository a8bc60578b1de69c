"""What Gradio's folder holds: few files, for a short while, and none after the end."""

import os
import time
from pathlib import Path

import pytest

from pix2pix.app.server.bodies import MAX_JSON_BYTES
from pix2pix.app.server.photo_store import IDLE_S
from pix2pix.app.server.request_filter import MAX_FORM_BYTES
from pix2pix.app.server.shutdown import FINISH_S, STOP_S
from pix2pix.app.server.upload_cache import KEEP_S, own_folder, sweep


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
    assert FINISH_S < STOP_S < 10
