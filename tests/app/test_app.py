"""The app through the routes of its page: what it answers, and what it refuses, in words."""

import dataclasses
import struct
import zlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.drawings import HOSTILE_DRAWINGS, WALL
from helpers.routes import colorize, draw, open_answer, post, send_file
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from PIL import Image

from pix2pix.app import main as app
from pix2pix.app.blocks import create_demo, launch_options
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.config import LabelColor
from pix2pix.inference import Tracer, Translator
from pix2pix.labels.canvas_spec import fit_label_map
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS, make_random_plan
from pix2pix.labels.label_map import PALETTE, decode_label_image, open_label_map
from pix2pix.labels.packed_ids import pack_ids, unpack_ids
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

CPU = ("cpu", "torch")
SIZE = 256


def save_photo(path: Path, size: tuple[int, int] = (90, 60), **options: Any) -> Path:
    ramp = np.linspace(40, 210, size[0], dtype=np.float32)[None].repeat(size[1], 0)
    Image.fromarray(ramp.astype(np.uint8)).save(path, **options)
    return path


# ---- draw --------------------------------------------------------------------------------


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
    photo = save_photo(tmp_path / "house.png").read_bytes()
    refused = send_file(fake_studio, "draw", "open", photo, "house.png").json()
    assert refused["error"].startswith("house.png: ") and refused["can_trace"] is True
    traced = send_file(fake_studio, "draw", "trace", photo, "house.png").json()
    assert unpack_ids(traced["ids"], (traced["height"], traced["width"])).max() == 2
    no_picture = send_file(fake_studio, "draw", "open", b"Dear all", "letter.png").json()
    assert "letter.png: is not an image" in no_picture["error"] and "can_trace" not in no_picture


def test_the_style_of_a_photo_comes_with_its_thumbnail(fake_studio: str, tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "house.png").read_bytes()
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


# ---- colourise ---------------------------------------------------------------------------


def test_a_photo_comes_back_in_colour_at_its_own_size(fake_studio: str, tmp_path: Path) -> None:
    result = open_answer(colorize(fake_studio, save_photo(tmp_path / "aunt.jpg", (301, 97))))
    assert result.size == (301, 97)
    assert np.ptp(np.asarray(result, int), -1).mean() > 20


def test_a_photo_keeps_its_orientation(fake_studio: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save_photo(tmp_path / "turned.jpg", (90, 60), exif=exif)
    assert open_answer(colorize(fake_studio, path)).size == (60, 90)


def test_strength_nought_leaves_it_grey(fake_studio: str, tmp_path: Path) -> None:
    answer = colorize(fake_studio, save_photo(tmp_path / "a.png"), strength=0)
    result = np.asarray(open_answer(answer), int)
    assert np.ptp(result, -1).max() <= 1


@pytest.mark.parametrize(
    ("name", "format_", "result"),
    [("grandma 1941.jpg", "png", "grandma 1941.png"), ("b.tif", "jpeg", "b.jpg")],
)
def test_the_result_carries_the_name_of_the_photo(
    fake_studio: str, tmp_path: Path, name: str, format_: str, result: str
) -> None:
    photo = save_photo(tmp_path / name)
    sent = send_file(fake_studio, "colorize", "photos", photo.read_bytes(), name).json()
    wanted = {"kind": "save", "photo": sent["photo"], "format": format_}
    assert post(fake_studio, "colorize", "colorize", wanted).json()["name"] == result


def test_the_date_of_a_photo_and_where_it_was_taken_are_kept(
    fake_studio: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation
    exif[0x0132] = "2009:05:04 10:11:12"
    exif.get_ifd(0x8769)[0x9003] = "1941:07:06 08:09:10"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 0.0)  # latitude
    path = save_photo(tmp_path / "dated.jpg", (90, 60), exif=exif)
    for format_ in ("png", "jpeg"):
        result = open_answer(colorize(fake_studio, path, format=format_))
        assert result.format == format_.upper()
        kept = result.getexif()
        assert kept[0x0132] == "2009:05:04 10:11:12"
        assert kept.get_ifd(0x8769)[0x9003] == "1941:07:06 08:09:10"
        assert kept.get(0x0112, 1) == 1, "it is upright already"
        assert kept.get_ifd(0x8825)[2] == (48.0, 8.0, 0.0)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"size": 191}, "size must be one of"),
        ({"size": 10**9}, "size must be one of"),
        ({"size": "192"}, "size must be one of"),
        ({"size": True}, "size must be one of"),
        ({"format": "exe"}, "format must be png or jpeg"),
        ({"format": ["png"]}, "format must be png or jpeg"),
        ({"repair": 1}, "repair must be true or false"),
        ({"denoise": "yes"}, "denoise must be true or false"),
        ({"hints": "all"}, "expected a list of hints"),
        ({"hints": [3]}, "expected a hint with x, y and color"),
        ({"hints": [{"x": 0.5, "y": 1.1, "color": "#000000"}]}, "must be from 0 to 1"),
        ({"hints": [{"x": True, "y": 0, "color": "#000000"}]}, "must be a number"),
        ({"hints": [{"x": "0", "y": 0, "color": "#000000"}]}, "must be a number"),
        ({"hints": [{"x": 0, "y": 0, "color": "red"}]}, "color must be "),
        ({"hints": [{"x": 0, "y": 0, "color": "#0000000"}]}, "color must be "),
        ({"hints": [{"x": 0, "y": 0, "color": [0, 0, 0]}]}, "color must be "),
        ({"hints": [{"x": 0, "y": 0, "color": "#000000"}] * 257}, "at most 256 hints"),
    ],
)
def test_a_hostile_request_is_refused_in_words(
    fake_studio: str, tmp_path: Path, more: dict[str, Any], reason: str
) -> None:
    answer = colorize(fake_studio, save_photo(tmp_path / "a.png"), **more)
    assert answer.status_code == 400 and reason in answer.json()["error"]


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(header))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
    )


BAD_PHOTOS = {
    "empty.jpg": b"",
    "notes.jpg": b"these are not pixels",
    "huge.png": huge_png(),
    "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
}


@pytest.mark.parametrize("name", [*BAD_PHOTOS, "cut.png"])
def test_a_bad_photo_is_refused_by_name(fake_studio: str, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "cut.png":
        data = save_photo(path, (300, 200)).read_bytes()
        path.write_bytes(data[: len(data) // 2])
    else:
        path.write_bytes(BAD_PHOTOS[name])
    answer = colorize(fake_studio, path)
    assert answer.status_code == 200, "a browser would log anything else"
    assert answer.json()["error"].startswith(f"{name}: ")


@pytest.mark.parametrize(
    "file",
    [
        None,
        "/etc/passwd",
        {"path": "/etc/passwd"},
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
        {"path": "../../etc/passwd"},
        {"path": "a\0b"},
        {"path": 7},
    ],
)
def test_nothing_but_uploads_can_be_opened(fake_studio: str, file: Any) -> None:
    answer = raw_call(fake_studio, "colorize", file, 1.0)
    assert answer.startswith("error")
    assert "root:" not in answer


def raw_call(url: str, name: str, *data: Any) -> str:
    """The event stream's last event, past the client's own preparation of files."""
    answer = httpx.post(f"{url}gradio_api/call/{name}", json={"data": list(data)}, timeout=120)
    if answer.status_code in (400, 422):
        return f"error {answer.text}"
    event = answer.json()["event_id"]
    stream = httpx.get(f"{url}gradio_api/call/{name}/{event}", timeout=120).text
    return stream.split("event: ")[-1]


def test_of_a_photo_sent_by_a_program_nothing_stays_on_the_disk(
    fake_studio: str, upload_folder: Path, tmp_path: Path
) -> None:
    from gradio_client import Client, handle_file

    client = Client(fake_studio, verbose=False, download_files=tmp_path / "downloads")
    photo = save_photo(tmp_path / "private.jpg")
    client.predict(handle_file(photo), 1.0, api_name="/colorize")
    assert list(upload_folder.rglob("private*.jpg")) == []


@pytest.mark.parametrize("strength", [-0.1, 1.6, "1", None, True, 1e308])
def test_a_strength_out_of_range_is_refused(
    fake_studio: str, tmp_path: Path, strength: object
) -> None:
    answer = colorize(fake_studio, save_photo(tmp_path / "a.png"), strength=strength)
    assert answer.status_code == 400
    assert "strength must be from 0 to 1.5, got" in answer.json()["error"]


# ---- the app as a whole ------------------------------------------------------------------


def test_a_failing_model_is_reported_without_its_insides(upload_folder: Path) -> None:
    class Broken(PaletteDrawer):
        calls = 0

        def draw(self, label_map: np.ndarray, *_: Any) -> np.ndarray:
            self.calls += 1
            if self.calls > 1:
                raise RuntimeError("secret path /home/x")
            return super().draw(label_map, *_)

    for url in serve(Broken(), SepiaColorizer()):
        answer = post(url, "draw", "draw", {"ids": pack_ids(WALL)})
        assert answer.status_code == 500 and "RuntimeError" in answer.json()["error"]
        assert "secret" not in answer.text


def test_a_tracer_is_loaded_only_where_it_traces_facades(tmp_path: Path) -> None:
    config = checkpoint_config(Recipe("photo2labels", size=64, ngf=4, depth=4))
    save_checkpoint(tmp_path / "trace", config, Model(config), "")
    assert isinstance(app.load_tracer_if_there(tmp_path / "trace", CPU), Tracer)
    palette = tuple(LabelColor(f"class {i}", c.rgb) for i, c in enumerate(config.palette))
    other = dataclasses.replace(config, palette=palette)
    save_checkpoint(tmp_path / "other", other, Model(other), "")
    assert app.load_tracer_if_there(tmp_path / "other", CPU) is None


def test_a_tracer_that_was_asked_for_and_is_not_there_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert app.load_tracer_if_there(tmp_path / "none", CPU) is None
    assert "is not a checkpoint folder" in caplog.text
    caplog.clear()
    monkeypatch.setattr(app, "CHECKPOINTS", tmp_path)
    assert app.load_tracer_if_there(tmp_path / "trace", CPU) is None
    assert not caplog.text, "not there from the start is nothing to warn of"


def test_without_models_the_app_starts_and_says_why() -> None:
    demo = create_demo("No <model> for drawing.", "No model for photos.")
    config = str(demo.get_config_file())
    assert "No &lt;model&gt; for drawing." in config
    assert "No model for photos." in config


def test_a_missing_checkpoint_becomes_a_sentence(tmp_path: Path) -> None:
    from pix2pix.inference import load_drawer

    reason = app.load_or_say_why(load_drawer, tmp_path / "none", "facades", CPU)
    assert isinstance(reason, str) and "could not be loaded" in reason


def test_only_the_assets_are_served(fake_studio: str) -> None:
    from pix2pix.app.assets import ASSETS_URL

    assert httpx.get(f"{fake_studio}{ASSETS_URL}/js/draw/draw.js", timeout=120).status_code == 200
    for path in ("..%2fapp.py", "%2e%2e/app.py", "../app.py"):
        assert httpx.get(f"{fake_studio}{ASSETS_URL}/{path}", timeout=120).status_code == 404
    for path in (app.__file__, "app.py", "/etc/passwd"):
        assert httpx.get(f"{fake_studio}gradio_api/file={path}", timeout=120).status_code in (
            403,
            404,
        )


def test_the_app_reports_to_nobody_and_keeps_nothing_for_long() -> None:
    demo = create_demo("off", "off")
    options = launch_options(demo)
    assert demo.analytics_enabled is False
    assert options["run_history"] is False and options["share"] is False
    assert options["max_file_size"]
    assert demo.delete_cache is not None and demo.delete_cache[1] <= 3600
    assert options["theme"]._stylesheets == [], "fonts from elsewhere"


def test_the_command_line_has_the_defaults_that_readme_names() -> None:
    args = app.parse_args([])
    assert (args.host, args.port, args.device) == ("127.0.0.1", 7860, "auto")
    assert Path(args.checkpoint_facades).parts[-2:] == ("checkpoints", "facades")
    assert Path(args.checkpoint_trace).parts[-2:] == ("checkpoints", "trace")
    assert Path(args.checkpoint_colorize).parts[-2:] == ("checkpoints", "colorize")
    assert Path(args.checkpoint_cats).parts[-2:] == ("checkpoints", "cats")


def test_the_cats_have_a_tab_unless_left_out(tmp_path: Path) -> None:
    where = ("cpu", "torch")
    (cats,) = app.load_cats_if_there(app.parse_args([]).checkpoint_cats, where)
    assert cats.title == "Cats" and isinstance(cats.model, Translator)
    assert next(iter(cats.model.config.styles)) == "silver"
    assert app.load_cats_if_there("", where) == []
    (broken,) = app.load_cats_if_there(str(tmp_path / "none"), where)
    assert broken.title == "Cats" and "could not be loaded" in str(broken.model)
