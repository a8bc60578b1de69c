"""Asks the studio's own routes, as its page does."""

import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
from PIL import Image

from pix2pix.app.server.studio_api import API_URL
from pix2pix.labels.packed_ids import pack_ids

KEY = "0123456789abcdef" * 2  # a visitor's
HTTP = httpx.Client(timeout=120, trust_env=False)  # one for all: making one takes a while


def post(url: str, tab: str, action: str, values: Any = None, key: str = KEY) -> httpx.Response:
    """Sends JSON; `values` may be bytes, which go as they are."""
    content = values if isinstance(values, bytes) else json.dumps(values).encode()
    headers = {"content-type": "application/json", "x-studio-key": key}
    return HTTP.post(f"{url}{API_URL}/{tab}/{action}", content=content, headers=headers)


def send_file(
    url: str, tab: str, action: str, content: bytes, name: str = "photo.png", **headers: str
) -> httpx.Response:
    headers = {"x-photo-name": quote(name), "x-studio-key": KEY, **headers}
    return HTTP.post(f"{url}{API_URL}/{tab}/{action}", content=content, headers=headers)


def read_answer(answer: httpx.Response) -> np.ndarray:
    """The picture in an answer, (H, W, 3)."""
    assert answer.status_code == 200, answer.text
    return np.asarray(open_answer(answer).convert("RGB"))


def open_answer(answer: httpx.Response) -> Image.Image:
    assert answer.headers["content-type"].startswith("image/"), answer.text
    return Image.open(io.BytesIO(answer.content))


def draw(url: str, label_map: np.ndarray, seed: int = 0, tab: str = "draw", **more: Any) -> Any:
    """The picture of a drawing, (H, W, 3)."""
    return read_answer(post(url, tab, "draw", {"ids": pack_ids(label_map), "seed": seed, **more}))


def colorize(url: str, path: Path, tab: str = "colorize", **wanted: Any) -> httpx.Response:
    """The finished file of a photo; or the answer that refused it."""
    sent = send_file(url, tab, "photos", path.read_bytes(), path.name)
    if "photo" not in sent.json():
        return sent
    photo = sent.json()["photo"]
    answer = post(url, tab, "colorize", {"kind": "save", "photo": photo, **wanted})
    if "name" not in answer.json():
        return answer
    headers = {"x-studio-key": KEY}
    return HTTP.get(f"{url}{API_URL}/{tab}/photos/{photo}/result", headers=headers)
