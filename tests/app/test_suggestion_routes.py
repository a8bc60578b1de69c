"""The Colourise tab's own routes for suggested colours and for colours of another photo."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from helpers.routes import post, send_file
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from PIL import Image

from pix2pix.app.server.colorize_schemas import ColorizeRequest
from pix2pix.app.server.schemas import parse_request
from pix2pix.images.reference_colors import LEVELS, POINTS

COLORS = base64.b64encode(bytes([9] * LEVELS * POINTS)).decode()
SUGGEST = {"kind": "suggest", "photo": "p", "at": [0.5, 0.25]}


def read(payload: Any) -> ColorizeRequest:
    return parse_request(ColorizeRequest, json.dumps(payload).encode(), 192)


def png(size: tuple[int, int], color: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "png")
    return buffer.getvalue()


def test_a_place_and_a_reference_are_read() -> None:
    reference = {"colors": COLORS, "strength": 0.5}
    wanted = read({**SUGGEST, "reference": reference})
    assert wanted.at == (0.5, 0.25)
    assert wanted.settings.reference is not None
    np.testing.assert_allclose(wanted.settings.reference.histogram, 1 / POINTS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"at": None}, "at, a place, belongs to the kind suggest"),
        ({"kind": "quick"}, "at, a place, belongs to the kind suggest"),
        ({"at": [0.5]}, "at must be two numbers from 0 to 1"),
        ({"at": [0.5, float("nan")]}, "at must be two numbers from 0 to 1"),
        ({"at": [True, 2]}, "at must be two numbers from 0 to 1"),
        ({"at": "middle"}, "at must be two numbers from 0 to 1"),
        ({"reference": []}, "reference must have colors and strength"),
        ({"reference": {"colors": COLORS}}, "reference must have colors and strength"),
        ({"reference": {"colors": COLORS, "strength": "1"}}, "must be 0 to 1"),
        ({"reference": {"colors": COLORS, "strength": 1.5}}, "must be 0 to 1"),
        ({"reference": {"colors": "A" * 10**6, "strength": 1}}, "528 bytes in base64"),
        ({"reference": {"colors": [1], "strength": 1}}, "528 bytes in base64"),
    ],
)
def test_other_places_and_references_are_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read({**SUGGEST, **change})


def test_a_served_photo_gets_suggestions_and_colors_of_another(upload_folder: Any) -> None:
    for url in serve(PaletteDrawer(), SepiaColorizer()):
        photo = send_file(url, "colorize", "photos", png((90, 60), "grey")).json()["photo"]
        found = post(url, "colorize", "colorize", {**SUGGEST, "photo": photo}).json()["colors"]
        assert [each["color"] for each in found[:2]] == ["#009628", "#008228"]
        assert found[0]["share"] == 0.5 and len(found) == 5
        colored = send_file(url, "colorize", "reference", png((90, 60), "teal")).json()
        assert len(base64.b64decode(colored["colors"])) == LEVELS * POINTS
        assert colored["thumb"].startswith("data:image/webp;base64,")
        for content, reason in (
            (png((90, 60), "grey"), "a.png: is grey; choose a colour photo"),
            (png((9, 60), "teal"), "a.png: is 9x60 pixels"),
            (b"%PDF-1.4", "a.png: is not an image in a supported format"),
        ):
            refused = send_file(url, "colorize", "reference", content, "a.png")
            assert reason in refused.json()["error"]
