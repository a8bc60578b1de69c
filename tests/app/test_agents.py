"""A coding agent with `curl`, as the agents.md of a Gradio Space tells it: upload, call, poll."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from PIL import Image

from pix2pix.labels.label_map import encode_label_image

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="curl is not installed")
LABELS = np.arange(12, dtype=np.uint8).repeat(8)[None].repeat(50, 0)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A label map, which can be coloured too: it is a picture."""
    path = tmp_path / "a house.png"
    encode_label_image(LABELS).save(path)
    return path


def curl(command: str) -> str:
    """What `curl` prints. Its exit status must be 0."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--noproxy", "*", *shlex.split(command)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def upload(url: str, path: Path) -> str:
    """The path of an uploaded file, for calls."""
    (sent,) = json.loads(curl(f"-X POST {url}gradio_api/upload -F 'files=@{path}'"))
    return str(sent)


def post(url: str, name: str, values: Any) -> Any:
    """The JSON with which the server answers a call."""
    headers = "-H 'Content-Type: application/json' -H 'Authorization: Bearer hf_agent'"
    body = shlex.quote(json.dumps(values))
    return json.loads(curl(f"-X POST {url}gradio_api/call/v2/{name} {headers} -d {body}"))


def poll(url: str, name: str, event: str) -> tuple[str, Any]:
    """The last event of a call, "complete" or "error", and its data."""
    stream = curl(f"-N {url}gradio_api/call/{name}/{event}")
    kind, data = stream.strip().split("event: ")[-1].split("\ndata: ")
    return kind, json.loads(data)


@pytest.mark.parametrize("name", ["draw", "colorize"])
def test_an_agent_uploads_calls_polls_and_downloads_the_picture(
    fake_studio: str, house: Path, tmp_path: Path, name: str
) -> None:
    described = json.loads(curl(f"{fake_studio}gradio_api/info"))["named_endpoints"][f"/{name}"]
    file, number = [parameter["parameter_name"] for parameter in described["parameters"]]
    value = {"path": upload(fake_studio, house), "meta": {"_type": "gradio.FileData"}}
    amount = 3 if name == "draw" else 0.5
    event = post(fake_studio, name, {file: value, number: amount})["event_id"]
    kind, (result,) = poll(fake_studio, name, event)
    assert kind == "complete"
    curl(f"-o '{tmp_path}/picture.png' {result['url']}")
    with Image.open(house) as opened:
        photo = opened.convert("RGB")
    expected = {
        "draw": lambda: PaletteDrawer().draw(LABELS, 3),
        "colorize": lambda: np.asarray(SepiaColorizer().colorize(photo, 0.5)),
    }[name]()
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.format == "PNG"
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), expected)


@pytest.mark.parametrize("name", ["draw", "colorize"])
def test_a_wrong_parameter_name_is_answered_with_the_right_ones(
    fake_studio: str, house: Path, name: str
) -> None:
    answer = post(fake_studio, name, {"image": {"path": upload(fake_studio, house)}})
    names = {"draw": "labels, seed", "colorize": "photo, strength"}[name]
    assert answer["detail"] == f"there is no parameter of this name; there are: {names}"


def test_what_goes_wrong_in_the_call_is_an_event_in_words(fake_studio: str, tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("Dear all")
    value = {"path": upload(fake_studio, tmp_path / "letter.png")}
    event = post(fake_studio, "colorize", {"photo": value})["event_id"]
    kind, data = poll(fake_studio, "colorize", event)
    assert kind == "error" and "letter.png: is not an image" in json.dumps(data)
