"""Training speed of the paper's networks in our loop, compared with a plain PyTorch loop.

    python benchmarks/train.py [--steps 6] [--rounds 3] [--threads N] [--data DIR] [--json FILE]

Both train U-Net-256 and PatchGAN 70 at 256x256 with the paper's losses. *Plain* follows the
reference implementation: fp32, NCHW, requires_grad toggled between the passes of D and G, PyTorch's
default Adam, and losses read by .item() at every step. *Ours* is `Trainer` with the recipe `paper`.
Both use our loader, with pairs in DIR/train or synthetic ones. Each case runs in its own process to
measure its peak memory. Cases alternate, so that load from other processes affects both; CPU
seconds are affected less.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from benchmarks.synthetic_data import write_facades  # noqa: E402
from pix2pix.data.factory import open_datasets  # noqa: E402
from pix2pix.data.loader import Batch, BatchPlan, count_workers, iterate_batches  # noqa: E402
from pix2pix.models import PatchDiscriminator, UNet  # noqa: E402
from pix2pix.runtime.device import has_fast_bf16  # noqa: E402
from pix2pix.runtime.malloc import keep_freed_memory  # noqa: E402
from pix2pix.training.recipe import load_recipe  # noqa: E402
from pix2pix.training.train_step import Trainer  # noqa: E402

WARM_UP = 2  # steps before the measurement
CPU = torch.device("cpu")


class PlainTrainer:
    """A training step like in the reference implementation, in plain PyTorch."""

    def __init__(self) -> None:
        recipe = load_recipe("paper")
        self.generator = UNet(recipe.generator())
        channels = recipe.condition_channels() + 3
        self.discriminator = PatchDiscriminator(channels, recipe.ndf, 70, "batch")
        self.criterion = nn.BCEWithLogitsLoss()
        self.g_optimizer = torch.optim.Adam(
            self.generator.parameters(), lr=recipe.lr, betas=(0.5, 0.999)
        )
        self.d_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=recipe.lr, betas=(0.5, 0.999)
        )

    def discriminate(self, condition: Tensor, image: Tensor, label: float) -> Tensor:
        logits, _ = self.discriminator(torch.cat([condition, image], 1))
        return self.criterion(logits, torch.full_like(logits, label))

    def step(self, batch: Batch) -> dict[str, float]:
        fake = self.generator(batch.input)

        for parameter in self.discriminator.parameters():
            parameter.requires_grad = True
        self.d_optimizer.zero_grad()
        d_fake = self.discriminate(batch.input, fake.detach(), 0.0)
        d_real = self.discriminate(batch.input, batch.target, 1.0)
        ((d_fake + d_real) * 0.5).backward()
        self.d_optimizer.step()

        for parameter in self.discriminator.parameters():
            parameter.requires_grad = False
        self.g_optimizer.zero_grad()
        gan = self.discriminate(batch.input, fake, 1.0)
        l1 = nn.functional.l1_loss(fake, batch.target) * 100
        (gan + l1).backward()
        self.g_optimizer.step()
        losses = {"gan": gan, "l1": l1, "d_real": d_real, "d_fake": d_fake}
        return {name: loss.item() for name, loss in losses.items()}


def measure(kind: str, precision: str, batch_size: int, data: Path, steps: int) -> dict[str, Any]:
    """Images per second, fraction of time waiting for the loader, and peak memory."""
    recipe = load_recipe("paper", {"batch_size": batch_size, "mixed_precision": precision})
    train_set, _ = open_datasets(recipe.data_options(), data)
    total = steps + WARM_UP
    take: Callable[[Batch, int], object]
    if kind == "plain":
        torch.manual_seed(0)
        plain = PlainTrainer()

        def take(batch: Batch, step: int) -> object:
            return plain.step(batch)
    else:
        keep_freed_memory()  # as train.py does
        trainer = Trainer(recipe, CPU, total)

        def take(batch: Batch, step: int) -> object:
            return trainer.step(batch)

    threads = count_workers(recipe.num_workers, CPU)
    batches = iterate_batches(train_set, BatchPlan(batch_size, 0), 0, total, threads)
    times, waits, worked = [], [], 0.0
    for step in range(total):
        if step == WARM_UP:
            worked = time.process_time()
        start = time.perf_counter()
        batch = next(batches)
        waited = time.perf_counter()
        take(batch, step)
        times.append(time.perf_counter() - start)
        waits.append(waited - start)
    seconds, waiting = sum(times[WARM_UP:]), sum(waits[WARM_UP:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kilobytes on Linux
    return {
        "images_per_s": batch_size * steps / seconds,
        "cpu_s_per_image": (time.process_time() - worked) / (batch_size * steps),
        "waiting_part": waiting / seconds,
        "peak_mib": peak / (1024 if sys.platform != "darwin" else 1 << 20),
    }


def run_case(case: dict[str, Any], options: argparse.Namespace, data: Path) -> dict[str, Any]:
    """Runs a case in a child process."""
    command = [sys.executable, __file__, "--case", json.dumps(case), "--data", str(data)]
    command += ["--steps", str(options.steps), "--threads", str(options.threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {**case, **json.loads(done.stdout.splitlines()[-1])}


def compare(options: argparse.Namespace, data: Path) -> list[dict[str, Any]]:
    fast = has_fast_bf16(CPU)
    kinds = [("plain", "fp32"), ("ours", "fp32"), *([("ours", "bf16")] if fast else [])]
    if not fast:
        print("this CPU has no native bf16: measuring ours in fp32 only")
    rows = []
    for batch_size in (1, 4):
        found: dict[tuple[str, str], list[dict[str, Any]]] = {kind: [] for kind in kinds}
        for _ in range(options.rounds):
            for kind, precision in kinds:
                case = {"kind": kind, "precision": precision, "batch_size": batch_size}
                found[kind, precision].append(run_case(case, options, data))
        base: dict[str, Any] = {}
        for (kind, precision), results in found.items():
            best = max(results, key=lambda result: result["images_per_s"])
            base = base or best
            speedup = best["images_per_s"] / base["images_per_s"]
            cpu_ratio = base["cpu_s_per_image"] / best["cpu_s_per_image"]
            rows.append({**best, "speedup": speedup, "cpu_ratio": cpu_ratio})
            print(
                f"batch {batch_size}  {kind:5} {precision}  {best['images_per_s']:6.3f} images/s  "
                f"x{speedup:.2f}  {best['cpu_s_per_image']:.2f} CPU s an image x{cpu_ratio:.2f}  "
                f"{best['peak_mib']:6.0f} MiB  "
                f"waiting {best['waiting_part']:.1%}",
                flush=True,
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=6, help="measured steps per case")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the fastest counts")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--data", type=Path, help="folder with train and val (default: synthetic pairs)"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.case:
        case = json.loads(options.case)
        print(json.dumps(measure(**case, data=options.data, steps=options.steps)))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = compare(options, options.data or write_facades(Path(folder)))
    if options.json:
        machine = {"cpu": platform.processor() or platform.machine(), "threads": options.threads}
        report = {**machine, "torch": torch.__version__, "cases": rows}
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
