"""Python processes forked from one that has imported the libraries, whose memory they share.

Each worker of pytest-xdist, and each process from which tests fork others, would hold 500 MB of
torch, torchvision and Gradio for itself. `Nursery` is for the process that hands out the tests;
`python_command` gives the command of an interpreter that starts so where there is a nursery.

As a program this is the process that is forked (`serve`), and the command that asks it for a fork
and ends with it (`ask`).
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import types
from pathlib import Path

# Not OpenVINO, which starts a thread: an interpreter that has lost it in a fork does not end.
LIBRARIES = (
    "torch",
    "torchvision",
    "torch._dynamo",
    "gradio",
    "cv2",
    "safetensors.torch",
    "tifffile",
    "PIL.Image",
)
ADDRESS = "PIX2PIX_TEST_NURSERY"  # a variable of the environment
MESSAGE = 1 << 20  # bytes that a request has at most


class Nursery:
    """Starts with the first command that is asked for, and lives until `close`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        address = str(Path(self._folder.name) / "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen()
        self._process = subprocess.Popen(
            [sys.executable, __file__, "serve", str(self._listener.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[self._listener.fileno()],
        )
        os.environ[ADDRESS] = address

    def close(self) -> None:
        self._process.communicate()  # the end of its input is its own
        self._listener.close()
        self._folder.cleanup()
        del os.environ[ADDRESS]


def python_command() -> list[str]:
    """What to write before the arguments of Python: its path, or a command that forks one."""
    forks = ADDRESS in os.environ
    return [sys.executable, __file__, "ask"] if forks else [sys.executable]


def ask(arguments: list[str]) -> None:
    """Has `python ARGUMENTS` forked with the files, folder and environment of this process."""
    request = {"arguments": arguments, "cwd": str(Path.cwd()), "env": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ[ADDRESS])
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
        connection.shutdown(socket.SHUT_WR)
        for number in (0, 1, 2):  # whoever waits for their end waits for that of the fork
            os.close(number)
        connection.recv(1)  # nothing, when the fork has ended


def serve(listener: socket.socket) -> None:
    """Forks a process for each request, until the input ends."""
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.collect()
    gc.freeze()  # no child looks through it, which would copy its pages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        message, files, _, _ = socket.recv_fds(connection, MESSAGE, 3)
        while part := connection.recv(MESSAGE):
            message += part
        if os.fork() == 0:
            listener.close()
            become(files, **json.loads(message))
            return
        for number in (connection.detach(), *files):
            os.close(number)


def become(files: list[int], arguments: list[str], cwd: str, env: dict[str, str]) -> None:
    """Makes this process what `python ARGUMENTS` would be."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    tempfile.tempdir = None  # TMPDIR is read again
    given = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path = ["", *given, *sys.path[1:]]
    run_program(arguments[1:] if arguments[0] == "-u" else arguments, cwd)  # execnet asks for -u


def run_program(arguments: list[str], cwd: str) -> None:
    """Runs what `python ARGUMENTS` would in the folder `cwd`, in this process."""
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(arguments[1], vars(main))
    elif arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path[0] = str(Path(cwd) / Path(arguments[0]).parent)
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(socket.socket(fileno=int(sys.argv[2])))
    else:
        ask(sys.argv[2:])
