"""Label images are read in every form people have, and nothing else is taken for one."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.label_images import block_map, colored, facade_photo, random_map, sunset, void_corner
from PIL import Image

from pix2pix.labels.classes import PIX2PIX_PALETTE
from pix2pix.labels.label_map import (
    CLASSES,
    NUM_CLASSES,
    PALETTE,
    VOID,
    check_label_map,
    decode_label_image,
    encode_label_image,
    open_label_map,
    resize_label_map,
)
from pix2pix.runtime.user_warnings import collect_notices

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
PALETTES = pytest.mark.parametrize("palette", [PALETTE, PIX2PIX_PALETTE], ids=["cmp", "pix2pix"])


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# The classes


def test_palettes_have_a_colour_of_its_own_for_each_class() -> None:
    for palette in (PALETTE, PIX2PIX_PALETTE):
        assert len({tuple(rgb) for rgb in palette.tolist()}) == len(CLASSES) == 12


def test_the_palette_is_that_of_the_cmp_database() -> None:
    # From the palette of the database's own label PNGs
    low = [(0, 0, 170), (0, 0, 255), (0, 85, 255), (0, 170, 255), (0, 255, 255), (85, 255, 170)]
    high = [(170, 255, 85), (255, 255, 0), (255, 170, 0), (255, 85, 0), (255, 0, 0), (170, 0, 0)]
    assert [c.rgb for c in CLASSES] == low + high


# Our own form


def test_a_label_image_reopens_with_the_same_indices() -> None:
    labels = void_corner(random_map())
    data = encode(encode_label_image(labels), "PNG")
    np.testing.assert_array_equal(open_label_map(data), labels)


def test_a_label_image_holds_ids_1_to_12_and_0_for_void() -> None:
    labels = np.array([[0, 11, VOID]], np.uint8)
    assert np.asarray(encode_label_image(labels)).tolist() == [[1, 12, 0]]


def test_a_label_image_shows_the_colours_of_its_classes() -> None:
    labels = random_map()
    rgb = np.asarray(encode_label_image(labels).convert("RGB"))
    np.testing.assert_array_equal(rgb, PALETTE[labels])


# Every form people have


@PALETTES
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_exact_colours_are_read_exactly(palette: np.ndarray, mode: str) -> None:
    labels = void_corner(random_map())
    image = colored(labels, palette).convert(mode, palette=Image.Palette.ADAPTIVE)
    np.testing.assert_array_equal(decode_label_image(image), labels)


def test_a_palette_in_another_order_is_read_by_its_colours() -> None:
    labels = random_map()
    order = np.random.default_rng(1).permutation(NUM_CLASSES)
    image = Image.fromarray(order.argsort().astype(np.uint8)[labels])
    image.putpalette(PALETTE[order].reshape(-1).tolist())
    np.testing.assert_array_equal(decode_label_image(image), labels)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_greyscale_indices_and_ids_are_read(first: int, dtype: type) -> None:
    labels = random_map()
    image = Image.fromarray((labels + first).astype(dtype))
    np.testing.assert_array_equal(decode_label_image(image), labels)


def test_indices_are_read_from_equal_channels() -> None:
    labels = random_map()
    image = Image.fromarray(labels).convert("RGB")
    np.testing.assert_array_equal(decode_label_image(image), labels)


@PALETTES
@pytest.mark.parametrize(
    ("quality", "subsampling", "least"),
    [
        (95, "4:4:4", 1.0),
        (75, "4:4:4", 0.995),
        (75, "4:2:0", 0.97),
        (50, "4:4:4", 0.99),
        (50, "4:2:0", 0.95),
    ],
)
def test_jpeg_colours_are_read(
    palette: np.ndarray, quality: int, subsampling: str, least: float
) -> None:
    labels = block_map()
    data = encode(colored(labels, palette), "JPEG", quality=quality, subsampling=subsampling)
    assert (open_label_map(data) == labels).mean() >= least


@PALETTES
def test_black_in_a_jpeg_is_void(palette: np.ndarray) -> None:
    labels = block_map(block=64)
    labels[:64, :64] = VOID
    data = encode(colored(labels, palette), "JPEG", quality=90)
    assert ((open_label_map(data) == VOID) == (labels == VOID)).mean() > 0.99


@PALETTES
def test_a_map_shrunk_smoothly_has_no_third_class_along_its_borders(palette: np.ndarray) -> None:
    labels = np.zeros((512, 512), np.uint8)
    labels[100:301, 150:401] = 9  # molding on background: between them lie purples and dark reds
    small = colored(labels, palette).resize((180, 180), Image.Resampling.LANCZOS)
    assert np.unique(decode_label_image(small)).tolist() == [0, 9]


def test_a_single_class_is_a_map_too() -> None:
    image = Image.new("RGB", (8, 8), (0, 0, 255))
    assert (decode_label_image(image) == 1).all()


# Nothing else is taken for one


@pytest.mark.parametrize(
    "photo",
    [facade_photo(), sunset(), Image.effect_noise((64, 64), 90).convert("CMYK")],
    ids=["facade", "sunset", "cmyk"],
)
@pytest.mark.parametrize("mode", ["RGB", "CMYK", "P", "RGBA"])
def test_a_photo_is_refused(photo: Image.Image, mode: str) -> None:
    with pytest.raises(ValueError, match=r"is not a label map: \d+% of its pixels|is greyscale"):
        decode_label_image(photo.convert(mode))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.jpg")), ids=lambda path: path.stem)
def test_an_old_photo_is_refused_by_name(path: Path) -> None:
    with pytest.raises(ValueError, match=f"{path.name}: is (greyscale|not a label map)"):
        open_label_map(path)


def test_every_palette_colour_at_once_with_a_photo_is_refused() -> None:
    rgb = np.asarray(facade_photo()).copy()
    rgb[:40] = PALETTE[block_map(128)][:40]  # a third of the picture
    with pytest.raises(ValueError, match="is not a label map"):
        decode_label_image(Image.fromarray(rgb))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (encode_label_image(random_map()).convert("L"), r"is greyscale with values 19\.\.226"),
        (Image.fromarray(random_map() + np.uint8(2)), r"is greyscale with values 2\.\.13"),
        (Image.fromarray(np.array([[0, 12]], np.uint8)), "mixes index 0 with id 12"),
        (Image.fromarray(np.array([[1, 11]], np.uint8)), "neither a 0 nor a 12"),
        (Image.fromarray(np.array([[0, 2.5]], np.float32)), "has fractional values"),
        (Image.fromarray(np.array([[0, np.nan]], np.float32)), r"values nan\.\.nan"),
        (Image.fromarray(np.array([[0, -1]], np.int32)), r"values -1\.\.0"),
        (Image.fromarray(np.array([[0, 256]], np.int32)), r"values 0\.\.256"),
        (Image.fromarray(random_map() > 5), r"is greyscale with values 0\.\.255"),
        (Image.new("L", (8, 8)), "is all black"),
        (Image.new("RGB", (8, 8)), "is all black"),
        (Image.new("RGB", (8, 8), (9, 0, 4)), "is black"),
        (Image.new("RGB", (8, 8), "white"), r"values 255\.\.255"),
        (Image.new("LA", (8, 8), (1, 0)), "is fully transparent"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_doubtful_image_is_refused_with_the_reason(image: Image.Image, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_label_image(image)


def test_pixels_beyond_the_palette_are_refused() -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8))
    image.putpalette([0, 0, 170, 0, 0, 255])
    with pytest.raises(ValueError, match="colour indices that its palette does not have"):
        decode_label_image(image)


def test_a_transparent_palette_entry_in_use_is_background() -> None:
    labels = random_map()
    data = encode(encode_label_image(labels), "PNG", transparency=3)  # of class 2
    with collect_notices() as notices:
        found = open_label_map(data, "map")
    np.testing.assert_array_equal(found, np.where(labels == 2, 0, labels))
    assert notices == ["map: the transparent area (8%) is read as background"]


def test_a_transparent_palette_entry_not_in_use_does_no_harm() -> None:
    labels = random_map()
    data = encode(encode_label_image(labels), "PNG", transparency=0)
    np.testing.assert_array_equal(open_label_map(data), labels)


def test_a_photo_of_twelve_megapixels_is_refused_without_sorting_its_colours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def of_few(name: str) -> Any:
        plain = getattr(np, name)

        def checked(values: Any, *more: Any, **options: Any) -> Any:
            assert np.size(values) < 1_000_000, "this takes seconds"
            return plain(values, *more, **options)

        return checked

    for name in ("unique", "sort", "argsort"):
        monkeypatch.setattr(np, name, of_few(name))
    rng = np.random.default_rng(0)
    photo = Image.fromarray(rng.integers(0, 256, (3000, 4000, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match="is not a label map"):
        decode_label_image(photo)


# Checks and sizes


@pytest.mark.parametrize(
    ("label_map", "reason"),
    [
        (np.zeros((2, 2, 1), np.uint8), r"got \(2, 2, 1\) uint8"),
        (np.zeros((2, 2), np.int64), r"got \(2, 2\) int64"),
        (np.zeros((0, 2), np.uint8), r"got \(0, 2\) uint8"),
        (np.full((2, 2), 12, np.uint8), r"from 0 to 11, got \[12\]"),
    ],
)
def test_an_array_that_is_no_label_map_is_refused(label_map: np.ndarray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_label_map(label_map)


def test_void_is_part_of_a_label_map() -> None:
    check_label_map(np.full((2, 2), VOID, np.uint8))


def test_the_greatest_class_follows_the_number_of_classes() -> None:
    check_label_map(np.full((2, 2), 19, np.uint8), num_classes=20)
    with pytest.raises(ValueError, match="from 0 to 19"):
        check_label_map(np.full((2, 2), 20, np.uint8), num_classes=20)


def test_enlarging_repeats_pixels() -> None:
    labels = void_corner(random_map())
    np.testing.assert_array_equal(
        resize_label_map(labels, (60, 80)), labels.repeat(2, axis=0).repeat(2, axis=1)
    )


def test_shrinking_takes_the_class_that_covers_most() -> None:
    labels = np.array([[3, 3, 0, VOID], [3, 7, VOID, VOID]], np.uint8)
    assert resize_label_map(labels, (1, 2)).tolist() == [[3, VOID]]


def test_resizing_invents_no_class() -> None:
    labels = np.where(random_map(64, 64) > 5, 11, 0).astype(np.uint8)
    assert set(np.unique(resize_label_map(labels, (23, 90)))) == {0, 11}


def test_a_map_of_the_right_size_stays_as_it_is() -> None:
    labels = random_map()
    np.testing.assert_array_equal(resize_label_map(labels, labels.shape), labels)


# ---- other classes than the facade's -----------------------------------------------------

ROADS = ((0, 0, 0), (128, 64, 128), (90, 90, 90), (70, 130, 180))  # a black and a grey among them


def test_own_classes_survive_being_saved_and_opened() -> None:
    labels = block_map(64) % len(ROADS)
    buffer = io.BytesIO()
    encode_label_image(labels.astype(np.uint8), ROADS).save(buffer, "PNG")
    back = Image.open(buffer)
    np.testing.assert_array_equal(decode_label_image(back, ROADS), labels)


@pytest.mark.parametrize("mode", ["RGB", "L", "JPEG"])
def test_own_classes_are_read_in_the_forms_people_have(mode: str, tmp_path: Path) -> None:
    labels = (block_map(128) % len(ROADS)).astype(np.uint8)
    image = Image.fromarray(np.array(ROADS, np.uint8)[labels] if mode != "L" else labels)
    if mode == "JPEG":
        image.save(tmp_path / "a.jpg", quality=90)
        image = Image.open(tmp_path / "a.jpg")
    right = (decode_label_image(image, ROADS) == labels).mean()
    assert right == 1 if mode != "JPEG" else right > 0.97


def test_greys_that_are_classes_are_not_taken_for_indices() -> None:
    labels = np.array([[0, 2], [2, 2]], np.uint8)
    image = Image.fromarray(np.array(ROADS, np.uint8)[labels])
    np.testing.assert_array_equal(decode_label_image(image, ROADS), labels)


def test_black_that_is_no_class_is_void_among_own_classes_too() -> None:
    image = Image.fromarray(np.array([[[0, 0, 0], ROADS[1]]], np.uint8))
    assert decode_label_image(image, ROADS[1:]).tolist() == [[VOID, 0]]


def test_a_facade_is_no_label_map_of_other_classes() -> None:
    with pytest.raises(ValueError, match="is not a label map"):
        decode_label_image(encode_label_image(block_map(64)), ROADS[1:2])
