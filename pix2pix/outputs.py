"""Where the results of a command go, and writing them: never over an input, whole or not at all."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from pix2pix.files import write_atomically

_DATES = (
    ExifTags.Base.DateTimeOriginal,
    ExifTags.Base.DateTimeDigitized,
    ExifTags.Base.OffsetTimeOriginal,
    ExifTags.Base.OffsetTimeDigitized,
)

_OPTIONS = {
    "JPEG": {"quality": 95, "subsampling": 0},  # colours as sharp as the photo
    "WEBP": {"quality": 95},
    "PNG": {"compress_level": 3},  # half the time of the default, a few percent larger
}

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


def plan_outputs(
    inputs: list[str], out: str, endings: Sequence[str] = tuple(FORMATS), others: Sequence[str] = ()
) -> tuple[dict[str, Path], dict[str, str]]:
    """The output file of each input, and for inputs that can have none, the reason.

    `inputs` are distinct; a file of theirs is not overwritten, nor is one of `others`. Raises
    ValueError where OUT cannot be what they need.
    """
    if not out:
        raise ValueError("-o is empty; expected a file or folder for the results")
    path = Path(out)
    if len(inputs) > 1 or out.endswith(("/", os.sep)) or path.is_dir():
        check_folder(path)
        wanted = {source: path / f"{Path(source).stem}.png" for source in inputs}
    else:
        if path.suffix.lower() not in endings:
            raise ValueError(
                f"{out}: cannot tell the format; end it in {', '.join(endings)}, "
                "or in / for a folder"
                if len(endings) > 1
                else f"{out}: a label map is kept without loss; end it in {endings[0]}, "
                "or in / for a folder"
            )
        check_folder(path.parent)
        wanted = {inputs[0]: path}

    return guard_outputs(wanted, others)


def guard_outputs(
    wanted: dict[str, Path], others: Sequence[str] = ()
) -> tuple[dict[str, Path], dict[str, str]]:
    """Those of the wanted outputs that overwrite no input, no folder and not one another.

    And for the inputs that are left without, the reason.
    """
    originals = {identify(Path(source)): source for source in [*others, *wanted]}
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


def read_dates(image: Image.Image) -> bytes:
    """Exif of when the photo was taken and scanned, and of nothing else that a camera wrote.

    As bytes: of an Image.Exif, Pillow leaves the inner dates out of a TIFF. Empty without dates.
    """
    kept = Image.Exif()
    try:
        exif = image.getexif()
        date = exif.get(ExifTags.Base.DateTime)
        inner = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # a broken note about the picture does not break the picture
        return b""
    if isinstance(date, str):
        kept[ExifTags.Base.DateTime] = date
    dates = {int(tag): inner[tag] for tag in _DATES if isinstance(inner.get(tag), str)}
    if dates:
        kept.get_ifd(ExifTags.IFD.Exif).update(dates)
    return kept.tobytes() if date or dates else b""


def read_dpi(image: Image.Image) -> tuple[float, float] | None:
    """How many pixels of a scan are an inch (x, y); None where it does not say, or nonsense."""
    try:
        x, y = (float(v) for v in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if all(1 < v < 65536 for v in (x, y)) else None


def encode_image(
    image: Image.Image, kind: str, exif: bytes = b"", dpi: tuple[float, float] | None = None
) -> bytes:
    """The image as a file in a format of FORMATS. Raises what Pillow raises."""
    options: dict[str, Any] = dict(_OPTIONS.get(kind, {}))
    if exif:
        options["exif"] = exif
    if dpi:
        options["dpi"] = dpi
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def save_image(
    image: Image.Image,
    path: Path,
    exif: bytes = b"",
    dpi: tuple[float, float] | None = None,
) -> None:
    """Writes the image in the format of the file's ending, whole or not at all."""
    try:
        content = encode_image(image, FORMATS[path.suffix.lower()], exif, dpi)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except (OSError, ValueError) as error:  # a full disk; more pixels a side than the format has
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ValueError(f"{path} cannot be written ({reason})") from None
