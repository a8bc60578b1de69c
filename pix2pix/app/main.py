"""Serves the studio: `python app.py`, then http://127.0.0.1:7860."""

from __future__ import annotations

import argparse
import importlib.util
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from pix2pix.app.arguments import parse_args
from pix2pix.app.root_path import prefix_of, read_root_path
from pix2pix.app.server.client_address import is_loopback
from pix2pix.app.server.limits import parse_limits
from pix2pix.app.server.origin_check import read_access
from pix2pix.app.server.upload_cache import own_folder
from pix2pix.hub import resolve
from pix2pix.hub.client import UnreachableError
from pix2pix.hub.download import pinned_name
from pix2pix.inference import (
    Colorizer,
    Drawer,
    Restorer,
    Tracer,
    load_any,
    load_colorizer,
    load_drawer,
    load_restorer,
    load_tracer,
)
from pix2pix.labels.label_map import CLASSES
from pix2pix.runtime.bundle import CHECKPOINTS
from pix2pix.runtime.malloc import limit_heap_growth, trim_heap
from pix2pix.web.runtime import cache_folder, check_runtime_url

if TYPE_CHECKING:  # what needs Gradio is imported where it is used: see `build`
    from gradio import Blocks

    from pix2pix.app.server.browser_engine import BrowserEngine
    from pix2pix.app.server.metrics import Metrics
    from pix2pix.app.server.studio_api import StudioApi
    from pix2pix.app.tabs.model_tab import Served

GENERIC_NAMES = ("checkpoint", "best", "last")  # folders whose names do not serve as titles
WARM_UP_AFTER_S = 3.0  # the first page comes first
Model = TypeVar("Model")

log = logging.getLogger("pix2pix")


def load_or_say_why(
    load: Callable[[str | Path, str, str], Model],
    name: str | Path,
    bundled_name: str,
    where: tuple[str, str],
    revisions: dict[str, str] | None = None,
) -> Model | str | None:
    """The model, or a sentence that says why it could not be loaded, for its tab to show.

    `where` is the device and the engine. If the Hub is unreachable the bundled model is loaded.
    Returns None if the bundled model is wanted and absent, as in a Space with another model.
    The commit of a model from the Hub is stored in `revisions`.
    """
    bundled = CHECKPOINTS / bundled_name
    if name == bundled and not bundled.exists():
        return None
    try:
        try:
            folder = resolve(name)
            if revisions is not None and (pinned := pinned_name(folder)):
                revisions[bundled_name] = pinned
            return load(folder, *where)
        except UnreachableError as error:
            if not bundled.exists():
                raise
            log.warning("%s; %s is served instead", error, f"checkpoints/{bundled_name}")
            return load(bundled, *where)
    except ValueError as error:
        log.warning("off: %s", error)
        return f"This tab is off because its model could not be loaded: {error}"


def enhance_if_there(drawer: Drawer, name: str | Path, where: tuple[str, str]) -> None:
    """Lets a checkpoint of larger photos draw what is saved. Warns if it cannot, unless it is the
    bundled one, which is optional and may not fit another drawer."""
    bundled = CHECKPOINTS / "facades_hd"
    if not name or (name == bundled and not bundled.exists()):
        return
    enhanced = load_or_say_why(load_drawer, name, "facades_hd", where)
    if isinstance(enhanced, Drawer):
        try:
            drawer.enhance(enhanced)
        except ValueError as error:
            level = logging.INFO if name == bundled else logging.WARNING
            log.log(level, "large pictures are enlarged: %s: %s", name, error)


def load_tracer_if_there(name: str | Path, where: tuple[str, str]) -> Tracer | None:
    """The tracer of the twelve facade classes, or None.

    Warns if there is none, unless it is the bundled one, which is optional.
    """
    tracer = load_or_say_why(load_tracer, name, "trace", where)
    if tracer is None or isinstance(tracer, str):
        return None
    if [color.name for color in tracer.config.palette] != [c.name for c in CLASSES]:
        log.warning("off: %s traces other classes than facades", name)
        return None
    return tracer


def load_restorer_if_there(name: str | Path, where: tuple[str, str]) -> Restorer | None:
    """The model that removes scratches, or None, with a warning unless it is the bundled one."""
    restorer = load_or_say_why(load_restorer, name, "restore", where)
    return restorer if isinstance(restorer, Restorer) else None


def load_cats_if_there(name: str | Path, where: tuple[str, str]) -> list[Served]:
    """The Cats tab's checkpoint; none without a name, or if the bundled one is absent."""
    bundled = CHECKPOINTS / "cats"
    if not name or (name == bundled and not bundled.exists()):
        return []
    return [load_served(str(name), where)._replace(title="Cats")]


def load_served(name: str, where: tuple[str, str]) -> Served:
    """A checkpoint for a tab of its own; its model is a sentence if it could not be loaded."""
    from pix2pix.app.tabs.model_tab import Served

    title = Path(name).resolve().name if Path(name).exists() else name.split("@")[0].split("/")[-1]
    try:
        folder = resolve(name)
        model = load_any(folder, *where)
        if title in GENERIC_NAMES:
            title = str(model.config.training.get("recipe", title))
        return Served(title[:40], model, Path(folder), pinned_name(folder) or "")
    except ValueError as error:
        log.warning("off: %s", error)
        return Served(title, f"This tab is off because its model could not be loaded: {error}")


def check_mcp() -> None:
    """Exits with a message if the packages for MCP are not installed."""
    if importlib.util.find_spec("mcp") is None:
        raise SystemExit("app.py: --mcp needs more of Gradio: pip install 'gradio[mcp]'")


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    try:
        args.root_path = read_root_path(args.root_path)
    except ValueError as error:
        raise SystemExit(f"app.py: --root-path: {error}") from None
    try:
        args.runtime = check_runtime_url(args.runtime)
        args.limits = parse_limits(args.limit)
        args.access = read_access(
            args.host, args.trusted_proxies, args.allow_origin, args.root_path
        )
    except ValueError as error:
        raise SystemExit(f"app.py: {error}") from None
    if args.mcp:
        check_mcp()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    log.setLevel(logging.INFO)  # which commit of a model is served
    limit_heap_growth()
    with own_folder():
        serve(args)


def load_models(args: argparse.Namespace) -> tuple[Any, ...]:
    """Drawer, its folder, colouriser, tracer, restorer and revisions, for `create_demo`."""
    revisions: dict[str, str] = {}
    where = (args.device, args.engine)
    folder: Path | None = None

    def load(name: str | Path, device: str, engine: str) -> Drawer:
        nonlocal folder
        folder = Path(name)
        return load_drawer(name, device, engine)

    drawer = load_or_say_why(load, args.checkpoint_facades, "facades", where, revisions)
    if isinstance(drawer, Drawer):
        enhance_if_there(drawer, args.checkpoint_facades_hd, where)
        # The page opens with a picture of its own
        drawer.draw(np.zeros(drawer.config.shape, np.uint8))
    colorizer = load_or_say_why(
        load_colorizer, args.checkpoint_colorize, "colorize", where, revisions
    )
    # A photo is traced now and then, and OpenVINO's own copies of a model take 100 MB.
    seldom = (args.device, "torch" if args.engine == "auto" else args.engine)
    tracer = load_tracer_if_there(args.checkpoint_trace, seldom)
    restorer = load_restorer_if_there(args.checkpoint_restore, where)
    return drawer, folder, colorizer, tracer, restorer, revisions


def build(args: argparse.Namespace) -> tuple[Blocks, Callable[[], None]]:
    """The app around its models, which are loaded while Gradio is imported; and a function for
    what can be done once it serves.

    The function runs the colouriser once, which spares the first visitor the time in which an
    engine converts a model, and makes the files with which browsers draw.
    """
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load_models, args)
        from pix2pix.app.blocks import create_demo

        drawer, folder, colorizer, tracer, restorer, revisions = loading.result()
    where = (args.device, args.engine)
    others = load_cats_if_there(args.checkpoint_cats, where)
    others += [load_served(name, where) for name in args.checkpoint]
    engine = make_browser_engine(args.draw_in, args.runtime)
    demo = create_demo(
        drawer, colorizer, tracer, others, revisions, args.limits, engine, folder, restorer
    )
    trim_heap()

    def warm_up() -> None:
        if isinstance(colorizer, Colorizer):
            colorizer.colorize(Image.new("L", (colorizer.size, colorizer.size)))
        if engine is not None:
            engine.build()
        trim_heap()

    return demo, warm_up


def make_browser_engine(draw_in: str, runtime_url: str) -> BrowserEngine | None:
    """What lets browsers draw; None where `--draw-in` leaves it to the server."""
    from pix2pix.app.server.browser_engine import BrowserEngine

    return None if draw_in == "server" else BrowserEngine(draw_in, cache_folder(), runtime_url)


def serve_metrics(studio: StudioApi, args: argparse.Namespace) -> Metrics:
    """Serves metrics at the address of `--metrics`. SystemExit if it cannot listen there."""
    from pix2pix.app.server.metrics import Metrics

    host, port = args.metrics
    metrics = Metrics(studio, prefix_of(args.root_path), args.mcp)
    try:
        metrics.serve(host, port)
    except OSError as error:
        raise SystemExit(
            f"app.py: --metrics: cannot listen on {host}:{port}: {error}. Another port: "
            "--metrics HOST:PORT"
        ) from None
    log.info("metrics are at http://%s:%d/metrics", host, port)
    if not is_loopback(host):
        log.warning("everybody who reaches %s:%d can read the metrics", host, port)
    return metrics


def serve(args: argparse.Namespace) -> None:
    """Serves the app until SIGTERM or Ctrl+C."""
    demo, warm_up = build(args)
    from pix2pix.app import gradio_compat
    from pix2pix.app.blocks import launch_demo, studio_api_of
    from pix2pix.app.server.shutdown import StopSignals, Work, stop_server

    studio = studio_api_of(demo)
    metrics = serve_metrics(studio, args) if args.metrics else None
    signals = StopSignals()  # before anybody is served
    try:
        launch_demo(demo, args.host, args.port, args.root_path, args.mcp, args.access, metrics)
    except OSError:
        raise SystemExit(
            f"app.py: cannot listen on {args.host}:{args.port}, is it in use? "
            "Another port: --port NUMBER"
        ) from None
    if args.mcp and (problem := gradio_compat.mcp_problem(demo)):
        demo.close(verbose=False)
        raise SystemExit(f"app.py: --mcp: {problem}")
    print(f"pix2pix studio is at http://{args.host}:{args.port}  (Ctrl+C ends it)", flush=True)
    warming = threading.Timer(WARM_UP_AFTER_S, warm_up)
    warming.daemon = True
    warming.start()
    signals.wait()
    warming.cancel()
    work = Work(
        is_idle=lambda: studio.queue.is_idle and studio.state.requests == 0,
        is_delivered=lambda: not gradio_compat.has_undelivered_answers(demo),
        holds_photos=lambda: len(studio.photos) > 0,
    )
    stop_server(studio.state, work, lambda: demo.close(verbose=False), args.drain_seconds)


if __name__ == "__main__":
    main()
