"""The browser engine colourises a photo as Python does, within a step of 8-bit sRGB."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from helpers.engine import NodeJob, to_rgba
from helpers.printed import EXAMPLES, mount, old_photo, print_in_dots
from helpers.running import ROOT
from PIL import Image

from pix2pix.config import RESIZE_MODES
from pix2pix.images import negative
from pix2pix.images.color_hints import Hint, format_hints
from pix2pix.inference import load_colorizer
from pix2pix.inference.colorizer import format_offers

pytestmark = pytest.mark.slow

NAMES = {"denoise": "Denoise", "negative": "Negative", "crop": "Crop"}
RED, BLUE = (171, 48, 54), (68, 96, 154)
HINTS = (Hint(0.3, 0.4, RED), Hint(0.7, 0.6, BLUE), Hint(1.0, 0.0, RED))

Look = tuple[float, tuple[Hint, ...]]
PLAIN: tuple[Look, ...] = ((1.0, ()),)


@dataclass
class Photo:
    """A photo, the options that it is opened with, and the strengths and hints to colourise it."""

    make: Callable[[], Image.Image]
    options: dict[str, Any] = field(default_factory=dict)
    looks: tuple[Look, ...] = PLAIN


def example(index: int) -> Image.Image:
    return Image.open(EXAMPLES[index]).convert("RGB")


def grey(array: np.ndarray) -> Image.Image:
    return Image.fromarray(array.astype(np.uint8))


def ramp() -> Image.Image:
    return grey(np.linspace(0, 255, 300 * 200).reshape(200, 300))


def noise(height: int, width: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def scan(tone: float = 240, angle: float = 0.7, factor: float = 1.0) -> Image.Image:
    photo = cv2.resize(old_photo(1), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return grey(mount(photo, tone, round(50 * factor), angle)[0])


def film() -> Image.Image:
    photo = (255 - old_photo(3))[..., None] / 255 * [220, 138, 88] + [12, 7, 4]
    return Image.fromarray(photo.astype(np.uint8))


def sepia() -> Image.Image:
    return Image.fromarray((old_photo(2)[..., None] * [1.0, 0.85, 0.65]).astype(np.uint8))


def faded() -> Image.Image:
    rng = np.random.default_rng(1)
    return grey((old_photo(0) * 0.4 + 80 + rng.normal(0, 6, old_photo(0).shape)).clip(0, 255))


def transparent() -> Image.Image:
    photo = example(1)
    y, x = np.mgrid[: photo.height, : photo.width]
    alpha = np.clip(400 - np.hypot(y - 250, x - 250), 0, 255).astype(np.uint8)
    photo.putalpha(Image.fromarray(alpha))
    return photo


def text_page() -> Image.Image:
    """Letters of a page as far as its tones go: thin dark marks on white."""
    page = np.full((320, 240), 250)
    page[20:300:14, 20:220] = np.random.default_rng(0).choice([20, 250], (20, 200))
    return grey(page)


PHOTOS = {
    **{f"example {n}": Photo(partial(example, n)) for n in range(len(EXAMPLES))},
    "strengths": Photo(ramp, looks=((0.0, ()), (1.0, ()), (1.5, ()))),
    "hints": Photo(lambda: example(0), looks=((1.0, HINTS), (1.5, HINTS[:1]), (1.0, ()))),
    "size": Photo(lambda: example(2), {"size": 384}),
    "small size": Photo(lambda: example(2), {"size": 128}, ((1.5, HINTS),)),
    "a pixel": Photo(lambda: grey(np.full((1, 1), 90))),
    "three pixels": Photo(lambda: noise(1, 3)),
    "small": Photo(lambda: noise(40, 50), looks=((1.0, HINTS),)),
    "wide": Photo(lambda: noise(40, 5000), looks=((1.5, HINTS),)),
    "tall": Photo(lambda: noise(900, 7)),
    "scan": Photo(scan, looks=((1.0, HINTS),)),
    "cropped scan": Photo(scan, {"crop": True}, ((1.0, HINTS),)),
    "black border": Photo(lambda: scan(6, -2.0)),
    "large scan": Photo(lambda: scan(245, 0.3, 3.0), {"repair": True}),
    "negative": Photo(film),
    "inverted": Photo(film, {"negative": True}),
    "inverted scan": Photo(lambda: scan(20), {"negative": True, "repair": True}),
    "halftone": Photo(lambda: grey(print_in_dots(old_photo(), 5.0, 30))),
    "small halftone": Photo(lambda: grey(print_in_dots(old_photo()[:210, :230], 4.5, 15))),
    "descreened": Photo(lambda: grey(print_in_dots(old_photo(), 5.0, 30)), {"denoise": True}),
    "dithered": Photo(
        lambda: grey(old_photo(1)).convert("1").convert("L"), {"denoise": True}, ((1.0, HINTS),)
    ),
    "sepia": Photo(sepia),
    "faded": Photo(faded, {"repair": True, "denoise": True}),
    "alpha": Photo(transparent, looks=((1.0, HINTS),)),
    "text": Photo(text_page),
    "flat": Photo(lambda: grey(np.full((300, 200), 128)), {"repair": True, "denoise": True}),
}


class Recorder:
    """The network's calls: feeds and outputs."""

    def __init__(self, runner: Any) -> None:
        self.runner = runner
        self.calls: list[tuple[np.ndarray, np.ndarray]] = []

    def __call__(self, x: torch.Tensor, style: Any) -> torch.Tensor:
        output = self.runner(x, style)
        self.calls.append((x.numpy(), output.numpy()))
        return output


@dataclass
class Pair:
    """What Python made of a photo, and what the browser engine did."""

    results: list[np.ndarray]
    notes: list[list[str]]
    offers: list[str]
    feeds: list[np.ndarray]
    other: dict[str, Any]
    job: NodeJob

    def other_result(self, index: int) -> np.ndarray:
        shape = (self.other["height"], self.other["width"], 4)
        return self.job.get(self.other["results"][index]["file"], np.uint8, shape)

    def other_feed(self, index: int) -> np.ndarray:
        feed = self.other["feeds"][index]
        return self.job.get(feed["name"], np.float32, tuple(feed["dims"]))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    colorizer = load_colorizer(ROOT / "checkpoints" / "colorize", device="cpu")
    recorder = Recorder(colorizer._runner)
    colorizer._runner = recorder  # type: ignore[assignment]
    job = NodeJob(tmp_path_factory.mktemp("engine"))
    pairs, photos = {}, []
    for name, photo in PHOTOS.items():
        image = photo.make()
        recorder.calls.clear()
        session = colorizer.open_photo(image, **photo.options)
        results, notes = [], []
        for strength, hints in photo.looks:
            results.append(to_rgba(session.colorize(strength, hints)))
            notes.append(list(session.notes))
        offers = list(format_offers(session.offers, NAMES.__getitem__))
        feeds = [x for x, _ in recorder.calls]
        pairs[name] = Pair(results, notes, offers, feeds, {}, job)
        photos.append(describe(job, name, photo, image, recorder))
    config = json.loads((ROOT / "checkpoints" / "colorize" / "config.json").read_text())
    values = {"config": config, "weights": str(negative.WEIGHTS), "names": NAMES}
    values |= {"photos": photos, "shapes": []}
    answers = job.run(Path(__file__).with_name("colorize_photos.mjs"), values)
    for pair, answer in zip(pairs.values(), answers["photos"]):
        pair.other = answer
    return pairs


def describe(
    job: NodeJob, name: str, photo: Photo, image: Image.Image, recorder: Recorder
) -> dict[str, Any]:
    outputs = [
        {"file": job.put(f"{name}.output{at}", output), "dims": output.shape}
        for at, (_, output) in enumerate(recorder.calls)
    ]
    looks = [
        {"strength": strength, "hints": format_hints(hints)} for strength, hints in photo.looks
    ]
    return {
        "name": name,
        "width": image.width,
        "height": image.height,
        "pixels": job.put(f"{name}.pixels", to_rgba(image)),
        "options": photo.options,
        "looks": looks,
        "outputs": outputs,
    }


@pytest.mark.parametrize("name", PHOTOS)
def test_the_engine_makes_the_same_picture_within_a_step(pairs: dict[str, Pair], name: str) -> None:
    pair = pairs[name]
    for index, expected in enumerate(pair.results):
        found = pair.other_result(index)
        assert found.shape == expected.shape
        difference = np.abs(found.astype(int) - expected)
        assert difference.max() <= 1, (index, int((difference.max(-1) > 1).sum()))


@pytest.mark.parametrize("name", PHOTOS)
def test_the_engine_feeds_the_network_the_same(pairs: dict[str, Pair], name: str) -> None:
    pair = pairs[name]
    assert len(pair.other["feeds"]) == len(pair.feeds)
    for index, expected in enumerate(pair.feeds):
        np.testing.assert_allclose(pair.other_feed(index), expected, atol=2e-3)


@pytest.mark.parametrize("name", PHOTOS)
def test_the_engine_says_the_same_of_a_photo(pairs: dict[str, Pair], name: str) -> None:
    pair = pairs[name]
    assert [result["notes"] for result in pair.other["results"]] == pair.notes
    assert pair.other["offers"] == pair.offers


def test_the_hard_photos_are_what_they_are_called(pairs: dict[str, Pair]) -> None:
    def offers(name: str) -> str:
        return " ".join(pairs[name].offers)

    assert "border" in offers("scan") and "border" in offers("black border")
    assert "negative" in offers("negative")
    assert "halftone" in offers("halftone") and "halftone" in offers("small halftone")
    assert "its dots were smoothed" in pairs["dithered"].notes[0]
    assert any("tones stretched" in note for note in pairs["faded"].notes[0])
    assert any("grain smoothed" in note for note in pairs["faded"].notes[0])


@pytest.mark.parametrize("mode", RESIZE_MODES)
def test_the_working_size_follows_the_checkpoints_resize_mode(tmp_path: Path, mode: str) -> None:
    colorizer = load_colorizer(ROOT / "checkpoints" / "colorize", device="cpu")
    colorizer.config = replace(colorizer.config, resize_mode=mode, width=256)
    settings = {"size": colorizer.size, "width": 256, "resize_mode": mode}
    shapes = [(w, h, s) for w, h in ((300, 200), (7, 900), (513, 511), (1, 1)) for s in (192, 384)]
    values = {
        "weights": "",
        "photos": [],
        "shapes": [
            {"settings": settings, "width": w, "height": h, "size": s} for w, h, s in shapes
        ],
    }
    found = NodeJob(tmp_path).run(Path(__file__).with_name("colorize_photos.mjs"), values)
    expected = [colorizer.working_shape((h, w), s)[::-1] for w, h, s in shapes]
    assert found["sizes"] == [list(size) for size in expected]
