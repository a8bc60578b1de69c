"""`python -m pix2pix`: what it writes, what it says, and its exit status."""

import os
from pathlib import Path

import pytest
import torch
from helpers.commands import INPUTS, Command, files, write_map
from PIL import Image

from pix2pix import inference
from pix2pix.__main__ import main

pytestmark = pytest.mark.usefixtures("workplace")


@pytest.fixture
def colorize(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command("colorize", checkpoints / "colorize", capsys)


# Where results go


def test_one_input_is_written_to_the_file(draw: Command) -> None:
    assert draw("a.png", "-o", "out.png") == (0, [])
    assert files() - INPUTS == {"out.png"}


def test_a_drawing_has_the_size_of_its_label_map(draw: Command) -> None:
    draw("a.png", "-o", "out.png")
    with Image.open("out.png") as photo:
        assert (photo.size, photo.mode) == ((64, 48), "RGB")


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (".png", "PNG"),
        (".jpg", "JPEG"),
        (".JPEG", "JPEG"),
        (".webp", "WEBP"),
        (".tif", "TIFF"),
        (".bmp", "BMP"),
    ],
)
def test_the_ending_chooses_the_format(draw: Command, ending: str, kind: str) -> None:
    assert draw("a.png", "-o", f"out{ending}") == (0, [])
    with Image.open(f"out{ending}") as photo:
        assert photo.format == kind


def test_a_folder_takes_the_name_of_the_input_as_png(trace: Command) -> None:
    Path("out").mkdir()
    assert trace("photo.jpg", "-o", "out") == (0, [])
    with Image.open("out/photo.png") as photo:
        assert photo.format == "PNG"


def test_a_slash_at_the_end_makes_a_folder(draw: Command) -> None:
    assert draw("a.png", "-o", "new/deep/") == (0, [])
    assert files() - INPUTS == {"new/deep/a.png"}


def test_several_inputs_make_a_folder(draw: Command) -> None:
    assert draw("a.png", "b.png", "-o", "out") == (0, [])
    assert files() - INPUTS == {"out/a.png", "out/b.png"}


def test_missing_folders_on_the_way_to_a_file_are_made(draw: Command) -> None:
    assert draw("a.png", "-o", "new/deep/out.png") == (0, [])
    assert files() - INPUTS == {"new/deep/out.png"}


def test_an_older_result_is_replaced(draw: Command) -> None:
    Path("out.png").write_text("old")
    assert draw("a.png", "-o", "out.png") == (0, [])
    with Image.open("out.png") as photo:
        assert photo.size == (64, 48)


@pytest.mark.parametrize("name", ["two  words.png", "häuser 🏠.png", "-dash.png", "a\nb.png"])
def test_unusual_names_work(draw: Command, name: str) -> None:
    write_map(name)
    assert draw("-o", "out/", "--", name) == (0, [])
    assert Path("out", name).is_file()


def test_the_same_input_twice_is_one_input(draw: Command) -> None:
    assert draw("a.png", "a.png", "-o", "out.png") == (0, [])
    assert Path("out.png").is_file()


# What is refused before any work


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("a.png", "-o", "out"), "pix2pix: out: unknown format; use one of .png, .jpg, "),
        (("a.png", "-o", "out.gif"), "pix2pix: out.gif: unknown format"),
        (("a.png", "-o", ""), "pix2pix: -o is empty"),
        (("a.png", "b.png", "-o", "photo.jpg"), "pix2pix: photo.jpg: is a file; the results need"),
        (("a.png", "-o", "photo.jpg/"), "pix2pix: photo.jpg: is a file; the results need a folder"),
        (("a.png", "-o", "photo.jpg/out.png"), "pix2pix: photo.jpg: is a file; the results need"),
        (("a.png", "-o", "x" * 300 + ".png"), "pix2pix: " + "x" * 300 + ".png: File name too"),
        (("a.png", "-o", "out.png", "--checkpoint", "nowhere"), "pix2pix: nowhere: is not a"),
        (("a.png", "-o", "out.png", "--checkpoint", ""), "pix2pix: : is not a checkpoint"),
        (("a.png", "-o", "out.png", "--device", "abacus"), "pix2pix: device must be one of auto"),
    ],
)
def test_a_mistake_in_the_command_is_one_line_and_status_2(
    draw: Command, arguments: tuple[str, ...], line: str
) -> None:
    status, lines = draw(*arguments)
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith(line)
    assert files() == INPUTS


def test_a_folder_that_cannot_be_written_to_is_refused(
    draw: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # file modes do not bind root
    status, lines = draw("a.png", "-o", "locked/out.png")
    assert (status, lines) == (2, ["pix2pix: .: is a folder without write permission"])


def test_a_checkpoint_for_another_task_is_refused(colorize: Command, checkpoints: Path) -> None:
    folder = str(checkpoints / "facades")
    status, lines = colorize("photo.jpg", "-o", "out.png", "--checkpoint", folder)
    reason = "is a checkpoint for labels2photo, expected one for colorize"
    assert (status, lines) == (2, [f"pix2pix: {folder}: {reason}"])


def test_a_device_that_is_not_there_is_refused(
    draw: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    status, lines = draw("a.png", "-o", "out.png", "--device", "cuda")
    assert (status, len(lines)) == (2, 1)
    assert "device 'cuda' was asked for" in lines[0]


def test_a_library_that_fails_to_load_a_model_is_one_line_too(
    draw: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported")

    monkeypatch.setattr(inference, "load_drawer", fail)
    status, lines = draw("a.png", "-o", "out.png")
    assert (status, len(lines)) == (2, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint", "a.png", "-o", "out.png"],
        ["draw", "-o", "out.png"],
        ["draw", "a.png"],
        ["draw", "a.png", "-o", "out.png", "--seed", "one"],
        ["draw", "a.png", "-o", "out.png", "--seed", "1", "--style-from", "photo.jpg"],
        ["draw", "a.png", "-o", "out.png", "--style", "brick", "--style-from", "photo.jpg"],
        ["trace", "photo.jpg", "-o", "out.png", "--seed", "1"],
        ["colorize", "photo.jpg", "-o", "out.png", "--strength", "much"],
        ["colorize", "photo.jpg", "-o", "out.png", "--seed", "1"],
    ],
)
def test_a_command_that_cannot_be_understood_has_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2


# Bad inputs


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bad.png", "is not an image in a supported format"),
        ("gone.png", "no such file"),
        ("photo.jpg", "is not a label map: 100% of its pixels are far from every class colour"),
    ],
)
def test_a_bad_input_is_one_line_with_its_name_and_status_2(
    draw: Command, name: str, reason: str
) -> None:
    status, lines = draw(name, "-o", "out.png")
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith(f"{name}: {reason}")
    assert files() == INPUTS


def test_a_folder_of_drawings_is_done_once(draw: Command) -> None:
    Path("box/inner").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        Path(name).rename(f"box/inner/{name}")
    assert draw("box", "-r", "-o", "out", "--report", "report.json") == (0, [])
    assert {"out/inner/a.png", "out/inner/b.png", "report.json"} < files()
    line = "2 already done and skipped; --force does them again"
    assert draw("box", "-r", "-o", "out") == (0, [line])
    Path("out/inner/a.png").write_bytes(Path("out/inner/a.png").read_bytes()[:99])  # cut short
    assert draw("box", "-r", "-o", "out") == (0, [line.replace("2", "1")])


def test_in_a_batch_the_good_are_done_and_the_bad_listed_in_order(draw: Command) -> None:
    status, lines = draw("gone.png", "a.png", "photo.jpg", "b.png", "bad.png", "-o", "out")
    assert status == 1
    assert [line.split(":")[0] for line in lines] == ["gone.png", "photo.jpg", "bad.png"]
    assert files() - INPUTS == {"out/a.png", "out/b.png"}


def test_a_batch_of_bad_inputs_has_status_2_and_makes_no_folder(draw: Command) -> None:
    status, lines = draw("bad.png", "gone.png", "-o", "out")
    assert (status, len(lines)) == (2, 2)
    assert not Path("out").exists()


def test_a_name_with_a_line_break_stays_on_one_line(draw: Command) -> None:
    assert draw("go\nne.png", "-o", "out.png") == (2, ["go\\nne.png: no such file"])


def test_a_model_that_fails_on_one_input_is_one_line(
    draw: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("something\ndeep in torch")

    monkeypatch.setattr(inference.Drawer, "draw", fail)
    assert draw("a.png", "-o", "out.png") == (2, ["a.png: something\\ndeep in torch"])


# Nothing is overwritten by mistake


def test_an_input_is_not_overwritten_by_its_own_result(draw: Command) -> None:
    before = Path("a.png").read_bytes()
    assert draw("a.png", "-o", "a.png") == (2, ["a.png: its result would overwrite it"])
    assert Path("a.png").read_bytes() == before


def test_an_input_is_not_overwritten_by_the_result_of_another(draw: Command) -> None:
    Path("in").mkdir()
    write_map("in/b.png")
    before = Path("b.png").read_bytes()
    status, lines = draw("in/b.png", "b.png", "a.png", "-o", ".")
    assert status == 2
    assert lines[0] == "in/b.png: its result would overwrite b.png"
    assert Path("b.png").read_bytes() == before


def test_an_input_under_another_name_is_not_overwritten(draw: Command) -> None:
    os.link("a.png", "alias.png")
    assert draw("a.png", "-o", "alias.png") == (2, ["a.png: its result would overwrite it"])


def test_of_two_inputs_of_one_name_the_first_is_done(draw: Command) -> None:
    Path("in").mkdir()
    write_map("in/a.png")
    status, lines = draw("a.png", "in/a.png", "-o", "out")
    assert (status, len(lines)) == (1, 1)
    assert lines[0] == "in/a.png: its result would overwrite that of a.png, out/a.png"


def test_a_folder_is_not_replaced_by_a_result(draw: Command) -> None:
    Path("out/a.png").mkdir(parents=True)
    status, lines = draw("a.png", "b.png", "-o", "out")
    reason = "its result cannot be written, out/a.png is a folder"
    assert (status, lines) == (1, [f"a.png: {reason}"])


def test_a_full_disk_keeps_the_older_result_whole(
    draw: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(fd: int) -> None:
        raise OSError(28, "No space left on device")

    Path("out.png").write_text("old")
    monkeypatch.setattr(os, "fsync", full_disk)
    reason = "out.png cannot be written (No space left on device)"
    assert draw("a.png", "-o", "out.png") == (2, [f"a.png: {reason}"])
    assert Path("out.png").read_text() == "old"


def test_a_picture_too_long_for_its_format_is_refused(colorize: Command) -> None:
    Image.new("L", (17_000, 1)).save("long.png")
    status, lines = colorize("long.png", "-o", "out.webp")
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith("long.png: out.webp cannot be written (")
    assert not Path("out.webp").exists()
