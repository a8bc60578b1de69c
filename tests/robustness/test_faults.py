"""What goes wrong while it serves: the GPU is full, the model fails, the host stops it."""

import signal
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from helpers.forked import Forker
from helpers.models import colors, save_models, street
from helpers.routes import draw, post
from helpers.running import app_arguments, running_app, save_app_models
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from torch import Tensor

from pix2pix.app.errors import show_notices
from pix2pix.checkpoint import Model, load_checkpoint
from pix2pix.inference import load_any
from pix2pix.inference.backends import Stop
from pix2pix.inference.oom_fallback import NOTICE, OomFallback
from pix2pix.inference.runner import Runner
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.models import Style
from pix2pix.runtime.user_warnings import collect_notices, notify

CUDA, CPU = torch.device("cuda"), torch.device("cpu")
WALL = np.ones((256, 256), np.uint8)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return save_models(tmp_path_factory.mktemp("models"))


# ---- the GPU is full ---------------------------------------------------------------------


def make_full(model: Model, device: torch.device, engine: str, live_shape: object) -> Runner:
    """Stands in for a runner on a GPU that has no memory left."""

    class Full(Runner):
        def __call__(self, x: Tensor, style: Style | None, stop: Stop = None) -> Tensor:
            if device == CUDA:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return super().__call__(x, style, stop)

    return Full(model, CPU)


def test_where_the_gpu_is_full_the_cpu_gives_the_same_and_says_so(models: dict[str, Path]) -> None:
    config, model = load_checkpoint(models["roads"])
    x, style = torch.rand(1, 4, 64, 64), torch.zeros(1, config.generator.style_dim)
    expected = Runner(load_checkpoint(models["roads"])[1], CPU)(x, style)
    with collect_notices() as notices:
        torch.testing.assert_close(OomFallback(model, CUDA, make=make_full)(x, style), expected)
    assert notices == [NOTICE]


def test_once_there_is_room_the_gpu_is_used_again(models: dict[str, Path]) -> None:
    is_full = True

    def make(model: Model, device: torch.device, engine: str, live_shape: object) -> Runner:
        class Device(Runner):
            def __call__(self, x: Tensor, style: Style | None, stop: Stop = None) -> Tensor:
                if is_full and device == CUDA:
                    raise torch.OutOfMemoryError
                return x + (device == CUDA)

        return Device(model, CPU)

    run = OomFallback(load_checkpoint(models["roads"])[1], CUDA, make=make)
    with collect_notices() as notices:
        assert run(torch.zeros(1), None) == 0
        is_full = False
        assert run(torch.zeros(1), None) == 1
    assert len(notices) == 1


def test_a_cpu_without_memory_says_what_it_is(models: dict[str, Path]) -> None:
    def make(model: Model, device: torch.device, engine: str, live_shape: object) -> Runner:
        class Full(Runner):
            def __call__(self, x: Tensor, style: Style | None, stop: Stop = None) -> Tensor:
                raise torch.OutOfMemoryError

        return Full(model, device)

    with pytest.raises(torch.OutOfMemoryError):
        OomFallback(load_checkpoint(models["roads"])[1], CPU, make=make)(torch.zeros(1), None)


def test_on_a_cpu_the_weights_are_kept_by_the_engine_alone(models: dict[str, Path]) -> None:
    model = load_checkpoint(models["roads"])[1]
    known = weakref.ref(model)
    run = OomFallback(
        model, CPU, make=lambda model, device, engine, shape: lambda x, style, stop: x
    )
    del model
    assert known() is None
    assert run(torch.ones(1), None) == 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_that_is_really_full_is_survived(models: dict[str, Path]) -> None:
    model = load_any(models["aerial"], "cuda")
    expected = np.asarray(model.translate(colors()), int)  # type: ignore[union-attr]
    torch.cuda.set_per_process_memory_fraction(1e-9)
    torch.cuda.empty_cache()
    try:
        with collect_notices() as notices:
            made = np.asarray(model.translate(colors()), int)  # type: ignore[union-attr]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert notices == [NOTICE]
    assert abs(made - expected).mean() < 2


def test_every_task_stands_fast(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OomFallback.__init__, "__defaults__", ("torch", make_full, None))
    monkeypatch.setattr("pix2pix.inference.loading.choose_device", lambda name: CUDA)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    for name in ("roads", "edges", "aerial", "segments", "grey", "scratched"):
        model = load_any(models[name])
        with collect_notices() as notices:
            if hasattr(model, "draw"):
                model.draw(street())
            elif hasattr(model, "trace"):
                model.trace(colors())
            elif hasattr(model, "translate"):
                model.translate(colors())
            elif hasattr(model, "restore"):
                model.restore(colors())
            else:
                model.colorize(colors())
        assert notices == [NOTICE], name


def test_a_notice_is_shown_beside_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("gradio.Warning", lambda text, **_: shown.append(text))
    with collect_notices() as notices:
        notify("It took <long>.")
        notify("It took <long>.")
    show_notices(notices)
    assert shown == ["It took \u2039long\u203a."]


# ---- the model fails ---------------------------------------------------------------------


def test_after_a_failure_the_next_call_works(upload_folder: Path) -> None:
    class Shaky(PaletteDrawer):
        calls = 0

        def draw(self, label_map: np.ndarray, *more: Any) -> np.ndarray:
            self.calls += 1
            if self.calls in (2, 4):
                raise RuntimeError("secret path /home/x")
            return super().draw(label_map, *more)

    for url in serve(Shaky(), SepiaColorizer()):
        for _ in range(2):
            failed = post(url, "draw", "draw", {"ids": pack_ids(WALL)})
            assert failed.status_code == 500
            assert "could not finish this (RuntimeError)" in failed.json()["error"]
            assert "secret" not in failed.text
            np.testing.assert_array_equal(draw(url, WALL), PaletteDrawer().draw(WALL))


# ---- the host stops it -------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_runs_is_finished_and_then_the_server_goes(
    tmp_path: Path, forker: Forker, number: signal.Signals
) -> None:
    models = save_app_models(tmp_path / "models")
    big = tmp_path / "big.png"
    colors(1800, 1200).save(big)  # takes a fifth of a second or so: the server waits for 5
    with running_app(tmp_path, app_arguments(models), forker) as app:
        client = Client(app.url, verbose=False, download_files=False)
        listener = httpx.Client(timeout=120)  # a page that stays open does not keep it
        stream = listener.build_request("GET", f"{app.url}gradio_api/heartbeat/page")
        listener.send(stream, stream=True)
        job = client.submit(handle_file(big), api_name="/aerial")
        while "PROCESSING" not in str(job.status().code) and not job.done():
            time.sleep(0.02)
        app.process.send_signal(number)
        drawing = {"ids": pack_ids(np.ones((64, 64), np.uint8))}
        late: list[int] = []

        def come_late() -> None:
            """As often as it takes until the server is heard to be leaving."""
            while late[-1:] in ([], [200]):
                try:
                    late.append(post(app.url, "draw", "draw", drawing).status_code)
                except httpx.TransportError:
                    late.append(503)

        thread = threading.Thread(target=come_late)
        thread.start()
        assert job.result(timeout=120)["orig_name"] == "big.png", "what ran was finished"
        assert app.process.wait(120) == 0, "0: it did not have to be cut short"
        thread.join()
        assert late[-1] == 503
        assert "Traceback" not in app.said(), app.said()
