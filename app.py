"""The pix2pix studio in the browser: `python app.py`, then http://127.0.0.1:7860."""

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pix2pix.ui  # noqa: F401  before torch, which reads what it sets
from pix2pix.hub.client import UnreachableError
from pix2pix.inference import Tracer, load_colorizer, load_drawer, load_tracer
from pix2pix.labels import CLASSES
from pix2pix.ui.demo import create_demo, launch_options

HERE = Path(__file__).resolve().parent
BUNDLED = HERE / "checkpoints"
ON_SPACES = "SPACE_ID" in os.environ
Model = TypeVar("Model")

log = logging.getLogger("pix2pix")


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Serves the studio: draw a facade and get a building, give an old photo colour."
    )
    parser.add_argument(
        "--checkpoint-facades",
        metavar="X",
        default=os.environ.get("PIX2PIX_FACADES", BUNDLED / "facades"),
        help="what the Draw tab serves: a checkpoint folder, or OWNER/NAME[@REVISION] on the "
        "Hugging Face Hub [checkpoints/facades; or $PIX2PIX_FACADES]",
    )
    parser.add_argument(
        "--checkpoint-colorize",
        metavar="X",
        default=os.environ.get("PIX2PIX_COLORIZE", BUNDLED / "colorize"),
        help="what the Colourise tab serves [checkpoints/colorize; or $PIX2PIX_COLORIZE]",
    )
    parser.add_argument(
        "--checkpoint-trace",
        metavar="X",
        default=os.environ.get("PIX2PIX_TRACE", BUNDLED / "trace"),
        help="what makes drawings of photos [checkpoints/trace where it is; or $PIX2PIX_TRACE]",
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        default=os.environ.get("PIX2PIX_DEVICE", "auto"),
        help="where the models run [auto; or $PIX2PIX_DEVICE]",
    )
    parser.add_argument(
        "--host",
        default=os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0" if ON_SPACES else "127.0.0.1"),
        help="address to listen on [127.0.0.1; or $GRADIO_SERVER_NAME]",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=os.environ.get("GRADIO_SERVER_PORT", 7860),
        help="port to listen on [7860; or $GRADIO_SERVER_PORT]",
    )
    return parser.parse_args(argv)


def load_or_say_why(
    load: Callable[[str | Path, str], Model], name: str | Path, bundled_name: str, device: str
) -> Model | str | None:
    """The model of that name, or a sentence saying why there is none: its tab then says so.

    Where the Hub cannot be reached it is the bundled one. None where that was not asked for and is
    not there, as in a Space that serves another model.
    """
    bundled = BUNDLED / bundled_name
    if name == bundled and not bundled.exists():
        return None
    try:
        try:
            return load(name, device)
        except UnreachableError as error:
            if not bundled.exists():
                raise
            log.warning("%s; %s is served instead", error, bundled.relative_to(HERE))
            return load(bundled, device)
    except ValueError as error:
        log.warning("off: %s", error)
        return f"This tab is off because its model could not be loaded: {error}"


def load_tracer_if_there(name: str | Path, device: str) -> Tracer | None:
    """The tracer of the twelve facade classes. None where there is no such one, with a warning
    unless it is the one that may come along."""
    tracer = load_or_say_why(load_tracer, name, "trace", device)
    if tracer is None or isinstance(tracer, str):
        return None
    if [color.name for color in tracer.config.palette] != [c.name for c in CLASSES]:
        log.warning("off: %s traces other classes than facades", name)
        return None
    return tracer


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    log.setLevel(logging.INFO)  # which commit of a model is served
    demo = create_demo(
        load_or_say_why(load_drawer, args.checkpoint_facades, "facades", args.device),
        load_or_say_why(load_colorizer, args.checkpoint_colorize, "colorize", args.device),
        load_tracer_if_there(args.checkpoint_trace, args.device),
    )
    try:
        demo.launch(
            server_name=args.host,
            server_port=args.port,
            prevent_thread_lock=True,
            quiet=True,
            **launch_options(),
        )
    except OSError:
        raise SystemExit(
            f"app.py: cannot listen on {args.host}:{args.port}, is it in use? "
            "Another port: --port NUMBER"
        ) from None
    print(f"pix2pix studio is at http://{args.host}:{args.port}  (Ctrl+C ends it)", flush=True)
    demo.block_thread()


if __name__ == "__main__":
    main()
