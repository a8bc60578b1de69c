"""`python -m pix2pix colorize`: one photo, hints, colours of another photo, scans of 16 bits."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.album import make, pixels, results
from helpers.printed import mount, old_photo
from PIL import Image

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.images.color import (
    RGB_TO_XYZ,
    decode_gamma,
    lightness,
    lightness_of_luminance,
)
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

# One photo


def test_one_photo_goes_to_one_file_and_nothing_is_said(colorize) -> None:
    assert colorize("photo.jpg", "-o", "out.png") == (0, [])
    assert pixels("out.png").shape == (50, 70, 3)


def test_the_lightness_of_the_file_stays(colorize) -> None:
    make("large.png", 700, 500)
    colorize("large.png", "-o", "out.png")
    assert np.abs(lightness(pixels("out.png")) - lightness(pixels("large.png"))).max() < 0.6


def test_a_colourised_photo_is_upright_and_of_its_own_size(colorize) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    make("side.jpg", exif=exif)
    assert colorize("side.jpg", "-o", "out.jpg") == (0, [])
    assert pixels("out.jpg").shape == (70, 50, 3)
    with Image.open("out.jpg") as result:
        assert 0x0112 not in result.getexif()


def make_dated() -> None:
    exif = Image.Exif()
    exif[0x0132] = "1987:06:05 04:03:02"
    exif[0x010E] = "Aunt Mary"
    exif.get_ifd(0x8769)[0x9003] = "1941:12:07 08:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    make("dated.jpg", exif=exif, dpi=(600, 600), xmp=b"<x:xmpmeta/>")


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_captions_dates_place_and_resolution_stay(colorize, ending: str) -> None:
    make_dated()
    assert colorize("dated.jpg", "-o", f"out.{ending}") == (0, [])
    with Image.open(f"out.{ending}") as result:
        found = result.getexif()
        assert (found[0x0132], found[0x010E]) == ("1987:06:05 04:03:02", "Aunt Mary")
        assert found.get_ifd(0x8769)[0x9003] == "1941:12:07 08:00:00"
        assert found.get_ifd(0x8825)[1] == "N"
        assert result.info["xmp"] == b"<x:xmpmeta/>"
        assert ending == "webp" or round(float(result.info["dpi"][0])) == 600


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_strip_leaves_the_resolution_and_nothing_of_people(colorize, ending: str) -> None:
    make_dated()
    assert colorize("dated.jpg", "-o", f"out.{ending}", "--strip") == (0, [])
    content = Path(f"out.{ending}").read_bytes()
    assert not any(word in content for word in (b"1987", b"1941", b"Mary", b"xmpmeta"))
    with Image.open(f"out.{ending}") as result:
        assert not result.getexif().get_ifd(0x8825)
        assert ending == "webp" or round(float(result.info["dpi"][0])) == 600


def make_clear(name: str, mode: str) -> np.ndarray:
    """A photo that fades out to the right; its alpha."""
    grey = Image.open("photo.jpg").convert("L")
    alpha = np.linspace(255, 0, grey.width).round().astype(np.uint8)[None].repeat(grey.height, 0)
    if mode == "P":
        image = grey.convert("RGB").quantize(16)
        image.save(name, transparency=3)
        with Image.open(name) as saved:
            return np.asarray(saved.convert("RGBA"))[..., 3]
    colors = grey if mode == "LA" else grey.convert("RGB")
    colors.putalpha(Image.fromarray(alpha))
    assert colors.mode == mode
    colors.save(name)
    return alpha


def test_a_negative_and_a_border_are_dealt_with_where_that_is_asked_for(colorize) -> None:
    sheet, _ = mount(255 - old_photo(1), 250, 40)
    Image.fromarray(sheet).save("film.png")
    code, lines = colorize("film.png", "-o", "plain.png")
    assert code == 0 and "film.png: has a border, which was kept; --crop removes it" in (lines)
    assert colorize("film.png", "-o", "out.png", "--negative", "--crop") == (
        0,
        ["film.png: the negative was inverted"],
    )
    assert pixels("plain.png").shape[:2] == sheet.shape
    result, photo = pixels("out.png"), old_photo(1)
    assert np.abs(np.array(result.shape[:2]) - photo.shape).max() <= 4
    small = [np.asarray(Image.fromarray(p).convert("L").resize((50, 40))) for p in (result, photo)]
    assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.97


@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_alpha_stays_alpha(colorize, mode: str, ending: str) -> None:
    alpha = make_clear("clear.png", mode)
    assert colorize("clear.png", "-o", f"out.{ending}") == (0, [])
    with Image.open(f"out.{ending}") as result:
        assert result.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(result)[..., 3], alpha)
        if ending != "webp" and mode != "P":
            before, after = pixels("photo.jpg"), np.asarray(result)[..., :3]
            seen = alpha > 0
            assert np.abs(lightness(before) - lightness(after))[seen].max() < 0.6


def test_a_jpeg_has_what_is_clear_on_white(colorize) -> None:
    alpha = make_clear("clear.png", "RGBA")
    assert colorize("clear.png", "-o", "out.jpg") == (0, [])
    assert pixels("out.jpg")[alpha < 8].min() > 235


def test_a_photo_whose_alpha_hides_nothing_stays_rgb(colorize) -> None:
    image = Image.open("photo.jpg").convert("RGBA")
    image.save("opaque.png")
    assert colorize("opaque.png", "-o", "out.png") == (0, [])
    assert Image.open("out.png").mode == "RGB"


def test_a_broken_exif_is_no_obstacle_and_no_warning(colorize, recwarn) -> None:
    make("odd.jpg", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")  # Pillow warns of it
    assert colorize("odd.jpg", "-o", "out.jpg") == (0, [])
    # What other tests left open is reported whenever Python collects it
    assert not [w.message for w in recwarn.list if w.category is not ResourceWarning]


@pytest.mark.parametrize(("strength", "is_grey"), [("0", True), ("1", False), ("1.5", False)])
def test_strength_0_is_grey(colorize, strength: str, is_grey: bool) -> None:
    assert colorize("photo.jpg", "-o", "out.png", "--strength", strength) == (0, [])
    rgb = pixels("out.png")
    assert (rgb == rgb[..., :1]).all() == is_grey


def test_a_working_size_changes_the_colours_and_not_the_size(colorize) -> None:
    make("large.png", 300, 200)
    for size in ("64", "128"):
        assert colorize("large.png", "-o", f"{size}.png", "--size", size) == (0, [])
    assert pixels("64.png").shape == pixels("128.png").shape == (200, 300, 3)
    assert (pixels("64.png") != pixels("128.png")).any()


def test_what_was_repaired_is_said(colorize) -> None:
    Image.open("photo.jpg").point(lambda v: 90 + v // 3).save("faded.png")
    status, lines = colorize("faded.png", "-o", "out.png", "--repair", "--denoise")
    assert status == 0
    assert [line.split(":")[1].split()[0] for line in lines] == ["no", "tones"]
    assert np.ptp(pixels("out.png")) > 1.5 * np.ptp(pixels("faded.png"))


def test_a_coloured_photo_has_its_colours_replaced_and_that_is_said(colorize) -> None:
    rng = np.random.default_rng(0)
    rgb = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    rgb.resize((90, 90), Image.Resampling.NEAREST).save("colour.png")
    line = "colour.png: its own colours were replaced"
    assert colorize("colour.png", "-o", "out.png") == (0, [line])


# Hints


def write_hints(value: Any) -> None:
    Path("hints.json").write_text(json.dumps(value))


RED = [{"x": 0.5, "y": 0.5, "color": "#ff0000"}]


def test_hints_change_the_colours(colorize) -> None:
    write_hints(RED)
    assert colorize("photo.jpg", "-o", "plain.png") == (0, [])
    assert colorize("photo.jpg", "-o", "red.png", "--hints", "hints.json") == (0, [])
    assert (pixels("plain.png") != pixels("red.png")).any()


def test_each_photo_has_its_own_hints_by_name(colorize) -> None:
    for name in ("a.png", "b.png", "deep/a.png"):
        make(f"album/{name}")
    write_hints({"deep/a.png": RED, "gone.jpg": RED})
    assert colorize("album", "-o", "plain", "-r") == (0, [])
    status, lines = colorize("album", "-o", "out", "-r", "--hints", "hints.json")
    assert status == 0
    assert lines == ["hints.json: has hints for gone.jpg, which matches no photo"]
    changed = {n for n in results() if (pixels(f"out/{n}") != pixels(f"plain/{n}")).any()}
    assert changed == {"deep/a.png"}


def test_new_hints_make_a_result_old(colorize) -> None:
    make("album/a.png")
    colorize("album", "-o", "out")
    before = pixels("out/a.png")
    write_hints(RED)
    assert colorize("album", "-o", "out", "--hints", "hints.json") == (0, [])
    assert (pixels("out/a.png") != before).any()


# Colours of another photo


def test_like_takes_colors_from_another_photo(colorize, tmp_path: Path) -> None:
    recipe = Recipe("colorize", size=64, ngf=4, depth=4, ab_classes=88)
    config = checkpoint_config(recipe)
    save_checkpoint(tmp_path / "model", config, Model(config), "")
    model = ("--checkpoint", "model")
    colors = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(colors).resize((64, 64), Image.Resampling.NEAREST).save("other.png")
    for name, more in (("a", ()), ("b", ("--like", "other.png")), ("c", ("--like-strength", "0"))):
        like = ("--like", "other.png", *more) if name == "c" else more
        assert colorize("photo.jpg", "-o", f"{name}.png", *like, *model)[0] == 0
    plain, steered, unsteered = (pixels(f"{name}.png").astype(int) for name in "abc")
    assert np.abs(steered - plain).mean() > 3 * np.abs(unsteered - plain).mean()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--like", "photo.jpg"), "photo.jpg: is grey; choose a colour photo to take colours from"),
        (("--like", "missing.png"), "missing.png: no such file"),
        (("--like-strength", "0.5"), "--like-strength needs --like PHOTO"),
        (("--like", "photo.jpg", "--like-strength", "2"), "must be from 0 to 1, got 2.0"),
    ],
)
def test_what_cannot_be_a_reference_is_refused_with_the_reason(
    colorize, more: tuple[str, ...], message: str
) -> None:
    status, said = colorize("photo.jpg", "-o", "out.png", *more)
    assert status == 2 and message in said[-1]


def test_a_model_without_a_distribution_refuses_like(colorize) -> None:
    Image.new("RGB", (64, 64), "red").save("red.png")
    status, said = colorize("photo.jpg", "-o", "out.png", "--like", "red.png")
    assert status == 2 and "cannot take colours from a photo; leave out --like" in said[-1]


# Scans of 16 bits


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_a_scan_of_16_bits_keeps_its_lightness(colorize, ending: str) -> None:
    y, x = np.mgrid[:64, :80]
    values = (32768 + 20000 * np.sin(x / 9) + 9000 * np.cos(y / 7)).astype(np.uint16)
    Image.fromarray(values).save("deep.tif")
    assert colorize("deep.tif", "-o", f"out.{ending}") == (0, [])
    found = cv2.imread(f"out.{ending}", cv2.IMREAD_UNCHANGED)
    assert found is not None and found.dtype == np.uint16 and found.shape == (64, 80, 3)
    luminance = decode_gamma(found[..., ::-1] / 65535) @ RGB_TO_XYZ[1].astype(float)
    error = lightness_of_luminance(luminance) - lightness_of_luminance(decode_gamma(values / 65535))
    assert np.abs(error).max() < 1.2 * 100 / 65535


def test_a_format_of_8_bits_is_said(colorize) -> None:
    Image.fromarray(np.full((64, 80), 30000, np.uint16)).save("deep.tif")
    status, said = colorize("deep.tif", "-o", "out.jpg")
    assert status == 0
    assert "deep.tif: has 16 bits of lightness, .jpg holds 8" in "\n".join(said)
