"""Which Chromium the tests start, and how."""

import shutil

# Without windows, and so in half the CPU time and memory; else any Chromium.
CHROMIUM_NAMES = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A request to any other machine fails, and a page that makes one is found by that.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE *localhost",
]


def find_chromium() -> str | None:
    """The path of a Chromium; None where Playwright's own is to be used."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
