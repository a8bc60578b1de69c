"""The command line of the app."""

import argparse
import os
from collections.abc import Sequence

from pix2pix.inference import ENGINES
from pix2pix.runtime.bundle import CHECKPOINTS

ON_SPACES = "SPACE_ID" in os.environ
SPACES_PROXIES = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"  # a Space is reached through them alone
METRICS_AT = "127.0.0.1:9464"  # the port of OpenTelemetry's exporter for Prometheus
DRAW_IN = ("server", "browser", "auto")


def read_address(text: str) -> tuple[str, int] | None:
    """Host and port of "127.0.0.1:9464", "[::1]:9464" or "9464" (of this machine); None for "".

    Raises argparse.ArgumentTypeError.
    """
    if not text:
        return None
    host, _, port = text.rpartition(":")
    host = host.strip("[]") if host.startswith("[") else host
    is_plain = ":" not in host or text.startswith("[")
    if not (is_plain and port.isdecimal() and port.isascii() and 0 < int(port) < 65536):
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, such as {METRICS_AT}, got {text!r}")
    return host or "127.0.0.1", int(port)


def read_seconds(text: str) -> int:
    """A whole number of seconds. Raises argparse.ArgumentTypeError."""
    if not text.isdecimal() or not text.isascii():
        raise argparse.ArgumentTypeError(f"expected a whole number of seconds, got {text!r}")
    return int(text)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Serves the studio: draw a facade and get a building, give an old photo colour."
    )
    parser.add_argument(
        "--checkpoint-facades",
        metavar="X",
        default=os.environ.get("PIX2PIX_FACADES", CHECKPOINTS / "facades"),
        help="model of the Draw tab: a checkpoint folder, or OWNER/NAME[@REVISION] on the "
        "Hugging Face Hub [checkpoints/facades; or $PIX2PIX_FACADES]",
    )
    parser.add_argument(
        "--checkpoint-facades-hd",
        metavar="X",
        default=os.environ.get("PIX2PIX_FACADES_HD", CHECKPOINTS / "facades_hd"),
        help="model of the pictures that the Draw tab saves, larger than those of "
        "--checkpoint-facades; '' for none [checkpoints/facades_hd, if there; or "
        "$PIX2PIX_FACADES_HD]",
    )
    parser.add_argument(
        "--checkpoint-colorize",
        metavar="X",
        default=os.environ.get("PIX2PIX_COLORIZE", CHECKPOINTS / "colorize"),
        help="model of the Colourise tab [checkpoints/colorize; or $PIX2PIX_COLORIZE]",
    )
    parser.add_argument(
        "--checkpoint-trace",
        metavar="X",
        default=os.environ.get("PIX2PIX_TRACE", CHECKPOINTS / "trace"),
        help="model that makes drawings of photos [checkpoints/trace, if there; or $PIX2PIX_TRACE]",
    )
    parser.add_argument(
        "--checkpoint-restore",
        metavar="X",
        default=os.environ.get("PIX2PIX_RESTORE", CHECKPOINTS / "restore"),
        help="model that removes scratches in the Colourise tab [checkpoints/restore, if there; or "
        "$PIX2PIX_RESTORE]",
    )
    parser.add_argument(
        "--checkpoint-cats",
        metavar="X",
        default=os.environ.get("PIX2PIX_CATS", CHECKPOINTS / "cats"),
        help="model of the Cats tab, '' for none [checkpoints/cats, if there; or $PIX2PIX_CATS]",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="X",
        action="append",
        default=[],
        help="checkpoint that gets a tab of its own, for its task; may be given several times",
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        default=os.environ.get("PIX2PIX_DEVICE", "auto"),
        help="device of the models [auto; or $PIX2PIX_DEVICE]",
    )
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default=os.environ.get("PIX2PIX_ENGINE", "auto"),
        help="engine that runs the models [auto: the faster one on this processor, which the log "
        "names; or $PIX2PIX_ENGINE]",
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
    parser.add_argument(
        "--root-path",
        metavar="PATH",
        default=os.environ.get("GRADIO_ROOT_PATH", ""),
        help="path under which a proxy serves the app: /studio, or https://example.org/studio; see "
        "docs/hosting.md [the root of the site; or $GRADIO_ROOT_PATH]",
    )
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="also serve drawing and colouring as tools to language models (MCP)",
    )
    parser.add_argument(
        "--trusted-proxies",
        metavar="ADDRESSES",
        type=lambda text: text.split(","),
        default=os.environ.get("PIX2PIX_TRUSTED_PROXIES", SPACES_PROXIES if ON_SPACES else None),
        help="addresses or networks of the proxies in front of the app, separated by commas, such "
        "as 127.0.0.1; their X-Forwarded headers are believed [none; or $PIX2PIX_TRUSTED_PROXIES]",
    )
    parser.add_argument(
        "--allow-origin",
        metavar="ORIGIN",
        action="append",
        default=["*"] if ON_SPACES else [],
        help="origin of other pages that may use the app, such as https://example.org; null: pages "
        "in a sandbox; *: all pages; may be given several times [its own pages only]",
    )
    parser.add_argument(
        "--limit",
        metavar="NAME=NUMBER",
        action="append",
        default=[],
        help="changes a limit of the server or of a client, such as client-uploads=8; may be given "
        "several times; see docs/hosting.md",
    )
    parser.add_argument(
        "--draw-in",
        choices=DRAW_IN,
        default=os.environ.get("PIX2PIX_DRAW_IN", "auto" if ON_SPACES else "server"),
        help="where live pictures of drawings are made: on the server; in the visitor's browser, "
        "when it has loaded the model (11 MB); auto: in browsers that are fast enough; see "
        "docs/hosting.md [server, on Spaces auto; or $PIX2PIX_DRAW_IN]",
    )
    parser.add_argument(
        "--runtime",
        metavar="URL",
        default=os.environ.get("PIX2PIX_RUNTIME", ""),
        help="with --draw-in: address of the dist folder of onnxruntime-web, such as that of a "
        "CDN, instead of the copy that npm downloads [or $PIX2PIX_RUNTIME]",
    )
    parser.add_argument(
        "--metrics",
        metavar="ADDRESS",
        type=read_address,
        nargs="?",
        const=METRICS_AT,
        default=os.environ.get("PIX2PIX_METRICS", ""),
        help="serve Prometheus metrics at this HOST:PORT, apart from the app, to everybody who "
        f"reaches it; see docs/scale.md [not served; --metrics alone: {METRICS_AT}; or "
        "$PIX2PIX_METRICS]",
    )
    parser.add_argument(
        "--drain-seconds",
        metavar="N",
        type=read_seconds,
        default=os.environ.get("PIX2PIX_DRAIN_SECONDS", "0"),
        help="on SIGTERM, serve visitors who have photos open for at most N seconds more, and send "
        "new ones away; see docs/scale.md [0; or $PIX2PIX_DRAIN_SECONDS]",
    )
    args = parser.parse_args(argv)
    if args.draw_in not in DRAW_IN:  # argparse does not check the default
        parser.error(f"PIX2PIX_DRAW_IN must be one of {', '.join(DRAW_IN)}, got {args.draw_in!r}")
    args.trusted_proxies = args.trusted_proxies or []
    return args
