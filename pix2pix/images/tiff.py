"""Decode a page of a TIFF file with tifffile, in strips and within bounds.

Supports what Pillow reads wrongly or not at all: white-is-zero at any depth, separate planes, grey
with alpha, 10 to 16 bits, 32-bit integers, floats.
"""

import io
import logging
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from pix2pix.images import tiff_layout as tags
from pix2pix.images.convert import SAMPLE_RANGE, crop_rows, scale_to_u8, strips
from pix2pix.images.metadata_limits import check_scans
from pix2pix.images.tiff_layout import Directory
from pix2pix.images.tiff_segments import (
    FLOAT,
    JPEG,
    SIGNED,
    UNSIGNED,
    VOID,
    Range,
    SegmentReader,
    find_sample_ranges,
)

if TYPE_CHECKING:
    from tifffile import TiffPage

NOTES_KEY = "notes"  # key of `Image.info`: a tuple of sentences about what was guessed

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_SENSOR = (32803, 34892)  # colour filter array, linear raw
_OLD_JPEG = 6
# None, CCITT (3), LZW, JPEG, Deflate (2), PackBits, LZMA, Zstandard: the ones used for photos
_COMPRESSIONS = (1, 2, 3, 4, 5, JPEG, 8, 32946, 32773, 34925, 50000)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class _Kind(NamedTuple):
    """How a page's samples are converted to an image."""

    mode: str  # of the image
    colors: int  # number of colour samples; an alpha sample may follow
    has_alpha: bool = False
    is_premultiplied: bool = False
    is_inverted: bool = False  # white is zero

    @property
    def used(self) -> int:
        return self.colors + self.has_alpha


def decode_page(file: IO[bytes], directory: Directory) -> Image.Image:
    """The image of a page, upright, in mode 1, L, P, I;16, I, F, LA, RGB, RGBA or CMYK.

    Grey of more than 8 bits keeps its values, with their range in `info[SAMPLE_RANGE]`; colours
    and alpha are converted to 8 bits. `info[NOTES_KEY]` describes what was guessed. Raises
    ValueError "reason" for a page that is damaged or of an unsupported kind.
    """
    missing = _RGB if directory.number(tags.SAMPLES, 1) >= 3 else _BLACK_IS_ZERO
    photometric = directory.number(tags.PHOTOMETRIC, missing)
    compression = directory.number(tags.COMPRESSION, 1)
    if photometric in _SENSOR:
        raise ValueError("is a camera's raw file; develop it to TIFF or JPEG first")
    try:
        if compression == _OLD_JPEG:
            image = _decode_old_jpeg(file, directory)
        elif photometric == _LAB or (
            photometric == _YCBCR
            and compression != JPEG
            and directory.numbers.get(tags.SUBSAMPLING) != (1, 1)
        ):
            return _decode_with_pillow(file, directory)
        elif compression in _COMPRESSIONS:
            image = _decode(file, directory, photometric)
        else:
            raise NotImplementedError(f"compression {compression}")
    except NotImplementedError as error:
        raise ValueError(f"is a TIFF of a kind that cannot be read ({error})") from None
    except Exception as error:  # codecs raise errors of their own, KeyError, ...
        raise ValueError(f"is damaged or cut short ({error})") from None
    turn = _TURNS.get(directory.number(tags.ORIENTATION, 1))
    if turn is None:
        return image
    turned = image.transpose(turn)
    turned.info = image.info
    return turned


def _decode_old_jpeg(file: IO[bytes], directory: Directory) -> Image.Image:
    """Decodes old-style JPEG (TIFF 6.0) if the file has a complete JPEG stream, as most do."""
    start, count = directory.number(513), directory.number(514)
    file.seek(start)
    data = file.read(count or -1) if start else b""
    if not data.startswith(b"\xff\xd8"):
        raise NotImplementedError("JPEG of the old style in parts")
    check_scans(data)
    return _load(Image.open(io.BytesIO(data), formats=("JPEG",)), directory)


def _decode_with_pillow(file: IO[bytes], directory: Directory) -> Image.Image:
    """Decodes what libtiff supports and tifffile does not: CIELab and subsampled YCbCr.

    Pillow applies the orientation itself.
    """
    if directory.frame is None:
        raise NotImplementedError("these colours in a sub-directory")
    file.seek(0)
    try:
        image = Image.open(file, formats=("TIFF",))
        image.seek(directory.frame)
        return _load(image, directory)
    except (OSError, SyntaxError) as error:
        raise NotImplementedError(error) from None


def _load(image: Image.Image, directory: Directory) -> Image.Image:
    if directory.size not in (image.size, image.size[::-1]):
        raise ValueError("its size is not clear")
    image.load()
    image = image if image.mode in ("1", "L") else image.convert("RGB")
    result = image.copy()
    result.info = {}
    return result


def _decode(file: IO[bytes], directory: Directory, photometric: int) -> Image.Image:
    import tifffile  # imported late: it is slow to import, and most photos are no TIFF

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # errors are raised as ValueError
    file.seek(0)
    with tifffile.TiffFile(file, is_lsm=False, is_scanimage=False, is_ndpi=False) as opened:
        opened.filehandle.seek(directory.offset)
        page = tifffile.TiffPage(opened, index=0)
        if (page.imagewidth, page.imagelength) != directory.size:
            raise ValueError("its size is not clear")
        kind = _find_kind(page, directory, photometric)
        image = _paint(SegmentReader(file, page), kind)
        if kind.mode == "P":
            image.putpalette(_palette(page))
    is_said = bool(directory.numbers.get(tags.EXTRA_SAMPLES))
    if kind.has_alpha and not is_said and image.getchannel("A").getextrema() == (0, 0):
        return image.convert("L" if image.mode == "LA" else "RGB")  # the sample is no alpha
    return image


def _find_kind(page: "TiffPage", directory: Directory, photometric: int) -> _Kind:
    bits, form, samples = page.bitspersample, page.sampleformat, page.samplesperpixel
    if page.imagedepth != 1 or form not in (UNSIGNED, SIGNED, FLOAT, VOID):
        raise NotImplementedError("volumes or complex numbers")
    if not isinstance(bits, int):
        raise NotImplementedError(f"samples of {bits} bits")
    colors = {_RGB: 3, _YCBCR: 3, _CMYK: 4}.get(photometric, 1)
    known = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR, _CMYK)
    if photometric not in known or samples < colors or (photometric == _PALETTE and bits > 8):
        kind = f"{samples} samples of {bits} bits, photometric interpretation {photometric}"
        raise NotImplementedError(kind)
    if photometric in (_CMYK, _PALETTE):
        return _Kind("CMYK" if photometric == _CMYK else "P", colors)
    if photometric == _YCBCR and page.compression != JPEG:
        return _Kind("YCbCr", 3)
    inverted = photometric == _WHITE_IS_ZERO
    extra = directory.numbers.get(tags.EXTRA_SAMPLES, ())[:1]
    if samples > colors and (extra in ((1,), (2,)) or (not extra and samples == colors + 1)):
        return _Kind("RGBA" if colors == 3 else "LA", colors, True, extra == (1,), inverted)
    return _Kind("RGB" if colors == 3 else _grey_mode(bits, form), colors, is_inverted=inverted)


def _grey_mode(bits: int, form: int) -> str:
    if form == SIGNED:
        return "I" if bits <= 32 else "F"
    if form == FLOAT or bits > 16:
        return "F"
    return "1" if bits == 1 else "L" if bits <= 8 else "I;16"


def _palette(page: "TiffPage") -> list[int]:
    """Red, green, blue of each entry in 0..255. Some files store 8 bits, against the standard."""
    table = np.asarray(page.colormap, np.int64).reshape(3, -1)[:, :256]
    return (table if table.max(initial=0) < 256 else table >> 8).T.ravel().tolist()


def _paint(reader: SegmentReader, kind: _Kind) -> Image.Image:
    mode = "L" if kind.mode == "P" else kind.mode
    ranges: tuple[Range, Range] = ((0, 1), (0, 1))
    notes: tuple[str, ...] = ()
    if kind.mode not in ("1", "P"):
        *found, notes = find_sample_ranges(reader, kind.colors)
        ranges = found[0], found[1]
    size = reader.width, reader.height
    planes = [Image.new("L", size) for _ in range(kind.used)] if reader.is_planar else []
    whole = Image.new(mode, size) if kind.used == 1 or not planes else None
    for plane, y, x, samples in reader.segments():
        if plane >= kind.used:
            break
        for rows in strips(samples.shape):
            part = samples[rows, :, : kind.used]
            indices = [plane] if reader.is_planar else range(kind.used)
            bands = [
                Image.fromarray(_convert(part[..., i], kind, ranges, index >= kind.colors))
                for i, index in enumerate(indices)
            ]
            painted = bands[0] if len(bands) == 1 else Image.merge(mode, bands)
            canvas = planes[plane] if whole is None else whole
            canvas.paste(painted, (x, y + rows.start))
    image = Image.merge(mode, planes) if whole is None else whole
    if kind.mode == "YCbCr":
        image = image.convert("RGB")
    if kind.is_premultiplied:
        image = _divide_by_alpha(image)
    if kind.mode in ("I;16", "I", "F"):
        image.info[SAMPLE_RANGE] = ranges[0]
    if notes:
        image.info[NOTES_KEY] = notes
    return image


def _convert(
    samples: np.ndarray, kind: _Kind, ranges: tuple[Range, Range], is_alpha: bool
) -> np.ndarray:
    """One sample of each pixel (h, w), in the dtype of the image's mode."""
    low, high = ranges[is_alpha]
    is_inverted = kind.is_inverted and not is_alpha
    if kind.mode == "P":
        return samples.astype(np.uint8)
    if kind.mode == "1":
        return (samples != 0) ^ is_inverted
    if kind.mode in ("I;16", "I", "F"):
        dtype = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[kind.mode]
        return (low + high - samples.astype(np.float64) if is_inverted else samples).astype(dtype)
    u8 = scale_to_u8(samples, low, high)
    return 255 - u8 if is_inverted else u8


def _divide_by_alpha(image: Image.Image) -> Image.Image:
    result = Image.new(image.mode, image.size)
    for rows in strips((image.height, image.width)):
        values = np.asarray(crop_rows(image, rows)).astype(np.float32)
        alpha = values[..., -1:]
        values[..., :-1] *= 255 / np.maximum(alpha, 1)
        u8 = (values + 0.5).clip(0, 255).astype(np.uint8)
        result.paste(Image.fromarray(u8), (0, rows.start))
    return result
