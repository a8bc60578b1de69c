"""Files that are opened as drawings, and the canvases on which they are."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from helpers.label_images import (
    block_map,
    colored,
    facade_photo,
    house,
    painted,
    random_map,
    saved,
    sunset,
    void_corner,
)
from helpers.png_files import raw_png
from PIL import Image, ImageDraw

from pix2pix.config import LabelColor
from pix2pix.labels.canvas_spec import CanvasSpec, facades_canvas
from pix2pix.labels.classes import PALETTE, PIX2PIX_PALETTE
from pix2pix.labels.label_map import encode_label_image

NAME = "drawing"
FACADES = facades_canvas((128, 128))
ROADS = ((128, 64, 128), (70, 130, 180), (107, 142, 35))
GREYS = ((0, 0, 0), (128, 64, 128), (90, 90, 90), (70, 130, 180))
MASK = ((0, 0, 0), (255, 255, 255))


def own(colors: Any, *names: str, shape: tuple[int, int] = (96, 128)) -> CanvasSpec:
    names = names or tuple(f"class {i}" for i in range(len(colors)))
    return CanvasSpec("labels", shape, tuple(map(LabelColor, names, colors)), "map")


def lines(*shape: int) -> CanvasSpec:
    classes = (LabelColor("paper", (255, 255, 255)), LabelColor("ink", (0, 0, 0)))
    return CanvasSpec("lines", (shape[0], shape[1]), classes, "drawing")


@dataclass
class Case:
    """A file, and the canvas on which it is opened."""

    content: bytes
    canvas: CanvasSpec = FACADES


def png(image: Image.Image | np.ndarray, **options: Any) -> bytes:
    return encoded(image, "PNG", **options)


def encoded(image: Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pen_drawing(side: int, width: int, ink: Any, paper: Any, mode: str = "L") -> Image.Image:
    image = Image.new(mode, (side, side * 3 // 4), paper)
    draw = ImageDraw.Draw(image)
    draw.rectangle((side // 4, side // 4, side // 2, side // 2), outline=ink, width=width)
    draw.line((0, 0, side, side // 2), fill=ink, width=width)
    draw.ellipse((side // 2, side // 8, side * 7 // 8, side // 2), outline=ink, width=width)
    return image


def photo() -> np.ndarray:
    return np.asarray(facade_photo())


def grounds() -> Iterator[tuple[str, Case]]:
    labels = house()
    for under in ((0, 0, 0), (255, 255, 255), (12, 200, 90)):
        rgba = np.dstack([painted(labels), np.where(labels == 0, 0, 255).astype(np.uint8)])
        rgba[labels == 0, :3] = under
        yield f"clear over {under}", Case(png(rgba))
    soft = np.full(labels.shape, 255, np.uint8)
    soft[:16], soft[16:20] = 100, 160
    yield "soft edge", Case(png(np.dstack([painted(labels), soft])))
    road = np.full((32, 32, 4), (*ROADS[1], 255), np.uint8)
    road[:8] = 0
    yield "clear without background", Case(png(road), own(ROADS, "road", "sky", "grass"))
    yield "clear with background", Case(png(road), own(ROADS, " Background", "sky", "grass"))
    white = np.full((32, 32, 3), ROADS[1], np.uint8)
    white[:8] = 255
    yield "white without background", Case(png(white), own(ROADS, "road", "sky", "grass"))
    for name, palette in (("cmp", PALETTE), ("pix2pix", PIX2PIX_PALETTE)):
        rgb = painted(labels, palette)
        rgb[labels == 0] = 255
        yield f"white {name}", Case(png(rgb))
        yield f"white {name} jpeg", Case(saved(rgb, "JPEG"))
    rgb = painted(labels)
    rgb[labels == 2] = 255
    yield "white windows", Case(png(rgb))
    clear = np.zeros((8, 8, 4), np.uint8)
    yield "nothing but clear", Case(png(clear))


def odd_colors() -> Iterator[tuple[str, Case]]:
    for color in ((255, 0, 255), (128, 128, 128), (250, 240, 230)):
        rgb = painted(house())
        rgb[40:68, 40:68] = color
        yield f"area {color}", Case(png(rgb))
        yield f"area {color} jpeg", Case(saved(rgb, "JPEG"))
    rgb = painted(house())
    for i in range(5):
        rgb[100:114, 20 * i : 20 * i + 14] = (200, 40 * i, 255 - 10 * i)
    yield "five areas", Case(png(rgb))
    rgb = painted(house())
    rgb[40:52, 40:52] = (255, 0, 255)
    yield "small area", Case(png(rgb))
    rgb = painted(house())
    rgb[::8] = 255
    yield "lines of no class", Case(png(rgb))
    small = Image.fromarray(painted(house(512))).resize((128, 128), 2, box=(2, 2, 510, 510))
    yield "shrunk", Case(png(small))
    close = ((0, 0, 60), (0, 0, 110), (250, 170, 30))
    for blue in (85, 96):
        rgb = np.full((32, 32, 3), close[2], np.uint8)
        rgb[:8] = (0, 0, blue)
        yield f"between classes {blue}", Case(png(rgb), own(close))
    yield "photo", Case(png(photo()))
    yield "photo jpeg", Case(saved(photo(), "JPEG"))
    yield "grey photo", Case(png(facade_photo().convert("L")))
    yield "photo in palette", Case(png(facade_photo().convert("P")))
    yield "photo for roads", Case(png(photo()), own(ROADS))
    yield "sunset", Case(png(sunset()))
    rgb = photo().copy()
    rgb[:40] = PALETTE[block_map(128)][:40]
    yield "photo with classes", Case(png(rgb))
    yield "black", Case(png(Image.new("RGB", (8, 8), (9, 0, 4))))
    for quality, subsampling in ((95, 0), (75, 2), (50, 0), (50, 2)):
        for name, palette in (("cmp", PALETTE), ("pix2pix", PIX2PIX_PALETTE)):
            image = colored(void_corner(block_map(128)), palette)
            options = {"quality": quality, "subsampling": subsampling}
            yield f"jpeg {quality} {subsampling} {name}", Case(encoded(image, "JPEG", **options))
    yield "webp", Case(encoded(colored(block_map(), PALETTE), "WEBP", quality=60))
    yield "large jpeg", Case(encoded(colored(block_map(1600, 64), PALETTE), "JPEG"))
    for side in (180, 77):
        labels = np.zeros((512, 512), np.uint8)
        labels[100:301, 150:401] = 9
        image = colored(labels, PALETTE).resize((side, side), Image.Resampling.LANCZOS)
        yield f"shrunk to {side}", Case(png(image))


def pairs() -> Iterator[tuple[str, Case]]:
    halves = [photo(), painted(house(), PIX2PIX_PALETTE)]
    for name, pair in (("right", halves), ("left", halves[::-1])):
        yield f"map at the {name}", Case(png(np.concatenate(pair, 1)))
        yield f"map at the {name} jpeg", Case(saved(np.concatenate(pair, 1), "JPEG"))
    yield "two photos", Case(png(np.concatenate([photo(), photo()[::-1]], 1)))
    wide = np.concatenate([painted(house())] * 2, 1)
    yield "wide map", Case(png(wide))
    wide[:, :128][house() == 2] = (255, 0, 255)
    yield "wide map with an odd colour", Case(png(wide))
    rgba = np.dstack([np.concatenate(halves, 1), np.full((128, 256), 255, np.uint8)])
    rgba[:20, 128:, 3] = 0
    yield "pair with a clear sky", Case(png(rgba))
    odd = halves[1].copy()
    odd[40:68, 40:68] = (255, 0, 255)
    yield "pair with an odd colour", Case(png(np.concatenate([photo(), odd], 1)))


def numbers() -> Iterator[tuple[str, Case]]:
    labels = random_map()
    for first in (0, 1):
        yield f"indices from {first}", Case(png((labels + first).astype(np.uint8)))
        yield f"16 bits from {first}", Case(png((labels + first).astype(np.uint16)))
        yield (
            f"colour indices from {first}",
            Case(png(Image.fromarray((labels + first).astype(np.uint8)).convert("RGB"))),
        )
    for values in ([[0, 12]], [[1, 11]], [[0, 13]], [[0]], [[7, 7]], [[255]]):
        yield f"values {values}", Case(png(np.array(values, np.uint8)))
    yield "16 bits too high", Case(png(np.array([[0, 300]], np.uint16)))
    yield "palette as grey", Case(png(encode_label_image(labels).convert("L")))
    yield "bits", Case(png(Image.fromarray(labels > 5)))
    grey_alpha = Image.fromarray(labels).convert("LA")
    yield "grey and alpha", Case(png(grey_alpha))
    grey_alpha.putpixel((0, 0), (5, 0))
    yield "grey and a clear pixel", Case(png(grey_alpha))
    is_object = house() > 1
    two = own(MASK, "ground", "cell")
    other = own(ROADS[:2], "ground", "cell")
    for name, canvas in (("mask", two), ("coloured mask", other)):
        image = Image.fromarray(np.where(is_object, 255, 0).astype(np.uint8))
        for mode in ("L", "1", "RGB", "P"):
            yield f"{name} {mode}", Case(png(image.convert(mode)), canvas)
        deep = Image.fromarray(np.where(is_object, 65535, 0).astype(np.uint16))
        yield f"{name} 16 bits", Case(png(deep), canvas)
        yield f"{name} half", Case(png(np.where(is_object, 77, 0).astype(np.uint8)), canvas)
    own_labels = (block_map(64) % len(GREYS)).astype(np.uint8)
    canvas = own(GREYS)
    colors = Image.fromarray(np.array(GREYS, np.uint8)[own_labels])
    yield "own colours", Case(png(colors), canvas)
    yield "own colours jpeg", Case(encoded(colors, "JPEG", quality=90), canvas)
    yield "own indices", Case(png(own_labels), canvas)
    yield "own deep indices", Case(png(own_labels.astype(np.uint16)), canvas)
    yield "own palette", Case(png(encode_label_image(own_labels, GREYS)), canvas)
    yield "own greys", Case(png(np.array(GREYS, np.uint8)[np.array([[0, 2], [2, 2]])]), canvas)
    yield "black is void", Case(png(np.array([[[0, 0, 0], GREYS[1]]], np.uint8)), own(GREYS[1:]))
    yield "a facade for roads", Case(png(encode_label_image(block_map(64))), own(ROADS))
    yield (
        "many classes",
        Case(
            png(np.arange(200, dtype=np.uint8).reshape(10, 20)),
            own([(i, 255 - i, i // 2) for i in range(200)]),
        ),
    )


def palettes() -> Iterator[tuple[str, Case]]:
    labels = random_map()
    yield "saved by us", Case(png(encode_label_image(void_corner(labels))))
    for name, palette in (("cmp", PALETTE), ("pix2pix", PIX2PIX_PALETTE)):
        image = colored(void_corner(labels), palette)
        for mode in ("RGB", "RGBA", "P"):
            yield f"{name} {mode}", Case(png(image.convert(mode, palette=Image.Palette.ADAPTIVE)))
    yield "clear class", Case(png(encode_label_image(labels), transparency=3))
    yield "clear and unused", Case(png(encode_label_image(labels), transparency=0))
    yield "clear colour", Case(png(colored(labels, PALETTE), transparency=(0, 0, 255)))
    saved_by_us = encode_label_image(void_corner(labels))
    for kind in ("GIF", "BMP"):
        yield kind, Case(encoded(saved_by_us, kind))
    yield "gif with a clear class", Case(encoded(saved_by_us, "GIF", transparency=3))
    yield "lossless webp", Case(encoded(colored(labels, PALETTE), "WEBP", lossless=True))
    values = np.array([[0, 1, 2, 255]], np.uint8).repeat(8, 1).repeat(8, 0)
    shades = np.full((256, 3), 224, np.uint8)
    shades[:3] = ROADS
    image = Image.fromarray(values)
    image.putpalette(shades.tobytes())
    yield "index 255", Case(png(image), own(ROADS, shape=(8, 32)))
    shades[255] = ROADS[0]
    image.putpalette(shades.tobytes())
    yield "index 255 is a class", Case(png(image), own(ROADS, shape=(8, 32)))
    indices = np.array([[[0], [1], [2]]] * 4)
    yield "beyond the palette", Case(raw_png(indices, 8, 3, (b"PLTE", PALETTE[:2].tobytes())))


def bit_depths() -> Iterator[tuple[str, Case]]:
    rng = np.random.default_rng(0)
    for interlaced in (False, True):
        for depth in (1, 2, 4, 8):
            count = min(2**depth, 12)
            indices = rng.integers(0, count, (23, 37, 1))
            palette = (b"PLTE", PALETTE[:count].tobytes())
            name = f"{depth} bits{' interlaced' * interlaced}"
            yield (
                f"palette of {name}",
                Case(raw_png(indices, depth, 3, palette, interlaced=interlaced)),
            )
            clear = (b"tRNS", bytes([255, 0, 127][: min(count, 3)]))
            yield (
                f"palette with alpha of {name}",
                Case(raw_png(indices, depth, 3, palette, clear, interlaced=interlaced)),
            )
            grey = raw_png(indices, depth, 0, interlaced=interlaced)
            yield f"grey of {name}", Case(grey)
            yield f"masks of {name}", Case(grey, own(MASK))
            clear = (b"tRNS", struct.pack(">H", 1))
            yield (
                f"grey with a clear value of {name}",
                Case(raw_png(indices, depth, 0, clear, interlaced=interlaced)),
            )
        colors = PALETTE[house(64)]
        alpha = rng.integers(0, 256, (64, 64, 1))
        for depth, factor in ((8, 1), (16, 257)):
            name = f"{depth} bits{' interlaced' * interlaced}"
            rgb = colors.astype(int) * factor
            yield f"colours of {name}", Case(raw_png(rgb, depth, 2, interlaced=interlaced))
            yield (
                f"alpha of {name}",
                Case(raw_png(np.dstack([rgb, alpha * factor]), depth, 6, interlaced=interlaced)),
            )
            grey_alpha = np.dstack([indices_of(house(64)), alpha * factor])
            yield (
                f"grey and alpha of {name}",
                Case(raw_png(grey_alpha, depth, 4, interlaced=interlaced)),
            )
    turned = Image.Exif()
    for orientation in range(1, 9):
        turned[274] = orientation
        image = encode_label_image(house(64)[:, :40])
        yield f"turned {orientation}", Case(png(image, exif=turned))


def indices_of(labels: np.ndarray) -> np.ndarray:
    return labels[..., None].astype(int)


def line_art() -> Iterator[tuple[str, Case]]:
    for ink, paper in ((0, 255), (255, 0), (150, 230), (60, 20)):
        yield f"ink {ink} on {paper}", Case(png(pen_drawing(64, 2, ink, paper)), lines(64, 64))
    for side, shape in ((2048, (256, 256)), (64, (256, 256)), (100, (256, 384)), (300, (256, 256))):
        soft = pen_drawing(4 * side, 8, 0, 255).resize((side, side * 3 // 4), 2)
        yield f"soft {side} to {shape}", Case(png(soft), lines(*shape))
        yield f"jpeg {side} to {shape}", Case(encoded(soft, "JPEG", quality=60), lines(*shape))
    for shape in ((64, 64), (32, 32), (16, 48), (150, 200), (61, 47)):
        noise = np.random.default_rng(shape).integers(0, 256, (64, 96), np.uint8)
        yield f"noise to {shape}", Case(png(noise), lines(*shape))
    clear = pen_drawing(64, 2, (0, 0, 0, 255), (0, 0, 0, 0), "RGBA")
    yield "clear paper", Case(png(clear), lines(128, 128))
    shaded = pen_drawing(64, 3, (10, 40, 120, 200), (250, 240, 200, 90), "RGBA")
    yield "shaded", Case(png(shaded), lines(96, 96))
    yield (
        "deep",
        Case(
            png(Image.fromarray(np.arange(64 * 64).reshape(64, 64).astype("u2") * 15)),
            lines(64, 64),
        ),
    )
    yield "one tone", Case(png(Image.new("RGB", (40, 40), "#808080")), lines(64, 64))
    yield "a photo", Case(saved(photo(), "JPEG"), lines(256, 256))


GROUPS: dict[str, Callable[[], Iterator[tuple[str, Case]]]] = {
    each.__name__: each
    for each in (grounds, odd_colors, pairs, numbers, palettes, bit_depths, line_art)
}
