"""Processes that start in milliseconds: forked from one that has imported what they will need.

`Forker` calls functions of this project. `Programs` runs command lines of Python, without anything
of this project imported.

As a program this is that one process: it takes commands as lines of JSON and answers in lines.
"""

import atexit
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.nursery import LIBRARIES, python_command, run_program

ROOT = Path(__file__).resolve().parents[2]
# What a training and the app import on their way: the first optimizer loads all of torch's
# compiler, a thousand modules and three seconds of work, and TensorBoard is looked for.
LATE = {
    "pix2pix.training.train_step": ("torch._dynamo", "torch.utils.tensorboard"),
    "pix2pix.app.main": ("pix2pix.app.blocks", "gradio"),
}
_status: int | None = None  # with which this process ends


class Forker:
    """Starts calls of "module:function" in processes of their own, and waits for them.

    The process that is forked starts with the first of them: itself forked from one with the
    libraries where there is a nursery, unless it is `fresh`.
    """

    environment: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, fresh: bool = False) -> None:
        self._python = [sys.executable] if fresh else python_command()
        self._process: subprocess.Popen[str] | None = None

    def _begin(self) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        return subprocess.Popen(
            [*self._python, __file__],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, *command: object) -> int:
        self._process = process = self._process or self._begin()
        assert process.stdin is not None and process.stdout is not None
        print(json.dumps(command), file=process.stdin, flush=True)
        return int(process.stdout.readline())

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
        """Ends the process that is forked, which holds 450 MB; the next start begins another."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


class Programs(Forker):
    """Runs command lines of Python. No model comes from the Hub."""

    environment = {"HF_HUB_OFFLINE": "1"}  # noqa: RUF012

    def begin(
        self,
        arguments: list[str],
        output: Path,
        cwd: Path = ROOT,
        env: dict[str, str] | None = None,
        errors: Path | None = None,
    ) -> "ForkedProcess":
        """Starts `python ARGUMENTS` in a folder; it writes to `output`, and errors to `errors`."""
        files = str(output), str(errors or output)
        return ForkedProcess(self, self._ask("begin", arguments, files, str(cwd), env or {}))

    def run(
        self, arguments: list[str], output: Path, cwd: Path = ROOT, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Waits for its end; what it printed."""
        errors = output.with_name(f"{output.name}.err")
        status = self.begin(arguments, output, cwd, environment, errors).wait()
        printed = [path.read_text() for path in (output, errors)]
        return subprocess.CompletedProcess(arguments, status, *printed)


class ForkedProcess:
    """A process that a Forker has started, with what the tests use of `subprocess.Popen`."""

    def __init__(self, forker: Forker, pid: int) -> None:
        self._forker, self.pid = forker, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and not self._forker.is_running(self.pid):
            self.returncode = self._forker.wait(self.pid)
        return self.returncode

    def wait(self, seconds: float = 300) -> int:
        wait_until(lambda: self.poll() is not None, seconds)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def wait_until(is_so: Any, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(function: str, arguments: list[Any], said: str, env: dict[str, str]) -> int:
    """The child's process id; in the child it ends the interpreter as any program ends."""
    module, name = function.split(":")
    for needed in ("torch", module):  # before the fork, so that it is done once
        importlib.import_module(needed)
    for early, late in LATE.items():
        for needed in late if early in sys.modules else ():
            importlib.import_module(needed)
    if process := fork(said, said, env):
        return process
    with noting_status():
        raise SystemExit(getattr(sys.modules[module], name)(*arguments))


def fork(output: str, errors: str, env: dict[str, str]) -> int:
    """0 in the child, which writes to these files, and its process id in this process."""
    # What was imported is no garbage: a child that ends does not look through it, which takes it a
    # second, nor copies its pages.
    gc.freeze()
    if process := os.fork():
        return process
    for number, path in ((1, output), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.environ.update(env)
    return 0


def begin(arguments: list[str], files: tuple[str, str], cwd: str, env: dict[str, str]) -> int:
    """The child's process id; the child is what `python ARGUMENTS` would be."""
    for needed in LIBRARIES:
        importlib.import_module(needed)
    assert "pix2pix" not in sys.modules
    env = {"PYTHONPATH": "", **env}
    if process := fork(*files, env):
        return process
    os.chdir(cwd)
    tempfile.tempdir = None  # TMPDIR is read again
    own = {str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "helpers")}
    given = [path for path in env["PYTHONPATH"].split(os.pathsep) if path]
    sys.path = ["", *given, *(path for path in sys.path if path not in own)]
    with noting_status():
        run_program(arguments, cwd)
        raise SystemExit


@contextmanager
def noting_status() -> Iterator[None]:
    """Keeps the status that an exception gives the process, for `end`."""
    global _status
    try:
        yield
    except SystemExit as error:
        code = error.code
        _status = code & 0xFF if isinstance(code, int) else int(code is not None)
        raise
    except Exception:
        _status = 1
        raise


def end() -> None:
    """Ends a process without freeing what it has imported, which copies most pages: 0.5 s.

    What comes before that in an interpreter's end has been done: threads are waited for, and this
    is the last of its exit functions. test_torchrun.py ends interpreters whole.
    """
    if _status is None:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status)


def serve() -> None:
    global _status
    atexit.register(end)  # the first registered runs last
    ended: dict[int, int] = {}
    if constants := sys.modules.get("huggingface_hub.constants"):  # it read another environment
        vars(constants)["HF_HUB_OFFLINE"] = "HF_HUB_OFFLINE" in os.environ
    for line in sys.stdin:
        action, *rest = json.loads(line)
        if action == "start":
            print(start(*rest), flush=True)
            continue
        if action == "begin":
            print(begin(*rest), flush=True)
            continue
        process = rest[0]
        if process not in ended:
            done, status = os.waitpid(process, os.WNOHANG if action == "is_running" else 0)
            if done:
                ended[process] = os.waitstatus_to_exitcode(status)
        print(int(process not in ended) if action == "is_running" else ended[process], flush=True)
    _status = 0


if __name__ == "__main__":
    serve()
