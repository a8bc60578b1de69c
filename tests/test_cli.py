"""`python -m pix2pix`: what it writes, what it says, and its exit status."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix import inference
from pix2pix.__main__ import main
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.labels import CLASSES, encode_label_image, open_label_map
from pix2pix.training.learner import checkpoint_config
from pix2pix.training.recipe import Recipe

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny checkpoints of random weights: `facades`, `colorize` and `trace`."""
    folder = tmp_path_factory.mktemp("checkpoints")
    recipes = {
        "facades": Recipe("labels2photo", size=64, ngf=4, depth=4, style_dim=4, norm="instance"),
        "colorize": Recipe("colorize", size=64, ngf=4, depth=4, norm="instance"),
        "trace": Recipe("photo2labels", size=64, ngf=4, depth=4, half_output=True),
    }
    torch.manual_seed(0)
    for name, recipe in recipes.items():
        config = checkpoint_config(recipe)
        if config.generator.style_dim:
            config = dataclasses.replace(config, styles={"brick": (1.0, -1.0, 0.5, 2.0)})
        save_checkpoint(folder / name, config, Model(config), "# A card\n")
    return folder


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder: label maps a.png and b.png, a photo.jpg, and bad.png, which is text."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png"):
        write_map(name)
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)).save("photo.jpg")
    Path("bad.png").write_text("no picture")
    yield tmp_path
    assert not list(tmp_path.rglob("*.part")), "something was left half written"


def write_map(name: str) -> None:
    labels = np.arange(len(CLASSES), dtype=np.uint8).repeat(4)[:, None].repeat(64, 1)
    encode_label_image(labels).save(name)  # 48 high, 64 wide


@pytest.fixture
def draw(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> "Command":
    return Command("draw", checkpoints / "facades", capsys)


@pytest.fixture
def colorize(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> "Command":
    return Command("colorize", checkpoints / "colorize", capsys)


@pytest.fixture
def trace(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> "Command":
    return Command("trace", checkpoints / "trace", capsys)


class Command:
    """A command with its tiny checkpoint; a call gives the exit status and the lines on stderr."""

    def __init__(self, name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.start = [name, "--checkpoint", str(folder), "--device", "cpu"]
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, list[str]]:
        status = main([*self.start, *arguments])
        out, err = self.capsys.readouterr()
        assert out == ""
        return status, err.splitlines()


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if path.is_file()}


INPUTS = {"a.png", "b.png", "photo.jpg", "bad.png"}

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
        (("a.png", "-o", "out"), "pix2pix: out: cannot tell the format; end it in .png, .jpg, "),
        (("a.png", "-o", "out.gif"), "pix2pix: out.gif: cannot tell the format"),
        (("a.png", "-o", ""), "pix2pix: -o is empty"),
        (("a.png", "b.png", "-o", "photo.jpg"), "pix2pix: photo.jpg: is a file; a folder is"),
        (("a.png", "-o", "photo.jpg/"), "pix2pix: photo.jpg: is a file; a folder is needed"),
        (("a.png", "-o", "photo.jpg/out.png"), "pix2pix: photo.jpg: is a file; a folder is"),
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
    assert (status, lines) == (2, ["pix2pix: .: is a folder that cannot be written to"])


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
    def fail(*arguments: object) -> None:
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
        ("bad.png", "is no image in a format that can be read"),
        ("gone.png", "no such file"),
        ("photo.jpg", "is not a label map: 100% of its pixels are far from every class colour"),
        (".", "is a folder, not an image file"),
    ],
)
def test_a_bad_input_is_one_line_with_its_name_and_status_2(
    draw: Command, name: str, reason: str
) -> None:
    status, lines = draw(name, "-o", "out.png")
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith(f"{name}: {reason}")
    assert files() == INPUTS


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
    def fail(*arguments: object) -> None:
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


# What the options do


def pixels(name: str) -> np.ndarray:
    with Image.open(name) as image:
        return np.asarray(image)


@pytest.mark.parametrize("seed", ["0", "7", "-1", str(10**30)])
def test_a_seed_always_gives_the_same_building(draw: Command, seed: str) -> None:
    for out in ("1.png", "2.png"):
        assert draw("a.png", "-o", out, "--seed", seed) == (0, [])
    np.testing.assert_array_equal(pixels("1.png"), pixels("2.png"))


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
        (("--style-from", "bad.png"), "bad.png: is no image in a format that can be read ("),
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
    reason = "a label map is kept without loss; end it in .png, or in / for a folder"
    assert (status, lines) == (2, [f"pix2pix: out.jpg: {reason}"])


def test_in_a_batch_of_tracings_the_bad_are_listed(trace: Command) -> None:
    status, lines = trace("bad.png", "photo.jpg", "gone.jpg", "-o", "out/")
    assert status == 1
    assert [line.split(":")[0] for line in lines] == ["bad.png", "gone.jpg"]
    assert Path("out/photo.png").is_file()


# The real command


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_runs_and_lists_what_was_bad(checkpoints: Path, workplace: Path) -> None:
    command = ["-m", "pix2pix", "draw", "a.png", "gone.png", "-o", "out/"]
    done = run(*command, "--checkpoint", str(checkpoints / "facades"), cwd=workplace)
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
    assert run("-c", code, cwd=workplace).returncode == 0


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
