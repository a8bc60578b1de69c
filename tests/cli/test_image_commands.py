"""What the options of draw and trace do, and the command as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import INPUTS, ROOT, Command, files
from helpers.forked import Programs
from PIL import Image

from pix2pix.__main__ import main
from pix2pix.labels.label_map import CLASSES, encode_label_image, open_label_map

pytestmark = pytest.mark.usefixtures("workplace")


@pytest.fixture
def colorize(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command("colorize", checkpoints / "colorize", capsys)


# What the options do


def pixels(name: str) -> np.ndarray:
    with Image.open(name) as image:
        return np.asarray(image)


@pytest.mark.parametrize("seed", ["0", "7", "-1", str(10**30)])
def test_a_seed_always_gives_the_same_building(draw: Command, seed: str) -> None:
    for out in ("1.png", "2.png"):
        assert draw("a.png", "-o", out, "--seed", seed) == (0, [])
    np.testing.assert_array_equal(pixels("1.png"), pixels("2.png"))


def test_a_photo_comes_at_the_size_that_is_asked_for(draw: Command) -> None:
    assert draw("a.png", "-o", "1.png", "--size", "100") == (0, [])
    assert min(pixels("1.png").shape[:2]) == 100
    status, lines = draw("a.png", "-o", "2.png", "--size", "0")
    assert status == 2 and "size must be from 1 to 4096" in lines[0]


def test_another_seed_gives_another_building(draw: Command) -> None:
    draw("a.png", "-o", "1.png", "--seed", "1")
    draw("a.png", "-o", "2.png", "--seed", "2")
    assert (pixels("1.png") != pixels("2.png")).any()


def test_the_default_seed_is_0(draw: Command) -> None:
    draw("a.png", "-o", "1.png")
    draw("a.png", "-o", "2.png", "--seed", "0")
    np.testing.assert_array_equal(pixels("1.png"), pixels("2.png"))


def test_a_building_takes_the_style_of_a_photo(draw: Command) -> None:
    Image.new("RGB", (30, 90), (200, 60, 20)).save("red house.jpg")
    for photo, out in (("photo.jpg", "1"), ("photo.jpg", "2"), ("red house.jpg", "3")):
        assert draw("a.png", "-o", f"{out}.png", "--style-from", photo) == (0, [])
    draw("a.png", "-o", "4.png")
    np.testing.assert_array_equal(pixels("1.png"), pixels("2.png"))
    assert (pixels("1.png") != pixels("3.png")).any()
    assert (pixels("1.png") != pixels("4.png")).any()


def test_a_style_of_the_checkpoint_is_called_by_its_name(draw: Command) -> None:
    assert draw("a.png", "b.png", "-o", "out/", "--style", "brick") == (0, [])
    np.testing.assert_array_equal(pixels("out/a.png"), pixels("out/b.png"))
    draw("a.png", "-o", "seed.png")
    assert (pixels("out/a.png") != pixels("seed.png")).any()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--style", "marble"), "--style marble: the checkpoint has no such style, but brick"),
        (("--style-from", "gone.jpg"), "gone.jpg: no such file"),
        (("--style-from", "bad.png"), "bad.png: is not an image in a supported format ("),
    ],
)
def test_a_style_that_is_none_is_one_line_and_status_2(
    draw: Command, arguments: tuple[str, ...], line: str
) -> None:
    status, lines = draw("a.png", "-o", "out.png", *arguments)
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith(f"pix2pix: {line}")
    assert files() == INPUTS


def test_the_photo_of_a_style_is_not_overwritten(draw: Command) -> None:
    before = Path("photo.jpg").read_bytes()
    status, lines = draw("a.png", "-o", "photo.jpg", "--style-from", "photo.jpg")
    assert (status, lines) == (2, ["a.png: its result would overwrite photo.jpg"])
    assert Path("photo.jpg").read_bytes() == before


def save_regions(name: str, of: str) -> None:
    """An image of the size of another one, 1 in its upper half and else 0."""
    where = np.zeros(pixels(of).shape[:2], np.uint8)
    where[: len(where) // 2] = 1
    Image.fromarray(where).save(name)


def test_parts_of_a_building_have_the_looks_that_are_named(draw: Command) -> None:
    save_regions("where.png", "a.png")
    given = ("--regions", "where.png", "--looks")
    assert draw("a.png", "-o", "two.png", "--style", "brick", *given, "7") == (0, [])
    assert draw("a.png", "-o", "same.png", "--style", "brick", *given, "brick") == (0, [])
    assert draw("a.png", "-o", "one.png", "--style", "brick") == (0, [])
    assert (pixels("two.png") != pixels("one.png")).any()
    near = np.abs(pixels("same.png").astype(int) - pixels("one.png"))
    assert near.max() <= 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--regions", "where.png"), "--regions and --looks must be given together"),
        (("--looks", "7"), "--regions and --looks must be given together"),
        (("--regions", "where.png", "--looks", "7,tin"), "--looks tin: the checkpoint has no such"),
        (("--regions", "photo.jpg", "--looks", "7"), "photo.jpg: regions are a greyscale or palet"),
        (("--regions", "where.png", "--looks", ",".join("123456789")), "regions have from 1 to 8"),
    ],
)
def test_regions_that_are_none_are_one_line_and_status_2(
    draw: Command, arguments: tuple[str, ...], line: str
) -> None:
    save_regions("where.png", "a.png")
    status, lines = draw("a.png", "-o", "out.png", *arguments)
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith(f"pix2pix: {line}")
    assert not Path("out.png").exists()


def test_a_tracing_is_a_label_image_of_the_photos_size(trace: Command) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    Image.new("L", (70, 50), 90).save("side.jpg", exif=exif)
    assert trace("photo.jpg", "side.jpg", "-o", "out") == (0, [])
    for name, size in (("photo", (70, 50)), ("side", (50, 70))):
        with Image.open(f"out/{name}.png") as image:
            assert (image.mode, image.size) == ("P", size)
        assert open_label_map(f"out/{name}.png").max() < len(CLASSES)


def test_a_tracing_is_drawn_as_any_drawing_is(trace: Command, draw: Command) -> None:
    assert trace("photo.jpg", "-o", "traced.png") == (0, [])
    assert draw("traced.png", "-o", "out.png") == (0, [])
    assert pixels("out.png").shape == (50, 70, 3)


def test_a_tracing_is_never_written_with_loss(trace: Command) -> None:
    status, lines = trace("photo.jpg", "-o", "out.jpg")
    reason = "a label map needs a lossless format; use .png, or end it in / for a folder"
    assert (status, lines) == (2, [f"pix2pix: out.jpg: {reason}"])


def test_in_a_batch_of_tracings_the_bad_are_listed(trace: Command) -> None:
    status, lines = trace("bad.png", "photo.jpg", "gone.jpg", "-o", "out/")
    assert status == 1
    assert [line.split(":")[0] for line in lines] == ["bad.png", "gone.jpg"]
    assert Path("out/photo.png").is_file()


def test_partial_label_maps_are_completed(trace: Command) -> None:
    partial = np.ones((50, 70), np.uint8)
    partial[10:30, 20:40] = 2
    Path("partial").mkdir()
    encode_label_image(partial).save("partial/photo.png")
    given = ("--labels", "partial", "--known", "window,door")
    assert trace("photo.jpg", "-o", "full.png", *given) == (0, [])
    full = open_label_map("full.png")
    assert (full[10:30, 20:40] == 2).all()
    assert not np.isin(full[partial != 2], (2, 3)).any()


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (("--labels", "partial"), 2, "pix2pix: --labels and --known need each other"),
        (
            ("--labels", ".", "--known", "roof"),
            2,
            "pix2pix: --known roof: no class is named 'roof'",
        ),
        (("--labels", "none", "--known", "window"), 2, "photo.jpg: none/photo.png: no such file"),
    ],
)
def test_partial_label_maps_that_are_none_are_one_line(
    trace: Command, arguments: tuple[str, ...], status: int, line: str
) -> None:
    code, lines = trace("photo.jpg", "-o", "full.png", *arguments)
    assert (code, len(lines)) == (status, 1)
    assert lines[0].lower().startswith(line.lower())


# The real command


def test_the_command_runs_and_lists_what_was_bad(
    programs: Programs, checkpoints: Path, workplace: Path
) -> None:
    command = ["-m", "pix2pix", "draw", "a.png", "gone.png", "-o", "out/"]
    command += ["--checkpoint", str(checkpoints / "facades")]
    done = programs.run(command, workplace / "said.txt", workplace, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "gone.png: no such file\n"
    assert Path("out/a.png").is_file()


def test_help_does_not_wait_for_torch(workplace: Path) -> None:
    code = """
import sys
from pix2pix.__main__ import main
try:
    main(["draw", "--help"])
finally:
    sys.exit(bool({"torch", "numpy"} & sys.modules.keys()))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=workplace, env=environment).returncode == 0


@pytest.mark.parametrize("command", ["draw", "trace"])
def test_help_says_how_to_use_the_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0
    for topic in (f"python -m pix2pix {command} ", "OUT is a file for one input", "exit status"):
        assert topic in text


@pytest.mark.parametrize("command", ["draw", "colorize", "trace"])
def test_help_fits_a_terminal(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100
