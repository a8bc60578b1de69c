"""The worker's side of the Colourise tab answers as the server does."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.engine import NodeJob, to_rgba
from helpers.printed import EXAMPLES, mount, old_photo
from helpers.running import ROOT
from PIL import Image

from pix2pix.app.server.colorize_schemas import (
    ColorizeRequest,
    PhotoModels,
    color_kept,
    color_photo,
    open_for,
    result_name,
    suggest_for,
)
from pix2pix.app.server.photo_store import KeptPhoto, open_upload
from pix2pix.app.server.schemas import parse_request
from pix2pix.checkpoint import Model
from pix2pix.images import negative
from pix2pix.images.convert import to_rgb
from pix2pix.images.encoding import image_bytes
from pix2pix.inference import Restorer, load_colorizer
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

pytestmark = pytest.mark.slow

CHECKPOINT = ROOT / "checkpoints" / "colorize"
HINTS = [{"x": 0.4, "y": 0.5, "color": "#ab3036"}]
REFERENCE = {"colors": base64.b64encode(bytes(range(1, 89)) * 6).decode(), "strength": 0.5}
KEEP_ALL = {
    "points": [[x / 4, y / 4] for y in range(5) for x in range(5)],
    "radius": 0.25,
    "keep": True,
}
LOOK = {"size": 192, "strength": 1, "hints": []}

Picture = tuple[str, dict[str, Any], np.ndarray]  # where it stands in the answer, expected pixels


def scanned() -> Image.Image:
    photo = cv2.resize(old_photo(1), None, fx=3.1, fy=3.1, interpolation=cv2.INTER_CUBIC)
    return Image.fromarray(mount(photo, 245, 120, 0.4)[0])


def transparent() -> Image.Image:
    photo = Image.open(EXAMPLES[2]).convert("RGB")
    ramp = np.linspace(0, 300, photo.width).clip(0, 255).astype(np.uint8)
    photo.putalpha(Image.fromarray(np.tile(ramp, (photo.height, 1))))
    return photo


PHOTOS = {"a scan.png": scanned(), "a cut-out.png": transparent()}
ASKS: dict[str, list[dict[str, Any]]] = {
    "a scan.png": [
        {"kind": "preview", **LOOK},
        {"kind": "quick", **LOOK, "strength": 1.5, "hints": HINTS},
        {"kind": "preview", **LOOK, "crop": True, "repair": True},
        {"kind": "preview", **LOOK, "scratches": True},
        {"kind": "quick", **LOOK, "scratches": True, "strokes": [KEEP_ALL]},
        {"kind": "thumb", **LOOK},
        {"kind": "suggest", **LOOK, "hints": HINTS, "at": [0.5, 0.6]},
        {"kind": "suggest", **LOOK, "reference": REFERENCE, "at": [0.7, 0.3]},
        {"kind": "suggest", **LOOK, "at": [0.001, 0.5]},
        {"kind": "quick", **LOOK, "reference": REFERENCE},
        {"kind": "sizes", **LOOK},
        {"kind": "save", **LOOK, "denoise": True, "hints": HINTS, "format": "jpeg"},
        {"kind": "save", **LOOK, "crop": True, "negative": True, "strip": True, "format": "png"},
    ],
    "a cut-out.png": [
        {"kind": "preview", **LOOK},
        {"kind": "save", **LOOK, "format": "png"},
    ],
}


def formula(x: torch.Tensor, style: Any) -> torch.Tensor:
    """A network that Node computes as well."""
    light = F.avg_pool2d(x[:, :1], 2)
    code = torch.zeros(1, 16, *light.shape[2:])
    logits = (torch.arange(88) * 37 % 11 - 5)[:, None, None] * light
    return torch.cat([0.3 * light, 0.1 - 0.2 * light, code, logits], 1)


def pale(x: torch.Tensor, style: Any, stop: Any = None) -> torch.Tensor:
    """A network that finds bright places, and darkens them. Node computes it as well."""
    light = x[:, :1]
    return torch.cat([light / 2, torch.where(light > 0.6, 0.75, -0.75)], 1)


@pytest.fixture(scope="module")
def models() -> PhotoModels:
    colorizer = load_colorizer(CHECKPOINT, device="cpu")
    colorizer._runner = formula  # type: ignore[assignment]
    config = checkpoint_config(Recipe("restore", size=64, ngf=4, depth=4, max_channels=8))
    restorer = Restorer(config, Model(config), torch.device("cpu"))
    restorer._runner = pale  # type: ignore[assignment]
    return PhotoModels(colorizer, restorer)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> NodeJob:
    return NodeJob(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="module")
def answer(job: NodeJob) -> dict[str, Any]:
    photos = [
        {
            "name": name,
            "width": image.width,
            "height": image.height,
            "pixels": job.put(f"{name}.pixels", to_rgba(image)),
            "asks": ASKS[name],
        }
        for name, image in PHOTOS.items()
    ]
    config = json.loads((CHECKPOINT / "config.json").read_text())
    values = {"config": config, "weights": str(negative.WEIGHTS), "photos": photos}
    found: dict[str, Any] = job.run(Path(__file__).with_name("colorize_service.mjs"), values)
    return found


@pytest.fixture(scope="module")
def kept() -> dict[str, KeptPhoto]:
    return {name: open_upload(image_bytes(image, "png"), name) for name, image in PHOTOS.items()}


LOOKS = [(name, at) for name, asks in ASKS.items() for at in range(len(asks))]


def answer_to(answer: dict[str, Any], name: str, at: int) -> dict[str, Any]:
    found: dict[str, Any] = answer["looks"][LOOKS.index((name, at))]
    return found


def check(job: NodeJob, found: dict[str, Any], expected: Image.Image, step: int = 1) -> None:
    assert (found["width"], found["height"]) == expected.size
    pixels = job.get(found["file"], np.uint8, (expected.height, expected.width, 4))
    assert np.abs(pixels.astype(int) - to_rgba(expected)).max() <= step


def thumbnail(image: Image.Image, side: int) -> Image.Image:
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.BOX)
    return small


@pytest.mark.parametrize(("name", "at"), LOOKS)
def test_a_request_is_answered_as_by_the_server(
    job: NodeJob,
    answer: dict[str, Any],
    kept: dict[str, KeptPhoto],
    models: PhotoModels,
    name: str,
    at: int,
) -> None:
    found, photo = answer_to(answer, name, at), kept[name]
    content = json.dumps({"photo": "0", **ASKS[name][at]}).encode()
    wanted = parse_request(ColorizeRequest, content, models.colorizer.size)
    if wanted.kind in ("preview", "quick"):
        part: Any = wanted.kind
        after, repaired, notes = color_kept(models, photo, part, wanted.settings)
        check(job, found["after"], after, 2 if wanted.reference else 1)
        assert found["notes"] == list(notes)
        assert (found["changed"] is None) == (repaired is None)
        assert (repaired is not None) == (wanted.scratches and not wanted.strokes)
        if repaired is not None:
            white = Image.new("L", repaired.size, 255)
            check(job, found["changed"], Image.merge("RGBA", (white, white, white, repaired)))
        if part == "preview":
            check(job, found["before"], photo.preview)
    elif wanted.kind == "suggest":
        assert wanted.at is not None
        expected = suggest_for(models, photo, wanted.settings, wanted.at)
        assert len(found["colors"]) == len(expected) == (5 if wanted.at[0] > 0.1 else 0)
        for own, other in zip(found["colors"], expected):
            pair = [np.array([*bytes.fromhex(each["color"][1:])], int) for each in (own, other)]
            assert np.abs(pair[0] - pair[1]).max() <= 3
            assert own["share"] == pytest.approx(other["share"], abs=0.01)
    elif wanted.kind == "thumb":
        small = thumbnail(photo.quick, 320)
        after = color_photo(models, small, wanted.settings, photo.scan)
        check(job, found["thumb"], thumbnail(after, 160))
    elif wanted.kind == "sizes":
        assert [each["size"] for each in found["sizes"]] == [128, 192, 256, 384]
        for each in found["sizes"]:
            settings = wanted.settings._replace(size=each["size"])
            after = color_photo(models, photo.quick, settings, photo.scan)
            check(job, each, thumbnail(after, 240))
    else:
        session = open_for(models, PHOTOS[name], wanted.settings, photo.scan)
        result = session.colorize(wanted.strength, wanted.hints)
        check(job, found["result"], result)
        assert found["name"] == result_name(name, wanted.format)
        assert found["result"]["hasAlpha"] == (result.mode == "RGBA")
        assert found["bytes"] == 4 * result.width * result.height


@pytest.mark.parametrize("name", PHOTOS)
def test_an_opened_photo_has_its_size_and_thumb(
    job: NodeJob, answer: dict[str, Any], kept: dict[str, KeptPhoto], name: str
) -> None:
    opened = answer["opened"][list(PHOTOS).index(name)]
    assert (opened["width"], opened["height"]) == kept[name].size
    check(job, opened["thumb"], thumbnail(to_rgb(kept[name].preview), 160))


def test_another_strength_needs_no_other_run_of_the_network(answer: dict[str, Any]) -> None:
    assert answer["runsForStrength"] == 0


def test_a_photo_that_was_forgotten_is_opened_again(answer: dict[str, Any]) -> None:
    assert answer["again"] and answer["remoteAfterForget"] is None


def test_background_work_gives_way_and_a_newer_picture_replaces_a_sharp_one(
    answer: dict[str, Any],
) -> None:
    assert answer["order"] == [["first", None], ["second", "before"], ["thumb", "thumb"]]
    assert answer["cancelled"] == 2


def test_errors_say_what_was_expected(answer: dict[str, Any]) -> None:
    assert answer["errors"] == {
        "size": "size must be from 64 to 512, got 9",
        "strength": "strength must be from 0 to 1.5, got 2",
        "hints": "a hint's x and y must be from 0 to 1, got (2, 0)",
        "kind": "kind must be one of preview, quick, sizes, thumb, suggest, save, got print",
        "empty": "a.jpg: is empty (0 bytes)",
        "large": "a.jpg: is larger than 64 MB",
        "scratches": "no model that removes scratches is in this page",
    }
