"""Load test of several app processes behind nginx: drawings a second of one and of two.

    python benchmarks/processes.py [--seconds 30] [--users 4] [--json FILE]

Serves the app on one core with one model thread, then two such processes on two cores, both times
behind nginx with docs/hosting/nginx-processes.conf (apt install nginx). Visitors of simulated
browsers ask for the next drawing as soon as the last one has come, each with the cookie that nginx
set. In a third run one of the processes gets SIGTERM in the middle. Prints a table and JSON. The
exit status is 1 if an answer was lost, or if two processes make less than 1.6 times the drawings of
one. The visitors and nginx need some of the same cores, and so does whatever else runs: see
"load_average".
"""

import argparse
import asyncio
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from helpers.proxies import documented_processes, running_nginx  # noqa: E402
from helpers.running import free_port  # noqa: E402

from benchmarks.load import wait_until_served  # noqa: E402
from pix2pix.labels.packed_ids import pack_ids  # noqa: E402

WARM_UP_S = 5
LEAST_RATIO = 1.6  # twice, within 20%
DRAW = "studio-api/draw/draw"


@dataclass
class Outcome:
    """What the visitors got."""

    statuses: Counter[str] = field(default_factory=Counter)  # or the name of an error
    seconds: list[float] = field(default_factory=list)
    processes: Counter[str] = field(default_factory=Counter)  # where the visitors were sent

    @property
    def lost(self) -> int:
        return sum(count for status, count in self.statuses.items() if status != "200")


@contextmanager
def serving(count: int, folder: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """The address of nginx before `count` processes, each on one core, and the processes."""
    cores = sorted(os.sched_getaffinity(0))
    ports = [free_port() for _ in range(count)]
    limits = [f"--limit={limit}" for limit in ("client-queue=33", "client-requests=1000")]
    processes, logs = [], [folder / f"{number}.txt" for number in range(count)]
    try:
        for number, (port, log) in enumerate(zip(ports, logs)):
            command = [sys.executable, "app.py", f"--port={port}", "--engine=torch", *limits]
            command += ["--root-path=/studio", "--trusted-proxies=127.0.0.1", "--device=cpu"]
            command += ["--checkpoint-cats=", "--drain-seconds=20"]
            core = {cores[number % len(cores)]}
            with log.open("wb") as file:
                process = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "OMP_NUM_THREADS": "1"},
                    preexec_fn=functools.partial(os.sched_setaffinity, 0, core),
                )
            processes.append(process)
        for process, log in zip(processes, logs):
            wait_until_served(process, log)
        port = free_port()
        config = documented_processes(port, (ports[0], ports[-1]))
        with running_nginx(folder, [config], [port]):
            yield f"http://127.0.0.1:{port}/studio/", processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def visit(url: str, seed: int, is_over: Callable[[], bool], outcome: Outcome) -> None:
    """A visitor opens the page, and draws as fast as the answers come."""
    rng = np.random.default_rng(seed)
    async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as client:
        page = await client.get("")
        outcome.processes[page.cookies.get("studio_process") or "none"] += 1
        label_map = np.ones((256, 256), np.uint8)
        while not is_over():
            x, y = rng.integers(0, 200, 2)
            label_map[y : y + 40, x : x + 30] = rng.integers(0, 12)
            drawing = {"ids": pack_ids(label_map), "seed": 7, "format": "jpeg"}
            start = time.monotonic()
            try:
                answer = await client.post(DRAW, json=drawing)
                outcome.statuses[str(answer.status_code)] += 1
            except httpx.HTTPError as error:
                outcome.statuses[type(error).__name__] += 1
            outcome.seconds.append(time.monotonic() - start)


async def draw(url: str, users: int, seconds: float, half_time: Callable[[], object]) -> Outcome:
    """The outcome of so many seconds; in their middle `half_time` is called."""
    outcome = Outcome()
    end = time.monotonic() + seconds
    visitors = [
        asyncio.create_task(visit(url, seed, lambda: time.monotonic() > end, outcome))
        for seed in range(users)
    ]
    await asyncio.sleep(seconds / 2)
    half_time()
    await asyncio.gather(*visitors)
    return outcome


def measure(count: int, args: argparse.Namespace, drains: bool = False) -> dict[str, Any]:
    """Drawings a second of `count` processes."""
    with tempfile.TemporaryDirectory() as folder:
        with serving(count, Path(folder)) as (url, processes):
            asyncio.run(draw(url, args.users * count, WARM_UP_S, lambda: None))
            leave = lambda: processes[0].send_signal(signal.SIGTERM) if drains else None  # noqa: E731
            load, start = os.getloadavg()[0], time.monotonic()
            outcome = asyncio.run(draw(url, args.users * count, args.seconds, leave))
            took = time.monotonic() - start
            status = processes[0].wait(60) if drains else None
    p50, p95 = np.percentile(outcome.seconds, [50, 95]) * 1000
    return {
        "processes": count,
        "drawings_per_s": round(outcome.statuses["200"] / took, 2),
        "drawings": outcome.statuses["200"],
        "lost": outcome.lost,
        "statuses": dict(outcome.statuses),
        "p50_ms": round(p50),
        "p95_ms": round(p95),
        "visitors_of": dict(outcome.processes),
        "load_average": round(load, 1),
        **({"exit_status": status} if drains else {}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30, help="of each run (30)")
    parser.add_argument("--users", type=int, default=4, help="for each process (4)")
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    args = parser.parse_args()
    runs = {"one": measure(1, args), "two": measure(2, args), "drained": measure(2, args, True)}
    ratio = runs["two"]["drawings_per_s"] / runs["one"]["drawings_per_s"]
    print(f"{'':10}{'drawings/s':>12}{'p50 ms':>8}{'p95 ms':>8}{'lost':>6}{'load':>6}")
    for name, run in runs.items():
        columns = (run["drawings_per_s"], run["p50_ms"], run["p95_ms"])
        print(f"{name:10}{columns[0]:>12}{columns[1]:>8}{columns[2]:>8}", end="")
        print(f"{run['lost']:>6}{run['load_average']:>6}")
    print(f"two processes make {ratio:.2f} times the drawings of one")
    text = json.dumps({**runs, "ratio": round(ratio, 2), "cpu_cores": os.cpu_count()})
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    lost = sum(run["lost"] for run in runs.values())
    raise SystemExit(bool(lost or runs["drained"]["exit_status"] or ratio < LEAST_RATIO))


if __name__ == "__main__":
    main()
