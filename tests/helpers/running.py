"""The app as its host runs it: a process of its own, with models of random weights."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from helpers.forked import ForkedProcess, Forker, Programs
from helpers.models import TINY, save_models

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

ROOT = Path(__file__).resolve().parents[2]
# All visitors of the tests have one address.
ROOMY = (
    "client-uploads=8",
    "client-queue=33",
    "client-body-mb=64",
    "client-sessions-per-minute=100000",
)
OWN_TABS = ("roads", "edges", "aerial", "segments")


def free_port() -> int:
    """One that nobody listens on, below those that the system itself gives to connections.

    So none of the many connections of the tests has it when the server comes to take it.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class RunningApp:
    """A process that serves the app, its address and what it has said so far."""

    process: subprocess.Popen[bytes] | ForkedProcess
    url: str
    output: Path  # standard output and error
    uploads: Path

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def stop(self) -> None:
        """Kills it, where it still runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(120)

    def rss_mb(self) -> float:
        """The memory that it holds, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024

    def event_names(self) -> dict[str, int]:
        """The index of each event that a browser can send, by its name."""
        config = httpx.get(f"{self.url}config", timeout=120).json()
        return {d["api_name"]: d["id"] for d in config["dependencies"] if d["backend_fn"]}


def save_app_models(folder: Path) -> dict[str, Path]:
    """A tiny checkpoint for every tab that the app can have."""
    models = save_models(folder)
    tasks = (("facades", "labels2photo"), ("trace", "photo2labels"), ("colorize", "colorize"))
    for name, task in tasks:
        style: dict[str, Any] = {"style_dim": 4} if name == "facades" else {}
        config = checkpoint_config(Recipe(task, **TINY, **style))
        save_checkpoint(folder / name, config, Model(config), "")
        models[name] = folder / name
    return models


def app_arguments(models: dict[str, Path]) -> list[str]:
    arguments = [f"--checkpoint-{n}={models[n]}" for n in ("facades", "colorize", "trace")]
    arguments += [f"--limit={limit}" for limit in ROOMY]
    arguments.append("--checkpoint-cats=")
    return arguments + [f"--checkpoint={models[n]}" for n in OWN_TABS]


def start_app(
    arguments: list[str], output: Path, environment: dict[str, str], forker: Forker | None
) -> subprocess.Popen[bytes] | ForkedProcess:
    if isinstance(forker, Programs):
        return forker.begin(["app.py", *arguments], output, env=environment)
    if forker:
        pid = forker.start("pix2pix.app.main:main", [arguments], output, environment)
        return ForkedProcess(forker, pid)
    command, known = [sys.executable, "app.py", *arguments], {**os.environ, **environment}
    with output.open("wb") as file:
        return subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file, env=known)


@contextmanager
def running_app(
    folder: Path, arguments: list[str], forker: Forker | None = None, /, **environment: str
) -> Iterator[RunningApp]:
    """Starts the app with files of its own in `folder`; ends it.

    With a `forker` all is imported already, which takes ten seconds; the environment is then read
    by what the app does, not by what it imports: with `Programs` not by the libraries.
    """
    port, output, uploads = free_port(), folder / "output.txt", folder / "uploads"
    command = ["--device=cpu", f"--port={port}", *arguments]
    known = {"GRADIO_TEMP_DIR": str(uploads), "OMP_NUM_THREADS": "1"} | environment
    output.touch()
    process = start_app(command, output, known, forker)
    app = RunningApp(process, f"http://127.0.0.1:{port}/", output, uploads)
    try:
        wait_for_start(app)
        yield app
    finally:
        app.stop()


def host_and_port(url: str) -> tuple[str, int]:
    """Of a URL that has both."""
    parts = urlsplit(url)
    assert parts.hostname and parts.port, url
    return parts.hostname, parts.port


def wait_for_start(app: RunningApp, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while "studio is at" not in app.said():
        assert app.process.poll() is None and time.monotonic() < end, app.said()
        time.sleep(0.1)
