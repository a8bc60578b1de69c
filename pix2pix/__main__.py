"""The command line `python -m pix2pix COMMAND`. Each command has a module in `pix2pix.cli`."""

import argparse
import logging
import sys

from pix2pix.cli import (
    colorize,
    export,
    image_commands,
    import_weights,
    prepare,
    publish,
    restore,
    site,
)
from pix2pix.cli.console import describe_error, print_stderr

HELP = """\
Draw facades, colourise photos, trace photos of facades, train and share models.

  python -m pix2pix draw house.png -o house-photo.png
  python -m pix2pix colorize grandmother.jpg -o grandmother-colour.jpg
  python -m pix2pix trace house-photo.jpg -o house.png
  python -m pix2pix translate sketch.png -o photo.png --checkpoint runs/sketches
  python -m pix2pix prepare edges photos -o drawings
  python -m pix2pix push runs/facades ada/houses
  python -m pix2pix import latest_net_G.pth -o runs/horse2zebra
  python -m pix2pix export runs/facades -o facades.onnx
  python -m pix2pix site out
  python -m pix2pix app
  python -m pix2pix train facades --data DIR --out runs/facades

'python -m pix2pix COMMAND --help' shows the options. Images never leave this machine,
except those of a model card that you push.
"""


def build_parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m pix2pix", description=HELP, formatter_class=raw
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    image_commands.add_parsers(commands)
    colorize.add_parser(commands)
    restore.add_parser(commands)
    prepare.add_parser(commands)
    publish.add_parsers(commands)
    import_weights.add_parser(commands)
    export.add_parser(commands)
    site.add_parser(commands)
    return parser


def serve_app(argv: list[str]) -> int:
    from pix2pix.app.main import main as serve

    serve(argv)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["app"]:
        return serve_app(argv[1:])
    if argv[:1] == ["train"]:
        from pix2pix.cli import train

        return train.main(argv[1:])
    options = build_parser().parse_args(argv)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("pix2pix.hub").setLevel(logging.INFO)  # the commit of a downloaded model
    try:
        return int(options.run(options))
    except (ValueError, OSError, RuntimeError) as error:
        print_stderr(f"pix2pix: {describe_error(error)}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
