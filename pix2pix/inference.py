"""The one door to a model for the app and the command line: PIL or NumPy in, PIL or NumPy out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import torch
from PIL import Image

from pix2pix.checkpoint import Model, load_checkpoint
from pix2pix.color import fit_gamut, lab_to_rgb, lightness, rgb_to_lab
from pix2pix.config import MAX_STYLE_VALUE, CheckpointConfig, check_style
from pix2pix.device import choose_device
from pix2pix.encoding import (
    decode_ab,
    decode_photo,
    encode_colorize_input,
    encode_labels,
    encode_photo,
    style_noise,
)
from pix2pix.hub import resolve
from pix2pix.images import to_rgb
from pix2pix.labels import check_label_map, resize_label_map
from pix2pix.serving import Runner, pad_to_multiple, resize, working_shape

MAX_STRENGTH = 1.5
MAX_HINTS = 256
STRIP_PIXELS = 1 << 20  # a photo is recoloured in strips, so that 50 megapixels fit in memory
HINT_REACH = 2  # pixels at working size around a hint that take its colour

Style: TypeAlias = "Sequence[float] | np.ndarray"


@dataclass(frozen=True)
class Hint:
    """A colour that the user knows: at (x, y) in 0..1 of width and height, the hue of `rgb`."""

    x: float
    y: float
    rgb: tuple[int, int, int]

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1):
            raise ValueError(f"a hint lies within 0..1 of the photo, got ({self.x}, {self.y})")
        if len(self.rgb) != 3 or not all(0 <= v <= 255 for v in self.rgb):
            raise ValueError(f"a hint's colour has three values from 0 to 255, got {self.rgb}")


class Drawer:
    """Paints the photo of a label map (task `labels2photo`)."""

    def __init__(self, config: CheckpointConfig, model: Model, device: torch.device) -> None:
        self.config = config
        self.size = config.size
        self._runner = Runner(model, device)
        self._style_encoder = model.style_encoder

    @property
    def style_dim(self) -> int:
        """How many numbers a style has; 0 where each drawing has one building."""
        return self.config.generator.style_dim

    @property
    def styles(self) -> dict[str, tuple[float, ...]]:
        """The named styles that came with the checkpoint."""
        return self.config.styles

    @torch.inference_mode()
    def style_from(self, photo: Image.Image) -> np.ndarray:
        """The style (style_dim,) float32 of a photo of a building, any size, to draw others in.

        The encoder sees it whole and squeezed to the size of training, black corners and all: so
        training's held-out pictures are made.
        Raises ValueError where the checkpoint has no styles.
        """
        if self._style_encoder is None:
            raise ValueError("this checkpoint has no styles, so none can be taken from a photo")
        shape = (self.size, self.config.width or self.size)
        mean, _ = self._style_encoder(encode_photo(resize(np.asarray(to_rgb(photo)), shape)[None]))
        return mean[0].clamp(-MAX_STYLE_VALUE, MAX_STYLE_VALUE).numpy()

    def draw(
        self,
        label_map: np.ndarray,
        seed: int = 0,
        style: Style | None = None,
    ) -> np.ndarray:
        """The photo (H, W, 3) uint8 of a label map (H, W) uint8 of class indices or VOID.

        The same map and style give the same photo. The style is `style` (style_dim numbers) where
        it is given, else one drawn by the seed. Maps of another size than `self.size` are drawn at
        working size and come back enlarged or reduced. Raises ValueError for an array that is no
        label map, and for a style that is none of this checkpoint's.
        """
        num_classes = self.config.generator.in_channels
        check_label_map(label_map, num_classes)
        code = self._style_code(seed, style)
        height, width = label_map.shape
        working = working_shape(height, width, self.size)
        labels = pad_to_multiple(
            resize_label_map(label_map, working), 2**self.config.generator.depth
        )
        output = self._runner(encode_labels(labels[None], num_classes), code)
        photo = decode_photo(output)[0, : working[0], : working[1]]
        return resize(photo, (height, width)) if photo.shape[:2] != (height, width) else photo

    def _style_code(self, seed: int, style: Style | None) -> torch.Tensor | None:
        if style is not None:
            check_style(tuple(style), self.style_dim)
            return torch.tensor([list(style)], dtype=torch.float32)
        if self._style_encoder is None:
            return None
        return self._style_encoder.sample(style_noise(self.style_dim, seed))


class Colorizer:
    """Gives a photo its colours (task `colorize`)."""

    def __init__(self, config: CheckpointConfig, model: Model, device: torch.device) -> None:
        self.config = config
        self.size = config.size
        self._runner = Runner(model, device)

    def colorize(
        self, photo: Image.Image, strength: float = 1.0, hints: Sequence[Hint] = ()
    ) -> Image.Image:
        """The photo as RGB with new colours, its size and its own L kept.

        Colours that the photo has are not looked at. `strength` scales the chroma, 0 (grey) to 1.5.
        Raises ValueError for a strength or a number of hints out of range.
        """
        if not 0 <= strength <= MAX_STRENGTH:
            raise ValueError(f"strength goes from 0 to {MAX_STRENGTH}, got {strength}")
        if len(hints) > MAX_HINTS:
            raise ValueError(f"at most {MAX_HINTS} hints, got {len(hints)}")
        rgb = np.asarray(to_rgb(photo))
        small_rgb = resize(rgb, working_shape(rgb.shape[0], rgb.shape[1], self.size))
        small_light = lightness(small_rgb)
        ab = self.predict_ab(small_light, hints) * np.float32(strength)
        return Image.fromarray(recolor(rgb, small_light, resize(ab, small_light.shape)))

    def predict_ab(self, small_light: np.ndarray, hints: Sequence[Hint] = ()) -> np.ndarray:
        """a and b (h, w, 2) float32 of L (H, W) in 0..100; h and w are H and W, or half of them."""
        height, width = small_light.shape
        hint_ab = np.zeros((height, width, 2), np.float32)
        mask = np.zeros((height, width), np.float32)
        for hint in hints:
            x, y = round(hint.x * (width - 1)), round(hint.y * (height - 1))
            r = HINT_REACH
            spot = np.s_[max(y - r, 0) : y + r + 1, max(x - r, 0) : x + r + 1]
            hint_ab[spot] = rgb_to_lab(np.array(hint.rgb, np.uint8))[1:]
            mask[spot] = 1
        multiple = 2**self.config.generator.depth
        light = pad_to_multiple(small_light, multiple)
        rest = ((0, light.shape[0] - height), (0, light.shape[1] - width))
        known, given = np.pad(mask, rest), np.pad(hint_ab, (*rest, (0, 0)))
        output = self._runner(encode_colorize_input(light[None], given[None], known[None]), None)
        part = light.shape[0] // output.shape[2]
        return decode_ab(output)[0, : -(-height // part), : -(-width // part)]


class Tracer:
    """Reads the label map out of a photo (task `photo2labels`)."""

    def __init__(self, config: CheckpointConfig, model: Model, device: torch.device) -> None:
        self.config = config
        self.size = config.size
        self._runner = Runner(model, device)

    def trace(self, photo: Image.Image) -> np.ndarray:
        """The class index of each pixel of the photo, (H, W) uint8, at the photo's size."""
        rgb = np.asarray(to_rgb(photo))
        return largest_class(self.likelihoods(rgb), rgb.shape[:2])

    def likelihoods(self, rgb: np.ndarray) -> np.ndarray:
        """How likely each class is (h, w, K) float32 in 0..1, of a photo (H, W, 3) uint8.

        h and w are the working size, or half of it. The mean of the photo's and its mirror image's:
        what is left and what is right should not matter.
        """
        height, width = working_shape(rgb.shape[0], rgb.shape[1], self.size)
        small = pad_to_multiple(resize(rgb, (height, width)), 2**self.config.generator.depth)
        logits = self._runner(encode_photo(np.stack([small, small[:, ::-1]])), None)
        straight, mirrored = torch.softmax(logits, dim=1)  # (K, h, w) each
        mean = (straight + mirrored.flip(-1)) / 2
        part = len(small) // mean.shape[1]
        return (
            mean[:, : -(-height // part), : -(-width // part)].permute(1, 2, 0).contiguous().numpy()
        )


def largest_class(likelihoods: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The most likely class (H, W) uint8 of likelihoods (h, w, K) interpolated to `shape`.

    In strips: twelve likelihoods of each of 50 million pixels would take 2.4 GB.
    """
    height, width = shape
    rows, _, classes = likelihoods.shape
    result = np.empty(shape, np.uint8)
    step = max(1, 12 * STRIP_PIXELS // (classes * width))
    for top in range(0, height, step):
        y = (np.arange(top, min(top + step, height)) + 0.5) * (rows / height) - 0.5
        y = y.clip(0, rows - 1).astype(np.float32)
        above = y.astype(int)
        below = np.minimum(above + 1, rows - 1)
        part = (y - above)[:, None, None]
        strip = likelihoods[above] * (1 - part) + likelihoods[below] * part  # (step, w, K)
        wide = cv2.resize(strip, (width, len(y)), interpolation=cv2.INTER_LINEAR)
        result[top : top + len(y)] = wide.reshape(len(y), width, classes).argmax(-1)
    return result


def recolor(rgb: np.ndarray, small_light: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """`rgb` (H, W, 3) uint8 with its own L and the small a/b (h, w, 2) spread along L's edges."""
    height, width = rgb.shape[:2]
    slope, offset = guide_chroma(small_light, ab)
    slope, offset = (
        cv2.resize(x, (width, height), interpolation=cv2.INTER_LINEAR) for x in (slope, offset)
    )
    result = np.empty_like(rgb)
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = np.s_[top : top + rows]
        light = lightness(rgb[strip])[..., None]
        lab = np.concatenate([light, slope[strip] * light + offset[strip]], -1)
        result[strip] = lab_to_rgb(fit_gamut(lab))
    return result


def guide_chroma(
    light: np.ndarray, ab: np.ndarray, radius: int = 3, epsilon: float = 9.0
) -> tuple[np.ndarray, np.ndarray]:
    """Slope and offset (H, W, 2) float32 with ab = slope * L + offset in each neighbourhood.

    Enlarged and applied to the full-size L, they carry chroma up to its edges: the fast guided
    filter (He and Sun, arXiv:1505.00996). `epsilon` is the variance of L taken for noise.
    """

    def mean(x: np.ndarray) -> np.ndarray:
        side = 2 * radius + 1
        return cv2.blur(x, (side, side), borderType=cv2.BORDER_REFLECT)

    mean_light, mean_ab = mean(light), mean(ab)
    variance = np.maximum(mean(light * light) - mean_light**2, 0)
    covariance = mean(light[..., None] * ab) - mean_light[..., None] * mean_ab
    slope = covariance / (variance + epsilon)[..., None]
    return mean(slope), mean(mean_ab - slope * mean_light[..., None])


def load_drawer(folder: str | Path, device: str = "auto") -> Drawer:
    """Raises ValueError where the folder is no labels2photo checkpoint."""
    return Drawer(*_load(folder, "labels2photo"), choose_device(device))


def load_colorizer(folder: str | Path, device: str = "auto") -> Colorizer:
    """Raises ValueError where the folder is no colorize checkpoint."""
    return Colorizer(*_load(folder, "colorize"), choose_device(device))


def load_tracer(folder: str | Path, device: str = "auto") -> Tracer:
    """Raises ValueError where the folder is no photo2labels checkpoint."""
    return Tracer(*_load(folder, "photo2labels"), choose_device(device))


def _load(folder: str | Path, task: str) -> tuple[CheckpointConfig, Model]:
    config, model = load_checkpoint(resolve(folder))
    if config.task != task:
        raise ValueError(f"{folder}: is a checkpoint for {config.task}, expected one for {task}")
    return config, model
