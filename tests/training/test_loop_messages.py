"""What a run says: of its data at first, of what a resume changes, of what it lacks at the end."""

import errno
import fcntl
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.whole_runs import LEAN, run, saved_step
from PIL import Image

from pix2pix.checkpoint import read_config
from pix2pix.cli import publish, train
from pix2pix.training import report
from pix2pix.training.run_lock import lock_run
from pix2pix.training.train_step import Trainer

PAIRS = ["edges2photo", *LEAN, "--d-scales", 1, "--norm", "batch", "--crop-scale", 1]


def write_pairs(root: Path, count: int = 4, splits: tuple[str, ...] = ("",)) -> Path:
    """Pairs as DIR/A/SPLIT and DIR/B/SPLIT, those of split test in pure red."""
    for split in splits:
        for side in "AB":
            (root / side / split).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                rng = np.random.default_rng(i)
                picture = rng.integers(0, 256, (16, 16, 3), np.uint8)
                Image.fromarray(picture).save(root / side / split / f"{split}{i}.png")
    return root


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_pairs(tmp_path / "data")


@pytest.fixture(autouse=True)
def all_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_the_first_lines_of_a_run_say_what_was_found_and_a_resume_what_changed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data, out = write_pairs(tmp_path / "data", 3, ("train", "test")), tmp_path / "run"
    assert run(*PAIRS, "--data", data, "--out", out, "--max-steps", 1) == 0
    first = caplog.messages[:5]
    assert first[0] == f"{data}: two folders A and B; A in, B out"
    assert first[1] == "  train: 2 pairs in A/train and B/train"
    assert first[2] == "  val: 1 pair held out of train, as there is no folder val"
    assert first[3] == "  test: 3 pairs in A/test and B/test, not used"
    assert first[4].startswith("  values: input 8 bit, 0 to ")
    assert read_config(out).training["train_images"] == 2
    assert str(tmp_path) not in (out / "data.json").read_text()

    caplog.clear()
    assert run("--resume", out, "--max-steps", 2) == 0
    assert caplog.messages[:5] == first
    assert "since the last time the data is as it was" in caplog.messages
    write_pairs(data, 5, ("train",))
    caplog.clear()
    assert run("--resume", out, "--max-steps", 3) == 0
    assert "  train: 2 -> 4, 2 new (train3, train4)" in caplog.messages


def test_a_run_in_its_data_never_learns_from_itself(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "photos" / "runs" / "one"
    photos.mkdir()
    for i in range(3):
        Image.effect_noise((24, 24), 50).convert("RGB").save(photos / f"{i}.jpg")
    keys = [
        "colorize",
        "--size",
        16,
        "--ngf",
        2,
        "--max-channels",
        4,
        "--ndf",
        2,
        "--norm",
        "batch",
    ]
    keys += ["--num-workers", 0, "--batch-size", 1, "--hint-embed-dim", 0, "--sample-every", 1]
    keys += ["--lambda-gan", 0]
    assert run(*keys, "--data", photos, "--out", out, "--max-steps", 1) == 0
    assert (out / "samples" / "step_000001.jpg").exists() or list((out / "samples").glob("*.jpg"))
    for step in (2, 3):
        assert run("--resume", out, "--max-steps", step) == 0
        assert read_config(out).training["train_images"] == 2
    assert run(*keys, "--data", photos, "--out", photos / "runs" / "two", "--max-steps", 1) == 0
    assert read_config(photos / "runs" / "two").training["train_images"] == 2


@pytest.mark.parametrize("where", ["", "A"])
def test_the_data_folder_is_no_folder_for_a_run(
    where: str, data: Path, capsys: pytest.CaptureFixture
) -> None:
    before = sorted(data.rglob("*"))
    assert run(*PAIRS, "--data", data, "--out", data / where, "--max-steps", 1) == 2
    assert "holds images of the data; expected --out to be" in capsys.readouterr().err
    assert sorted(data.rglob("*")) == before


def test_one_pair_is_enough(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data, out = write_pairs(tmp_path / "data", 1), tmp_path / "run"
    assert run(*PAIRS, "--data", data, "--out", out, "--max-steps", 1) == 0
    assert any("the only pair, also used for training" in m for m in caplog.messages)
    assert saved_step(out) == 1


def test_a_finished_run_says_so_and_how_to_go_on(
    tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "run"
    assert run(*PAIRS, "--data", data, "--out", out, "--max-steps", 2) == 0
    before = (out / "state.pt").read_bytes()
    assert run("--resume", out) == 0
    assert "is finished, all 2 steps are done; --max-steps N, with N above 2" in caplog.text
    assert (out / "state.pt").read_bytes() == before


def test_the_rates_are_in_the_metrics_and_a_jump_is_said(
    tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "run"
    keys = [*PAIRS, "--lr", 1e-3, "--d-lr", 2e-3, "--decay-start", 0, "--lr-warmup-steps", 0]
    keys += ["--lr-scheduler", "linear"]
    assert run(*keys, "--data", data, "--out", out, "--max-steps", 4) == 0

    def rates() -> list[tuple[float, float]]:
        rows = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
        return [(row["lr"], row["d_lr"]) for row in rows if "lr" in row]

    assert rates() == [pytest.approx((1e-3 * x, 2e-3 * x)) for x in (1, 0.75, 0.5, 0.25)]
    page = (out / "report.html").read_text()
    assert "learning rate" in page
    caplog.clear()
    assert run("--resume", out, "--max-steps", 8) == 0
    words = (
        "at step 4 the learning rate jumps, lr from 0.00025 to 0.0005, d_lr from 0.0005 to 0.001"
    )
    assert f"{words}, by max_steps" in caplog.messages
    assert rates()[4] == pytest.approx((5e-4, 1e-3))
    caplog.clear()
    changes = ["--max-steps", 9, "--lr-scheduler", "constant", "--lr", 1.25e-4]
    assert run("--resume", out, *changes) == 0
    assert "jumps, d_lr from 0.00025 to 0.002, by max_steps, lr, lr_scheduler" in caplog.text
    caplog.clear()
    assert (
        run("--resume", out, "--max-steps", 10) == 0
    )  # of a constant rate, more steps change none
    assert "jumps" not in caplog.text


def test_the_rates_of_g_and_d_share_a_line_where_they_are_one() -> None:
    points = [(1, 2e-4), (2, 1e-4)]
    one = report.rate_chart({"generator": points, "discriminator": list(points)}, 2)
    two = report.rate_chart({"generator": points, "discriminator": [(1, 1e-3)]}, 2)
    assert "discriminator" not in one and "discriminator" in two
    assert report.rate_chart({}, 2) == ""


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"
        ),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.0 GB)"),
        MemoryError(),
    ],
    ids=str,
)
def test_out_of_memory_names_what_needs_less_and_the_last_save(
    error: Exception,
    tmp_path: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    plain_step, full_at = Trainer.step, [0]

    def step(self: Trainer, batch: Any) -> Any:
        if self.steps_done == full_at[0]:
            raise error
        return plain_step(self, batch)

    monkeypatch.setattr(Trainer, "step", step)
    out = tmp_path / "run"
    start = [*PAIRS, "--data", data, "--out", out, "--max-steps", 3, "--save-every", 1]
    assert run(*start) == 1
    said = capsys.readouterr().err
    options = ("--gradient-accumulation-steps", "--batch-size", "--size")
    for words in (*options, f"nothing was saved yet in {out}"):
        assert words in said
    full_at[0] = 2
    assert run("--resume", out) == 1
    assert f"the save of step 2 is intact, resume from it with --resume {out}" in (
        capsys.readouterr().err
    )
    monkeypatch.undo()
    assert run("--resume", out, "--gradient-accumulation-steps", 2) == 0
    assert saved_step(out) == 3


def test_another_runtime_error_is_not_taken_for_a_lack_of_memory(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(*_: object) -> None:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(Trainer, "step", step)
    with pytest.raises(RuntimeError, match="multiplied"):
        run(*PAIRS, "--data", data, "--out", tmp_path / "run", "--max-steps", 1)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_disk_without_locks_is_warned_of(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with lock_run(tmp_path / "run"):
        assert (tmp_path / "run" / "run.lock").exists()
    assert "its file system has no locks" in caplog.text
    assert not (tmp_path / "run").exists()


def test_another_fault_of_the_lock_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="Input/output"), lock_run(tmp_path / "run"):
        pass


@pytest.mark.parametrize("error", [ValueError("no write access"), RuntimeError("SSL"), OSError(5)])
def test_a_push_that_fails_names_the_command_that_tries_again(
    error: Exception,
    tmp_path: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(publish, "check_target", lambda _: None)
    monkeypatch.setattr(publish, "push_checkpoint", fail)
    out = tmp_path / "a run"
    start = [*PAIRS, "--data", data, "--out", out, "--max-steps", 1]
    assert run(*start, "--push-to-hub", "ada/x", "--private", "--no-examples") == 1
    said = capsys.readouterr().err
    assert f"python -m pix2pix push '{out}' ada/x --private --no-examples" in said
    assert str(error) in said
    assert saved_step(out) == 1


def test_no_path_of_this_machine_goes_into_what_others_see(tmp_path: Path, data: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    keys = [*PAIRS, "--data", data, "--max-steps", 1]
    assert run(*keys, "--out", old) == 0
    assert run(*keys, "--out", new, "--init-from", old) == 0
    kept = json.loads((new / "run.json").read_text())
    assert kept["init_from"] == str(old)
    for name in ("config.json", "README.md", "metrics.jsonl", "report.html"):
        text = (
            (new / name).read_text().replace(f"--resume {new}", "").replace(f"evaluate {new}", "")
        )
        assert str(tmp_path) not in text, name
    assert read_config(new).training["init_from"] == "old"

    # A run that an earlier version began noted the path
    kept["init_facts"]["init_from"] = str(old)
    (new / "run.json").write_text(json.dumps(kept))
    assert run("--resume", new, "--max-steps", 2) == 0
    assert read_config(new).training["init_from"] == "old"

    # and so did its checkpoint, as it goes to the Hub
    config = json.loads((new / "config.json").read_text())
    config["training"]["init_from"] = str(old)
    (new / "config.json").write_text(json.dumps(config))
    card = (new / "README.md").read_text()
    (new / "README.md").write_text(card.replace("| init from | old |", f"| init from | {old} |"))
    assert str(tmp_path) in (new / "README.md").read_text()
    staged = tmp_path / "staged"
    staged.mkdir()
    publish.stage_checkpoint(new, staged, "ada/x", None)
    for path in filter(Path.is_file, staged.rglob("*")):
        assert str(tmp_path).encode() not in path.read_bytes(), path.name
    assert read_config(staged).training["init_from"] == "old"


@pytest.mark.parametrize(
    ("recipe", "size", "depth"),
    [("edges2photo", 16, 4), ("edges2photo", 32, 5), ("facades", 64, 6), ("colorize", 16, 4)],
)
def test_the_depth_follows_from_a_small_size_and_is_said(
    recipe: str, size: int, depth: int, caplog: pytest.LogCaptureFixture
) -> None:
    found = train.load_recipe(recipe, {"size": size})
    assert (found.size, found.depth) == (size, depth)
    assert f"at size {size}x{size}: depth {depth} (the recipe has" in caplog.text
    Trainer(
        train.load_recipe(recipe, {"size": size, "ngf": 2, "ndf": 2}),
        torch.device("cpu"),
        total_steps=10,
    )


def test_a_small_size_trains_and_its_depth_is_kept(tmp_path: Path, data: Path) -> None:
    keys = ["--size", 32, "--ngf", 2, "--ndf", 2, "--max-channels", 4, "--num-workers", 0]
    start = ["edges2photo", "--data", data, "--out", tmp_path / "run", *keys]
    assert run(*start, "--max-steps", 1, "--batch-size", 1) == 0
    assert read_config(tmp_path / "run").generator.depth == 5


@pytest.mark.parametrize(
    ("recipe", "keys", "shape", "depth"),
    [
        ("edges2photo", {"size": 100}, (96, 96), 5),
        ("edges2photo", {"size": 130, "width": 200}, (128, 192), 6),
        ("facades", {"size": 100}, (96, 96), 5),
        ("trace", {"size": 200}, (192, 192), 5),  # its encoder halves five times
        ("cyclegan", {"size": 101}, (100, 100), 2),
    ],
)
def test_a_size_that_does_not_fit_is_rounded_and_said(
    recipe: str,
    keys: dict[str, object],
    shape: tuple[int, int],
    depth: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = train.load_recipe(recipe, keys)
    assert (found.size, found.width or found.size, found.depth) == (*shape, depth)
    assert f"size {shape[0]} (not {keys['size']})" in caplog.text


def test_a_depth_that_was_named_stays_and_one_that_is_too_shallow_is_not_taken() -> None:
    wrong: list[dict[str, object]] = [{"size": 64, "depth": 7}, {"width": 100, "depth": 5}]
    for keys in wrong:
        with pytest.raises(ValueError, match=r"(size|width) must be a multiple of"):
            train.load_recipe("facades", keys)
    assert train.load_recipe("facades", {"size": 256}).depth == 7


def test_help_has_the_type_the_choices_and_the_default_of_every_key(
    capsys: pytest.CaptureFixture,
) -> None:
    with pytest.raises(SystemExit):
        run("--help")
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "--lr FLOAT learning rate of G [default: 0.0002; in recipes also 0.001, 0.002]",
        "--gan-mode {vanilla,lsgan,hinge}",
        "--random-flip [{true,false}] mirror half of the training views [default: true]",
        "--receptive-field {1,16,70,286}",
        "--resize-mode {auto,",
        "--layout {auto,",
        "--d-augment TEXT",
        "--seed INT random seed [default: 0]",
    ):
        assert words in text, words
    assert "VALUE]" not in text.replace("[--KEY VALUE ...]", "")
