"""Processes that start in milliseconds: forked from one that has imported what they will need.

As a program this is that one process: it takes commands as lines of JSON and answers in lines.
"""

import importlib
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# What a training imports on its way: its first optimizer loads all of torch's compiler, a thousand
# modules and three seconds of work, and TensorBoard is looked for.
LATE = ("torch._dynamo", "torch.utils.tensorboard")


class Forker:
    """Starts calls of "module:function" in processes of their own, and waits for them."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")])
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, *command: object) -> int:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(command), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def start(
        self, function: str, arguments: list[Any], said: Path, env: dict[str, str] | None = None
    ) -> int:
        """The process's id. What it prints goes to the file `said`."""
        return self._ask("start", function, arguments, str(said), env or {})

    def wait(self, process: int) -> int:
        """Waits for its end; what it returned, or minus the signal that killed it."""
        return self._ask("wait", process)

    def is_running(self, process: int) -> bool:
        return bool(self._ask("is_running", process))

    def close(self) -> None:
        self._process.communicate()


def wait_until(is_so: Any, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(function: str, arguments: list[Any], said: str, env: dict[str, str]) -> int:
    module, name = function.split(":")
    for needed in ("torch", module):  # before the fork, so that it is done once
        importlib.import_module(needed)
    for needed in LATE if "pix2pix.training.train_step" in sys.modules else ():
        importlib.import_module(needed)
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.environ.update(env)
        status = getattr(sys.modules[module], name)(*arguments) or 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def serve() -> None:
    ended: dict[int, int] = {}
    for line in sys.stdin:
        action, *rest = json.loads(line)
        if action == "start":
            print(start(*rest), flush=True)
            continue
        process = rest[0]
        if process not in ended:
            done, status = os.waitpid(process, os.WNOHANG if action == "is_running" else 0)
            if done:
                ended[process] = os.waitstatus_to_exitcode(status)
        print(int(process not in ended) if action == "is_running" else ended[process], flush=True)


if __name__ == "__main__":
    serve()
