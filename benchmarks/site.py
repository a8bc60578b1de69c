"""How fast the static page draws in the browser, beside native ONNX Runtime on as many threads.

    python benchmarks/site.py [--pictures 20] [--checkpoint checkpoints/facades] [--webgpu]

Builds the page, serves it with the headers that allow threads, opens it in Chromium and draws at
the model's own size, from the press of a button to the decoded JPEG. In turn with it, native ONNX
Runtime runs the same graph on two threads. Prints the medians (network: its part of the time in
the browser), their ratios, the bytes before the first picture, and the longest task of the page's
own thread, by the clock and in CPU time: only the latter is the page's own where other programs
take the cores. With --webgpu the browser may use its GPU; whether the page chose it
is printed too.
"""

import argparse
import gzip
import json
import statistics
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from helpers.chromium import CHROMIUM_FLAGS, find_chromium  # noqa: E402

from pix2pix.cli.site import cache_folder  # noqa: E402
from pix2pix.web.site import build_site  # noqa: E402
from pix2pix.web.tabs import SiteModel  # noqa: E402

THREADS = 2
MARK = "page of the studio"  # as WATCH sets it
DRAW = """async () => {
  const button = document.querySelector(".st-surprise");
  const preview = document.querySelector(".st-preview");
  const before = Number(preview.dataset.asked ?? 0);
  const isNewer = () => Number(preview.dataset.picture) > before;
  const start = performance.now();
  const shown = new Promise((resolve) => { // without a delay of timers
    const observer = new MutationObserver(() => {
      if (!isNewer()) return;
      observer.disconnect();
      resolve(performance.now());
    });
    observer.observe(preview, { attributes: true });
  });
  button.click();
  return await shown - start;
}"""
WATCH = """() => {
  performance.mark("page of the studio"); // finds its process in the trace
  window.blocked = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      window.blocked = Math.max(window.blocked, duration);
    }
  }).observe({ type: "longtask", buffered: true });
}"""


# In the worker: notes how long the network itself runs.
TIME_RUNS = """async (address) => {
  const { InferenceSession } = await import(address);
  const { run } = InferenceSession.prototype;
  self.runs = [];
  InferenceSession.prototype.run = async function timed(...args) {
    const start = performance.now();
    const result = await run.apply(this, args);
    self.runs.push(performance.now() - start);
    return result;
  };
}"""


class Isolated(SimpleHTTPRequestHandler):
    """Sends the headers that a page needs for threads, and counts the bytes."""

    sent = 0

    def end_headers(self) -> None:
        self.send_header("cross-origin-opener-policy", "same-origin")
        self.send_header("cross-origin-embedder-policy", "require-corp")
        super().end_headers()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        content = source.read()
        Isolated.sent += len(content)
        outputfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "facades")
    parser.add_argument("--webgpu", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "site")
        build_site(folder, [SiteModel("Draw", args.checkpoint)], cache=cache_folder())
        graph = gzip.decompress(next(folder.glob("models/draw-generator-*")).read_bytes())
        handler = partial(Isolated, directory=str(folder))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/"
            measure(url, graph, args.pictures, args.webgpu)
            server.shutdown()


def measure(url: str, graph: bytes, count: int, has_gpu: bool) -> None:
    native = NativeRunner(graph)
    flags = CHROMIUM_FLAGS
    if has_gpu:
        flags = [*(flag for flag in flags if flag != "--disable-gpu"), "--enable-unsafe-webgpu"]
    with sync_playwright() as playwright:
        path = find_chromium()
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        context = browser.new_context(service_workers="block")
        page = context.new_page()
        said: list[str] = []  # by the page, which runtime draws
        page.on("console", lambda m: said.append(m.text) if "WebGPU" in m.text else None)
        page.add_init_script(f"({WATCH})()")
        browser.start_tracing(page=page, categories=["toplevel", "blink.user_timing"])
        start = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(".st-preview[data-picture]")
        page.evaluate(DRAW)
        first_s, first_bytes = time.perf_counter() - start, Isolated.sent
        while has_gpu and not said:
            page.wait_for_timeout(50)
        page.evaluate("() => { document.querySelector('.st-styles').hidden = true; }")
        worker = next(w for w in page.workers if w.url.endswith("engine/worker.js"))
        kind = "webgpu" if any("runs on WebGPU" in text for text in said) else "wasm"
        worker.evaluate(TIME_RUNS, f"{url}runtime/ort.{kind}.min.mjs")
        times: dict[str, list[float]] = {"browser": [], "native": []}
        for _ in range(count):
            page.wait_for_timeout(50)
            times["browser"].append(page.evaluate(DRAW))
            times["native"].append(native.run())
        times["network"] = worker.evaluate("self.runs")
        medians = {name: statistics.median(values) for name, values in times.items()}
        print(*said, sep="\n", end="\n" if said else "")
        print(f"cross-origin isolated: {page.evaluate('self.crossOriginIsolated')}")
        print(f"first picture: {first_s:.1f} s, {first_bytes / 2**20:.1f} MiB")
        print(json.dumps({name: round(value, 1) for name, value in medians.items()}), "ms")
        for name in ("network", "browser"):
            print(f"{name} / native: {medians[name] / medians['native']:.2f}")
        blocked_ms = page.evaluate("window.blocked")
        task_ms = longest_task_ms(json.loads(browser.stop_tracing()))
        print(f"the longest task of the page: {blocked_ms:.0f} ms, CPU time {task_ms:.0f} ms")
        browser.close()


def longest_task_ms(trace: dict[str, Any]) -> float:
    """The CPU time of the longest task of the page's own thread, in a trace of Chromium's.

    Other renderers may be Chromium's own, of its address bar, with longer tasks than the page's.
    """
    events = trace["traceEvents"]
    pages = {
        event["pid"]
        for event in events
        if event["name"] == MARK and event["cat"] == "blink.user_timing"
    }
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return max(
        event.get("tdur", 0) / 1000
        for event in events
        if event["name"].endswith("RunTask")
        and event["pid"] in pages
        and (event["pid"], event["tid"]) in threads
    )


class NativeRunner:
    """Native ONNX Runtime on the same number of threads."""

    def __init__(self, graph: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        self._session = onnxruntime.InferenceSession(graph, options)
        rng = np.random.default_rng(0)
        labels = np.kron(rng.integers(0, 12, (16, 16)), np.ones((16, 16), int))
        self._feeds = {"input": (np.arange(12)[:, None, None] == labels)[None].astype(np.float32)}
        names = [entry.name for entry in self._session.get_inputs()]
        if "regions" in names:  # one style everywhere: see build_onnx_model
            self._feeds["style"] = np.zeros((1, 1, 8), np.float32)
            self._feeds["regions"] = np.ones((1, 1, 1, 1), np.float32)
        elif "style" in names:
            self._feeds["style"] = np.zeros((1, 8), np.float32)
        self.run()

    def run(self) -> float:
        """Milliseconds of a picture."""
        start = time.perf_counter()
        self._session.run(None, self._feeds)
        return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
