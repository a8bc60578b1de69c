"""The command line: `python -m pix2pix draw` and `python -m pix2pix colorize`."""

import argparse
import io
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.files import write_atomically

if TYPE_CHECKING:
    from PIL import Image

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"

# What a result can be written as, by the ending of its name
FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}

HELP = """\
Draw facades and colourise photos.

  python -m pix2pix draw house.png -o house-photo.png
  python -m pix2pix colorize grandmother.jpg -o grandmother-colour.jpg

'python -m pix2pix COMMAND --help' says more. Everything happens on this machine.
"""

OUTPUT_RULES = """\
OUT is a file for one input (.png, .jpg, .webp, .tiff or .bmp). For several inputs, or where OUT is
a folder or ends in /, it is a folder, made if need be, and each result has its input's name as PNG.
An input is never overwritten. Inputs whose names start with - go last, after --.

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
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m pix2pix", description=HELP, formatter_class=raw
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, metavar: str, summary: str, description: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=description,
            epilog=EXAMPLES[name] + "\n" + OUTPUT_RULES,
            formatter_class=raw,
        )
        command.add_argument("inputs", nargs="+", metavar=metavar, help="image file")
        command.add_argument("-o", "--out", required=True, help="file or folder for the results")
        command.add_argument(
            "--device", default="auto", help="cpu, cuda or mps (default: the best there is)"
        )
        return command

    def add_checkpoint(command: argparse.ArgumentParser, name: str) -> None:
        command.add_argument(
            "--checkpoint",
            metavar="DIR",
            default=CHECKPOINTS / name,
            help=f"checkpoint folder (default: the one that comes along, checkpoints/{name})",
        )

    draw = add("draw", "LABELS", "label maps -> photos of buildings", DRAW_HELP)
    add_checkpoint(draw, "facades")
    draw.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="which building: another number, another style (default: 0)",
    )
    colorize = add("colorize", "PHOTO", "black-and-white photos -> colour", COLORIZE_HELP)
    add_checkpoint(colorize, "colorize")
    colorize.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="S",
        help="of the colours, 0 to 1.5 (default: 1)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    options = build_parser().parse_args(argv)
    inputs = list(dict.fromkeys(options.inputs))  # the same name twice is one input
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong with a file, we say ourselves, in a line
        try:
            targets, bad = plan_outputs(inputs, options.out)
            process = load_command(options)
        except (ValueError, OSError, RuntimeError) as error:
            complain(f"pix2pix: {say(error)}")
            return 2
        for source, target in targets.items():
            try:
                save_image(process(source), target)
            except Exception as error:  # the batch goes on, whatever one file does
                bad[source] = say(error).removeprefix(f"{source}: ")
    for source in inputs:
        if source in bad:
            complain(f"{source}: {bad[source]}")
    if len(bad) == len(inputs):
        return 2
    return 1 if bad else 0


def complain(line: str) -> None:
    """Prints one line on stderr, whatever a file's name or an error's text has in it."""
    print("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), file=sys.stderr)


def say(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{os.fspath(error.filename)}: {error.strerror}"
    return str(error) or type(error).__name__


def load_command(options: argparse.Namespace) -> Callable[[str], "Image.Image"]:
    """What the command does to one file. The model is loaded once, here."""
    # Imported late: torch takes seconds, and --help and mistakes should not wait for it.
    from PIL import Image

    from pix2pix import inference
    from pix2pix.images import open_rgb
    from pix2pix.labels import open_label_map

    if options.command == "draw":
        drawer = inference.load_drawer(options.checkpoint, options.device)
        return lambda source: Image.fromarray(drawer.draw(open_label_map(source), options.seed))
    if not 0 <= options.strength <= inference.MAX_STRENGTH:
        raise ValueError(
            f"--strength goes from 0 to {inference.MAX_STRENGTH}, got {options.strength}"
        )
    colorizer = inference.load_colorizer(options.checkpoint, options.device)
    return lambda source: colorizer.colorize(open_rgb(source), options.strength)


def plan_outputs(inputs: list[str], out: str) -> tuple[dict[str, Path], dict[str, str]]:
    """The output file of each input, and for inputs that can have none, the reason.

    `inputs` are distinct. Raises ValueError where OUT cannot be what they need.
    """
    if not out:
        raise ValueError("-o is empty; expected a file or folder for the results")
    path = Path(out)
    if len(inputs) > 1 or out.endswith(("/", os.sep)) or path.is_dir():
        check_folder(path)
        wanted = {source: path / f"{Path(source).stem}.png" for source in inputs}
    else:
        if path.suffix.lower() not in FORMATS:
            raise ValueError(
                f"{out}: cannot tell the format; end it in {', '.join(FORMATS)}, "
                "or in / for a folder"
            )
        check_folder(path.parent)
        wanted = {inputs[0]: path}

    originals = {identify(Path(source)): source for source in inputs}
    owners: dict[Path, str] = {}
    bad: dict[str, str] = {}
    for source, target in wanted.items():
        there = identify(target)
        if there and there in originals:
            victim = originals[there]
            bad[source] = f"its result would overwrite {'it' if victim == source else victim}"
        elif target in owners:
            bad[source] = f"its result would overwrite that of {owners[target]}, {target}"
        elif target.is_dir():
            bad[source] = f"its result cannot be written, {target} is a folder"
        else:
            owners[target] = source
    return {source: target for target, source in owners.items()}, bad


def check_folder(folder: Path) -> None:
    """Raises ValueError unless results can be written to the folder, or it can be made."""
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir():
        raise ValueError(f"{there}: is a file; a folder is needed for the results")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"{there}: is a folder that cannot be written to")


def identify(path: Path) -> tuple[int, int] | None:
    """What two names of one file have in common; None where there is no file."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return None
    return status.st_dev, status.st_ino


def save_image(image: "Image.Image", path: Path) -> None:
    """Writes the image in the format of the file's ending, whole or not at all."""
    kind = FORMATS[path.suffix.lower()]
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    buffer = io.BytesIO()
    try:
        image.save(buffer, kind, **options)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
    except (OSError, ValueError) as error:  # a full disk; more pixels a side than the format has
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ValueError(f"{path} cannot be written ({reason})") from None


if __name__ == "__main__":
    sys.exit(main())
