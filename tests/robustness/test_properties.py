"""Whatever a stranger's file holds, the library takes it or raises ValueError, and nothing else.

Examples are drawn from a fixed seed, so that what passes here passes everywhere.
"""

import functools
import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pix2pix.app.server.colorize_schemas import ColorizeRequest
from pix2pix.app.server.event_validation import Endpoint, check_call, check_named_call, parse_json
from pix2pix.app.server.schemas import (
    DrawContext,
    DrawRequest,
    FacadeRequest,
    clean_name,
    parse_request,
)
from pix2pix.checkpoint import load_checkpoint
from pix2pix.config import CheckpointConfig
from pix2pix.config_fields import from_dict
from pix2pix.images.color import rgb_to_lab
from pix2pix.images.color_hints import parse_hints, read_hints
from pix2pix.images.reader import open_rgb, read_size
from pix2pix.labels.canvas_spec import facades_canvas
from pix2pix.labels.label_map import decode_label_image, encode_label_image, open_label_map
from pix2pix.labels.packed_ids import unpack_ids

pytestmark = pytest.mark.slow

few = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62, 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["batch", "lines", "colorize", "#ff0000", "x", "y", "color", "rgb", "name"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=10,
)
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I", "F", "I;16", "CMYK", "YCbCr", "HSV", "LAB", "PA")
FORMATS = ("png", "jpeg", "webp", "gif", "bmp", "tiff", "ppm")


def takes_or_refuses(work: Callable[[], Any]) -> Any:
    """What it returns, or None where it raised ValueError in words."""
    try:
        return work()
    except ValueError as error:
        assert str(error).strip()
        return None


@st.composite
def images(draw: Callable[[Any], Any]) -> Image.Image:
    """A small picture of any mode."""
    mode = draw(st.sampled_from(MODES))
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    levels = draw(st.sampled_from((2, 12, 256)))
    image = Image.fromarray(rng.integers(0, levels, (height, width, 3), np.uint8))
    if mode in ("PA", "P"):
        image = image.convert("P")
        return image.convert(mode) if mode == "PA" else image
    if mode in ("I", "F", "I;16"):
        return image.convert("L").convert(mode)
    if mode == "LAB":
        return Image.frombytes("LAB", image.size, image.tobytes())
    if mode == "LA":
        return image.convert("L").convert("LA")
    return image.convert(mode)


@st.composite
def image_files(draw: Callable[[Any], Any]) -> bytes:
    """The bytes of a picture file: whole, cut short, altered, or followed by others."""
    buffer = io.BytesIO()
    image = draw(images())
    try:
        image.save(buffer, draw(st.sampled_from(FORMATS)), icc_profile=None)
    except (OSError, ValueError, KeyError):  # a mode that the format has not
        buffer = io.BytesIO()
        # The profile that Pillow would add to a Lab image has the time in it.
        image.convert("RGB").save(buffer, "png", icc_profile=None)
    return draw(damaged(buffer.getvalue()))


@st.composite
def damaged(draw: Callable[[Any], Any], content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(draw(st.integers(0, 6))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        data = data[: draw(st.integers(0, len(data)))]
    return bytes(data + draw(st.binary(max_size=8)))


@few
@given(image_files() | st.binary(max_size=300))
def test_any_bytes_are_a_photo_or_refused(content: bytes) -> None:
    photo = takes_or_refuses(lambda: open_rgb(content, "a.png"))
    size = takes_or_refuses(lambda: read_size(content, "a.png"))
    if photo is not None:
        assert photo.mode == "RGB" and photo.size == size
        assert np.isfinite(rgb_to_lab(np.asarray(photo)[0, 0])).all()


@few
@given(image_files())
def test_any_bytes_are_a_label_map_or_refused(content: bytes) -> None:
    label_map = takes_or_refuses(lambda: open_label_map(content, "a.png"))
    if label_map is not None:
        assert label_map.dtype == np.uint8 and ((label_map < 12) | (label_map == 255)).all()


@few
@given(images())
def test_any_picture_is_a_label_map_or_refused(image: Image.Image) -> None:
    for colors in (None, ((0, 0, 0), (9, 9, 9), (255, 0, 0))):
        label_map = takes_or_refuses(functools.partial(decode_label_image, image, colors))
        if label_map is not None:
            assert label_map.shape == image.size[::-1]


@few
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 999))
def test_a_label_map_survives_its_file(width: int, height: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    label_map = rng.choice([*range(12), 255], (height, width)).astype(np.uint8)
    label_map[0, 0] = rng.integers(12)  # of no class at all is not told from class 0
    buffer = io.BytesIO()
    encode_label_image(label_map).save(buffer, "png")
    np.testing.assert_array_equal(open_label_map(buffer.getvalue()), label_map)


CONFIG = {
    "task": "labels2photo",
    "size": 64,
    "generator": {"in_channels": 2, "out_channels": 3, "depth": 4},
    "palette": [{"name": "wall", "rgb": [0, 0, 255]}, {"name": "door", "rgb": [0, 170, 255]}],
}
PLACES: tuple[str, ...]
PLACES = ("task", "size", "width", "palette", "styles", "input_type", "metrics", "format_version")
PLACES += ("canvas", "training")  # an old name, and free-form content
INNER = ("in_channels", "ngf", "depth", "norm", "dropout", "style_dim", "padding", "half_output")


@few
@given(st.sampled_from((*PLACES, *INNER, "other")), JSON)
def test_any_value_in_a_config_is_taken_or_refused(key: str, value: Any) -> None:
    values: dict[str, Any] = json.loads(json.dumps(CONFIG))
    (values["generator"] if key in INNER else values)[key] = value
    config = takes_or_refuses(lambda: from_dict(CheckpointConfig, values, "config"))
    if config is not None:
        json.dumps(config.to_dict())


@few
@given(JSON)
def test_any_json_is_a_config_or_refused(value: Any) -> None:
    takes_or_refuses(lambda: from_dict(CheckpointConfig, value, "config"))


@few
@given(JSON | st.lists(st.fixed_dictionaries({"x": JSON, "y": JSON, "color": JSON}), max_size=3))
def test_any_json_is_a_list_of_hints_or_refused(value: Any) -> None:
    for hint in takes_or_refuses(lambda: parse_hints(value)) or ():
        assert 0 <= hint.x <= 1 and 0 <= hint.y <= 1


@few
@given(st.binary(max_size=200) | JSON.map(lambda v: json.dumps(v).encode()))
def test_any_file_is_one_of_hints_or_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hints.json").write_bytes(content)
    takes_or_refuses(lambda: read_hints(tmp_path / "hints.json"))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_any_damage_to_a_checkpoint_is_survived_or_refused(
    tmp_path: Path, files: dict[str, bytes], name: str
) -> None:
    for other, content in files.items():
        (tmp_path / other).write_bytes(content)

    @few
    @given(damaged(files[name]) | damaged(files[name][:1500]))
    def check(content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        loaded = takes_or_refuses(lambda: load_checkpoint(tmp_path))
        if loaded is not None:
            assert all(p.dtype == torch.float32 for p in loaded[1].parameters())

    check()


@few
@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_any_text_is_a_drawing_or_refused(content: bytes) -> None:
    takes_or_refuses(lambda: unpack_ids(content.decode(errors="replace"), (16, 16)))


@few
@given(st.text(max_size=300) | st.text("./\\ a", max_size=5))
def test_any_name_becomes_one_that_is_safe(name: str) -> None:
    clean = clean_name(name)
    assert clean and "/" not in clean and "\\" not in clean and clean.isprintable()
    assert clean not in (".", "..") and len(clean) <= 120


ENDPOINTS = {"draw": Endpoint("labels", ("seed",))}


@few
@given(JSON)
def test_any_json_is_a_call_or_refused(value: Any) -> None:
    for body in (value, {"data": value, "fn_index": 0}, {"data": [value, value], "fn_index": 0}):
        takes_or_refuses(partial(check_call, body, {0: "draw"}, ENDPOINTS))
    takes_or_refuses(lambda: check_call({"data": [value, 0]}, {}, ENDPOINTS, "draw"))
    for body in (value, {"labels": value}, {"labels": value, "seed": value}):
        takes_or_refuses(partial(check_named_call, body, ENDPOINTS, "draw"))


DRAWING = DrawContext(facades_canvas((64, 64)), 3)


@few
@given(st.binary(max_size=100) | JSON.map(lambda v: json.dumps(v).encode()))
def test_any_body_is_a_request_or_refused(content: bytes) -> None:
    takes_or_refuses(lambda: parse_request(DrawRequest, content, DRAWING))
    takes_or_refuses(lambda: parse_request(FacadeRequest, content))
    takes_or_refuses(lambda: parse_request(ColorizeRequest, content, 192))


@few
@given(st.sampled_from(sorted(DrawRequest.model_fields)), JSON)
def test_any_value_of_a_key_is_taken_or_refused(key: str, value: Any) -> None:
    content = json.dumps({"ids": "", key: value}).encode()
    takes_or_refuses(lambda: parse_request(DrawRequest, content, DRAWING))


@few
@given(st.binary(max_size=100) | JSON.map(lambda v: json.dumps(v).encode()))
def test_what_is_parsed_has_finite_numbers(content: bytes) -> None:
    value = takes_or_refuses(lambda: parse_json(content))
    json.dumps(value, allow_nan=False)
