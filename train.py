"""Train a model on your own images.

python train.py RECIPE --data DIR --out DIR [--KEY VALUE ...]
python train.py --resume DIR
"""

import argparse
import dataclasses
import logging
import sys
from pathlib import Path

from pix2pix.device import DEVICES
from pix2pix.training import trainer
from pix2pix.training.recipe import Recipe, load_recipe, recipe_names


def parse_flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return text.lower() == "true"


def build_parser() -> argparse.ArgumentParser:
    """The command line, with an option for every key of a recipe."""
    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Train a model: facades (label map -> photo) or colorize (grey -> colour).",
        epilog="The folder --out is a checkpoint at any time: hand it to the app or to "
        "'python -m pix2pix'. Its samples/ and metrics.jsonl show how the run goes.",
    )
    parser.add_argument("recipe", nargs="?", help=f"one of: {', '.join(recipe_names())}")
    parser.add_argument(
        "--data", type=Path, help="folder with the training images (README: Your own data)"
    )
    parser.add_argument("--out", type=Path, help="folder for the run, made if need be")
    parser.add_argument("--resume", type=Path, metavar="DIR", help="continue the run in DIR")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    keys = parser.add_argument_group("keys of the recipe (default: what the recipe says)")
    for key in dataclasses.fields(Recipe):
        if key.name in ("task", "palette"):  # what the recipe is for; what the data says
            continue
        kind = {"bool": parse_flag, bool: parse_flag}.get(key.type, key.type)
        option = "--" + key.name.replace("_", "-")
        bare: dict = {"nargs": "?", "const": True} if kind is parse_flag else {}
        keys.add_argument(option, type=kind, metavar="VALUE", default=argparse.SUPPRESS, **bare)
    return parser


def main(argv: list[str] | None = None) -> int:
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    parser = build_parser()
    options = vars(parser.parse_args(argv))
    name, data, out = options.pop("recipe"), options.pop("data"), options.pop("out")
    run, device = options.pop("resume"), options.pop("device")
    try:
        if run is not None:
            if name or data or out or options:
                parser.error("--resume takes the recipe and its keys from the run")
            trainer.resume(run, device)
        elif not (name and data and out):
            parser.error("expected RECIPE --data DIR --out DIR, or --resume DIR")
        else:
            trainer.start(name, load_recipe(name, options), data, out, device)
    except (ValueError, FloatingPointError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
