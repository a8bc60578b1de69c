"""The one door to a model for the app and the command line: PIL or NumPy in, PIL or NumPy out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pix2pix.checkpoint import Model, load_checkpoint
from pix2pix.color import fit_gamut, lab_to_rgb, lightness, rgb_to_lab
from pix2pix.config import CheckpointConfig
from pix2pix.device import autocast, choose_device, has_fast_bf16
from pix2pix.encoding import (
    decode_ab,
    decode_photo,
    encode_colorize_input,
    encode_labels,
    style_noise,
)
from pix2pix.images import to_rgb
from pix2pix.labels import check_label_map, resize_label_map
from pix2pix.networks import ResizeConv

MAX_ASPECT = 4  # the working picture is at most this many times as long as it is wide
MAX_STRENGTH = 1.5
MAX_HINTS = 256
STRIP_PIXELS = 1 << 20  # a photo is recoloured in strips, so that 50 megapixels fit in memory
HINT_REACH = 2  # pixels at working size around a hint that take its colour


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
        self._runner = _Runner(model, device)
        self._style_encoder = model.style_encoder

    @property
    def has_styles(self) -> bool:
        """Whether another seed gives another building."""
        return self._style_encoder is not None

    def draw(self, label_map: np.ndarray, seed: int = 0) -> np.ndarray:
        """The photo (H, W, 3) uint8 of a label map (H, W) uint8 of class indices or VOID.

        The same map and seed give the same photo; another seed, another building. Maps of another
        size than `self.size` are drawn at working size and come back enlarged or reduced.
        Raises ValueError for an array that is no label map.
        """
        num_classes = self.config.generator.in_channels
        check_label_map(label_map, num_classes)
        height, width = label_map.shape
        working = working_shape(height, width, self.size)
        labels = pad_to_multiple(
            resize_label_map(label_map, working), 2**self.config.generator.depth
        )
        style = None
        if self._style_encoder is not None:
            style = self._style_encoder.sample(
                style_noise(len(self._style_encoder.style_mean), seed)
            )
        output = self._runner(encode_labels(labels[None], num_classes), style)
        photo = decode_photo(output)[0, : working[0], : working[1]]
        return resize(photo, (height, width)) if photo.shape[:2] != (height, width) else photo


class Colorizer:
    """Gives a photo its colours (task `colorize`)."""

    def __init__(self, config: CheckpointConfig, model: Model, device: torch.device) -> None:
        self.config = config
        self.size = config.size
        self._runner = _Runner(model, device)

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


class _Runner:
    """A generator made ready to serve: on its device, channels last, bf16 where that is fast."""

    def __init__(self, model: Model, device: torch.device) -> None:
        self._device = device
        self._bf16 = has_fast_bf16(device)
        fold_resize_convs(model.generator)
        generator = model.generator.to(device).eval()
        self._generator = generator.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, x: Tensor, style: Tensor | None) -> Tensor:
        x = x.to(self._device, memory_format=torch.channels_last)
        style = None if style is None else style.to(self._device)
        with autocast(self._device, self._bf16):
            return self._generator(x, style).float().cpu()


def fold_resize_convs(module: nn.Module) -> None:
    """Replaces each ResizeConv by the transposed convolution that it computes, in place."""
    for name, child in module.named_children():
        if isinstance(child, ResizeConv):
            setattr(module, name, child.folded())
        else:
            fold_resize_convs(child)


def working_shape(height: int, width: int, size: int) -> tuple[int, int]:
    """(H, W) with the short side `size` and the same aspect, as far as MAX_ASPECT allows."""
    scale = size / min(height, width)
    limit = size * MAX_ASPECT
    return min(round(height * scale), limit), min(round(width * scale), limit)


def pad_to_multiple(array: np.ndarray, multiple: int) -> np.ndarray:
    """(H, W) with its last row and column repeated up to multiples of `multiple`."""
    height, width = array.shape
    return np.pad(array, ((0, -height % multiple), (0, -width % multiple)), mode="edge")


def resize(photo: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The photo at (H, W): averaged when it shrinks, interpolated when it grows."""
    shrinks = shape[0] * shape[1] < photo.shape[0] * photo.shape[1]
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(photo, shape[::-1], interpolation=kind)


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


def _load(folder: str | Path, task: str) -> tuple[CheckpointConfig, Model]:
    config, model = load_checkpoint(folder)
    if config.task != task:
        raise ValueError(f"{folder}: is a checkpoint for {config.task}, expected one for {task}")
    return config, model
