"""Models without networks, for tests of the app: their results are simple and known."""

from typing import Any

import cv2
import numpy as np
from PIL import Image

from pix2pix.images.chroma_upsampling import measure_light
from pix2pix.images.color_suggestions import Suggestion
from pix2pix.images.repair_brush import draw_strokes
from pix2pix.inference import Colorizer, Drawer, Look, Regions, Restorer, Tracer
from pix2pix.inference.restorer import replace_light
from pix2pix.labels.label_map import PALETTE
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config


def tint_of(look: Look) -> np.ndarray:
    """The factors (3,) of a seed or style."""
    if isinstance(look, int):
        return np.random.default_rng(look).uniform(0.4, 1, 3)
    return np.asarray(look)


class PaletteDrawer(Drawer):
    """Stands in for a model: label colours, tinted by the seed or by a style of three numbers."""

    style_dim = 3
    styles: dict[str, tuple[float, ...]] = {}  # noqa: RUF012

    def __init__(self, size: int = 256) -> None:
        self.size = self.largest = size
        self.config = checkpoint_config(Recipe("labels2photo", size=size))

    def style_from(self, photo: Image.Image) -> np.ndarray:
        return np.asarray(photo.convert("RGB"), np.float32).mean((0, 1)) / 255

    def draw(
        self,
        label_map: np.ndarray,
        seed: int = 0,
        style: Any = None,
        stop: Any = None,
        size: int | None = None,
        regions: Regions | None = None,
    ) -> np.ndarray:
        tints = np.stack([tint_of(seed if style is None else style)])
        ids = np.zeros_like(label_map)
        if regions is not None:
            tints = np.stack([*tints, *(tint_of(look) for look in regions.looks)])
            ids = regions.ids
        return (PALETTE[label_map] * tints[ids]).astype(np.uint8)


class BandTracer(Tracer):
    """Stands in for a model: sky where a photo is blue, windows where it is dark, else wall."""

    def __init__(self) -> None:
        pass

    def trace(self, photo: Image.Image) -> np.ndarray:
        red, _, blue = np.moveaxis(np.asarray(photo.convert("RGB"), int), -1, 0)
        return np.where(blue > red + 30, 0, np.where(red < 90, 2, 1)).astype(np.uint8)


class StandInSession:
    """What `open_photo` of a stand-in gives: notes say what it was asked for."""

    def __init__(self, colorizer: Colorizer, photo: Image.Image, options: dict[str, Any]) -> None:
        self.colorizer, self.photo = colorizer, photo
        switches = ("repair", "denoise", "negative", "crop")
        self.notes = tuple(name for name in switches if options.get(name))
        self.offers: dict[str, str] = {}
        self.is_deep = False
        self._changed: np.ndarray | None = None
        if options.get("restorer"):
            light, self._changed, note = options["restorer"].repair_light(
                measure_light(photo), options["strokes"]
            )
            self.photo = replace_light(photo, light, self._changed)
            self.notes = (*self.notes, note)

    def repaired(self) -> Image.Image | None:
        return None if self._changed is None else Image.fromarray(self._changed)

    def suggest(self, x: float, y: float, hints: Any = (), reference: Any = None) -> Any:
        """Five greens; the first is darker to the right."""
        first = 200 - round(100 * x)
        return tuple(Suggestion((0, first - 20 * i, 40), 0.5 / 2**i) for i in range(5))

    def colorize(self, strength: float = 1.0, hints: Any = (), _: Any = None) -> Image.Image:
        return self.colorizer.colorize(self.photo, strength, hints)


class StrokeRestorer(Restorer):
    """Stands in for a model: finds nothing; what is marked becomes grey."""

    def __init__(self) -> None:
        pass

    def repair_light(  # type: ignore[override]
        self, light: np.ndarray, strokes: Any = (), *_: Any, **__: Any
    ) -> tuple[np.ndarray, np.ndarray, str]:
        marked, _kept = draw_strokes(strokes, light.shape)
        changed = cv2.resize(marked * np.uint8(255), light.shape[::-1])
        repaired = np.where(changed > 0, np.uint16(30000), light)
        return repaired, changed, f"scratches: {len(strokes)} strokes"


class SepiaColorizer(Colorizer):
    """Stands in for a model: the photo's light, made warm."""

    def __init__(self) -> None:
        self.size = 192

    def open_photo(self, photo: Image.Image, **options: Any) -> Any:
        return StandInSession(self, photo, options)

    def colorize(  # type: ignore[override]
        self, photo: Image.Image, strength: float = 1.0, hints: Any = (), **_: Any
    ) -> Image.Image:
        light = np.asarray(photo.convert("L"), np.float32)[..., None]
        warm = np.array([30, 5, -35], np.float32) * strength
        return Image.fromarray(np.clip(light + warm, 0, 255).astype(np.uint8))


KNOWN_PICTURES = 24  # the first drawing of a page, its larger picture and its gallery, of two tabs


def remember_pictures(drawer: Drawer, known: dict[Any, np.ndarray]) -> Drawer:
    """The drawer, which paints what every page opens with once: a drawing has one picture."""
    paint = drawer.draw

    def draw(
        label_map: np.ndarray,
        seed: int = 0,
        style: Any = None,
        stop: Any = None,
        size: int | None = None,
        regions: Regions | None = None,
    ) -> np.ndarray:
        if regions is not None:
            return paint(label_map, seed, style, stop, size, regions)
        code = None if style is None else tuple(style)
        key = (label_map.tobytes(), label_map.shape, seed, code, size)
        if key in known:
            return known[key].copy()
        picture = paint(label_map, seed, style, stop, size)
        if len(known) < KNOWN_PICTURES:
            known[key] = picture.copy()
        return picture

    drawer.draw = draw  # type: ignore[method-assign]
    return drawer
