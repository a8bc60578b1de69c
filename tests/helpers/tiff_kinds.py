"""Every kind of TIFF that scanners and programs write, and the picture in each."""

from collections.abc import Callable

import imagecodecs
import numpy as np
from helpers.tiffs import (
    ALPHA,
    BITS,
    BLACK_AND_WHITE,
    DEEP,
    GREY,
    GREY_RGB,
    HALVED,
    LAID,
    LAID_RGB,
    RGB,
    SOFT,
    WIDE,
    WIDE_RGB,
    YCBCR,
    YCC,
    bilevel,
    by_hand,
    grey,
    lab_file,
    old_jpeg,
    packed,
    palette_file,
    palette_pixels,
    planes,
    with_alpha,
    written,
)

# Name: how the file is made, the 8-bit RGB expected, and by how much it may be off.
KINDS: dict[str, tuple[Callable[[], bytes], np.ndarray, float]] = {
    "white is zero, 8": (lambda: written(255 - GREY, photometric="miniswhite"), GREY_RGB, 0),
    "white is zero, 16": (lambda: written(65535 - WIDE, photometric="miniswhite"), GREY_RGB, 0),
    "white is zero, 12 in 16": (
        lambda: written(4095 - GREY.astype(np.uint16) * 16, photometric="miniswhite"),
        GREY_RGB,
        1,
    ),
    "white is zero, 4": (
        lambda: by_hand([packed(15 - (GREY >> 4), 4)], (258, 3, [4]), (262, 3, [0])),
        ((GREY >> 4) * 17)[..., None].repeat(3, 2),
        0,
    ),
    "white is zero, float": (
        lambda: written((1 - GREY / 255).astype(np.float32), photometric="miniswhite"),
        GREY_RGB,
        1,
    ),
    "white is zero, grey and alpha, 16": (
        lambda: written(
            np.stack([65535 - WIDE, ALPHA.astype(np.uint16) * 257], -1),
            photometric="miniswhite",
            planarconfig="contig",
            extrasamples=["unassalpha"],
        ),
        LAID,
        1,
    ),
    "planes, 8": (lambda: written(planes(RGB), photometric="rgb", planarconfig="separate"), RGB, 0),
    "planes, 16": (
        lambda: written(planes(WIDE_RGB), photometric="rgb", planarconfig="separate"),
        RGB,
        0,
    ),
    "planes, 16, big-endian, deflate, strips": (
        lambda: written(
            planes(WIDE_RGB),
            photometric="rgb",
            planarconfig="separate",
            byteorder=">",
            compression="zlib",
            predictor=True,
            rowsperstrip=7,
        ),
        RGB,
        0,
    ),
    "planes with alpha, 8, tiles": (
        lambda: written(
            planes(with_alpha(RGB)),
            photometric="rgb",
            planarconfig="separate",
            extrasamples=["unassalpha"],
            tile=(16, 16),
        ),
        LAID_RGB,
        1,
    ),
    "planes of grey and alpha, 16": (
        lambda: written(
            planes(with_alpha(GREY, 257)),
            photometric="minisblack",
            planarconfig="separate",
            extrasamples=["unassalpha"],
        ),
        LAID,
        1,
    ),
    "rgb 16": (lambda: written(WIDE_RGB, photometric="rgb"), RGB, 0),
    "rgb 12 in 16": (lambda: written(RGB.astype(np.uint16) * 16, photometric="rgb"), RGB, 1),
    "rgb 32": (lambda: written(RGB.astype(np.uint32) * 16843009, photometric="rgb"), RGB, 0),
    "rgb float": (lambda: written((RGB / 255).astype(np.float32), photometric="rgb"), RGB, 0),
    "rgb half float": (lambda: written((RGB / 255).astype(np.float16), photometric="rgb"), RGB, 1),
    "rgb with alpha, 8": (
        lambda: written(with_alpha(RGB), photometric="rgb", extrasamples=["unassalpha"]),
        LAID_RGB,
        1,
    ),
    "rgb with alpha, 16": (
        lambda: written(with_alpha(RGB, 257), photometric="rgb", extrasamples=["unassalpha"]),
        LAID_RGB,
        1,
    ),
    "rgb with associated alpha, 8": (
        lambda: written(with_alpha(RGB, 1, True), photometric="rgb", extrasamples=["assocalpha"]),
        LAID_RGB,
        1,
    ),
    "rgb with associated alpha, 16": (
        lambda: written(with_alpha(RGB, 257, True), photometric="rgb", extrasamples=["assocalpha"]),
        LAID_RGB,
        1.5,
    ),
    "rgb with one more that is no alpha": (
        lambda: written(with_alpha(RGB), photometric="rgb", extrasamples=["unspecified"]),
        RGB,
        0,
    ),
    "grey and alpha, 8": (
        lambda: written(
            with_alpha(GREY),
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=["unassalpha"],
        ),
        LAID,
        1,
    ),
    "grey and alpha, 16": (
        lambda: written(
            with_alpha(GREY, 257),
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=["unassalpha"],
        ),
        LAID,
        1,
    ),
    "grey and associated alpha, 8": (
        lambda: written(
            with_alpha(GREY, 1, True),
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=["assocalpha"],
        ),
        LAID,
        1,
    ),
    "grey with one more that is empty": (
        lambda: by_hand(
            [np.stack([GREY, GREY * 0], -1).tobytes()], (258, 3, [8, 8]), (277, 3, [2])
        ),
        GREY_RGB,
        0,
    ),
    "10 in 16": (lambda: grey(GREY.astype(np.uint16) * 4 + 3), GREY_RGB, 1),
    "12 in 16": (lambda: grey(GREY.astype(np.uint16) * 16), GREY_RGB, 1),
    "14 in 16": (lambda: grey(GREY.astype(np.uint16) * 64), GREY_RGB, 1),
    "11 in 16, said": (
        lambda: by_hand([(GREY.astype("<u2") * 8).tobytes()], (258, 3, [16]), (281, 3, [2047])),
        GREY_RGB,
        1,
    ),
    "a dark photo of 16, said": (
        lambda: by_hand([(GREY.astype("<u2") * 16).tobytes()], (258, 3, [16]), (281, 3, [65535])),
        (GREY_RGB / 16.06).round(),
        1,
    ),
    "a dark photo of 8": (lambda: grey(GREY // 16), GREY_RGB // 16, 0),
    "16 all black": (lambda: grey(WIDE * 0), GREY_RGB * 0, 0),
    "10 packed": (
        lambda: by_hand([packed(GREY.astype(np.uint16) * 4 + 3, 10)], (258, 3, [10])),
        GREY_RGB,
        1,
    ),
    "12 packed": (
        lambda: by_hand([packed(GREY.astype(np.uint16) * 16 + 15, 12)], (258, 3, [12])),
        GREY_RGB,
        1,
    ),
    "14 packed rgb": (
        lambda: by_hand(
            [packed(RGB.astype(np.uint16) * 64 + 63, 14)],
            (258, 3, [14] * 3),
            (262, 3, [2]),
            (277, 3, [3]),
        ),
        RGB,
        1,
    ),
    "unsigned 32": (lambda: grey(DEEP), GREY_RGB, 1),
    "unsigned 32 that holds 16": (lambda: grey(WIDE.astype(np.uint32)), GREY_RGB, 1),
    "unsigned 64": (lambda: grey(DEEP.astype(np.uint64) << np.uint64(32)), GREY_RGB, 1),
    "signed 8": (lambda: grey((GREY.astype(int) - 128).astype(np.int8)), GREY_RGB, 1),
    "signed 16": (lambda: grey((WIDE.astype(int) - 32768).astype(np.int16)), GREY_RGB, 1),
    "signed 16 from 0": (lambda: grey((WIDE // 2).astype(np.int16)), GREY_RGB, 1),
    "float to 1": (lambda: grey((GREY / 255).astype(np.float32)), GREY_RGB, 0),
    "float to 255": (lambda: grey(GREY.astype(np.float64)), GREY_RGB, 0),
    "float to 1.5": (lambda: grey((GREY / 170).astype(np.float32)), GREY_RGB, 0),
    "half float": (lambda: grey((GREY / 255).astype(np.float16)), GREY_RGB, 1),
    "palette, 8": (lambda: palette_file(8), palette_pixels(8), 1),
    "palette, 4": (lambda: palette_file(4), palette_pixels(4), 1),
    "palette, 1": (lambda: palette_file(1), palette_pixels(1), 1),
    "cmyk, 8": (
        lambda: written(
            np.concatenate([255 - RGB, GREY[..., None] * 0], -1), photometric="separated"
        ),
        RGB,
        1,
    ),
    "cmyk, 16, planes": (
        lambda: written(
            planes(np.concatenate([65535 - WIDE_RGB, WIDE[..., None] * 0], -1)),
            photometric="separated",
            planarconfig="separate",
        ),
        RGB,
        1,
    ),
    "lab, 8": (lab_file, GREY_RGB, 4),
    "jpeg, ycbcr": (
        lambda: written(
            RGB,
            photometric="rgb",
            compression="jpeg",
            subsampling=(1, 1),
            compressionargs={"level": 98},
        ),
        RGB,
        24,
    ),
    "jpeg, ycbcr, chroma at half size": (
        lambda: written(
            SOFT,
            photometric="rgb",
            compression="jpeg",
            subsampling=(2, 2),
            compressionargs={"level": 98},
        ),
        SOFT,
        6,
    ),
    "jpeg, grey, tiles": (
        lambda: grey(GREY, compression="jpeg", compressionargs={"level": 98}, tile=(32, 32)),
        GREY_RGB,
        24,
    ),
    "ycbcr": (lambda: by_hand([YCC.tobytes()], *YCBCR, (530, 3, [1, 1])), SOFT, 3),
    "ycbcr, lzw, chroma at half size": (
        lambda: by_hand(
            [imagecodecs.lzw_encode(HALVED.tobytes())], *YCBCR, (530, 3, [2, 2]), (259, 3, [5])
        ),
        SOFT,
        6,
    ),
    "jpeg, cmyk": (
        lambda: written(
            np.concatenate([255 - SOFT, SOFT[..., :1] * 0], -1),
            compression="jpeg",
            photometric="separated",
            compressionargs={"level": 98},
        ),
        SOFT,
        6,
    ),
    "jpeg, planes": (
        lambda: written(
            planes(SOFT),
            photometric="rgb",
            planarconfig="separate",
            compression="jpeg",
            compressionargs={"level": 98},
        ),
        SOFT,
        6,
    ),
    "jpeg of the old style": (old_jpeg, RGB, 24),
    "lzw": (lambda: grey(GREY, compression="lzw"), GREY_RGB, 0),
    "lzw, 16, predictor": (lambda: grey(WIDE, compression="lzw", predictor=True), GREY_RGB, 0),
    "deflate, rgb 16, predictor": (
        lambda: written(WIDE_RGB, photometric="rgb", compression="zlib", predictor=True),
        RGB,
        0,
    ),
    "deflate, float, predictor 3": (
        lambda: grey((GREY / 255).astype(np.float32), compression="zlib", predictor=3),
        GREY_RGB,
        0,
    ),
    "adobe deflate of 32946": (lambda: grey(GREY, compression=32946), GREY_RGB, 0),
    "packbits": (lambda: grey(GREY, compression="packbits"), GREY_RGB, 0),
    "zstandard": (lambda: grey(WIDE, compression="zstd"), GREY_RGB, 0),
    "tiles, 16, big-endian": (lambda: grey(WIDE, tile=(16, 32), byteorder=">"), GREY_RGB, 0),
    "strips of three": (lambda: written(RGB, photometric="rgb", rowsperstrip=3), RGB, 0),
    "bigtiff": (lambda: written(WIDE_RGB, photometric="rgb", bigtiff=True), RGB, 0),
    "bigtiff, big-endian": (lambda: grey(WIDE, bigtiff=True, byteorder=">"), GREY_RGB, 0),
    "1 bit": (lambda: by_hand([packed(BITS, 1)], (258, 3, [1])), BLACK_AND_WHITE, 0),
    "1 bit, white is zero": (
        lambda: by_hand([packed(1 - BITS, 1)], (258, 3, [1]), (262, 3, [0])),
        BLACK_AND_WHITE,
        0,
    ),
    "1 bit, least significant first": (
        lambda: by_hand(
            [np.packbits(BITS, axis=1, bitorder="little").tobytes()], (258, 3, [1]), (266, 3, [2])
        ),
        BLACK_AND_WHITE,
        0,
    ),
    "ccitt rle": (lambda: bilevel("tiff_ccitt"), BLACK_AND_WHITE, 0),
    "ccitt g3": (lambda: bilevel("group3", 0), BLACK_AND_WHITE, 0),
    "ccitt g4": (lambda: bilevel("group4"), BLACK_AND_WHITE, 0),
    "ccitt g4, white is zero": (lambda: bilevel("group4", 0), BLACK_AND_WHITE, 0),
}
