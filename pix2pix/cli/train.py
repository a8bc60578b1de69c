"""Train a model on your own images.

python train.py RECIPE --data DIR --out DIR [--KEY VALUE ...]
python train.py RECIPE --data-a DIR --data-b DIR --out DIR [--KEY VALUE ...]
python train.py --resume DIR [--KEY VALUE ...]
python train.py --evaluate CHECKPOINT --data DIR [--judge TRACE_CHECKPOINT] [--json FILE]
python train.py RECIPE [--KEY VALUE ...] --show
torchrun --nproc-per-node 2 train.py ...

Exit status: 0 all steps done; 1 stopped by a full disk, out of memory, NaN or a lost worker, or the
push to the Hub failed; 2 a mistake in the command or the data; 130 or 143 saved and stopped by
SIGINT or SIGTERM.
"""

import argparse
import dataclasses
import difflib
import logging
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

from pix2pix.checkpoint import inner_checkpoints
from pix2pix.cli import publish
from pix2pix.config_fields import KEY_ALIASES, rename_old_keys
from pix2pix.evaluation import evaluate_checkpoint
from pix2pix.runtime.device import DEVICES
from pix2pix.runtime.malloc import keep_freed_memory
from pix2pix.training import launch
from pix2pix.training.recipe import FROM_DATA, Recipe, load_recipe, recipe_names
from pix2pix.training.recipe_cli import format_default, format_recipe, format_type, recipe_keys
from pix2pix.training.run_errors import RunStoppedError

OLD_NAMES = {new: old for old, new in KEY_ALIASES.items()}
RANGE_OPTIONS = ("--range-in", "--range-out")
INTERRUPTED = 128 + signal.SIGINT  # the exit status that shells use


def parse_data(text: str) -> Path | str:
    """A folder, or the name of a data set on the Hub, which stays a text."""
    return text if text.startswith("hf://") else Path(text)


def fetch_data(options: dict[str, Any]) -> None:
    """Replaces the name of a data set on the Hub by its folder; removes `columns`.

    Raises ValueError for --columns without such a name, and the errors of `fetch_dataset`.
    """
    columns = options.pop("columns")
    if not isinstance(options["data"], str):
        if columns is not None:
            raise ValueError("--columns goes with --data hf://OWNER/NAME")
        return
    from pix2pix.hub.dataset import fetch_dataset

    names = [name.strip() for name in (columns or "").split(",") if name.strip()]
    options["data"] = fetch_dataset(options["data"], names)


def parse_flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return text.lower() == "true"


def build_parser() -> argparse.ArgumentParser:
    """The parser of train.py, with an option for every key of a recipe."""
    parser = argparse.ArgumentParser(
        prog="train.py",
        allow_abbrev=False,
        usage="train.py RECIPE --data DIR --out DIR [--KEY VALUE ...]\n"
        "       train.py RECIPE --data-a DIR --data-b DIR --out DIR [--KEY VALUE ...]\n"
        "       train.py --resume DIR [--KEY VALUE ...]\n"
        "       train.py --evaluate CHECKPOINT --data DIR [--judge TRACE_CHECKPOINT]\n"
        "       train.py RECIPE [--KEY VALUE ...] --show",
        description="Train an image-to-image model from pairs, from two sets of images, or from "
        "single photos.",
        epilog="The folder --out is a checkpoint at any time: use it with the app or with "
        "'python -m pix2pix'. Its report.html shows the progress of the run.",
    )
    parser.add_argument("recipe", nargs="?", help=f"one of: {', '.join(recipe_names())}")
    parser.add_argument(
        "--data",
        type=parse_data,
        metavar="DIR",
        help="folder with the training images (docs/data.md), or hf://OWNER/NAME[@REVISION], a "
        "data set on the Hugging Face Hub",
    )
    parser.add_argument(
        "--columns",
        metavar="INPUT,TARGET",
        help="image columns of a data set on the Hub: of inputs and targets, or of photos "
        "(default: all image columns)",
    )
    for side in "AB":
        parser.add_argument(
            f"--data-{side.lower()}",
            type=Path,
            metavar="DIR",
            help=f"folder with the images of {side}, in place of --data",
        )
    parser.add_argument("--out", type=Path, help="folder for the run, created if missing")
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="DIR",
        help="continue the run in DIR; --data if its data moved, and keys to change, such as a "
        "larger --max-steps",
    )
    parser.add_argument(
        "--init-from",
        metavar="CHECKPOINT",
        help="start from the weights of this checkpoint, a folder or OWNER/NAME[@REVISION]; "
        "tensors of other shapes are skipped",
    )
    parser.add_argument(
        "--device", choices=DEVICES, default="auto", help="device to train on [default: auto]"
    )
    parser.add_argument(
        "--push-to-hub", metavar="OWNER/NAME", help="push the result to the Hugging Face Hub"
    )
    parser.add_argument("--private", action="store_true", help="push to a private repository")
    parser.add_argument(
        "--no-examples", action="store_true", help="push without the held-out inputs in examples/"
    )
    parser.add_argument(
        "--fast", action="store_true", help="with the recipe cut: FastCUT, the recipe fastcut"
    )
    add_evaluation(parser)
    parser.add_argument(
        "--show", action="store_true", help="print all keys of RECIPE with the options applied"
    )
    add_keys(parser)
    return parser


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Adds an option for every key, grouped as in `Recipe`, and a hidden one for its old name."""
    kinds = {field.name: field.type for field in dataclasses.fields(Recipe)}
    groups: dict[str, argparse._ArgumentGroup] = {}
    for key in recipe_keys():
        if key.name in ("task", *FROM_DATA):  # fixed by the recipe; read from the data
            continue
        if key.group not in groups:
            groups[key.group] = parser.add_argument_group(f"{key.group} (keys of the recipe)")
        kind: Any = kinds[key.name]
        kind = parse_flag if kind in (bool, "bool") else kind
        bare: dict = {"nargs": "?", "const": True} if kind is parse_flag else {}
        groups[key.group].add_argument(
            "--" + key.name.replace("_", "-"),
            type=kind,
            metavar=format_type(key.name),
            default=argparse.SUPPRESS,
            help=f"{key.help} [{format_default(key.name)}]".replace("%", "%%"),
            **bare,
        )
        if key.name in OLD_NAMES:
            parser.add_argument(
                "--" + OLD_NAMES[key.name].replace("_", "-"),
                type=kind,
                default=argparse.SUPPRESS,
                help=argparse.SUPPRESS,
                **bare,
            )


def add_evaluation(parser: argparse.ArgumentParser) -> None:
    scores = parser.add_argument_group("evaluation of a checkpoint, without training")
    scores.add_argument(
        "--evaluate",
        metavar="CHECKPOINT",
        help="evaluate this checkpoint, a folder or OWNER/NAME[@REVISION]",
    )
    scores.add_argument("--split", default="val", help="the folder in --data (default: val)")
    scores.add_argument("--judge", metavar="CHECKPOINT", help="trace checkpoint for the FCN score")
    scores.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="NAME=GLOB",
        help="metrics of the examples whose names match; can be repeated",
    )
    scores.add_argument(
        "--fid-weights",
        type=Path,
        metavar="FILE",
        help="measure FID with these weights of Inception-v3; --fid takes them from torch hub's "
        "cache or downloads them",
    )
    scores.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="default: CHECKPOINT/metrics.json; for one of the Hub NAME-metrics.json here",
    )


def pop_sides(options: dict[str, Any]) -> list[Path]:
    """The folders of --data-a and --data-b, or []; sets "data" to the folder around them.

    Raises ValueError if only one is there, or if --data is there too.
    """
    sides = [options.pop("data_a"), options.pop("data_b")]
    given = [side for side in sides if side is not None]
    if not given:
        return []
    if len(given) == 1 or options["data"] is not None:
        raise ValueError("expected --data DIR, or both --data-a DIR and --data-b DIR")
    options["data"] = Path(os.path.commonpath([side.resolve() for side in given]))
    return given


def evaluate(options: dict[str, Any], sides: list[Path]) -> None:
    """Prints the metrics of a checkpoint and writes them as JSON."""
    checkpoint, data, json_path = (options.pop(name) for name in ("evaluate", "data", "json"))
    split, judge, device = (options.pop(name) for name in ("split", "judge", "device"))
    groups = evaluate_checkpoint.parse_groups(options.pop("group"))
    fid_weights = options.pop("fid_weights")
    report = evaluate_checkpoint.evaluate_checkpoint(
        checkpoint, data, split, judge, groups, options, device, sides, fid_weights
    )
    print(evaluate_checkpoint.format_report(report))
    path = json_path or evaluate_checkpoint.default_json_path(checkpoint)
    evaluate_checkpoint.write_json(report, path)
    print(f"written to {path}")


def join_ranges(argv: list[str]) -> list[str]:
    """The arguments with ranges joined to their options: argparse takes -1024:3071 for one."""
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] in RANGE_OPTIONS:
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def parse_options(parser: argparse.ArgumentParser, argv: list[str] | None) -> dict[str, Any]:
    """The options by name. An unknown option ends the program and suggests the nearest name."""
    options, unknown = parser.parse_known_args(join_ranges(sys.argv[1:] if argv is None else argv))
    if unknown:
        name = unknown[0].split("=")[0]
        near = difflib.get_close_matches(name, parser.format_help().split(), n=1)
        hint = f"; did you mean {near[0]}?" if near and near[0].startswith("--") else ""
        parser.error(f"unknown option {name}{hint}")
    try:
        return rename_old_keys(vars(options), "the command")
    except ValueError as error:
        parser.error(str(error))


def push_run(folder: Path, repo: str, private: bool, examples: bool) -> None:
    """Pushes the run's checkpoint, or those of both directions as REPO-AtoB and REPO-BtoA."""
    inner = inner_checkpoints(folder)
    for name, checkpoint in inner.items():
        push(checkpoint, f"{repo}-{name}", private, examples)
    if not inner:
        push(folder, repo, private, examples)


def push(folder: Path, repo: str, private: bool, examples: bool) -> None:
    """Pushes a checkpoint to the Hub. Raises RunStoppedError with the command to retry."""
    words = ["python", "-m", "pix2pix", "push", str(folder), repo]
    words += ["--private"] * private + ["--no-examples"] * (not examples)
    try:
        publish.push_checkpoint(folder, repo, private, None, ask=False, examples=examples)
    except (Exception, KeyboardInterrupt) as error:
        reason = str(error) or type(error).__name__
        raise RunStoppedError(
            f"the training is done and saved in {folder}; pushing to the Hub failed: {reason}\n"
            f"To retry: {shlex.join(words)}"
        ) from error


def main(argv: list[str] | None = None) -> int:
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    parser = build_parser()
    options = parse_options(parser, argv)
    name, out, run = options.pop("recipe"), options.pop("out"), options.pop("resume")
    init_from, show = options.pop("init_from"), options.pop("show")
    if options.pop("fast"):
        if name not in ("cut", "fastcut"):
            parser.error("--fast goes with the recipe cut")
        name = "fastcut"
    repo, private = options.pop("push_to_hub"), options.pop("private")
    examples = not options.pop("no_examples")
    try:
        fetch_data(options)
        sides = pop_sides(options)
        if options["evaluate"] is not None:
            if name or out or run or init_from or repo or not options["data"]:
                parser.error(
                    "--evaluate CHECKPOINT takes --data DIR, and no recipe, --out, --resume, "
                    "--init-from"
                )
            evaluate(options, sides)
            return 0
        for key in ("evaluate", "split", "judge", "group", "fid_weights", "json"):
            if options.pop(key) != parser.get_default(key):
                parser.error(f"--{key.replace('_', '-')} goes with --evaluate CHECKPOINT")
        data, device = options.pop("data"), options.pop("device")
        if show:
            if not name or data or out or run or init_from or repo:
                parser.error("--show goes with RECIPE and its keys alone")
            print(format_recipe(load_recipe(name, options)))
            return 0
        if repo is not None:
            publish.check_target(repo)  # before hours of training
        keep_freed_memory()
        if run is not None:
            if name or out or init_from:
                parser.error("--resume takes the recipe from the run")
            signal_number = launch.resume(run, device, data, options, sides)
        elif not (name and data and out):
            parser.error("expected RECIPE --data DIR --out DIR, or --resume DIR")
        else:
            recipe = load_recipe(name, options)
            signal_number = launch.start(name, recipe, data, out, device, init_from, sides)
        if repo is not None and not signal_number and os.environ.get("RANK", "0") == "0":
            push_run(run or out, repo, private, examples)
    except (ValueError, OSError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    except RunStoppedError as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before the first step; later ones are handled by StopSignal
        return INTERRUPTED
    return signal_number and INTERRUPTED - signal.SIGINT + signal_number


if __name__ == "__main__":
    sys.exit(main())
