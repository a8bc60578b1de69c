"""What the Colourise tab gets: previews while a hand waits, and finished files."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.printed import mount, old_photo, print_in_dots
from helpers.routes import colorize
from helpers.running import ROOT
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer, StrokeRestorer
from helpers.tiffs import pages
from PIL import Image

from pix2pix.app.server.colorize_routes import ANSWERS
from pix2pix.app.server.colorize_schemas import (
    SWITCHES,
    ColorizeRequest,
    ColorizeSettings,
    PhotoModels,
    color_kept,
    finish_photo,
)
from pix2pix.app.server.photo_store import DEEP_NOTE, PREVIEW_SIDE, QUICK_SIDE, open_upload
from pix2pix.app.server.schemas import parse_request
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.images.encoding import preview_uri
from pix2pix.images.repair_brush import Stroke
from pix2pix.inference import Hint, load_colorizer
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

CHECKPOINT = ROOT / "checkpoints" / "colorize"


def jpeg(size: tuple[int, int] = (300, 200), **options: Any) -> bytes:
    ramp = np.linspace(20, 230, size[0], dtype=np.float32)[None].repeat(size[1], 0)
    buffer = io.BytesIO()
    Image.fromarray(ramp.astype(np.uint8)).save(buffer, "jpeg", **options)
    return buffer.getvalue()


class CountingColorizer(SepiaColorizer):
    """Counts how often a photo is opened."""

    opened = 0

    def open_photo(self, photo: Image.Image, **options: Any) -> Any:
        self.opened += 1
        return super().open_photo(photo, **options)


def read(payload: Any) -> ColorizeRequest:
    return parse_request(ColorizeRequest, json.dumps(payload).encode(), 192)


def test_a_photo_stays_open_while_hints_and_strength_change() -> None:
    colorizer, photo = CountingColorizer(), open_upload(jpeg(), "a.jpg")
    for strength in (1.0, 0.5, 1.5):
        for hints in ((), (Hint(0.5, 0.5, (200, 20, 20)),)):
            color_kept(
                PhotoModels(colorizer), photo, "quick", ColorizeSettings(strength, 192, hints)
            )
    assert colorizer.opened == 1
    color_kept(PhotoModels(colorizer), photo, "preview", ColorizeSettings(1.0, 192))
    color_kept(PhotoModels(colorizer), photo, "quick", ColorizeSettings(1.0, 256))
    _, _, notes = color_kept(
        PhotoModels(colorizer), photo, "quick", ColorizeSettings(1.0, 256, repair=True)
    )
    assert colorizer.opened == 4 and notes == ("repair",)


@pytest.mark.skipif(not CHECKPOINT.is_dir(), reason="the checkpoint is not there")
def test_a_hint_is_answered_by_one_run_of_the_network_on_a_small_picture() -> None:
    colorizer = load_colorizer(CHECKPOINT, "cpu")
    example = next((ROOT / "assets" / "examples").glob("*.jpg"))
    enlarged = io.BytesIO()
    Image.open(example).resize((2400, 1800)).save(enlarged, "jpeg")
    photo = open_upload(enlarged.getvalue(), example.name)
    assert max(photo.quick.size) == QUICK_SIDE and max(photo.preview.size) == PREVIEW_SIDE
    pixels: list[int] = []
    run = colorizer._runner

    def count(x: Any, *more: Any) -> Any:
        pixels.append(len(x) * x.shape[-2] * x.shape[-1])
        return run(x, *more)

    colorizer._runner = count  # type: ignore[assignment]
    for x in np.linspace(0.2, 0.8, 6):  # the first one opens the photo
        pixels.clear()
        settings = ColorizeSettings(1.0, colorizer.size, (Hint(x, 0.5, (200, 20, 20)),))
        preview_uri(color_kept(PhotoModels(colorizer), photo, "quick", settings)[0])
        assert len(pixels) == 1 and pixels[0] <= 2 * 192 * 256


def test_a_preview_is_upright_and_bounded_whatever_the_photo() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = open_upload(jpeg((3000, 1000), exif=exif), "a.jpg")
    assert photo.size == (1000, 3000)
    assert max(photo.preview.size) == PREVIEW_SIDE and photo.preview.height > photo.preview.width


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_a_photo_of_any_shape_is_finished_at_its_size(size: tuple[int, int]) -> None:
    photo = open_upload(jpeg(size), "thin.jpg")
    assert photo.size == size and min(photo.preview.size + photo.quick.size) == 1
    result = finish_photo(
        PhotoModels(SepiaColorizer()), photo.content, photo.name, ColorizeSettings(1.0, 192), "png"
    )
    assert Image.open(io.BytesIO(result)).size == size


@pytest.mark.parametrize(("format_", "kind"), [("png", "PNG"), ("jpeg", "JPEG")])
def test_a_finished_file_has_the_photos_captions_unless_they_are_to_go(
    format_: str, kind: str
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "Aunt Mary"
    exif.get_ifd(0x8825)[1] = "N"
    content = jpeg(exif=exif)
    for strip in (False, True):
        settings = read({"kind": "save", "photo": "p", "strip": strip}).settings
        result = finish_photo(PhotoModels(SepiaColorizer()), content, "a.jpg", settings, format_)
        found = Image.open(io.BytesIO(result)).getexif()
        assert found.get(0x010E) == (None if strip else "Aunt Mary")
        assert found.get_ifd(0x8825).get(1) == (None if strip else "N")
        assert (b"Mary" in result) is not strip


@pytest.mark.skipif(not CHECKPOINT.is_dir(), reason="the checkpoint is not there")
def test_a_finished_png_is_as_clear_as_the_photo_and_a_jpeg_is_on_white() -> None:
    colorizer = load_colorizer(CHECKPOINT, "cpu")
    photo = Image.open(io.BytesIO(jpeg((64, 64)))).convert("LA")
    alpha = np.tile(np.repeat([0, 128, 255, 255], 16).astype(np.uint8), (64, 1))
    photo.putalpha(Image.fromarray(alpha))
    buffer = io.BytesIO()
    photo.save(buffer, "png")
    settings = ColorizeSettings(1.0, 64)
    png = Image.open(
        io.BytesIO(
            finish_photo(PhotoModels(colorizer), buffer.getvalue(), "a.png", settings, "png")
        )
    )
    np.testing.assert_array_equal(np.asarray(png)[..., 3], alpha)
    on_white = Image.open(
        io.BytesIO(
            finish_photo(PhotoModels(colorizer), buffer.getvalue(), "a.png", settings, "jpeg")
        )
    )
    assert on_white.mode == "RGB" and np.asarray(on_white)[:, :12].min() > 235


def test_what_had_to_be_chosen_to_open_a_photo_is_said() -> None:
    grey = np.zeros((40, 60), np.uint16) + 4000
    photo = open_upload(pages(grey, grey[:30], photometric="minisblack"), "a.tif")
    _, _, notes = color_kept(
        PhotoModels(SepiaColorizer()), photo, "quick", ColorizeSettings(1.0, 192, repair=True)
    )
    assert photo.size == (60, 40) and notes == (
        "has 2 pages; the largest was opened",
        "its values end at 4000 of 65535, so they were read as 12-bit",
        DEEP_NOTE,
        "repair",
    )
    assert np.asarray(photo.preview)[0, 0, 0] == 249


def test_what_is_too_long_for_a_jpeg_is_refused_as_one(tmp_path: Path) -> None:
    Image.new("L", (65_520, 2)).save(tmp_path / "long.png")
    with pytest.raises(ValueError, match=r"long\.png: is too long for a JPEG"):
        finish_photo(
            PhotoModels(SepiaColorizer()),
            tmp_path / "long.png",
            "long.png",
            ColorizeSettings(1.0, 192),
            "jpeg",
        )


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, "must be a JSON object"),
        ([], "must be a JSON object"),
        ({}, "kind is missing"),
        ({"kind": "delete", "photo": "p"}, "kind must be one of"),
        ({"kind": ["save"], "photo": "p"}, "kind must be one of"),
        ({"kind": "save"}, "photo is missing"),
        ({"kind": "save", "photo": 7}, "photo must be the id of a photo, got 7"),
        ({"kind": "save", "photo": "p", "key": "k"}, "there is no key of this name"),
        ({"kind": "save", "photo": "p", "strength": float("nan")}, "strength must be from"),
        (
            {
                "kind": "save",
                "photo": "p",
                "hints": [{"x": float("nan"), "y": 0, "color": "#000000"}],
            },
            "from 0 to 1",
        ),
    ],
)
def test_a_request_of_another_kind_is_refused(payload: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(payload)


def test_what_is_left_out_has_its_default() -> None:
    wanted = read({"kind": "save", "photo": "p"})
    assert wanted.settings == ColorizeSettings(1.0, 192) and wanted.format == "png"
    assert read(
        {"kind": "save", "photo": "p", "size": None, "strength": 1}
    ).settings == ColorizeSettings(1.0, 192)


def test_an_unexpected_failure_is_answered_and_logged_without_its_words(
    upload_folder: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    class Failing(SepiaColorizer):
        def colorize(self, photo: Image.Image, *more: Any, **options: Any) -> Any:
            if photo.size == (301, 200):
                raise RuntimeError("aunt-mathilda.jpg is odd")
            return super().colorize(photo, *more, **options)

    path = tmp_path / "aunt-mathilda.jpg"
    path.write_bytes(jpeg((301, 200)))
    for url in serve(PaletteDrawer(), Failing()):
        answer = colorize(url, path)
    assert answer.status_code == 500 and "RuntimeError" in answer.json()["error"]
    assert "colorize failed: RuntimeError" in caplog.text
    assert "mathilda" not in caplog.text + answer.text


def mounted_print() -> bytes:
    """A printed photo on white paper, too large to be shown whole."""
    sheet, _ = mount(print_in_dots(np.tile(old_photo(1), (1, 3)), 4.0, 45), 245, 90)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "png")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def any_colorizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    recipe = Recipe("colorize", size=64, ngf=4, depth=3, upsample="resize")
    folder = tmp_path_factory.mktemp("colorize")
    config = checkpoint_config(recipe)
    save_checkpoint(folder, config, Model(config), "")
    return load_colorizer(folder, "cpu")


def test_what_a_scan_needs_is_offered_by_the_names_of_the_switches(any_colorizer) -> None:
    photo = open_upload(mounted_print(), "page.png")
    assert max(photo.size) > PREVIEW_SIDE  # so that the dots are gone in the preview
    _, _, notes = color_kept(
        PhotoModels(any_colorizer), photo, "preview", ColorizeSettings(1.0, 64)
    )
    words = " ".join(notes)
    assert "halftone, dots 4.0 pixels apart; \u201cSmooth the grain\u201d" in words
    assert "border" in words and "\u201cCrop the border\u201d" in words
    panel = (ROOT / "assets" / "js" / "colorize" / "panel.js").read_text()
    for name in SWITCHES.values():
        assert f'"{name[1:-1]}"' in panel, "as the page calls it"


def test_a_cropped_preview_keeps_its_shape_and_the_saved_file_loses_the_border(
    any_colorizer,
) -> None:
    photo = open_upload(mounted_print(), "page.png")
    settings = ColorizeSettings(1.0, 64, denoise=True, crop=True)
    shown, _, notes = color_kept(PhotoModels(any_colorizer), photo, "quick", settings)
    assert shown.size == photo.quick.size and shown.getpixel((2, 2)) == (128, 128, 128)
    assert "its dots were smoothed" in notes
    content = finish_photo(
        PhotoModels(any_colorizer), photo.content, photo.name, settings, "png", scan=photo.scan
    )
    width, height = Image.open(io.BytesIO(content)).size
    assert abs(width - (photo.size[0] - 180)) <= 8 and abs(height - (photo.size[1] - 180)) <= 8


def test_a_scan_of_16_bits_is_saved_as_png_in_16_bits(any_colorizer) -> None:
    values = np.linspace(0, 65535, 64 * 80).astype(np.uint16).reshape(64, 80)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "png")
    for format_, dtype in (("png", np.uint16), ("jpeg", np.uint8)):
        settings = ColorizeSettings(1.0, 64)
        models = PhotoModels(any_colorizer)
        content = finish_photo(models, buffer.getvalue(), "a.png", settings, format_)
        found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert found is not None and found.dtype == dtype


# ---- scratches ------------------------------------------------------------------------------

STROKES = [{"points": [[0.2, 0.5], [0.8, 0.5]], "radius": 0.03, "keep": False}]


def test_strokes_are_read_and_count_with_scratches_alone() -> None:
    wanted = {"kind": "preview", "photo": "a", "strokes": STROKES}
    assert read(wanted).settings.strokes == ()
    settings = read({**wanted, "scratches": True}).settings
    assert settings.strokes == (Stroke(((0.2, 0.5), (0.8, 0.5)), 0.03),)


@pytest.mark.parametrize("strokes", [{}, [{"points": [[2, 0]], "radius": 0.1}], STROKES * 257])
def test_wrong_strokes_are_refused(strokes: Any) -> None:
    with pytest.raises(ValueError, match="stroke"):
        read({"kind": "preview", "photo": "a", "scratches": True, "strokes": strokes})


def test_a_preview_shows_where_it_was_repaired_and_a_saved_file_is_repaired() -> None:
    models = PhotoModels(SepiaColorizer(), StrokeRestorer())
    photo = open_upload(jpeg(), "a.jpg")
    settings = read(
        {"kind": "save", "photo": "a", "scratches": True, "strokes": STROKES, "strength": 0}
    ).settings
    shown = color_kept(models, photo, "preview", settings)
    assert shown.repaired is not None and shown.repaired.size == photo.preview.size
    assert shown.repaired.getpixel((150, 100)) == 255 and shown.repaired.getpixel((150, 20)) == 0
    assert shown.notes == ("scratches: 1 strokes",)
    plain = color_kept(models, photo, "preview", settings._replace(scratches=False, strokes=()))
    assert plain.repaired is None
    content = finish_photo(models, photo.content, photo.name, settings, "png")
    saved = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    before = np.asarray(Image.open(io.BytesIO(photo.content)))
    assert len(np.unique(saved[100, 65:235])) == 1, "grey, as the stand-in paints"
    assert np.abs(saved[:60].astype(int) - before[:60]).max() <= 1


def test_without_a_model_scratches_are_refused_in_words() -> None:
    photo = open_upload(jpeg(), "a.jpg")
    with pytest.raises(ValueError, match="no model that removes scratches is served here"):
        color_kept(
            PhotoModels(SepiaColorizer()),
            photo,
            "preview",
            ColorizeSettings(1.0, 192, scratches=True),
        )


def test_the_answer_has_the_repaired_places_as_a_white_picture_with_alpha() -> None:
    models = PhotoModels(SepiaColorizer(), StrokeRestorer())
    photo = open_upload(jpeg(), "a.jpg")
    wanted = {"kind": "preview", "photo": "a", "scratches": True, "strokes": STROKES}
    answer = ANSWERS["preview"](models, photo, read(wanted))
    assert isinstance(answer, dict) and answer["before"] and answer["after"]
    content = base64.b64decode(answer["changed"].removeprefix("data:image/png;base64,"))
    image = Image.open(io.BytesIO(content))
    assert (image.mode, image.size) == ("LA", photo.preview.size)
    assert image.getpixel((150, 100)) == (255, 255) and image.getpixel((150, 20)) == (255, 0)
    for kind in ("preview", "quick"):
        answer = ANSWERS[kind](models, photo, read({"kind": kind, "photo": "a"}))
        assert isinstance(answer, dict) and answer["changed"] is None
