"""The browser engine suggests the colours that Python suggests, and takes the same from a photo."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.engine import NodeJob, to_rgba
from helpers.printed import old_photo
from helpers.running import ROOT
from PIL import Image

from pix2pix.images.color import ab_grid
from pix2pix.images.color_hints import Hint, format_hints
from pix2pix.images.color_suggestions import Suggestion, suggest_colors
from pix2pix.images.reference_colors import POINTS, Reference, read_reference
from pix2pix.images.scan_analysis import ScanAnalysis
from pix2pix.inference import load_colorizer

CHECKPOINT = ROOT / "checkpoints" / "colorize"
HINTS = (Hint(0.3, 0.4, (171, 48, 54)),)
PLACES = ((0.5, 0.5), (0.05, 0.95), (0.99, 0.01))
STRENGTH = 0.8
NO_SCAN = {"width": 200, "border": None, "period": 0, "isBilevel": False, "isNegative": False}
BROKEN = [
    {"colors": "", "strength": 0.5},
    {"colors": base64.b64encode(bytes(528)).decode(), "strength": 0.5},
    {"colors": "?", "strength": 2},
]


def reference_photo() -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (9, 7, 3), np.uint8)).resize((301, 220), 1)


REFERENCES = [
    reference_photo(),
    reference_photo().resize((64, 40)),
    Image.new("RGB", (31, 90), "red"),
]
DISTRIBUTIONS = [
    (np.random.default_rng(seed).dirichlet(np.full(POINTS, 0.2)), lightness)
    for seed, lightness in enumerate((3, 20, 45, 60, 85, 99))
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What both make of one photo with a hint."""
    colorizer = load_colorizer(CHECKPOINT, device="cpu")
    job, photo = NodeJob(tmp_path_factory.mktemp("colors")), Image.fromarray(old_photo(1))
    photo = photo.resize((200, 150))
    run, outputs = colorizer._runner, []

    def record(x: torch.Tensor, style: Any) -> torch.Tensor:
        outputs.append(run(x, style))
        return outputs[-1]

    colorizer._runner = record  # type: ignore[assignment]
    session = colorizer.open_photo(photo, scan=ScanAnalysis(photo.width))
    reference = Reference(read_reference(REFERENCES[0]), STRENGTH)
    result = session.colorize(1, HINTS, reference)
    expected = [
        session.suggest(x, y, HINTS, reference if steered else None)
        for x, y in PLACES
        for steered in (False, True)
    ]
    (output,) = outputs
    values = {
        "config": json.loads((CHECKPOINT / "config.json").read_text()),
        "scan": NO_SCAN,
        "photo": put_picture(job, "photo", photo),
        "places": [
            {"x": x, "y": y, "isSteered": steered} for x, y in PLACES for steered in (False, True)
        ],
        "hints": format_hints(HINTS),
        "strength": STRENGTH,
        "references": [put_picture(job, f"ref{i}", each) for i, each in enumerate(REFERENCES)],
        "distributions": [
            {"file": job.put(f"p{i}", p), "lightness": light}
            for i, (p, light) in enumerate(DISTRIBUTIONS)
        ],
        "outputs": [{"file": job.put("output", output.numpy()), "dims": output.shape}],
        "broken": BROKEN,
    }
    answer: dict[str, Any] = job.run(Path(__file__).with_name("suggest_colors.mjs"), values)
    answer["picture"] = job.get("result", np.uint8, (*photo.size[::-1], 4))
    answer |= {"expected_picture": to_rgba(result), "expected_suggested": expected}
    return answer


def put_picture(job: NodeJob, name: str, image: Image.Image) -> dict[str, Any]:
    return {"width": image.width, "height": image.height, "file": job.put(name, to_rgba(image))}


def check_colors(found: list[dict[str, Any]], expected: tuple[Suggestion, ...], step: int) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert np.abs(np.subtract(one["rgb"], other.rgb)).max() <= step
        assert one["share"] == pytest.approx(other.share, abs=0.01)


def test_the_points_of_the_grid_are_the_same(found: dict[str, Any]) -> None:
    np.testing.assert_array_equal(found["grid"], ab_grid())


def test_the_same_distribution_gives_the_same_suggestions(found: dict[str, Any]) -> None:
    for own, (probabilities, lightness) in zip(found["suggestions"], DISTRIBUTIONS):
        check_colors(own, suggest_colors(probabilities, lightness), 1)


def test_places_of_a_photo_get_the_same_suggestions(found: dict[str, Any]) -> None:
    for own, expected in zip(found["suggested"], found["expected_suggested"]):
        check_colors(own, expected, 3)  # Python keeps the network's output in float16


def test_the_same_colors_are_read_from_a_photo(found: dict[str, Any]) -> None:
    for own, photo in zip(found["read"][:2], REFERENCES):
        pair = [Reference(colors).histogram for colors in (own["colors"], read_reference(photo))]
        assert np.abs(pair[0] - pair[1]).max() < 0.01
    with pytest.raises(ValueError) as error:
        read_reference(REFERENCES[2])
    assert found["read"][2]["error"] == str(error.value)


def test_a_reference_changes_the_picture_in_the_same_way(found: dict[str, Any]) -> None:
    difference = np.abs(found["picture"].astype(int) - found["expected_picture"])
    assert difference.max() <= 4
    assert difference.mean() < 0.3


def test_what_is_no_reference_is_refused_in_the_same_words(found: dict[str, Any]) -> None:
    for message, value in zip(found["errors"], BROKEN):
        with pytest.raises(ValueError) as error:
            Reference(**value)  # type: ignore[arg-type]
        assert message == str(error.value)
