"""CUDA graphs: when a call is recorded, and what happens where that fails."""

import logging
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pix2pix.checkpoint import load_checkpoint
from pix2pix.inference.backends import TorchBackend
from pix2pix.inference.backends.cuda_graphs import MAX_GRAPHS, MAX_PIXELS, Call, GraphedCall
from pix2pix.models import StyleMap

CPU = torch.device("cpu")
FACADES = Path(__file__).resolve().parents[2] / "checkpoints" / "facades"
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")


class Recorder:
    """A stand-in for `record_graph` that keeps its output tensor, as a graph does."""

    def __init__(self) -> None:
        self.recorded: list[tuple[int, ...]] = []
        self.replays = 0

    def __call__(self, run: Call, x: Tensor, style: Tensor | None) -> Call:
        self.recorded.append(tuple(x.shape))
        output = run(x, style).clone()

        def replay(x: Tensor, style: Tensor | None) -> Tensor:
            self.replays += 1
            return output.copy_(run(x, style))

        return replay


def double(x: Tensor, style: Tensor | None) -> Tensor:
    return 2 * x if style is None else 2 * x + style.sum()


def image(side: int = 8, value: float = 1.0) -> Tensor:
    return torch.full((1, 3, side, side), float(value))


def test_the_second_call_at_a_shape_is_recorded_and_later_ones_replay_it() -> None:
    recorder = Recorder()
    call = GraphedCall(double, CPU, recorder)
    values = [float(call(image(value=v), None).mean()) for v in (1, 2, 3)]
    assert values == [2, 4, 6]
    assert recorder.recorded == [(1, 3, 8, 8)]
    assert recorder.replays == 2
    assert float(call(image(value=1), torch.ones(1, 4)).mean()) == 6  # another input, not recorded
    assert len(recorder.recorded) == 1


def test_large_images_are_not_recorded_and_few_shapes_are_kept() -> None:
    recorder = Recorder()
    call = GraphedCall(lambda x, style: x[..., :1, :1], CPU, recorder)
    large = torch.zeros(1).expand(1, 1, MAX_PIXELS + 1, 1)
    for x in (large, large, large):
        call(x, None)
    assert not recorder.recorded
    for _ in range(2):
        for side in range(1, MAX_GRAPHS + 2):
            call(image(side), None)
    assert len(recorder.recorded) == MAX_GRAPHS + 1
    call(image(1), None)  # the oldest is recorded anew
    assert len(recorder.recorded) == MAX_GRAPHS + 2


def test_where_recording_fails_calls_go_on_without_graphs(caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def fail(run: Call, x: Tensor, style: Tensor | None) -> Call:
        tries.append(x)
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    call = GraphedCall(double, CPU, fail)
    with caplog.at_level(logging.WARNING, "pix2pix"):
        assert all(float(call(image(value=v), None).mean()) == 2 * v for v in (1, 2, 3, 4))
    assert len(tries) == 1
    assert caplog.messages == [
        "no CUDA graphs, each call starts its kernels one by one: "
        "operation not permitted when stream is capturing"
    ]


@pytest.mark.gpu
@needs_cuda
def test_graphs_draw_what_single_kernels_draw() -> None:
    config, _ = load_checkpoint(FACADES)
    cuda = torch.device("cuda")
    graphed, eager = (
        TorchBackend(load_checkpoint(FACADES)[1].generator, cuda, graphs=graphs)
        for graphs in (True, False)
    )
    rng = torch.Generator().manual_seed(0)
    for side in (128, 256, 128, 256, 128, 256):
        ids = torch.randint(0, 12, (1, side // 32, side // 32), generator=rng)
        labels = torch.nn.functional.one_hot(ids, 12).permute(0, 3, 1, 2).float()
        x = torch.nn.functional.interpolate(labels, scale_factor=32)
        style = torch.randn(1, config.generator.style_dim, generator=rng)
        assert (graphed(x, style) - eager(x, style)).abs().max() < 1e-3
        parts = StyleMap(style, torch.ones(1, 1, side, side))
        assert (graphed(x, parts) - eager(x, parts)).abs().max() < 1e-3
