"""Firefox, driven by its own remote protocol (Marionette): commands of WebDriver over a socket.

Playwright drives a Firefox that it patched itself; this is the one that people have.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PREFERENCES = {
    "marionette.port": 0,  # any free one
    "app.update.auto": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.dns.disabled": True,  # a request to any other machine fails
}
START_S = 60  # against a hang: no test decides by time
SCRIPT_MS = 120_000


def find_firefox() -> str | None:
    """The path of a Firefox; None where there is none."""
    return next(filter(None, map(shutil.which, ("firefox", "firefox-esr"))), None)


class Firefox:
    """A window of Firefox with a profile of its own."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._file = self._socket.makefile("rb")
        self._count = 0
        self._read()  # its name and version
        timeouts = {"script": SCRIPT_MS, "pageLoad": SCRIPT_MS}
        capabilities = {"alwaysMatch": {"timeouts": timeouts}}
        self._call("NewSession", {"capabilities": capabilities})

    def goto(self, url: str) -> None:
        self._call("Navigate", {"url": url})

    def run(self, script: str) -> Any:
        """What the body of an async function returns in the page."""
        wrapped = f"return (async () => {{ {script} }})();"
        return self._call("ExecuteScript", {"script": wrapped, "args": []})["value"]

    def wait_for(self, condition: str) -> None:
        """Waits until an expression holds in the page."""
        wait = "await new Promise((resolve) => setTimeout(resolve, 20));"
        self.run(f"while (!({condition})) {wait}")

    def drag(self, points: Sequence[tuple[float, float]]) -> None:
        """Drags the mouse through points in pixels of the window."""
        first, *rest = (
            {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0} for x, y in points
        )
        press, release = ({"type": f"pointer{way}", "button": 0} for way in ("Down", "Up"))
        mouse = {"type": "pointer", "id": "mouse", "actions": [first, press, *rest, release]}
        self._call("PerformActions", {"actions": [mouse]})

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _call(self, command: str, parameters: dict[str, Any]) -> Any:
        self._count += 1
        message = json.dumps([0, self._count, f"WebDriver:{command}", parameters])
        self._socket.sendall(f"{len(message)}:{message}".encode())
        _, _, error, result = self._read()
        if error:
            raise AssertionError(f"{command}: {error['message']}")
        return result

    def _read(self) -> Any:
        length = b""
        while (byte := self._file.read(1)) != b":":
            assert byte, "Firefox has ended"
            length += byte
        return json.loads(self._file.read(int(length)))


@contextmanager
def start_firefox(path: str, profile: Path) -> Iterator[Firefox]:
    """Starts Firefox without a window on screen; `profile` is an empty folder."""
    lines = [
        f"user_pref({json.dumps(key)}, {json.dumps(PREFERENCES[key])});" for key in PREFERENCES
    ]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [path, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
    with open(profile / "log.txt", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        browser = Firefox(_wait_for_port(profile / "MarionetteActivePort", process))
        yield browser
        browser.close()
    finally:
        process.terminate()
        process.wait(120)


def _wait_for_port(path: Path, process: subprocess.Popen[bytes]) -> int:
    for _ in range(20 * START_S):
        if path.exists() and (text := path.read_text(encoding="utf-8").strip()):
            return int(text)
        assert process.poll() is None, "Firefox has ended"
        time.sleep(0.05)
    raise AssertionError("Firefox does not answer")
