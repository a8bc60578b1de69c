"""On ZeroGPU: the CPU draws, a GPU is lent to what takes long, and a refusal is no failure."""

import copy
from pathlib import Path

import gradio as gr
import httpx
import pytest
import torch
from helpers.models import TINY, TINY_RECIPE
from helpers.zerogpu import Spaces
from torch import Tensor

from pix2pix.checkpoint import Model, load_checkpoint, save_checkpoint
from pix2pix.inference import InferenceCancelledError, load_any
from pix2pix.inference.gpu_on_demand import GpuOnDemand, make_runner
from pix2pix.inference.runner import Runner
from pix2pix.runtime import zerogpu
from pix2pix.runtime.user_warnings import collect_notices
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
LIVE = (32, 32)


@pytest.fixture
def spaces(monkeypatch: pytest.MonkeyPatch) -> Spaces:
    stand_in = Spaces()
    monkeypatch.setattr(zerogpu, "spaces", stand_in)
    return stand_in


class Clock:
    """Each call of the CPU takes `s_per_call`."""

    def __init__(self) -> None:
        self.now, self.s_per_call = 0.0, 0.1

    def __call__(self) -> float:
        self.now += self.s_per_call
        return self.now


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    return Model(checkpoint_config(TINY_RECIPE))


def inputs(side: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(side)
    return torch.rand(1, 12, side, side, generator=generator), torch.zeros(1, 4)


def test_what_takes_over_a_second_borrows_the_gpu_and_gives_the_same(
    model: Model, spaces: Spaces
) -> None:
    plain, clock = Runner(copy.deepcopy(model), CPU), Clock()
    run = GpuOnDemand(model, CPU, live_shape=LIVE, clock=clock)
    for _ in range(2):
        torch.testing.assert_close(run(*inputs(64)), plain(*inputs(64)))
    assert spaces.lent == [], "0.1 s each"
    torch.testing.assert_close(run(*inputs(256)), plain(*inputs(256)))
    assert spaces.lent == ["_run_on_gpu"], "16 times the pixels"
    x, style = inputs(64)
    batch, styles = torch.cat([x] * 12), torch.cat([style] * 12)
    torch.testing.assert_close(run(batch, styles), plain(batch, styles))
    assert spaces.lent == ["_run_on_gpu"] * 2


def test_a_live_stroke_never_does_however_slow_the_cpu(model: Model, spaces: Spaces) -> None:
    clock = Clock()
    clock.s_per_call = 20
    run = GpuOnDemand(model, CPU, live_shape=LIVE, clock=clock)
    for _ in range(4):
        run(*inputs(32))
    assert spaces.lent == []


def test_the_time_in_which_a_model_is_compiled_does_not_count(model: Model, spaces: Spaces) -> None:
    clock = Clock()
    clock.s_per_call = 20
    run = GpuOnDemand(model, CPU, live_shape=LIVE, clock=clock)
    run(*inputs(64))
    clock.s_per_call = 0.1
    for _ in range(3):
        run(*inputs(64))
    assert spaces.lent == []


REFUSALS: dict[str, tuple[Exception, str]] = {
    "the quota": (
        gr.Error(
            "You have exceeded your free ZeroGPU quota (15s requested vs. 3s left).",
            title="ZeroGPU quota exceeded",
        ),
        zerogpu.QUOTA_NOTICE,
    ),
    "the quota, as it was in words": (
        gr.Error("You have exceeded your GPU quota (60s requested vs. 56s left)."),
        zerogpu.QUOTA_NOTICE,
    ),
    "the limit of the Space": (
        gr.Error("Space app has reached its GPU limit.", title="ZeroGPU quota exceeded"),
        zerogpu.QUOTA_NOTICE,
    ),
    "none is free": (
        gr.Error("No GPU was available after 60s", title="ZeroGPU queue timeout"),
        zerogpu.BUSY_NOTICE,
    ),
    "its process ended": (
        gr.Error("GPU task aborted", title="ZeroGPU worker error"),
        zerogpu.BUSY_NOTICE,
    ),
    "its service fails": (
        RuntimeError("ZeroGPU API /schedule error: 500 (Internal Server Error)"),
        zerogpu.BUSY_NOTICE,
    ),
    "its service is out of reach": (
        httpx.ConnectError("[Errno 111] Connection refused"),
        zerogpu.BUSY_NOTICE,
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_where_no_gpu_is_lent_the_cpu_gives_the_same_and_says_so(
    model: Model, spaces: Spaces, name: str
) -> None:
    spaces.error, notice = REFUSALS[name]
    plain, clock = Runner(copy.deepcopy(model), CPU), Clock()
    run = GpuOnDemand(model, CPU, live_shape=LIVE, clock=clock)
    for _ in range(2):
        run(*inputs(64))
    with collect_notices() as notices:
        torch.testing.assert_close(run(*inputs(256)), plain(*inputs(256)))
    assert notices == [notice] and spaces.lent == []


def test_an_error_of_another_kind_is_no_refusal(model: Model, spaces: Spaces) -> None:
    spaces.error = KeyError("input")
    with pytest.raises(KeyError):
        zerogpu.with_zerogpu(abs)(1)
    with pytest.raises(InferenceCancelledError):
        clock = Clock()
        run = GpuOnDemand(model, CPU, clock=clock)
        for _ in range(2):
            run(*inputs(64))
        run(*inputs(256), stop=lambda: True)


def test_elsewhere_nothing_is_lent(
    tiny_checkpoint: Path, spaces: Spaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not isinstance(make_runner(load_checkpoint(tiny_checkpoint)[1], CPU), GpuOnDemand)
    on_zerogpu = make_runner(load_checkpoint(tiny_checkpoint)[1], CUDA)
    assert isinstance(on_zerogpu, GpuOnDemand), "though this machine has no GPU at all"
    monkeypatch.setattr(zerogpu, "spaces", None)
    assert zerogpu.with_zerogpu(abs) is abs


@pytest.mark.parametrize(
    "task", ["labels2photo", "photo2labels", "colorize", "image2image", "restore"]
)
def test_every_pipeline_leaves_the_gpu_alone_until_it_needs_it(
    task: str, spaces: Spaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = checkpoint_config(Recipe(task, **TINY))  # type: ignore[arg-type]
    save_checkpoint(tmp_path / task, config, Model(config), "")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    pipeline = load_any(tmp_path / task, "auto")
    assert isinstance(pipeline._runner, GpuOnDemand)
