"""Speed of drawing, colouring and training on an NVIDIA GPU, with the CPU beside it.

    python benchmarks/gpu.py [--quick] [--device auto|cpu|cuda] [--minutes 6] [--json FILE]

*Drawing* and *colouring* at batch 1, in milliseconds from tensors on the CPU to tensors on the CPU:
our generator eager, in channels-last layout, in bf16 and fp16 autocast, by torch.compile, by CUDA
graphs, and as the app runs it; and the paper's U-Net-256 in the same process. *Training*: images
per second of a recipe, and the share of a step that the GPU waits for data: the time above that
of the same steps with a batch that is already there. *Agreement*: drawings that amplify rounding
errors, in each precision, against fp32 on the CPU. Then the tests marked `gpu`, if pytest is there.

All data are synthetic. Without a GPU everything that a CPU can do is measured, and the last lines
name what was left out. --quick takes small sizes, few rounds and networks with few channels.
Parts that would begin after --minutes are left out. Needs torch, OpenCV, safetensors, tqdm, NumPy
and Pillow only.
"""

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from benchmarks.hard_drawings import filled, hard_drawings  # noqa: E402
from benchmarks.synthetic_data import write_for  # noqa: E402
from pix2pix.checkpoint import load_checkpoint  # noqa: E402
from pix2pix.config import GeneratorConfig  # noqa: E402
from pix2pix.data.device_batches import augment_on  # noqa: E402
from pix2pix.data.factory import open_datasets  # noqa: E402
from pix2pix.data.loader import (  # noqa: E402
    BatchPlan,
    Loadable,
    count_workers,
    iterate_batches,
)
from pix2pix.inference.backends import TorchBackend, fold_resize_convs  # noqa: E402
from pix2pix.labels.facade_builder import CLASS_IDS, build_facade  # noqa: E402
from pix2pix.labels.facade_presets import make_random_plan  # noqa: E402
from pix2pix.models import Generator, UNet, efficientnet  # noqa: E402
from pix2pix.models.tensors import encode_labels  # noqa: E402
from pix2pix.runtime.device import choose_device, has_fast_bf16  # noqa: E402
from pix2pix.training import gan, pretrained  # noqa: E402
from pix2pix.training.recipe import load_recipe  # noqa: E402
from pix2pix.training.train_step import Trainer  # noqa: E402

CHECKPOINTS = ROOT / "checkpoints"
RECIPES = {"paper": 1, "facades": 4, "colorize": 16, "cats": 8}  # and batch sizes
SMALL = {"ngf": 4, "ndf": 4, "max_channels": 16}  # for --quick
GPU_TESTS = (
    "tests/inference/test_gpu_agreement.py",
    "tests/inference/test_cuda_graphs.py",
    "tests/data/test_device_batches.py",
    "tests/robustness/test_faults.py",
)
Run = Callable[[Tensor, Tensor | None], Tensor]


class Report:
    """Figures by part and case, what was left out, and the time that is left."""

    def __init__(self, device: torch.device, minutes: float) -> None:
        self.device, self.parts, self.left_out = device, dict[str, Any](), list[str]()
        self._end = time.monotonic() + 60 * minutes

    def has_time(self, part: str) -> bool:
        if time.monotonic() < self._end:
            return True
        self.left_out.append(f"{part}: no time left (--minutes)")
        return False

    def add(self, part: str, case: str, **figures: float) -> None:
        self.parts.setdefault(part, {})[case] = figures
        words = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"{part:20} {case:24} {words}", flush=True)


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_mib(device: torch.device) -> dict[str, float]:
    if device.type != "cuda":
        return {}
    return {"MiB": torch.cuda.max_memory_allocated(device) / 2**20}


def median_ms(run: Run, x: Tensor, style: Tensor | None, rounds: int) -> float:
    times = []
    for number in range(rounds + 3):
        start = time.perf_counter()
        run(x, style)  # returns tensors on the CPU: has waited
        if number > 2:
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def load(name: str) -> Generator:
    return load_checkpoint(CHECKPOINTS / name)[1].generator.requires_grad_(False).eval()


def moved(generator: torch.nn.Module, device: torch.device, autocast: torch.dtype | None) -> Run:
    """Calls of the generator, from tensors on the CPU to tensors on the CPU."""

    def run(x: Tensor, style: Tensor | None) -> Tensor:
        own = x.to(device), None if style is None else style.to(device)
        with torch.autocast(device.type, autocast, enabled=autocast is not None):
            output = generator(*own) if own[1] is not None else generator(own[0])
        return output.float().cpu()

    return run


def cases(name: str, device: torch.device) -> Iterator[tuple[str, Run]]:
    """The ways to run a checkpoint's generator, each with its own copy."""
    yield "eager", moved(load(name).to(device), device, None)
    precisions = {"channels_last": None, "bf16": torch.bfloat16, "fp16": torch.float16}
    for case, precision in precisions.items():
        if device.type == "cpu" and precision and not (case == "bf16" and has_fast_bf16(device)):
            continue  # emulated: takes up to thirty times as long
        network = load(name)
        fold_resize_convs(network)
        network = network.to(device).to(memory_format=torch.channels_last)
        yield case, moved(network, device, precision)
    yield "app, no graphs", TorchBackend(load(name), device, graphs=False)
    if device.type == "cuda":
        yield "app, CUDA graphs", TorchBackend(load(name), device)


def paper_network(device: torch.device) -> Run:
    """The facades generator of Isola et al. (2017), section 6.1, with label maps as input."""
    config = GeneratorConfig(in_channels=12, out_channels=3, ngf=64, depth=8, dropout=0.5)
    return moved(UNet(config).eval().requires_grad_(False).to(device), device, None)


def drawing_input(side: int) -> tuple[Tensor, Tensor]:
    config, _ = load_checkpoint(CHECKPOINTS / "facades")
    style = torch.randn(1, config.generator.style_dim, generator=torch.Generator().manual_seed(0))
    return encode_labels(build_facade(make_random_plan(1), side)[None], 12), style


def photo_input(side: int) -> Tensor:
    """Noise in place of a photo's L, without hints."""
    x = torch.zeros(1, 7, side, side)
    x[:, 0] = torch.rand(side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return x


@torch.inference_mode()
def measure_inference(report: Report, device: torch.device, quick: bool) -> None:
    rounds = 1 if quick else 30 if device.type == "cuda" else 5
    inputs: list[tuple[str, str, Tensor, Tensor | None]] = []
    for side in (128,) if quick else (256, 512, 1024):
        inputs.append((f"draw {side}", "facades", *drawing_input(side)))
    size = 96 if quick else load_checkpoint(CHECKPOINTS / "colorize")[0].size
    inputs.append((f"colorize {size}", "colorize", photo_input(size), None))
    for part, name, x, style in inputs:
        part = f"{part} {device.type}"
        if not report.has_time(part):
            continue
        if name == "facades" and min(x.shape[2:]) >= 256:
            report.add(
                part, "U-Net-256, eager", ms=median_ms(paper_network(device), x, None, rounds)
            )
        for case, run in cases(name, device):
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(device)
            report.add(part, case, ms=median_ms(run, x, style, rounds), **peak_mib(device))
    if device.type == "cuda" and report.has_time("batch 32"):
        measure_throughput(report, device)


def measure_throughput(report: Report, device: torch.device) -> None:
    """Images per second at batch 32, tensors on the device."""
    x, style = (t.expand(32, *t.shape[1:]).to(device) for t in drawing_input(256))
    for case, precision in (("fp32", None), ("bf16", torch.bfloat16), ("fp16", torch.float16)):
        network = load("facades")
        fold_resize_convs(network)
        network = network.to(device).to(memory_format=torch.channels_last)
        torch.cuda.reset_peak_memory_stats(device)
        with torch.autocast(device.type, precision, enabled=precision is not None):
            for number in range(13):
                if number == 3:
                    wait_for(device)
                    start = time.perf_counter()
                network(x, style)
        wait_for(device)
        rate = 320 / (time.perf_counter() - start)
        report.add("draw 256, batch 32", case, images_per_s=rate, **peak_mib(device))


@torch.inference_mode()
def measure_compile(report: Report, device: torch.device) -> None:
    """torch.compile of a 256x256 drawing: milliseconds, and seconds until the first result."""
    x, style = drawing_input(256)
    network = load("facades")
    fold_resize_convs(network)
    mode = "reduce-overhead" if device.type == "cuda" else "default"
    run = moved(torch.compile(network.to(device), mode=mode), device, None)  # type: ignore[arg-type]
    start = time.perf_counter()
    try:
        run(x, style)
    except Exception as error:  # no compiler on this machine, or an operator it does not know
        reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        report.left_out.append(f"torch.compile: {reason}")
        return
    first = time.perf_counter() - start
    ms = median_ms(run, x, style, 20)
    report.add(f"draw 256 {device.type}", f"torch.compile, {mode}", ms=ms, starts_in_s=first)


def random_stages(otherwise: str = "") -> list[nn.Sequential]:
    """In place of `load_encoder_stages`, where the published weights are not installed."""
    return efficientnet.encoder_stages(3)


def measure_training(report: Report, device: torch.device, quick: bool, folder: Path) -> None:
    """Images per second and the share of time that the device waits for data."""
    package = pretrained.package_of(efficientnet.LITE0)
    if importlib.util.find_spec(package) is None:
        gan.load_encoder_stages = random_stages
        report.left_out.append(
            f"published weights of EfficientNet-Lite0 ({package} is not installed): "
            "training was measured with random ones, which take the same time"
        )
    for name, usual in RECIPES.items():
        sizes = (2,) if quick else (usual, 32) if device.type == "cuda" else (usual,)
        for batch_size in sizes:
            for mode in ("off", "on"):
                part = f"train {name} {device.type}"
                if report.has_time(f"{part}, batch {batch_size}, device_augment {mode}"):
                    case = f"batch {batch_size}, augment {'device' if mode == 'on' else 'CPU'}"
                    figures = train(name, batch_size, mode, device, quick, folder)
                    report.add(part, case, **figures)


def train(
    name: str, batch_size: int, mode: str, device: torch.device, quick: bool, folder: Path
) -> dict[str, float]:
    keys: dict[str, object] = {"batch_size": batch_size, "progressive_size": 0}
    keys |= {"pretrained": False, **({"size": 64, **SMALL} if quick else {})}
    if quick:
        keys |= {"receptive_field": 16, "depth": 5}
    recipe = load_recipe(name, keys)
    steps = (2 if quick else 30) if device.type == "cuda" or quick else 3
    (dataset,) = open_datasets(recipe.data_options(), write_for(recipe.task, folder), ("train",))
    source = augment_on(dataset, mode, device)
    trainer = Trainer(recipe, device, 10_000)
    threads = count_workers(-1, device)
    plan = BatchPlan(batch_size, 0)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    batches = iterate_batches(source, plan, 0, 2 * steps + 2, threads)
    for _ in range(2):  # warm-up
        trainer.step(next(batches))
    loaded, waited = time_steps(trainer, batches, steps)
    there = plan.batch(dataset, 0).to(device, trainer.layout)
    bare, _ = time_steps(trainer, iter([there] * steps), steps)
    return {
        "images_per_s": batch_size * steps / loaded,
        "waits_for_data": max(0.0, 1 - bare / loaded),
        "loop_waits": waited / loaded,
        **peak_mib(device),
    }


def time_steps(trainer: Trainer, batches: Iterator[Loadable], steps: int) -> tuple[float, float]:
    """Seconds of the steps, and of those the seconds that the loop waited for a batch."""
    waited = 0.0
    wait_for(trainer.device)
    start = time.perf_counter()
    for _ in range(steps):
        before = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - before
        trainer.step(batch)
    wait_for(trainer.device)
    return time.perf_counter() - start, waited


@torch.inference_mode()
def measure_agreement(report: Report, device: torch.device, quick: bool) -> None:
    """The largest difference from fp32 on the CPU, of 255, over drawings that are hard."""
    side = 128 if quick else 256
    wall = filled(side, "facade")
    wall[side // 3 : side // 2, side // 3 : side // 2] = CLASS_IDS["window"]
    maps = {"one window": wall, **hard_drawings(side)}
    if quick:
        maps = {name: maps[name] for name in ("one window", "empty wall")}
    style = drawing_input(side)[1]
    inputs = {name: encode_labels(labels[None], 12) for name, labels in maps.items()}
    cpu = TorchBackend(load("facades"), torch.device("cpu"))
    expected = {name: cpu(x, style) for name, x in inputs.items()}
    for case, precision in (("fp32", None), ("bf16", torch.bfloat16), ("fp16", torch.float16)):
        run = TorchBackend(load("facades"), device)
        with torch.autocast(device.type, precision, enabled=precision is not None):
            worst = max(
                float((run(x, style) - expected[name]).abs().max()) * 127.5
                for name, x in inputs.items()
                for _ in range(3)  # eager, recorded, replayed
            )
        report.add(f"agreement {device.type}", case, of_255=worst)


def run_tests(report: Report) -> None:
    """The tests marked `gpu`."""
    if importlib.util.find_spec("pytest") is None:
        report.left_out.append("tests marked gpu: pytest is not installed")
        return
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", *GPU_TESTS]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    report.parts["tests"] = {"status": done.returncode}
    print("\n".join(done.stdout.splitlines()[-15:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--minutes", type=float, default=6, help="begin no part after this time")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = choose_device(options.device)
    report = Report(device, options.minutes - 0.5)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    print(f"torch {torch.__version__} on {name}")
    if device.type == "cuda":
        run_tests(report)
        measure_agreement(report, device, options.quick)
    else:
        gone = "bf16, fp16, CUDA graphs, batch 32, memory, agreement with the CPU, tests marked gpu"
        report.left_out.append(f"{gone}: there is no GPU")
    measure_inference(report, device, options.quick)
    with tempfile.TemporaryDirectory() as folder:
        measure_training(report, device, options.quick, Path(folder))
    if options.quick:
        report.left_out.append("torch.compile: takes half a minute (--quick)")
    elif report.has_time("torch.compile"):
        measure_compile(report, device)
    if device.type == "cuda" and report.has_time("the CPU beside it"):
        measure_inference(report, torch.device("cpu"), options.quick)
    for line in report.left_out:
        print("left out:", line)
    result = {"device": name, "torch": torch.__version__, "left_out": report.left_out}
    text = json.dumps({**result, "figures": report.parts}, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
