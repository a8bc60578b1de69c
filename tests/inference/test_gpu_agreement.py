"""On a GPU the models give the pictures of a CPU in float32, in each precision."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.synthetic import open_set, write_photos
from torch import Tensor

from benchmarks.hard_drawings import filled
from pix2pix.checkpoint import load_checkpoint
from pix2pix.data.device_batches import DeviceBatches
from pix2pix.data.loader import BatchPlan, iterate_batches
from pix2pix.inference.backends import TorchBackend
from pix2pix.labels.facade_builder import CLASS_IDS
from pix2pix.models import Generator
from pix2pix.models.tensors import encode_colorize_input, encode_labels

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"),
]

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
BOUND = 3 / 127.5  # 3 of 255, in -1..1


def generator(name: str) -> Generator:
    return load_checkpoint(CHECKPOINTS / name)[1].generator.requires_grad_(False)


def drawing(with_window: bool) -> Tensor:
    wall = filled(256, "facade")
    if with_window:
        wall[100:140, 100:130] = CLASS_IDS["window"]
    return encode_labels(wall[None], 12)


@pytest.fixture
def style() -> Iterator[Tensor]:
    config, _ = load_checkpoint(CHECKPOINTS / "facades")
    yield torch.tensor([next(iter(config.styles.values()))])


@pytest.mark.parametrize("with_window", [False, True], ids=["bare_wall", "one_window"])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16, torch.float16])
def test_a_hard_drawing_is_that_of_the_cpu(
    with_window: bool, precision: torch.dtype, style: Tensor
) -> None:
    x = drawing(with_window)
    expected = TorchBackend(generator("facades"), torch.device("cpu"))(x, style)
    backend = TorchBackend(generator("facades"), torch.device("cuda"))
    with torch.autocast("cuda", precision, enabled=precision != torch.float32):
        for _ in range(3):  # eager, recorded, replayed
            assert (backend(x, style) - expected).abs().max() < BOUND


@pytest.mark.parametrize("bf16", [False, True])
def test_the_colors_of_a_photo_are_those_of_the_cpu(bf16: bool) -> None:
    rng = np.random.default_rng(0)
    light = np.kron(rng.uniform(10, 90, (1, 8, 8)), np.ones((1, 24, 24))).astype(np.float32)
    none = np.zeros((1, 192, 192), np.float32)
    x = encode_colorize_input(light, np.stack([none, none], -1), none)
    expected = TorchBackend(generator("colorize"), torch.device("cpu"))(x, None)[:, :2]
    made = TorchBackend(generator("colorize"), torch.device("cuda"), bf16)(x, None)[:, :2]
    off = (made - expected).abs()
    assert off.mean() < (5e-3 if bf16 else 1e-4)


def test_batches_leave_no_pinned_memory_behind(tmp_path: Path) -> None:
    if not hasattr(torch.cuda, "host_memory_stats"):
        pytest.skip("this torch does not count pinned memory")
    device = torch.device("cuda")
    dataset = open_set("colorize", write_photos(tmp_path, 4, 1), 64)
    source = DeviceBatches(dataset, device, keeps=False)
    sizes = []
    for step, batch in enumerate(iterate_batches(source, BatchPlan(8, 0), 0, 300, workers=2)):
        batch.to(device, torch.contiguous_format)
        if step in (99, 299):
            torch.cuda.synchronize()
            sizes.append(torch.cuda.host_memory_stats()["allocated_bytes.current"])
    assert sizes[1] <= 1.5 * sizes[0]
