"""The command line: `python -m pix2pix draw` and `python -m pix2pix colorize`."""

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from pix2pix.device import DEVICES
from pix2pix.files import write_atomically
from pix2pix.images import open_rgb
from pix2pix.labels import open_label_map

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"

OUTPUT_RULES = """\
OUT is a file for one input (PNG, JPEG, WebP, TIFF or BMP by its ending). For several inputs, or
where OUT is a folder or ends in /, it is a folder, and each result has its input's name as PNG.

exit status: 0 all done; 1 some inputs were bad (the others are done, the bad ones are listed at
the end); 2 nothing could be done.
"""

DRAW_HELP = """\
Paint the photo of each facade label map.

LABELS is a picture of class colours: a palette PNG as the CMP Facade Database and this app save it,
an RGB picture in those colours or in those of the pix2pix "facades" set (JPEG too), or a greyscale
picture of class indices 0-11 or ids 1-12. The photo has the size of the label map.
"""

COLORIZE_HELP = """\
Give black-and-white photos their colours.

The result has the size and the orientation of the photo, and its full sharpness: only colour is
added. The photo never leaves this machine. Up to 50 megapixels.
"""

EXAMPLES = {
    "draw": """\
examples:
  python -m pix2pix draw house.png -o house-photo.png
  python -m pix2pix draw house.png -o other-house.png --seed 7
  python -m pix2pix draw drawings/*.png -o photos/
""",
    "colorize": """\
examples:
  python -m pix2pix colorize grandmother.jpg -o grandmother-colour.jpg
  python -m pix2pix colorize scans/*.jpg -o colour/ --strength 0.8
""",
}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pix2pix", description="Draw facades and colourise photos."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, metavar: str, summary: str, description: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=description,
            epilog=EXAMPLES[name] + "\n" + OUTPUT_RULES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("inputs", nargs="+", metavar=metavar, help="image file")
        command.add_argument("-o", "--out", required=True, help="file or folder for the results")
        command.add_argument(
            "--checkpoint",
            metavar="DIR",
            help="checkpoint folder (default: the one that comes along)",
        )
        command.add_argument(
            "--device", choices=DEVICES, default="auto", help="default: the best there is"
        )
        return command

    draw = add("draw", "LABELS", "label maps -> photos of buildings", DRAW_HELP)
    draw.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="which building: another number, another style",
    )
    colorize = add("colorize", "PHOTO", "black-and-white photos -> colour", COLORIZE_HELP)
    colorize.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="S",
        help="of the colours, 0 to 1.5 (default 1)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    options = build_parser().parse_args(argv)
    try:
        targets = plan_outputs(options.inputs, options.out)
        process = load_command(options)
    except (ValueError, OSError) as error:
        return fail(str(error))
    bad = []
    for source, target in targets:
        try:
            if isinstance(target, ValueError):
                raise target
            save_image(process(source), target)
        except Exception as error:  # the batch goes on, whatever one file does
            reason = " ".join(str(error).split()) or type(error).__name__
            bad.append(reason if reason.startswith(source) else f"{source}: {reason}")
    for line in bad:
        print(line, file=sys.stderr)
    if len(bad) == len(targets):
        return 2
    return 1 if bad else 0


def fail(message: str) -> int:
    print(f"pix2pix: {message}", file=sys.stderr)
    return 2


def load_command(options: argparse.Namespace) -> Callable[[str], Image.Image]:
    """What the command does to one file. The model is loaded once, here."""
    from pix2pix import inference  # imports torch: --help and mistakes should not wait for it

    if options.command == "draw":
        drawer = inference.load_drawer(
            options.checkpoint or CHECKPOINTS / "facades", options.device
        )
        return lambda source: Image.fromarray(drawer.draw(open_label_map(source), options.seed))
    if not 0 <= options.strength <= inference.MAX_STRENGTH:
        raise ValueError(
            f"--strength goes from 0 to {inference.MAX_STRENGTH}, got {options.strength}"
        )
    colorizer = inference.load_colorizer(
        options.checkpoint or CHECKPOINTS / "colorize", options.device
    )
    return lambda source: colorizer.colorize(open_rgb(source), options.strength)


def plan_outputs(inputs: list[str], out: str) -> list[tuple[str, Path | ValueError]]:
    """Each input with its output file, or with the reason why it can have none.

    Raises ValueError where OUT cannot be what the inputs need.
    """
    path = Path(out)
    if len(inputs) == 1 and not out.endswith("/") and not path.is_dir():
        check_suffix(path)
        return [(inputs[0], check_distinct(inputs[0], path))]
    if path.exists() and not path.is_dir():
        raise ValueError(f"{out}: is a file; several inputs need a folder for their results")
    taken: dict[Path, str] = {}
    plan: list[tuple[str, Path | ValueError]] = []
    for source in inputs:
        target = path / f"{Path(source).stem}.png"
        if target in taken:
            clash = f"{source}: its result would overwrite that of {taken[target]}, {target}"
            plan.append((source, ValueError(clash)))
        else:
            taken[target] = source
            plan.append((source, check_distinct(source, target)))
    return plan


def check_suffix(path: Path) -> None:
    known = Image.registered_extensions()
    if known.get(path.suffix.lower()) not in ("PNG", "JPEG", "WEBP", "TIFF", "BMP"):
        raise ValueError(
            f"{path}: cannot tell the format; end it in .png, .jpg, .webp, .tiff or .bmp, "
            "or in / for a folder"
        )


def check_distinct(source: str, target: Path) -> Path | ValueError:
    if target.exists() and Path(source).exists() and target.samefile(source):
        return ValueError(f"{source}: its result would overwrite it")
    return target


def save_image(image: Image.Image, path: Path) -> None:
    """Writes the image in the format of the file's ending, whole or not at all."""
    kind = Image.registered_extensions()[path.suffix.lower()]
    buffer = io.BytesIO()
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    image.save(buffer, kind, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())


if __name__ == "__main__":
    sys.exit(main())
