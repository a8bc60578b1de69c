"""Drawings as the page keeps them in localStorage (assets/js/draw/autosave.js)."""

import base64
import json
from typing import Any

import numpy as np

BACKGROUND, FACADE, WINDOW = 0, 1, 2


def bare_wall(side: int = 256) -> np.ndarray:
    """What "New drawing" puts on a square sheet of facades: class ids (side, side)."""
    drawing = np.full((side, side), BACKGROUND, np.uint8)
    left, right, top, bottom = (round(part * side) for part in (0.06, 0.94, 0.1, 0.97))
    drawing[top:bottom, left:right] = FACADE
    return drawing


def keep_drawing(drawing: np.ndarray, **settings: Any) -> dict[str, str]:
    """What a visit leaves in localStorage; `settings` such as `tool` and `classId`."""
    height, width = drawing.shape
    ids = base64.b64encode(drawing.tobytes()).decode()
    entry = {"ids": ids, "width": width, "height": height, "seed": 7, **settings}
    return {"pix2pix-drawing": json.dumps(entry)}
