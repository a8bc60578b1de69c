"""The pix2pix studio in the browser: `python app.py`, then http://127.0.0.1:7860."""

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pix2pix.ui  # noqa: F401  before torch, which reads what it sets
from pix2pix.inference import Tracer, load_colorizer, load_drawer, load_tracer
from pix2pix.labels import CLASSES
from pix2pix.ui.demo import create_demo, launch_options

HERE = Path(__file__).resolve().parent
TRACE = HERE / "checkpoints" / "trace"
ON_SPACES = "SPACE_ID" in os.environ
Model = TypeVar("Model")


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Serves the studio: draw a facade and get a building, give an old photo colour."
    )
    parser.add_argument(
        "--checkpoint-facades",
        metavar="DIR",
        default=os.environ.get("PIX2PIX_FACADES", HERE / "checkpoints" / "facades"),
        help="what the Draw tab serves [checkpoints/facades; or $PIX2PIX_FACADES]",
    )
    parser.add_argument(
        "--checkpoint-colorize",
        metavar="DIR",
        default=os.environ.get("PIX2PIX_COLORIZE", HERE / "checkpoints" / "colorize"),
        help="what the Colourise tab serves [checkpoints/colorize; or $PIX2PIX_COLORIZE]",
    )
    parser.add_argument(
        "--checkpoint-trace",
        metavar="DIR",
        default=os.environ.get("PIX2PIX_TRACE", TRACE),
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
    load: Callable[[str | Path, str], Model], folder: str | Path, device: str
) -> Model | str:
    """The model, or a sentence saying why there is none: the app then starts without it."""
    try:
        return load(folder, device)
    except ValueError as error:
        logging.getLogger("pix2pix").warning("off: %s", error)
        return f"This tab is off because its model could not be loaded: {error}"


def load_tracer_if_there(folder: str | Path, device: str) -> Tracer | None:
    """The tracer of the twelve facade classes. None where there is no such one, with a warning
    unless it is the one that may come along."""
    if not Path(folder).is_dir() and Path(folder) == TRACE:
        return None
    tracer = load_or_say_why(load_tracer, folder, device)
    if isinstance(tracer, str):
        return None
    if [color.name for color in tracer.config.palette] != [c.name for c in CLASSES]:
        logging.getLogger("pix2pix").warning("off: %s traces other classes than facades", folder)
        return None
    return tracer


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    demo = create_demo(
        load_or_say_why(load_drawer, args.checkpoint_facades, args.device),
        load_or_say_why(load_colorizer, args.checkpoint_colorize, args.device),
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
