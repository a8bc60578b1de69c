"""What Gradio's folder holds: few files, for a short while, and none after the end."""

import os
from pathlib import Path

import pytest

from pix2pix.app.server.bodies import MAX_JSON_BYTES
from pix2pix.app.server.photo_store import IDLE_S
from pix2pix.app.server.request_filter import MAX_FORM_BYTES
from pix2pix.app.server.shutdown import FINISH_S, STOP_S
from pix2pix.app.server.upload_cache import KEEP_S, own_folder


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
