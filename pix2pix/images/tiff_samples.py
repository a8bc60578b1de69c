"""Read all samples of a TIFF file in their own depth: any number of channels, pages as channels.

`tiff.decode_page` converts to what can be shown; here the values stay as they are in the file.
"""

import logging
from typing import IO

import numpy as np

from pix2pix.images import tiff_layout as tags
from pix2pix.images.array_files import MAX_CHANNELS, MAX_VALUES, SampleHeader, common_dtype
from pix2pix.images.tiff_layout import Directory, read_layout
from pix2pix.images.tiff_segments import FLOAT, JPEG, SIGNED, UNSIGNED, SegmentReader

SAMPLE_FORMAT = 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2


def read_tiff_header(file: IO[bytes]) -> SampleHeader | None:
    """The header of the samples of a TIFF file; None if it is a picture of 8 bits or less.

    Such pictures, palettes, CMYK and photos compressed as JPEG are read by `reader.open_image`.
    Raises ValueError "reason" for a damaged file.
    """
    pages = _find_pages(file)
    if pages is None:
        return None
    first = pages[0]
    width, height = first.size
    channels = len(pages) * first.number(tags.SAMPLES, 1)
    if channels > MAX_CHANNELS:
        raise ValueError(f"has {channels} channels; the limit is {MAX_CHANNELS}")
    if width * height * channels > MAX_VALUES:
        raise ValueError(f"has {width * height * channels:,} values; the limit is {MAX_VALUES:,}")
    bits, form = max(first.numbers.get(tags.BITS) or (1,)), first.number(SAMPLE_FORMAT, UNSIGNED)
    if form == FLOAT:
        return SampleHeader(height, width, channels, "float32")
    kind = "i" if form == SIGNED else "u"
    size = 1 if bits <= 8 else 2 if bits <= 16 else 4
    return SampleHeader(height, width, channels, common_dtype(np.dtype(f"{kind}{size}")))


def read_tiff_samples(file: IO[bytes]) -> np.ndarray:
    """The samples (H, W, C) of a TIFF file for which `read_tiff_header` is not None.

    Raises ValueError "reason" for a file that is damaged or of an unsupported kind.
    """
    import tifffile  # imported late: it is slow to import, and most images are no TIFF

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # errors are raised as ValueError
    header, pages = read_tiff_header(file), _find_pages(file)
    assert header is not None and pages is not None
    result: np.ndarray = np.empty((header.height, header.width, header.channels), header.dtype)
    each = header.channels // len(pages)
    try:
        file.seek(0)
        with tifffile.TiffFile(file, is_lsm=False, is_scanimage=False, is_ndpi=False) as opened:
            for index, directory in enumerate(pages):
                opened.filehandle.seek(directory.offset)
                page = tifffile.TiffPage(opened, index=index)
                if (page.imagewidth, page.imagelength) != directory.size:
                    raise ValueError("its size is not clear")
                _fill(result[..., index * each : (index + 1) * each], SegmentReader(file, page))
    except NotImplementedError as error:
        raise ValueError(f"is a TIFF of a kind that cannot be read ({error})") from None
    except Exception as error:  # codecs raise errors of their own, KeyError, ...
        raise ValueError(f"is damaged or cut short ({error})") from None
    if pages[0].number(tags.PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO:
        if result.dtype.kind != "u":
            raise ValueError("is a TIFF with white as zero in signed numbers or floats")
        result = np.iinfo(result.dtype).max - result
    return result


def _fill(target: np.ndarray, reader: SegmentReader) -> None:
    filled = 0
    for plane, y, x, samples in reader.segments():
        rows, columns = samples.shape[:2]
        planes = slice(plane, plane + 1) if reader.is_planar else slice(None)
        place = target[y : y + rows, x : x + columns, planes]
        place[...] = samples[: place.shape[0], : place.shape[1]]
        filled += place.size
    if filled < target.size:
        raise ValueError("a strip or tile is missing")


def _find_pages(file: IO[bytes]) -> list[Directory] | None:
    """The pages whose samples are the channels; None for a picture of 8 bits or less.

    Grey pages of the same size and depth are channels together, as in a stack of slices.
    """
    layout = read_layout(file)
    largest = layout.largest
    kind = _kind_of(largest)
    pages = layout.pages
    if any(_kind_of(page) != kind for page in pages) or largest.number(tags.SAMPLES, 1) > 1:
        pages = [largest]
    photometric = largest.number(tags.PHOTOMETRIC, _BLACK_IS_ZERO)
    bits, samples = largest.numbers.get(tags.BITS) or (1,), largest.number(tags.SAMPLES, 1)
    if photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        return None
    if largest.number(tags.COMPRESSION, 1) == JPEG or largest.number(tags.ORIENTATION, 1) != 1:
        return None
    has_alpha = largest.numbers.get(tags.EXTRA_SAMPLES, ())[:1] in ((1,), (2,))
    is_picture = samples - has_alpha in (1, 3) and len(pages) == 1
    is_unsigned = largest.number(SAMPLE_FORMAT, UNSIGNED) == UNSIGNED
    if min(bits) < 8 or (max(bits) == 8 and is_unsigned and is_picture):
        return None
    return pages


def _kind_of(directory: Directory) -> tuple[object, ...]:
    codes = (tags.SAMPLES, tags.BITS, SAMPLE_FORMAT, tags.PHOTOMETRIC)
    return (directory.size, *(directory.numbers.get(code) for code in codes))
