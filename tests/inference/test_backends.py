"""What runs a generator gives the same picture, and can be stopped."""

import contextlib
import ctypes
import dataclasses
import functools
import itertools
import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.forked import Programs
from helpers.networks import CPU, DRAWING, RECIPES, inputs, make_model

from pix2pix.inference.backends import (
    ENGINES,
    InferenceCancelledError,
    OpenVinoBackend,
    TorchBackend,
    make_backend,
    selection,
)
from pix2pix.inference.runner import Runner

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
@pytest.mark.parametrize("kind", ENGINES[1:])
def test_an_engine_gives_what_the_model_gives_for_any_size(
    name: str, kind: str, bf16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bf16 where the network allows it, also on hardware that has to emulate it."""
    if kind == "openvino":
        pytest.importorskip("openvino")
    monkeypatch.setattr(selection, "has_fast_bf16", lambda device: bf16)
    recipe = RECIPES[name]
    engine = make_backend(kind, make_model(recipe).generator, CPU)
    generator = make_model(recipe).generator
    wide = recipe.generator().multiple * 3
    for shape in ((1, 32, 32), (2, 64, wide), (1, wide, 96)):
        x, style = inputs(recipe, shape)
        expected = generator(x, style)
        tolerance = 0.05 if bf16 and recipe.norm == "batch" else 1e-4
        torch.testing.assert_close(engine(x, style), expected, rtol=tolerance, atol=tolerance)


def test_an_answer_stays_as_it_is_when_the_next_comes() -> None:
    pytest.importorskip("openvino")
    engine = OpenVinoBackend(make_model(DRAWING).generator)
    x, style = inputs(DRAWING, (1, 32, 32))
    first = engine(x, style)
    kept = first.clone()
    engine(-x, style)
    assert first.equal(kept)


@pytest.mark.parametrize(
    ("recipe", "bf16", "amx", "words"),
    [
        ("drawing", False, False, "openvino on cpu in fp32 (faster in fp32; no bf16"),
        ("drawing", True, False, "openvino on cpu in fp32 (faster in fp32; the network needs"),
        ("drawing", True, True, "openvino on cpu in fp32 (faster in fp32; the network needs"),
        ("colorize", False, False, "openvino on cpu in fp32 (faster in fp32; no bf16"),
        ("colorize", True, False, "openvino on cpu in bf16 (faster in bf16 without AMX; bf16"),
        ("colorize", True, True, "torch on cpu in bf16 (faster in bf16 with AMX; bf16"),
    ],
)
def test_auto_is_the_faster_engine_of_the_processor_and_is_logged(
    recipe: str,
    bf16: bool,
    amx: bool,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(selection, "has_fast_bf16", lambda device: bf16)
    monkeypatch.setattr(selection, "has_amx", lambda: amx)
    with caplog.at_level(logging.INFO, "pix2pix"):
        engine = make_backend("auto", make_model(RECIPES[recipe]).generator, CPU)
    assert isinstance(engine, TorchBackend if words.startswith("torch") else OpenVinoBackend)
    assert caplog.messages[-1].startswith(f"engine: {words}")
    for kind, expected in (("torch", TorchBackend), ("openvino", OpenVinoBackend)):
        assert isinstance(make_backend(kind, make_model(DRAWING).generator, CPU), expected)


def test_auto_is_torch_where_openvino_cannot_be() -> None:
    engine = make_backend("auto", make_model(DRAWING).generator, torch.device("meta"))
    assert isinstance(engine, TorchBackend)


def test_an_engine_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(ValueError, match="one of auto, torch, openvino, got 'tpu'"):
        make_backend("tpu", make_model(DRAWING).generator, CPU)
    with pytest.raises(ValueError, match=r"runs on the CPU .* got device meta"):
        make_backend("openvino", make_model(DRAWING).generator, torch.device("meta"))


def count_ends(engine: Any, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Grows with each run that comes to its end."""
    ended: list[bool] = []
    if isinstance(engine, TorchBackend):
        engine._generator.final.register_forward_hook(lambda *_: ended.append(True))
        return ended
    ((key, request),) = engine._requests.items()

    class Watched:
        def __getattr__(self, name: str) -> Any:
            if name == "get_output_tensor":
                ended.append(True)
            return getattr(request, name)

    monkeypatch.setitem(engine._requests, key, Watched())
    return ended


@pytest.mark.parametrize("kind", ENGINES[1:])
def test_a_run_that_nobody_waits_for_stops_and_the_next_is_whole(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "openvino":
        pytest.importorskip("openvino")
    large = dataclasses.replace(DRAWING, ngf=32, max_channels=64)
    runner = Runner(make_model(large), CPU, kind, live_shape=(384, 384))
    x, style = inputs(large, (1, 384, 384))
    whole = runner(x, style)
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) > 2

    ended = count_ends(runner._backend, monkeypatch)
    with pytest.raises(InferenceCancelledError):
        runner(x, style, stop)
    assert len(asked) == 3, "the first yes is enough"
    assert not ended, "the last layer was never come to"
    np.testing.assert_allclose(runner(x, style).numpy(), whole.numpy(), atol=1e-4)


def test_after_a_run_that_was_stopped_those_of_the_size_before_are_whole_too() -> None:
    pytest.importorskip("openvino")
    large = dataclasses.replace(DRAWING, ngf=32, max_channels=64)
    runner = Runner(make_model(large), CPU, "openvino", live_shape=(384, 384))
    x, style = inputs(large, (1, 384, 384))
    small = x[..., :256, :256]
    whole, small_whole = runner(x, style), runner(small, style)
    assert runner(small, style, lambda: False).equal(small_whole), "runs of other shapes go on"
    for patience in (1, 3, 6, 10):
        polls = itertools.count()
        stop = functools.partial(lambda polls, last: next(polls) >= last, polls, patience)
        with contextlib.suppress(InferenceCancelledError):
            runner(x, style, stop)
        np.testing.assert_allclose(runner(small, style).numpy(), small_whole.numpy(), atol=1e-4)
    np.testing.assert_allclose(runner(x, style).numpy(), whole.numpy(), atol=1e-4)


def test_networks_run_one_at_a_time_and_one_that_is_late_is_not_begun() -> None:
    runner = Runner(make_model(DRAWING), CPU)
    x, style = inputs(DRAWING, (1, 32, 32))
    held, done = threading.Event(), threading.Event()

    def hold() -> bool:
        held.set()
        done.wait(120)
        return False

    first = threading.Thread(target=lambda: runner(x, style, hold))
    first.start()
    held.wait(120)
    refused = []

    def late() -> None:
        try:
            runner(x, style, lambda: True)
        except InferenceCancelledError:
            refused.append(True)

    second = threading.Thread(target=late)
    second.start()
    second.join(0.2)
    assert second.is_alive() and not refused
    done.set()
    first.join(120)
    second.join(120)
    assert refused


# Two models are freed in the order of the argument; signals come after each
SIGNALLED = """
import gc, os, signal, sys
sys.path[:0] = ["tests"]
from helpers.networks import CPU, DRAWING, inputs, make_model
from pix2pix.inference.backends import make_backend

x, style = inputs(DRAWING, (1, 32, 32))
models = [make_backend("openvino", make_model(DRAWING).generator, CPU) for _ in range(2)]
for model in models:
    model(x, style)
del model
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, _: print(signal.Signals(number).name, flush=True))
for place in sys.argv[1]:
    models[int(place)] = None
    gc.collect()
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
print("alive", flush=True)
"""


@pytest.mark.parametrize("order", ["01", "10"])
def test_a_signal_is_handled_whichever_of_two_models_was_freed_first(
    programs: Programs, tmp_path: Path, order: str
) -> None:
    """OpenVINO once left the main thread with a signal stack that was gone: exit status 139."""
    pytest.importorskip("openvino")
    done = programs.run(["-c", SIGNALLED, order], tmp_path / "said.txt")
    assert (done.returncode, done.stdout.split()) == (0, ["SIGTERM", "SIGINT"] * 2 + ["alive"])


def test_no_thread_of_ours_is_given_a_signal_stack() -> None:
    """Neither by a model that is compiled and run, nor by one that is freed."""
    pytest.importorskip("openvino")
    x, style = inputs(DRAWING, (1, 32, 32))
    before = signal_stack()
    engine = make_backend("openvino", make_model(DRAWING).generator, CPU)
    engine(x, style)
    assert signal_stack() == before
    del engine
    assert signal_stack() == before


def signal_stack() -> int | None:
    """Where the alternate signal stack of this thread lies (sigaltstack(2)); None without any."""

    class Stack(ctypes.Structure):
        _fields_ = (("at", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))

    stack = Stack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack)) == 0
    return stack.at  # type: ignore[no-any-return]
