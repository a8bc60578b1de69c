"""CPU latency of our generator in each engine, compared with the paper's U-Net and a lower bound.

    python benchmarks/draw.py [--checkpoint X] [--rounds 20] [--compile] [--json FILE]

All cases alternate in one process: the paper's U-Net-256 in eager fp32, and our generator at 256
and 512 pixels in eager torch, torch as configured by the app, ONNX Runtime and OpenVINO if
installed, and with --compile in torch.compile, which takes a minute to start. The lower bound
("floor") is the time of a large matrix product with the same number of operations.

Torch and OpenVINO run in fp32 and, if the hardware supports it, in bf16, even if the network is not
served in bf16. For each precision, the last lines compare the faster engine with the one that
`--engine auto` selects on this processor.
"""

import argparse
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pix2pix.checkpoint import load_checkpoint  # noqa: E402
from pix2pix.cli.export import to_onnx  # noqa: E402
from pix2pix.config import GeneratorConfig  # noqa: E402
from pix2pix.hub import resolve  # noqa: E402
from pix2pix.inference.backends import (  # noqa: E402
    OpenVinoBackend,
    TorchBackend,
    choose_kind,
    fold_resize_convs,
)
from pix2pix.labels.facade_builder import build_facade  # noqa: E402
from pix2pix.labels.facade_presets import make_random_plan  # noqa: E402
from pix2pix.models import Generator, UNet  # noqa: E402
from pix2pix.models.tensors import encode_labels  # noqa: E402
from pix2pix.runtime.device import has_amx, has_fast_bf16  # noqa: E402

SIDES = (256, 512)
CPU = torch.device("cpu")
REST_S = 0.1  # time for the worker threads of the previous engine to stop spinning
Run = Callable[[torch.Tensor, torch.Tensor], object]


def paper() -> Run:
    """The facades generator of Isola et al. (2017), section 6.1, with label maps as input."""
    network = UNet(GeneratorConfig(in_channels=12, out_channels=3, ngf=64, depth=8, dropout=0.5))
    network = network.eval().requires_grad_(False)
    return lambda x, style: network(x)


def ours(folder: Path) -> dict[str, Run]:
    """The checkpoint's generator in each engine, by name; each loads its own copy."""

    def load() -> Generator:
        return load_checkpoint(folder)[1].generator

    runs: dict[str, Run] = {"torch eager": load()}
    has_openvino = importlib.util.find_spec("openvino") is not None
    for bf16 in (False, True) if has_fast_bf16(CPU) else (False,):
        network = load()
        network.needs_fp32 = network.needs_fp32 and not bf16  # only the timing matters here
        runs[f"torch {named(bf16)}"] = TorchBackend(network, CPU, bf16)
        if has_openvino:
            network = load()
            network.needs_fp32 = network.needs_fp32 and not bf16
            runs[f"openvino {named(bf16)}"] = OpenVinoBackend(network, bf16)
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        runs["onnxruntime"] = onnx_session(folder)
    return runs


def named(bf16: bool) -> str:
    return "bf16" if bf16 else "fp32"


def onnx_session(folder: Path) -> Run:
    import onnxruntime

    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(to_onnx(*load_checkpoint(folder)))
        file.flush()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(
            file.name, options, providers=["CPUExecutionProvider"]
        )
    names = [given.name for given in session.get_inputs()]
    return lambda x, style: session.run(
        None, {name: tensor.numpy() for name, tensor in zip(names, (x, style))}
    )


def compiled(folder: Path, x: torch.Tensor, style: torch.Tensor) -> tuple[Run, float]:
    """The compiled generator and the seconds until its first result."""
    start = time.perf_counter()
    generator = load_checkpoint(folder)[1].generator
    fold_resize_convs(generator)
    run: Run = torch.compile(generator)
    run(x, style)
    return run, time.perf_counter() - start


def flops(network: Generator, x: torch.Tensor, style: torch.Tensor) -> int:
    """The FLOPs of one forward pass."""
    with FlopCounterMode(display=False) as counter:
        network(x, style)
    return int(counter.get_total_flops())


def floor_seconds(amount: float) -> float:
    """The time in seconds of a large matrix product with this number of FLOPs."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    return min(times) * amount / (2 * 1024**3)


@torch.inference_mode()
def measure(folder: Path, side: int, rounds: int, with_compile: bool) -> dict[str, float]:
    """Median milliseconds of each case, by name."""
    style_dim = load_checkpoint(folder)[0].generator.style_dim
    x = encode_labels(build_facade(make_random_plan(1), side)[None], 12)
    style = torch.randn(1, style_dim, generator=torch.Generator().manual_seed(0))
    runs = {"U-Net-256, eager": paper(), **ours(folder)}
    report: dict[str, float] = {}
    if with_compile:
        runs["torch.compile"], report["torch.compile starts in"] = compiled(folder, x, style)
        report["torch.compile starts in"] *= 1000
    bare = load_checkpoint(folder)[1].generator
    fold_resize_convs(bare)
    amount = flops(bare, x, style)
    times: dict[str, list[float]] = {name: [] for name in (*runs, "floor")}
    for number in range(rounds + 2):
        for name, run in runs.items():
            time.sleep(REST_S)
            start = time.perf_counter()
            run(x, style)
            if number > 1:  # warm-up
                times[name].append(time.perf_counter() - start)
        if number > 1:
            times["floor"].append(floor_seconds(amount))
    report |= {name: float(np.median(found)) * 1000 for name, found in times.items()}
    return {"GFLOP": amount / 1e9, **report}


def print_table(side: int, report: dict[str, float]) -> None:
    paper_time, floor = report["U-Net-256, eager"], report["floor"]
    print(f"\n{side}x{side}, {report['GFLOP']:.2f} GFLOP, {torch.get_num_threads()} threads")
    print(f"{'':26}{'ms':>9}{'U-Net / it':>12}{'it / floor':>12}")
    for name, milliseconds in report.items():
        if name not in ("GFLOP", "torch.compile starts in"):
            ratios = f"{paper_time / milliseconds:12.2f}{milliseconds / floor:12.2f}"
            print(f"{name:26}{milliseconds:9.1f}{ratios}")
    if "torch.compile starts in" in report:
        print(f"torch.compile starts in {report['torch.compile starts in'] / 1000:.0f} s")
    print_choice(report)


def print_choice(report: dict[str, float]) -> None:
    """Prints whether `--engine auto` selects the faster engine on this processor."""
    for bf16 in (False, True):
        times = {
            kind: report[name]
            for kind in ("torch", "openvino")
            if (name := f"{kind} {named(bf16)}") in report
        }
        if len(times) == 2:
            chosen, _ = choose_kind(bf16, CPU, has_openvino=True)
            faster = min(times, key=lambda kind: times[kind])
            print(
                f"{named(bf16)}: auto takes {chosen}, {faster} is faster "
                f"({', '.join(f'{kind} {ms:.0f} ms' for kind, ms in times.items())}; "
                f"{'AMX' if has_amx() else 'no AMX'})"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", default=ROOT / "checkpoints" / "facades")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--compile", action="store_true", help="also measure torch.compile")
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    args = parser.parse_args()
    folder = Path(resolve(args.checkpoint))
    reports = {}
    for side in SIDES:
        reports[side] = measure(folder, side, args.rounds, args.compile)
        print_table(side, reports[side])
    text = json.dumps({str(side): report for side, report in reports.items()})
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
