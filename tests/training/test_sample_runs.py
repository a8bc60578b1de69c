"""Runs on images that are no 8-bit pictures, from training to the files that a model writes."""

import json
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
import tifffile
import torch
from helpers.whole_runs import run
from PIL import Image

from pix2pix.__main__ import main
from pix2pix.checkpoint import load_checkpoint
from pix2pix.evaluation.evaluate_checkpoint import evaluate_checkpoint
from pix2pix.images.samples import read_samples
from pix2pix.inference import load_translator

TINY = [
    "--size",
    32,
    "--depth",
    3,
    "--ngf",
    4,
    "--ndf",
    4,
    "--receptive-field",
    16,
    "--num-workers",
    0,
]
STEPS = ["--max-steps", 4, "--sample-every", 2, "--batch-size", 2, "--device", "cpu"]


def scan(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A slice in 0..4095, and the same in Hounsfield units, -1024..3071; (40, 32) each."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:40, :32]
    distance = np.hypot(y - rng.uniform(10, 30), x - rng.uniform(10, 22))
    raw = (900 + 3000 * np.exp(-distance / 6) + rng.normal(0, 30, distance.shape)).clip(0, 4095)
    return raw.astype(np.uint16), (raw - 1024).astype(np.int16)


@pytest.fixture(scope="module")
def ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data`, slices of 16 bits, and `run`, trained on them for a few steps."""
    root = tmp_path_factory.mktemp("ct")
    for side in "AB":
        (root / "data" / side).mkdir(parents=True)
    for i in range(5):
        raw, units = scan(i)
        cv2.imwrite(str(root / "data" / "A" / f"{i}.png"), raw)
        tifffile.imwrite(root / "data" / "B" / f"{i}.tif", units)
    keys = [*TINY, *STEPS, "--range-out", "-1024:3071"]
    assert run("day2night", "--data", root / "data", "--out", root / "run", *keys) == 0
    return root


def test_the_checkpoint_has_the_depths_and_the_ranges(ct: Path) -> None:
    config, model = load_checkpoint(ct / "run")
    assert (config.input_dtype, config.input_range) == ("uint16", (0, 4095))
    assert (config.output_dtype, config.output_range) == ("int16", (-1024, 3071))
    assert (model.generator.config.in_channels, model.generator.config.out_channels) == (1, 1)
    assert set(config.metrics) == {"mae", "psnr", "ssim", "examples"}
    assert config.metrics["mae"] > 50  # Hounsfield units; a share of the range would be below 1
    assert "--range-out" in (ct / "run" / "README.md").read_text()


def test_a_file_that_is_written_has_the_unit_of_the_targets(ct: Path, tmp_path: Path) -> None:
    source = ct / "data" / "A" / "0.png"
    start = ["translate", "--checkpoint", str(ct / "run"), "--device", "cpu", str(source), "-o"]
    for name in ("a.npy", "a.tif"):
        assert main([*start, str(tmp_path / name)]) == 0
    made = read_samples(tmp_path / "a.npy")
    np.testing.assert_array_equal(made, read_samples(tmp_path / "a.tif"))
    assert made.shape == (40, 32, 1) and made.dtype == np.int16

    # The same, by the network alone
    values = read_samples(source)[..., 0].astype(np.float32) / 4095
    small = cv2.resize(values, (32, 32), interpolation=cv2.INTER_AREA)
    _, model = load_checkpoint(ct / "run")
    with torch.no_grad():
        output = model.generator(torch.from_numpy(small * 2 - 1)[None, None])[0, 0].numpy()
    whole = cv2.resize((output + 1) / 2, (32, 40), interpolation=cv2.INTER_CUBIC)
    expected = np.rint(-1024 + whole.clip(0, 1) * 4095)
    assert np.abs(made[..., 0] - expected).max() <= 1
    assert np.ptp(made) > 1


def test_a_format_that_cannot_hold_the_values_is_refused(ct: Path, tmp_path: Path, capsys) -> None:
    start = ["translate", "--checkpoint", str(ct / "run"), "--device", "cpu"]
    assert main([*start, str(ct / "data/A/0.png"), "-o", str(tmp_path / "a.png")]) == 2
    assert "a.png: unknown format; use one of .npy, .tif, .tiff" in capsys.readouterr().err


def test_folders_are_translated_and_other_files_are_refused(
    ct: Path, tmp_path: Path, capsys
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    np.save(album / "slice.npy", scan(7)[0])
    Image.new("L", (32, 32), 9).save(album / "picture.png")
    np.save(album / "stack.npy", np.zeros((32, 32, 3), np.uint16))
    start = ["translate", "--checkpoint", str(ct / "run"), "--device", "cpu"]
    assert main([*start, str(album), "-o", str(tmp_path / "out")]) == 1
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["slice.npy"]
    error = capsys.readouterr().err
    takes = "the model takes 1 channel of uint16 with values from 0 to 4095"
    assert f"picture.png: has 1 channel of uint8; {takes}" in error
    assert f"stack.npy: has 3 channels of uint16; {takes}" in error


def test_tiles_and_sizes_have_the_unit_too(ct: Path) -> None:
    translator = load_translator(ct / "run", "cpu")
    samples = np.tile(scan(1)[0], (2, 3))[..., None]
    for keys in ({"size": 64}, {"tile": 32}):
        made = translator.translate_samples(samples, **keys)  # type: ignore[arg-type]
        assert made.shape == (80, 96, 1) and made.dtype == np.int16
        assert -1024 <= made.min() < made.max() <= 3071
    shown = translator.translate(Image.new("RGB", (32, 32), "grey"))
    assert (shown.mode, shown.size) == ("RGB", (32, 32))


def test_examples_have_the_unit_of_the_inputs(ct: Path) -> None:
    path = ct / "run" / "examples" / "example-1.png"
    found = read_samples(path)
    assert found.dtype == np.uint16 and 500 < found.min() < found.max() <= 4095


def test_a_checkpoint_is_evaluated_in_the_unit_of_its_targets(ct: Path) -> None:
    metrics = evaluate_checkpoint(str(ct / "run"), ct / "data", device_name="cpu")["metrics"]
    saved = json.loads((ct / "run" / "config.json").read_text())["metrics"]
    assert metrics["mae"] == pytest.approx(saved["mae"], rel=0.02)  # float16 on disk


def test_a_resumed_run_keeps_its_ranges(ct: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(ct, tmp_path / "copy")
    cv2.imwrite(str(tmp_path / "copy/data/A/0.png"), scan(0)[0] * np.uint16(15))
    here = tmp_path / "copy"
    assert run("--resume", here / "run", "--data", here / "data", "--max-steps", 5) == 0
    assert load_checkpoint(here / "run")[0].input_range == (0, 4095)


def test_stacks_become_pictures(tmp_path: Path) -> None:
    """Five channels in, an 8-bit RGB picture out."""
    for side in "AB":
        (tmp_path / "data" / side).mkdir(parents=True)
    for i in range(3):
        stack = np.stack([scan(5 * i + k)[0] for k in range(5)], -1)
        np.savez_compressed(tmp_path / "data" / "A" / f"{i}.npz", stack)
        Image.fromarray((stack[..., :3] / 16).astype(np.uint8)).save(tmp_path / f"data/B/{i}.jpg")
    assert (
        run("day2night", "--data", tmp_path / "data", "--out", tmp_path / "run", *TINY, *STEPS) == 0
    )
    config, _ = load_checkpoint(tmp_path / "run")
    assert (config.generator.in_channels, config.input_dtype) == (5, "uint16")
    assert (config.generator.out_channels, config.output_dtype, config.output_range) == (3, "", ())
    out = tmp_path / "out.jpg"
    source = str(tmp_path / "data" / "A" / "0.npz")
    arguments = ["translate", source, "-o", str(out), "--checkpoint", str(tmp_path / "run")]
    assert main([*arguments, "--device", "cpu"]) == 0
    assert Image.open(out).size == (32, 40)


def test_exr_is_trained_on_evaluated_and_written(tmp_path: Path) -> None:
    """Renderings in half to their depth in float."""
    for side in "AB":
        (tmp_path / "data" / side).mkdir(parents=True)
    for i in range(3):
        depth = (scan(i)[0] / 100).astype(np.float32)
        channels = {name: (depth / (k + 8)).astype(np.float16) for k, name in enumerate("RGB")}
        OpenEXR.File({}, channels).write(str(tmp_path / "data" / "A" / f"{i}.exr"))
        OpenEXR.File({}, {"Z": depth}).write(str(tmp_path / "data" / "B" / f"{i}.exr"))
    data, out, result = tmp_path / "data", tmp_path / "run", tmp_path / "made.exr"
    keys = [*TINY, *STEPS, "--max-steps", 1, "--range-out", "0:50"]
    assert run("day2night", "--data", data, "--out", out, *keys) == 0
    config, _ = load_checkpoint(out)
    assert (config.generator.in_channels, config.input_dtype) == (3, "float32")
    assert (config.generator.out_channels, config.output_range) == (1, (0, 50))
    assert evaluate_checkpoint(str(out), data, device_name="cpu")["metrics"]["mae"] > 0
    arguments = ["translate", str(data / "A" / "0.exr"), "-o", str(result), "--device", "cpu"]
    assert main([*arguments, "--checkpoint", str(out)]) == 0
    made = read_samples(result)
    assert made.shape == (40, 32, 1) and 0 <= made.min() < made.max() <= 50


def test_unpaired_sets_may_differ_in_depth_and_channels(tmp_path: Path) -> None:
    for i in range(3):
        for side, values in (("A", scan(i)[0]), ("B", np.stack([scan(i)[1]] * 2, -1))):
            (tmp_path / "data" / f"train{side}").mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / "data" / f"train{side}" / f"{side}{i}.npy", values)
    keys = [*TINY[:2], *TINY[4:], "--architecture", "resnet_6blocks", "--device", "cpu"]
    keys += ["--max-steps", 1, "--sample-every", 1]
    start = ["cyclegan", "--data", tmp_path / "data", "--out", tmp_path / "run", *keys]
    assert run(*start) == 2  # the identity loss compares A with B
    assert run(*start, "--lambda-identity", 0) == 0
    config, _ = load_checkpoint(tmp_path / "run" / "BtoA")
    assert (config.generator.in_channels, config.generator.out_channels) == (2, 1)
    assert (config.input_dtype, config.output_dtype) == ("int16", "uint16")
    translator = load_translator(tmp_path / "run" / "AtoB", "cpu")
    made = translator.translate_samples(scan(0)[0][..., None])
    assert made.shape == (40, 32, 2) and made.dtype == np.int16
    start[0] = "cut"
    start[4] = tmp_path / "other"
    assert run(*start) == 2
