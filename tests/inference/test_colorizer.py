"""Colouring a photo: its size and L stay, hints and strength count, and what was done is said."""

import numpy as np
import pytest
import torch
from helpers.printed import old_photo, print_in_dots
from helpers.recording import record_calls
from PIL import Image

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.images.chroma_upsampling import measure_light
from pix2pix.images.color import ab_grid, lightness, rgb_to_lab
from pix2pix.images.reference_colors import Reference, read_reference
from pix2pix.images.scan_analysis import analyze_scan
from pix2pix.inference import Colorizer, Hint, format_offers, load_colorizer
from pix2pix.inference.photo_session import Prediction
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

RECIPE = Recipe(
    "colorize", size=64, ngf=8, depth=4, upsample="resize", half_output=True, ab_classes=88
)
RED = Hint(0.5, 0.5, (255, 0, 0))
GREY_SHAPES = ((32, 32, 2), (0, 32, 32), (88, 32, 32))  # of a Prediction


@pytest.fixture(scope="module")
def colorizer(tmp_path_factory: pytest.TempPathFactory) -> Colorizer:
    folder = tmp_path_factory.mktemp("colorize")
    torch.manual_seed(0)
    config = checkpoint_config(RECIPE)
    save_checkpoint(folder, config, Model(config), "")
    return load_colorizer(folder, "cpu")


def make_photo(height: int, width: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    grey = (128 + 60 * np.sin(x / 9) + 60 * np.cos(y / 7)).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def ab_of(photo: Image.Image) -> np.ndarray:
    return rgb_to_lab(np.asarray(photo))[..., 1:]


def make_sepia(photo: Image.Image) -> Image.Image:
    grey = np.asarray(photo.convert("L"))[..., None] / 255
    paper, ink = np.array([240, 214, 168]), np.array([42, 24, 10])
    return Image.fromarray((ink + (paper - ink) * grey).round().astype(np.uint8))


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (200, 50), (37, 411), (1, 900), (640, 480)])
def test_a_colorized_photo_has_the_size_of_its_input(colorizer, size) -> None:
    result = colorizer.colorize(make_photo(*size[::-1]))
    assert result.size == size
    assert result.mode == "RGB"


def test_a_colorized_photo_keeps_its_lightness(colorizer) -> None:
    photo = make_photo(240, 320)
    before, after = (lightness(np.asarray(p)) for p in (photo, colorizer.colorize(photo)))
    assert np.abs(before - after).max() < 1.5
    assert np.abs(before - after).mean() < 0.3


def test_strength_zero_is_grey_and_more_is_more_colorful(colorizer) -> None:
    photo = make_photo(64, 64)
    chroma = [
        np.hypot(*np.moveaxis(rgb_to_lab(np.asarray(colorizer.colorize(photo, s)))[..., 1:], -1, 0))
        for s in (0.0, 0.5, 1.0)
    ]
    assert chroma[0].max() < 1.5
    assert chroma[0].mean() < chroma[1].mean() < chroma[2].mean()


@pytest.mark.parametrize("strength", [-0.1, 1.6, float("nan")])
def test_a_strength_out_of_range_is_refused(colorizer, strength) -> None:
    with pytest.raises(ValueError, match=r"strength must be from 0 to 1\.5"):
        colorizer.colorize(make_photo(64, 64), strength)


def test_a_tinted_photo_keeps_its_lightness(colorizer) -> None:
    grey = make_photo(64, 64)
    tinted = Image.merge(
        "RGB", [c.point(lambda v, k=k: v // k) for c, k in zip(grey.split(), (1, 2, 4))]
    )
    plain = Image.fromarray(np.asarray(tinted))
    light = lightness(np.asarray(tinted))
    result = lightness(np.asarray(colorizer.colorize(plain)))
    assert np.abs(light - result).mean() < 0.5


def test_a_hint_changes_the_colors(colorizer) -> None:
    photo = make_photo(64, 64)
    plain = np.asarray(colorizer.colorize(photo)).astype(int)
    hinted = np.asarray(colorizer.colorize(photo, hints=[RED])).astype(int)
    assert np.abs(plain - hinted).max() > 0


def test_a_hint_gets_its_color_and_what_is_far_from_it_and_unlike_stays(colorizer) -> None:
    light = np.full((128, 128), 60, np.float32)
    light[:, 64:] = 20
    blue = Hint(0.25, 0.5, (40, 60, 200))
    plain, hinted = (colorizer.predict(light, hints).ab for hints in ((), [blue]))
    asked = rgb_to_lab(np.array(blue.rgb, np.uint8))[1:]
    assert np.abs(hinted[32, 16] - asked).max() < 8 < np.abs(plain[32, 16] - asked).max()
    change = np.abs(hinted - plain).max(-1)
    assert change[32, 16] > 10 * change[5, 60]


# Toned, coloured and grey


def test_a_sepia_photo_is_read_as_the_grey_photo_of_its_lightness(colorizer) -> None:
    sepia = make_sepia(make_photo(200, 260))
    light = lightness(np.asarray(sepia))
    shades = np.array([lightness(np.full((1, 1), v, np.uint8)).item() for v in range(256)])
    grey = Image.fromarray(np.abs(light[..., None] - shades).argmin(-1).astype(np.uint8))
    apart = np.abs(ab_of(colorizer.colorize(sepia)) - ab_of(colorizer.colorize(grey)))
    assert apart.mean() < 1
    assert np.abs(lightness(np.asarray(colorizer.colorize(sepia))) - light).max() < 0.6


def test_no_tint_of_the_paper_is_left_at_strength_0(colorizer) -> None:
    result = np.asarray(colorizer.colorize(make_sepia(make_photo(90, 90)), 0.0))
    assert (result == result[..., :1]).all()


def test_notes_say_what_became_of_the_photos_own_colours(colorizer) -> None:
    grey = make_photo(100, 100)
    noise = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    colours = Image.fromarray(noise).resize((100, 100), Image.Resampling.NEAREST)
    assert colorizer.open_photo(grey).notes == ()
    assert colorizer.open_photo(grey.convert("L")).notes == ()
    assert colorizer.open_photo(colours).notes == ("its own colours were replaced",)
    (note,) = colorizer.open_photo(make_sepia(grey)).notes
    assert "sepia" in note


def test_colours_that_a_photo_has_are_replaced(colorizer) -> None:
    blue = Image.new("RGB", (64, 64), (0, 0, 255))
    grey = Image.fromarray(np.full((64, 64), 77, np.uint8))  # of the same L
    apart = np.abs(ab_of(colorizer.colorize(blue)) - ab_of(colorizer.colorize(grey)))
    assert apart.mean() < 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16", "F"])
def test_photos_of_every_mode_come_back_in_rgb(colorizer, mode: str) -> None:
    photo = make_photo(40, 50)
    wide = Image.fromarray(np.asarray(photo.convert("L"), np.uint16) * 257)
    photo = wide if mode == "I;16" else photo.convert(mode)
    result = colorizer.colorize(photo)
    assert (result.mode, result.size) == ("RGB", (50, 40))


# Working size


def test_the_network_works_at_the_size_asked_for(colorizer, monkeypatch) -> None:
    seen = []
    plain = Colorizer.predict

    def watch(self, small_light, hints=()):
        seen.append(small_light.shape)
        return plain(self, small_light, hints)

    monkeypatch.setattr(Colorizer, "predict", watch)
    photo = make_photo(300, 450)
    for size in (None, 64, 100, 200, 512):
        assert colorizer.colorize(photo, size=size).size == (450, 300)
    assert seen == [(64, 96), (64, 96), (100, 150), (200, 300), (512, 768)]


@pytest.mark.parametrize("size", [0, 63, 513, -192])
def test_a_working_size_out_of_range_is_refused(colorizer, size: int) -> None:
    with pytest.raises(ValueError, match=f"size must be from 64 to 512, got {size}"):
        colorizer.colorize(make_photo(64, 64), size=size)


def test_the_same_photo_at_half_its_size_gets_the_same_colours(colorizer) -> None:
    photo = make_photo(512, 640)
    half = photo.resize((320, 256), Image.Resampling.LANCZOS)
    large, small = (
        ab_of(colorizer.colorize(p).resize((320, 256), Image.Resampling.BOX)) for p in (photo, half)
    )
    assert np.abs(large - small).mean() < 1


# Tones


def test_repair_and_denoise_are_off_unless_asked_for_and_say_so(colorizer) -> None:
    rng = np.random.default_rng(0)
    faded = np.asarray(make_photo(200, 200))[..., 0] * 0.4 + 90 + rng.normal(0, 4, (200, 200))
    photo = Image.fromarray(faded.clip(0, 255).astype(np.uint8))
    both = colorizer.open_photo(photo, repair=True, denoise=True)
    assert [note.split(":")[0] for note in both.notes] == ["grain smoothed", "tones stretched"]
    plain, better = colorizer.colorize(photo), both.colorize()
    light, repaired = (lightness(np.asarray(p)) for p in (plain, better))
    assert np.abs(light - lightness(np.asarray(photo))).max() < 0.6
    assert np.ptp(repaired) > 1.5 * np.ptp(light)


# Sessions


def test_a_session_answers_as_a_photo_opened_anew(colorizer) -> None:
    photo = make_photo(120, 90)
    session = colorizer.open_photo(photo)
    assert session.size == (90, 120)
    for strength, hints in ((1, []), (0.5, []), (0.5, [RED]), (1, [RED]), (1, [])):
        once = colorizer.colorize(photo, strength, hints)
        np.testing.assert_array_equal(session.colorize(strength, hints), once)


def test_a_session_runs_the_network_only_for_new_hints(colorizer, monkeypatch) -> None:
    runs = record_calls(monkeypatch, Colorizer, "predict")
    session = colorizer.open_photo(make_photo(64, 64))
    for strength, hints in ((1, []), (0.5, []), (1.5, ()), (1, [RED]), (0.2, [RED])):
        session.colorize(strength, hints)
    assert len(runs) == 2


def test_more_hints_than_can_be_are_refused(colorizer) -> None:
    with pytest.raises(ValueError, match="at most 256 hints, got 257"):
        colorizer.colorize(make_photo(64, 64), hints=[RED] * 257)


# Scans


def make_sheet() -> tuple[Image.Image, Image.Image]:
    """A photo of 300 x 200, and the same with 40 pixels of tinted paper around it."""
    photo = make_photo(200, 300)
    sheet = Image.new("RGB", (380, 280), (250, 244, 226))
    sheet.paste(photo, (40, 40))
    return photo, sheet


def test_a_border_is_left_as_it_is_and_changes_no_colour(colorizer) -> None:
    photo, sheet = make_sheet()
    session = colorizer.open_photo(sheet)
    result = session.colorize(1.5, [RED])
    assert list(session.offers) == ["crop"] and "border" in session.offers["crop"]
    assert result.size == session.size == sheet.size
    before, after = np.asarray(sheet).copy(), np.asarray(result).copy()
    alone = np.asarray(colorizer.colorize(photo, 1.5, [RED])).astype(int)
    assert np.abs(after[42:238, 42:338] - alone[2:-2, 2:-2]).mean() < 3
    before[38:242, 38:342] = after[38:242, 38:342] = 0
    np.testing.assert_array_equal(before, after)


def test_a_border_is_cropped_where_that_is_asked_for(colorizer) -> None:
    _, sheet = make_sheet()
    whole, session = colorizer.open_photo(sheet), colorizer.open_photo(sheet, crop=True)
    assert session.offers == {}
    left, top, right, bottom = session.box
    assert np.abs(np.array(session.box) - [40, 40, 340, 240]).max() <= 2
    assert session.size == (right - left, bottom - top) == session.colorize().size
    apart = np.asarray(session.colorize(), int) - np.asarray(whole.colorize().crop(session.box))
    assert np.abs(apart).mean() < 3


def test_a_hint_on_the_border_changes_nothing_and_one_in_the_photo_lies_where_it_is(
    colorizer,
) -> None:
    photo, sheet = make_sheet()
    session = colorizer.open_photo(sheet)
    plain = np.asarray(session.colorize(), int)
    outside = np.asarray(session.colorize(hints=[Hint(0.02, 0.5, (255, 0, 0))]), int)
    np.testing.assert_array_equal(plain, outside)
    inner = Hint(0.25, 0.5, (255, 0, 0))  # of the photo: at x = 40 + 75 of the sheet
    on_sheet = np.asarray(session.colorize(hints=[Hint(115 / 380, 0.5, inner.rgb)]), int)
    alone = np.asarray(colorizer.colorize(photo, hints=[inner]), int)
    assert np.abs(on_sheet[42:238, 42:338] - alone[2:-2, 2:-2]).mean() < 3


def test_a_negative_is_inverted_where_that_is_asked_for(colorizer) -> None:
    photo = make_photo(200, 300)
    negative = Image.fromarray(255 - np.asarray(photo))
    session = colorizer.open_photo(negative, negative=True)
    assert session.notes[0] == "the negative was inverted"
    light, again = (lightness(np.asarray(p)) for p in (photo, session.colorize()))
    assert np.corrcoef(light.ravel(), again.ravel())[0, 1] > 0.98


def test_the_dots_of_a_print_are_offered_to_be_smoothed_and_are(colorizer) -> None:
    printed = Image.fromarray(print_in_dots(old_photo(1), 5.0, 45))
    session = colorizer.open_photo(printed)
    (line,) = format_offers(session.offers, "--{}".format)
    assert (
        line == "looks like a printed halftone, dots 5.0 pixels apart; --denoise smooths the dots"
    )
    smooth = colorizer.open_photo(printed, denoise=True)
    assert smooth.offers == {} and smooth.notes == ("its dots were smoothed",)
    light, dotted = (np.asarray(s.colorize().convert("L"), int) for s in (smooth, session))
    assert np.abs(np.diff(light)).mean() < 0.2 * np.abs(np.diff(dotted)).mean()


def test_a_copy_of_a_print_is_coloured_by_what_is_known_of_the_whole(colorizer) -> None:
    printed = Image.fromarray(print_in_dots(old_photo(1), 4.0, 45))
    scan = analyze_scan(printed, measure_light(printed))
    small = printed.resize((printed.width // 3, printed.height // 3), Image.Resampling.BOX)
    session = colorizer.open_photo(small, denoise=True, scan=scan)
    assert session.notes == ("its dots were smoothed",)
    assert "halftone" in colorizer.open_photo(small, scan=scan).offers["denoise"]


def test_a_result_that_came_out_grey_says_so(colorizer, monkeypatch) -> None:
    session = colorizer.open_photo(make_photo(80, 80))
    session.colorize()
    assert session.notes == ()
    nothing = Prediction((), *(np.zeros(shape, np.float32) for shape in GREY_SHAPES))
    monkeypatch.setattr(Colorizer, "predict", lambda *_: nothing)
    grey = colorizer.open_photo(make_photo(80, 80))
    assert grey.notes == ()  # nothing is known before
    grey.colorize()
    assert "nearly grey" in grey.notes[0]


# Suggestions, and colours of another photo


def colorful_reference() -> Reference:
    colors = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    return Reference(read_reference(Image.fromarray(colors).resize((64, 64), 0)), 1.0)


def test_suggestions_reuse_the_last_run_of_the_network(colorizer, monkeypatch) -> None:
    session = colorizer.open_photo(make_photo(80, 96))
    session.colorize(1, [RED])
    runs = record_calls(monkeypatch, Colorizer, "predict")
    found = session.suggest(0.2, 0.9, [RED])
    assert len(found) == 5 and not runs
    session.suggest(0.2, 0.9, [])
    assert len(runs) == 1


def test_the_first_suggestion_is_what_the_network_is_sure_of(colorizer, monkeypatch) -> None:
    """The left half is red, the right half blue."""
    logits = np.full((88, 32, 32), -20, np.float16)
    for columns, ab in ((np.s_[:16], (64, 48)), (np.s_[16:], (16, -64))):
        logits[int(np.argmin(np.hypot(*(ab_grid() - ab).T))), :, columns] = 20
    grey, code = (np.zeros(shape, np.float32) for shape in GREY_SHAPES[:2])
    sure = Prediction((), grey, code, logits)
    monkeypatch.setattr(Colorizer, "predict", lambda *_: sure)
    session = colorizer.open_photo(Image.new("L", (80, 80), 110))
    left, right = (session.suggest(x, 0.5)[0].rgb for x in (0.1, 0.9))
    assert left[0] > left[2] + 40 and right[2] > right[0] + 40


def test_a_reference_changes_colors_without_another_run(colorizer, monkeypatch) -> None:
    runs = record_calls(monkeypatch, Colorizer, "predict")
    session = colorizer.open_photo(make_photo(64, 90))
    plain, steered = (ab_of(session.colorize(1, (), ref)) for ref in (None, colorful_reference()))
    assert np.abs(plain - steered).mean() > 1
    assert len(runs) == 1
    np.testing.assert_array_equal(ab_of(session.colorize()), plain)


def test_hints_stay_exact_with_a_reference(colorizer) -> None:
    photo = Image.new("RGB", (96, 96), (128, 128, 128))
    for reference in (None, colorful_reference()):
        result = ab_of(colorizer.colorize(photo, 1, [RED], reference=reference))[48, 48]
        expected = rgb_to_lab(np.array(RED.rgb, np.uint8))[1:]
        assert np.arctan2(*result[::-1]) == pytest.approx(np.arctan2(*expected[::-1]), abs=0.1)
        assert np.hypot(*result) > 50


def test_a_model_without_a_distribution_has_neither() -> None:
    config = checkpoint_config(Recipe("colorize", size=64, ngf=8, depth=4))
    colorizer = Colorizer(config, Model(config), torch.device("cpu"))
    session = colorizer.open_photo(make_photo(64, 64))
    assert session.suggest(0.5, 0.5) == ()
    with pytest.raises(ValueError, match="cannot take colours from another photo"):
        session.colorize(1, (), colorful_reference())


def test_there_are_no_suggestions_on_the_border(colorizer) -> None:
    framed = Image.new("RGB", (600, 500), "white")
    framed.paste(Image.fromarray(old_photo(1)).resize((480, 380)), (60, 60))
    session = colorizer.open_photo(framed)
    assert session.suggest(0.01, 0.5) == ()
    assert len(session.suggest(0.5, 0.5)) == 5
