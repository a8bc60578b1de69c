"""Drawings through the routes of the page: what it answers, and what it refuses, in words."""

from pathlib import Path

import numpy as np
import pytest
from helpers.drawings import HOSTILE_DRAWINGS, WALL
from helpers.routes import draw, open_answer, post, send_file
from helpers.stand_ins import PaletteDrawer
from helpers.synthetic import save_ramp
from PIL import Image

from pix2pix.labels.canvas_spec import fit_label_map
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS, make_random_plan
from pix2pix.labels.label_map import PALETTE, decode_label_image, open_label_map
from pix2pix.labels.packed_ids import pack_ids, unpack_ids

CPU = ("cpu", "torch")
SIZE = 256


def test_a_drawing_comes_back_as_its_building_losslessly(fake_studio: str) -> None:
    drawing = build_facade(PRESETS[0], SIZE)
    np.testing.assert_array_equal(draw(fake_studio, drawing, 3), PaletteDrawer().draw(drawing, 3))


def test_the_seed_decides_the_building(fake_studio: str) -> None:
    assert (draw(fake_studio, WALL, 1) == draw(fake_studio, WALL, 1)).all()
    assert (draw(fake_studio, WALL, 1) != draw(fake_studio, WALL, 2)).any()


def test_a_style_wins_over_the_seed(fake_studio: str) -> None:
    styled = draw(fake_studio, WALL, 1, style=[0.5, 0.25, 1])
    np.testing.assert_array_equal(styled, draw(fake_studio, WALL, 2, style=[0.5, 0.25, 1]))
    np.testing.assert_array_equal(styled, PaletteDrawer().draw(WALL, style=[0.5, 0.25, 1]))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
def test_a_style_that_is_not_finite_is_refused(fake_studio: str, value: str) -> None:
    body = f'{{"ids": "{pack_ids(WALL)}", "style": [0, 0, {value}]}}'.encode()
    answer = post(fake_studio, "draw", "draw", body)
    assert answer.status_code == 400
    assert "style must be numbers" in answer.json()["error"]


def test_the_live_picture_is_small_and_close(fake_studio: str) -> None:
    live = draw(fake_studio, WALL, 1, format="jpeg").astype(int)
    assert abs(live - draw(fake_studio, WALL, 1)).mean() < 4


@pytest.mark.parametrize("name", HOSTILE_DRAWINGS)
def test_a_hostile_drawing_is_refused_in_words_and_the_server_stays_up(
    fake_studio: str, name: str
) -> None:
    payload, reason = HOSTILE_DRAWINGS[name]
    answer = post(fake_studio, "draw", "draw", payload)
    assert answer.status_code == 400 and reason in answer.json()["error"]
    assert draw(fake_studio, WALL).shape == (SIZE, SIZE, 3)


def test_ids_survive_the_wire() -> None:
    label_map = np.random.default_rng(0).integers(0, 12, (SIZE, SIZE), np.uint8)
    np.testing.assert_array_equal(unpack_ids(pack_ids(label_map), (SIZE, SIZE)), label_map)


def test_a_saved_drawing_reopens_with_identical_ids(fake_studio: str) -> None:
    drawing = build_facade(PRESETS[1], SIZE)
    saved = post(fake_studio, "draw", "label-image", {"ids": pack_ids(drawing)})
    assert saved.headers["x-picture-name"] == "facade-labels"
    with open_answer(saved) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(decode_label_image(image), drawing)
    opened = send_file(fake_studio, "draw", "open", saved.content, "facade-labels.png").json()
    np.testing.assert_array_equal(unpack_ids(opened["ids"], (SIZE, SIZE)), drawing)


def test_a_photo_is_no_label_image_but_can_be_traced(fake_studio: str, tmp_path: Path) -> None:
    photo = save_ramp(tmp_path / "house.png").read_bytes()
    refused = send_file(fake_studio, "draw", "open", photo, "house.png").json()
    assert refused["error"].startswith("house.png: ") and refused["can_trace"] is True
    traced = send_file(fake_studio, "draw", "trace", photo, "house.png").json()
    assert unpack_ids(traced["ids"], (traced["height"], traced["width"])).max() == 2
    no_picture = send_file(fake_studio, "draw", "open", b"Dear all", "letter.png").json()
    assert "letter.png: is not an image" in no_picture["error"] and "can_trace" not in no_picture


def test_the_style_of_a_photo_comes_with_its_thumbnail(fake_studio: str, tmp_path: Path) -> None:
    photo = save_ramp(tmp_path / "house.png").read_bytes()
    taken = send_file(fake_studio, "draw", "style", photo, "house.png").json()
    assert len(taken["style"]) == 3 and taken["name"] == "house.png"
    assert taken["photo"].startswith("data:image/webp;base64,")
    refused = send_file(fake_studio, "draw", "style", b"Dear all", "letter.png").json()
    assert set(refused) == {"error"} and "letter.png: is not an image" in refused["error"]


def test_a_small_picture_is_a_small_webp(fake_studio: str) -> None:
    answer = post(fake_studio, "draw", "draw", {"ids": pack_ids(WALL), "thumbnail": True})
    with open_answer(answer) as image:
        assert image.format == "WEBP" and image.size == (128, 128)


def test_a_label_image_of_another_shape_is_fitted_without_distortion(tmp_path: Path) -> None:
    path = tmp_path / "tall.png"
    Image.fromarray(PALETTE[np.full((400, 200), 2)]).save(path)
    opened = fit_label_map(open_label_map(path), (SIZE, SIZE))
    assert (opened == 2).sum() == SIZE * SIZE // 2
    assert (opened[:, :64] == 0).all() and (opened[:, 192:] == 0).all()


def test_a_made_up_facade_is_the_same_for_the_same_seed(fake_studio: str) -> None:
    made = [post(fake_studio, "draw", "facade", {"seed": seed}).json() for seed in (5, 5, 6)]
    assert made[0] == made[1] != made[2]
    np.testing.assert_array_equal(
        unpack_ids(made[0]["ids"], (SIZE, SIZE)), build_facade(make_random_plan(5), SIZE)
    )


@pytest.mark.parametrize("seed", [-1, 10**6, "3", None, True, 1.5])
def test_a_facade_of_no_seed_is_refused(fake_studio: str, seed: object) -> None:
    answer = post(fake_studio, "draw", "facade", {"seed": seed})
    assert answer.status_code == 400 and "seed must be a whole number" in answer.json()["error"]
