"""What DistributedDataParallel itself costs in a training step.

    python benchmarks/ddp.py [--recipe facades] [--size 128] [--share 4] [--steps 5] [--rounds 2]
                             [--processes 2] [--device cpu] [--json FILE]

Each process has `--share` images a step and one CPU thread, so all cases do the same work per
process: *plain*, one process without DDP; *DDP, 1*, one process in DDP, which adds the gradient
buckets and the search for unused parameters; *DDP, N*, N processes, which add the exchange of
gradients (gloo on a CPU, NCCL on GPUs). The batch is ready before the steps. Cases alternate; the
fastest round counts. CPU seconds are those of one process.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
from torch.nn.parallel import DistributedDataParallel  # noqa: E402

from pix2pix.data.loader import Batch  # noqa: E402
from pix2pix.training.distributed import Workers, join_workers  # noqa: E402
from pix2pix.training.recipe import Recipe, load_recipe  # noqa: E402
from pix2pix.training.train_step import Trainer  # noqa: E402

# Without the frozen features of published weights, which may not be installed
PLAIN_KEYS = (
    "lambda_perceptual",
    "lambda_oasis",
    "lambda_uniformity",
    "element_dropout",
    "user_drawings",
)
WARM_UP = 2


def make_batch(recipe: Recipe, count: int) -> Batch:
    """Noise of the shapes that the recipe trains with."""
    channels, size = recipe.generator().in_channels, recipe.size
    x = torch.rand(count, channels, size, size)
    target = torch.rand(count, recipe.generator().out_channels, size, size) * 2 - 1
    return Batch(x, target, torch.ones(count, 1, size, size), x)


def measure(options: argparse.Namespace, workers: Workers, wraps: bool) -> dict[str, float]:
    """Seconds and CPU seconds of a step of this process."""
    keys: dict[str, object] = dict.fromkeys(PLAIN_KEYS, 0)
    keys |= {"projected_d": False, "size": options.size, "progressive_size": 0}
    recipe = load_recipe(options.recipe, {**keys, "batch_size": options.share * workers.world})
    trainer = Trainer(recipe, workers.device, 1000, workers)
    if wraps:
        for name in ("generator_loss", "discriminator_loss"):
            module = DistributedDataParallel(
                getattr(trainer, name), broadcast_buffers=False, find_unused_parameters=True
            )
            setattr(trainer, name, module)
    batch = make_batch(recipe, options.share).to(workers.device, trainer.layout)
    seconds, worked = [], []
    for step in range(options.steps + WARM_UP):
        start, cpu = time.perf_counter(), time.process_time()
        losses = trainer.step(batch)
        float(losses["d"])  # waits for a GPU
        if step >= WARM_UP:
            seconds.append(time.perf_counter() - start)
            worked.append(time.process_time() - cpu)
    return {"s": statistics.median(seconds), "cpu_s": statistics.median(worked)}


def run_worker(options: argparse.Namespace) -> None:
    """A process of a case; the first one prints the figures."""
    torch.set_num_threads(1)
    if options.case != "DDP, 1":
        with join_workers(options.device) as workers:
            figures = measure(options, workers, wraps=False)
            if workers.is_first:
                print(json.dumps(figures))
        return
    backend = "nccl" if options.device == "cuda" else "gloo"
    dist.init_process_group(backend, rank=0, world_size=1)
    print(json.dumps(measure(options, Workers(torch.device(options.device)), wraps=True)))
    dist.destroy_process_group()


def run_case(case: str, count: int) -> dict[str, float]:
    """Runs `count` processes of a case; the figures of the first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(count)}
    place |= {"OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, *sys.argv, "--case", case],
            env={**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]
    printed = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit(f"{case}: a process failed")
    figures: dict[str, float] = json.loads(printed[0].splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="facades")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--share", type=int, default=4, help="images of each process a step")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        run_worker(options)
        return
    several = f"DDP, {options.processes}"
    found: dict[str, list[dict[str, float]]] = {"plain": [], "DDP, 1": [], several: []}
    for _ in range(options.rounds):
        for case, results in found.items():
            results.append(run_case(case, options.processes if case == several else 1))
    report: dict[str, Any] = {}
    for case, results in found.items():
        best = {key: min(result[key] for result in results) for key in ("s", "cpu_s")}
        report[case] = best
        ratios = {key: value / report["plain"][key] for key, value in best.items()}
        print(
            f"{case:8} {best['s']:7.3f} s a step (x{ratios['s']:.2f})  "
            f"{best['cpu_s']:7.3f} CPU s (x{ratios['cpu_s']:.2f})",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
