"""Every engine in every precision gives the picture of float32.

Each precision is forced, so that a machine without bf16 stands for all. Where the networks have
instance norm this is hard: on an even drawing rounding is all that deviates, and is amplified.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from helpers.forked import Forker
from PIL import Image
from torch import Tensor

from benchmarks.cat_scribbles import scarce_sheets, scribbles
from benchmarks.hard_drawings import filled, hard_drawings
from pix2pix.checkpoint import Model, load_checkpoint
from pix2pix.cli.export import to_onnx
from pix2pix.inference import load_colorizer, load_tracer, load_translator
from pix2pix.inference.backends import TorchBackend, make_backend, openvino_backend, selection
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.labels.facade_builder import CLASS_IDS, build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.models import Generator, InstanceNorm
from pix2pix.models.tensors import encode_labels
from pix2pix.runtime.device import full_precision
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FACADES = ROOT / "checkpoints" / "facades"
CPU = torch.device("cpu")
BOUND = 3  # of 255
WORST = ("bare window", "bare background", "bare molding", "bare pillar", "one window")

Run = Callable[[Tensor, Tensor], Tensor]


def drawings(size: int = 256) -> dict[str, np.ndarray]:
    window = filled(size, "facade")
    window[100:140, 100:130] = CLASS_IDS["window"]
    bare = {f"bare {name}": filled(size, name) for name in CLASS_IDS}
    houses = {plan.name: build_facade(plan, size) for plan in PRESETS[:3]}
    named = {**bare, "one window": window, **houses, **hard_drawings(size)}
    distinct = {(map_.shape, map_.tobytes()): name for name, map_ in reversed(named.items())}
    return {name: named[name] for name in distinct.values()}


def generator() -> Generator:
    return load_checkpoint(FACADES)[1].generator.requires_grad_(False)


@pytest.fixture(scope="module")
def style() -> Tensor:
    config, _ = load_checkpoint(FACADES)
    return torch.tensor([next(iter(config.styles.values()))])


@pytest.fixture(scope="module")
def plain(style: Tensor) -> Iterator[Callable[[np.ndarray], Tensor]]:
    """What the network as it was loaded gives, in float32; each drawing is painted once."""
    network, known = generator(), {}

    def paint(label_map: np.ndarray) -> Tensor:
        key = (label_map.shape, label_map.tobytes())
        if key not in known:
            known[key] = network(encode_labels(label_map[None], 12), style)
        return known[key]

    yield paint


@pytest.fixture
def bf16_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    """What picks a precision believes that the processor multiplies bf16."""
    monkeypatch.setattr(selection, "has_fast_bf16", lambda device: True)


def onnx_run(fp16: bool) -> Run:
    content = to_onnx(*load_checkpoint(FACADES), fp16)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def run(x: Tensor, style: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"input": x.numpy(), "style": style.numpy()})[0])

    return run


def autocast_run(dtype: torch.dtype) -> Run:
    engine = TorchBackend(generator(), CPU)

    def run(x: Tensor, style: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype):
            return engine(x, style)

    return run


def make_run(name: str) -> Run:
    if "openvino" in name:
        pytest.importorskip("openvino")
    if name == "onnx" or name == "onnx fp16":
        return onnx_run(name == "onnx fp16")
    if name == "torch fp16":
        return autocast_run(torch.float16)
    if name == "torch bf16 outside":
        return autocast_run(torch.bfloat16)
    return make_backend(name, generator(), CPU)


def distance(found: Tensor, expected: Tensor) -> float:
    """The largest of any pixel, of 255."""
    return float((found - expected).abs().max()) * 127.5


@pytest.mark.parametrize("name", ["torch", "openvino", "onnx fp16"])
def test_each_hard_drawing_is_painted_as_in_float32(
    name: str, plain: Callable[[np.ndarray], Tensor], style: Tensor, bf16_hardware: None
) -> None:
    run = make_run(name)
    off = {
        drawing: distance(run(encode_labels(label_map[None], 12), style), plain(label_map))
        for drawing, label_map in drawings().items()
    }
    assert len(off) >= 20
    assert max(off.values()) < BOUND, off


@pytest.mark.parametrize("name", ["torch bf16 outside", "torch fp16", "onnx"])
def test_the_worst_drawings_are_painted_as_in_float32(
    name: str, plain: Callable[[np.ndarray], Tensor], style: Tensor
) -> None:
    run, maps = make_run(name), drawings()
    for drawing in WORST:
        x = encode_labels(maps[drawing][None], 12)
        assert distance(run(x, style), plain(maps[drawing])) < BOUND, drawing


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_larger_drawings_are_painted_as_in_float32(
    kind: str, plain: Callable[[np.ndarray], Tensor], style: Tensor, bf16_hardware: None
) -> None:
    run = make_run(kind)
    for label_map in (filled(512, "facade"), filled(512, "window")):
        assert distance(run(encode_labels(label_map[None], 12), style), plain(label_map)) < BOUND


def test_without_the_guard_low_precision_is_seen(
    plain: Callable[[np.ndarray], Tensor], style: Tensor
) -> None:
    """The tests above would be worth nothing where the precision is not really forced."""
    network = generator()
    network.needs_fp32 = False
    house = build_facade(PRESETS[0], 256)
    for dtype, least in ((torch.bfloat16, 1), (torch.float16, 0.1)):
        with torch.autocast("cpu", dtype):
            found = network(encode_labels(house[None], 12), style).float()
        assert distance(found, plain(house)) > least


@pytest.mark.parametrize("isa", ["SSE41", "AVX2", "DEFAULT"])
def test_the_instructions_of_the_processor_do_not_matter(
    isa: str,
    tmp_path: Path,
    plain: Callable[[np.ndarray], Tensor],
    style: Tensor,
    forker: Forker,
) -> None:
    """oneDNN, which torch computes with, is held to older instructions than the machine has."""
    arguments = [str(FACADES), CLASS_IDS["window"], style.tolist(), str(tmp_path / "found.npy")]
    environment = {"ONEDNN_MAX_CPU_ISA": isa}
    process = forker.start("painting:paint_even", arguments, tmp_path / "said", environment)
    assert forker.wait(process) == 0, (tmp_path / "said").read_text()
    found = torch.from_numpy(np.load(tmp_path / "found.npy"))
    assert distance(found, plain(filled(256, "window"))) < BOUND


# ---- networks of random weights ----------------------------------------------------------


def make_network(norm: str) -> Generator:
    torch.manual_seed(0)
    recipe = Recipe("image2image", size=32, ngf=8, depth=3, max_channels=16, norm=norm)
    return Model(checkpoint_config(recipe)).generator.eval().requires_grad_(False)


@pytest.mark.parametrize(("norm", "needs"), [("instance", True), ("batch", False)])
def test_it_is_instance_norm_that_keeps_a_network_in_float32(norm: str, needs: bool) -> None:
    network, x = make_network(norm), torch.rand(1, 3, 32, 32)
    assert network.needs_fp32 == needs
    exact = network(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert network(x).equal(exact) == needs
    network.train()
    with torch.autocast("cpu", torch.bfloat16):
        assert network.logits(x).dtype == torch.bfloat16, "training is as fast as before"


def test_instance_norm_has_statistics_in_float32_in_training_too() -> None:
    torch.manual_seed(0)
    norm = InstanceNorm(4, 1e-5)
    even = 100 + torch.rand(2, 4, 16, 16)  # bf16 knows every half from 64 to 128
    x = even.bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        found = norm(x)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), norm(x.float()), atol=0.02, rtol=0.01)
    found.sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()


def test_convolutions_are_not_in_tf32_where_float32_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CUDA computes float32 convolutions with the precision of float16 by default."""

    def in_tf32() -> bool:
        cudnn = torch.backends.cudnn
        return cudnn.conv.fp32_precision == "tf32" if hasattr(cudnn, "conv") else cudnn.allow_tf32

    before = in_tf32()
    with contextlib.suppress(ZeroDivisionError), full_precision(torch.device("cuda")):
        assert not in_tf32()
        raise ZeroDivisionError
    assert in_tf32() == before


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_openvino_has_the_precision_that_was_chosen_for_it(norm: str, bf16_hardware: None) -> None:
    openvino = pytest.importorskip("openvino")
    engine: Any = make_backend("openvino", make_network(norm), CPU)
    engine(torch.rand(1, 3, 32, 32), None)
    (request,) = engine._requests.values()
    compiled = request.get_compiled_model()
    can = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    expected = openvino.Type.bf16 if can and norm == "batch" else openvino.Type.f32
    assert compiled.get_property("INFERENCE_PRECISION_HINT") == expected


def test_bf16_is_asked_of_openvino_for_networks_that_allow_it(
    monkeypatch: pytest.MonkeyPatch, bf16_hardware: None
) -> None:
    pytest.importorskip("openvino")
    asked = []

    def note(onnx_model: bytes, bf16: bool, shape: object) -> Any:
        asked.append(bf16)
        raise StopIteration

    monkeypatch.setattr(openvino_backend, "compile_request", note)
    for norm in ("batch", "instance"):
        with pytest.raises(StopIteration):
            make_backend("openvino", make_network(norm), CPU)(torch.rand(1, 3, 32, 32), None)
    assert asked == [True, False]


# ---- the checkpoints with batch norm, which may be served in bf16 --------------------------


def test_the_colours_in_bf16_are_those_of_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = Image.open(ROOT / "checkpoints" / "colorize" / "old-photos.jpg").convert("L")
    photo = photo.crop((0, 0, 320, 240))
    monkeypatch.setattr(selection, "has_fast_bf16", lambda device: False)
    exact = load_colorizer(ROOT / "checkpoints" / "colorize", "cpu").colorize(photo)
    monkeypatch.setattr(selection, "has_fast_bf16", lambda device: True)
    found = load_colorizer(ROOT / "checkpoints" / "colorize", "cpu").colorize(photo)
    off = np.abs(np.asarray(found, int) - np.asarray(exact, int))
    assert 0 < off.max() <= 6 and off.mean() < 0.5


def test_the_classes_in_bf16_are_those_of_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = Image.open(ROOT / "checkpoints" / "facades" / "samples.jpg").convert("RGB")
    photo = photo.crop((0, 0, 400, 300))
    monkeypatch.setattr(selection, "has_fast_bf16", lambda device: False)
    exact = load_tracer(ROOT / "checkpoints" / "trace", "cpu").trace(photo)
    monkeypatch.setattr(selection, "has_fast_bf16", lambda device: True)
    found = load_tracer(ROOT / "checkpoints" / "trace", "cpu").trace(photo)
    assert 0.97 < (found == exact).mean() < 1


def test_the_cats_in_bf16_are_those_of_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for bf16 in (False, True):
        monkeypatch.setattr(selection, "has_fast_bf16", lambda device, bf16=bf16: bf16)
        drawer = LineDrawer(load_translator(ROOT / "checkpoints" / "cats", "cpu"))
        sheets = [*scarce_sheets().values(), *(sheet for _, sheet in scribbles()[::10])]
        found.append(np.stack([drawer.draw(sheet) for sheet in sheets]).astype(int))
    exact, rounded = found
    off = np.abs(rounded - exact).reshape(len(exact), -1)
    assert 0 < off.max() <= 6 and off.mean(1).max() < 1.5
    assert np.mean(off <= BOUND) > 0.999


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_results_of_16_bits_are_computed_in_float32(kind: str, bf16_hardware: None) -> None:
    if kind == "openvino":
        pytest.importorskip("openvino")
    recipe = Recipe("image2image", size=32, ngf=8, depth=3, max_channels=16, norm="batch")
    config = checkpoint_config(recipe)
    deep = replace(config, output_dtype="int16", output_range=(-1024.0, 3071.0))
    torch.manual_seed(0)
    network, x = Model(deep).generator.eval().requires_grad_(False), torch.rand(1, 3, 32, 32)
    assert not Model(config).generator.needs_fp32
    torch.testing.assert_close(
        make_backend(kind, network, CPU)(x, None), network(x), atol=1e-4, rtol=0
    )
