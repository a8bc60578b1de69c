"""The colorize command on folders: names, what is done already, Ctrl+C, several jobs."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.album import make, pixels, results
from PIL import Image

from pix2pix.images import writer


def make_album() -> None:
    for name in ("a.jpg", "b.PNG", "c.gif", "deep/a.jpg", "deep/er/d.tif", ".hidden/e.jpg"):
        make(f"album/{name}")
    Path("album/notes.txt").write_text("not a photo")


LEFT_OUT = "1 file is not an image, skipped: album/notes.txt"


def test_a_folder_keeps_its_names_and_formats(colorize) -> None:
    make_album()
    assert colorize("album", "-o", "out") == (0, [LEFT_OUT])
    assert results() == {"a.jpg", "b.PNG", "c.png"}
    with Image.open("out/a.jpg") as result:
        assert (result.format, result.mode) == ("JPEG", "RGB")


def test_recursive_keeps_the_structure(colorize) -> None:
    make_album()
    assert colorize("album", "-o", "out/new", "--recursive") == (0, [LEFT_OUT])
    assert results("out/new") == {"a.jpg", "b.PNG", "c.png", "deep/a.jpg", "deep/er/d.tif"}


def test_several_folders_keep_apart_and_files_join_them(colorize) -> None:
    make("1950/a.jpg")
    make("1960/a.jpg")
    assert colorize("1950", "1960/", "photo.jpg", "-o", "out") == (0, [])
    assert results() == {"1950/a.jpg", "1960/a.jpg", "photo.jpg"}


def test_results_within_the_album_are_not_coloured_again(colorize) -> None:
    make("album/a.jpg")
    for _ in range(2):
        assert colorize("album", "-o", "album/colour", "-r", "--force") == (0, [])
    assert results("album") == {"a.jpg", "colour/a.jpg"}


def test_an_album_is_not_written_over_itself(colorize) -> None:
    make("album/a.jpg")
    before = Path("album/a.jpg").read_bytes()
    status, lines = colorize("album", "-o", "album/")
    assert (status, len(lines)) == (2, 1)
    assert "is the folder of the photos" in lines[0]
    assert Path("album/a.jpg").read_bytes() == before


def test_photos_that_would_share_a_result_both_have_one(colorize) -> None:
    make("album/a.png")
    make("album/a.gif")
    make("album/a.jpg")
    assert colorize("album", "-o", "out") == (0, [])
    assert results() == {"a.png", "a.gif.png", "a.jpg"}
    assert colorize("album", "-o", "all", "--format", "png") == (0, [])
    assert results("all") == {"a.png", "a.gif.png", "a.jpg.png"}


def test_a_folder_without_photos_says_where_to_look(colorize) -> None:
    make("album/deep/a.jpg")
    line = "album: contains no photos; --recursive searches its sub-folders"
    assert colorize("album", "-o", "out") == (2, [line])


# Going on


def test_what_is_done_already_is_left_out_unless_forced(colorize) -> None:
    make_album()
    assert colorize("album", "-o", "out") == (0, [LEFT_OUT])
    times = {p: p.stat().st_mtime_ns for p in Path("out").iterdir()}
    line = "3 already done and skipped; --force does them again"
    assert colorize("album", "-o", "out") == (0, [LEFT_OUT, line])
    assert {p: p.stat().st_mtime_ns for p in Path("out").iterdir()} == times
    assert colorize("album", "-o", "out", "--force", "--strength", "0") == (0, [LEFT_OUT])
    assert all(p.stat().st_mtime_ns > old for p, old in times.items())


def test_a_stopped_run_goes_on_with_what_is_missing_or_newer(colorize) -> None:
    make_album()
    colorize("album", "-o", "out")
    Path("out/a.jpg").unlink()
    os.utime("out/c.png", (1, 1))
    untouched = Path("out/b.PNG").stat().st_mtime_ns
    line = "1 already done and skipped; --force does them again"
    assert colorize("album", "-o", "out") == (0, [LEFT_OUT, line])
    assert results() == {"a.jpg", "b.PNG", "c.png"}
    assert Path("out/c.png").stat().st_mtime > 1
    assert Path("out/b.PNG").stat().st_mtime_ns == untouched


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_whole_files_and_the_next_run_does_the_rest(
    colorize, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    for i in range(12):
        make(f"album/{i:02}.png")
    command = ["album", "-o", "out", "--jobs", "2"]
    plain_save = writer.save_image
    saved: list[Path] = []

    def save_with_signal(image: Any, path: Path, *rest: Any) -> None:
        saved.append(path)
        if len(saved) == 3:
            os.kill(os.getpid(), number)
        while len(saved) >= 3 and signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
            time.sleep(0.001)  # until the signal has been handled
        plain_save(image, path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(writer, "save_image", save_with_signal)
        status, lines = colorize(*command)
    assert status == 128 + number
    assert "the same command continues with them" in lines[-1]
    first = results()
    assert 3 <= len(first) < 12
    status, lines = colorize(*command)
    assert status == 0
    assert lines == [f"{len(first)} already done and skipped; --force does them again"]
    assert all(pixels(p).shape == pixels("album/00.png").shape for p in Path("out").iterdir())
    assert len(results()) == 12


@pytest.mark.parametrize("jobs", ["1", "2", "5"])
def test_any_number_of_jobs_gives_the_same_pictures(colorize, jobs: str) -> None:
    make_album()
    assert colorize("album", "-o", "one", "-r", "--jobs", "1") == (0, [LEFT_OUT])
    assert colorize("album", "-o", "out", "-r", "--jobs", jobs) == (0, [LEFT_OUT])
    for name in results():
        np.testing.assert_array_equal(pixels(f"out/{name}"), pixels(f"one/{name}"))
