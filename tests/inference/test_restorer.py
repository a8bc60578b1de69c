"""Removing scratches: coarse to fine, in tiles without seams, and nothing else is changed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import pix2pix
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.images.chroma_upsampling import measure_light
from pix2pix.images.color import rgb_to_lab
from pix2pix.images.repair_brush import Stroke
from pix2pix.inference import InferenceCancelledError, Restorer, load_restorer
from pix2pix.inference.restorer import (
    COARSEST,
    NO_DAMAGE,
    TILE,
    assign_marks,
    scales,
)
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

TINY = Recipe("restore", size=64, ngf=4, depth=4, max_channels=8, lambda_gan=0)
PIXEL = 65535


class PaleNetwork:
    """Finds whatever is brighter than L 90, and paints all that is marked or found in L 50."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int]] = []

    def __call__(self, x: torch.Tensor, style: None, stop=None) -> torch.Tensor:
        self.shapes.append((x.shape[2], x.shape[3]))
        found = (x[:, :1] > 0.8).float() * 2 - 1
        return torch.cat([torch.zeros_like(found), found], 1)


def restorer_with(network: object) -> Restorer:
    config = checkpoint_config(TINY)
    restorer = Restorer(config, Model(config), torch.device("cpu"))
    restorer._runner = network  # type: ignore[assignment]
    return restorer


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("restore")
    torch.manual_seed(0)
    config = checkpoint_config(TINY)
    save_checkpoint(folder, config, Model(config), "")
    return folder


def grey_photo(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return (110 + 40 * np.sin(x / 19) + 30 * np.cos(y / 13)).astype(np.uint8)


def test_a_checkpoint_repairs_and_keeps_size_mode_and_alpha(checkpoint: Path) -> None:
    restorer = pix2pix.load(checkpoint, "cpu", "torch")
    assert isinstance(restorer, Restorer)
    for size in ((64, 64), (1, 1), (300, 37)):
        photo = Image.fromarray(grey_photo(*size[::-1]))
        result = restorer.restore(photo)
        assert (result.image.size, result.image.mode) == (size, "L")
        assert result.changed.shape == size[::-1] and result.changed.dtype == np.uint8
    clear = photo.convert("RGBA")
    clear.putalpha(77)
    assert np.unique(np.asarray(restorer.restore(clear).image)[..., 3]).tolist() == [77]


def test_a_checkpoint_of_another_task_is_refused(tmp_path: Path) -> None:
    config = checkpoint_config(Recipe("colorize", size=64, ngf=4, depth=4))
    save_checkpoint(tmp_path, config, Model(config), "")
    with pytest.raises(ValueError, match="is a checkpoint for colorize, expected one for restore"):
        load_restorer(tmp_path, "cpu")


def test_only_damage_is_replaced_to_the_bit() -> None:
    pixels = grey_photo(150, 200)
    pixels[:, 100] = 255
    result = restorer_with(PaleNetwork()).restore(Image.fromarray(pixels))
    after = np.asarray(result.image)
    assert np.abs(after[:, 100].astype(int) - 119).max() <= 1, "L 50"
    np.testing.assert_array_equal(after[:, :95], pixels[:, :95])
    np.testing.assert_array_equal(after[:, 106:], pixels[:, 106:])
    np.testing.assert_array_equal(after[result.changed == 0], pixels[result.changed == 0])
    assert result.note == "scratches: 2.5% of the photo was repaired"


def test_damage_is_hidden_from_the_network_that_fills_it() -> None:
    """The second pass sees a smooth fill and its marks, and tiles without damage only once."""
    pixels = np.full((TILE, 3 * TILE), 128, np.uint8)
    pixels[40, 20:60] = 255
    seen: list[torch.Tensor] = []

    class Network(PaleNetwork):
        def __call__(self, x: torch.Tensor, style: None, stop=None) -> torch.Tensor:
            seen.append(x)
            return super().__call__(x, style)

    result = restorer_with(Network()).restore(Image.fromarray(pixels))
    finest = [x for x in seen if x.shape[2] == TILE]
    first = [x for x in finest if not x[:, 1].any()]
    (second,) = [x for x in finest if x[:, 1].any()]
    assert len(first) == 4 and max(x[:, 0].max() for x in first) > 0.8
    assert second[:, 0].max() < 0.1, "filled from around it"
    assert result.changed[40, 20:60].all()


def test_a_photo_without_damage_comes_back_as_it_was() -> None:
    pixels = grey_photo(500, 700)
    result = restorer_with(PaleNetwork()).restore(Image.fromarray(pixels))
    np.testing.assert_array_equal(np.asarray(result.image), pixels)
    assert result.note == NO_DAMAGE and not result.changed.any()


def test_a_colour_photo_keeps_its_a_and_b() -> None:
    rgb = np.stack([grey_photo(80, 90), grey_photo(80, 90) // 2, grey_photo(80, 90) // 3], -1)
    rgb[40] = (255, 250, 240)
    result = restorer_with(PaleNetwork()).restore(Image.fromarray(rgb))
    before, after = rgb_to_lab(rgb), rgb_to_lab(np.asarray(result.image))
    np.testing.assert_array_equal(np.asarray(result.image)[:30], rgb[:30])
    assert np.abs(after[40, :, 0] - 50).max() < 1
    assert np.abs(after[40, :, 1:] - before[40, :, 1:]).max() < 3


def test_scales_halve_down_to_the_size_of_training() -> None:
    assert scales((300, 200)) == [(300, 200)]
    assert (
        scales((3000, 4000))
        == [(188, 250), (375, 500), (750, 1000), (1500, 2000), (3000, 4000)][1:]
    )
    for shape in ((191, 5000), (385, 400), (9999, 5000)):
        assert min(scales(shape)[0]) < 2 * COARSEST and scales(shape)[-1] == shape


def test_wide_damage_is_repaired_where_it_is_small_and_thin_damage_at_full_size() -> None:
    pixels = grey_photo(1200, 1600)
    pixels[300:420, 300:420] = 255
    pixels[800, :] = 255
    network = PaleNetwork()
    light = measure_light(Image.fromarray(pixels))
    repaired, changed, _ = restorer_with(network).repair_light(light)
    assert len({min(TILE, side) for shape in network.shapes for side in shape}) > 1
    for where in (np.s_[340:380, 340:380], np.s_[800, :]):
        assert np.abs(repaired[where] / PIXEL * 100 - 50).max() < 1
        assert (changed[where] == 255).all()
    np.testing.assert_array_equal(repaired[changed == 0], light[changed == 0])


def test_damage_of_a_large_scan_is_repaired_at_a_smaller_scale_and_enlarged() -> None:
    pixels = grey_photo(800, 1100)
    pixels[300:304, 20:200] = 255
    network = PaleNetwork()
    restorer = restorer_with(network)
    restorer.find_pixels = 400 * 550
    light = measure_light(Image.fromarray(pixels))
    repaired, changed, _ = restorer.repair_light(light)
    seen = sum(height * width for height, width in network.shapes)
    assert seen < 800 * 1100, "the network did not see the scan at its full size"
    assert np.abs(repaired[300:304, 30:190] / PIXEL * 100 - 50).max() < 1
    assert (changed[300:304, 22:198] == 255).all()
    np.testing.assert_array_equal(repaired[changed == 0], light[changed == 0])
    assert not changed[:290].any() and not changed[314:].any()


def test_tiles_leave_no_seam() -> None:
    """A network of convolutions alone: tiles must give what the whole photo at once gives."""
    kernel = torch.ones(1, 1, 9, 9) / 81

    def smooth(x: torch.Tensor, style: None, stop=None) -> torch.Tensor:
        padded = torch.nn.functional.pad(x[:, :1], (4, 4, 4, 4), mode="replicate")
        return torch.cat([torch.conv2d(padded, kernel), torch.ones_like(x[:, :1])], 1)

    light = measure_light(Image.fromarray(grey_photo(700, 900)))
    restorer = restorer_with(smooth)
    painted = restorer._run(light, np.zeros_like(light), None)[..., 0]
    whole = smooth(torch.from_numpy(light / np.float32(PIXEL) * 2 - 1)[None, None].float(), None)
    expected = (whole[0, 0].numpy() + 1) / 2 * PIXEL
    assert np.abs(painted - expected)[8:-8, 8:-8].max() < 0.002 * PIXEL


# ---- by hand --------------------------------------------------------------------------------


def test_a_stroke_adds_a_place_and_another_protects_one() -> None:
    pixels = grey_photo(200, 200)
    pixels[100] = 255
    restorer = restorer_with(PaleNetwork())
    add = Stroke(((0.1, 0.2), (0.9, 0.2)), 0.01)
    keep = Stroke(((0.5, 0.5),), 0.05, keep=True)
    after = np.asarray(restorer.restore(Image.fromarray(pixels), [add, keep]).image)
    assert np.abs(after[40, 30:170].astype(int) - 119).max() <= 1
    np.testing.assert_array_equal(after[100, 93:107], pixels[100, 93:107])
    assert abs(int(after[100, 20]) - 119) <= 1


def test_a_wide_stroke_is_filled_at_a_coarse_scale_and_a_thin_one_at_full_size() -> None:
    shape = (1200, 1600)
    shapes = scales(shape)
    marked = np.zeros(shape, np.uint8)
    marked[100:108, 100:1500] = 1
    marked[500:600, 500:600] = 1
    coarse, fine = assign_marks(marked, shape, shapes)[0], assign_marks(marked, shape, shapes)[-1]
    assert fine[104, 800] and not fine[550, 550]
    assert coarse[550 // 4, 550 // 4] and not coarse[104 // 4, 800 // 4]


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_looks_damaged_all_over_stays_unless_marked(by_hand: bool) -> None:
    text = np.full((120, 160), 255, np.uint8)
    text[::4] = 0
    strokes = [Stroke(((0.5, 0.5),), 0.02)] if by_hand else []
    result = restorer_with(PaleNetwork()).restore(Image.fromarray(text), strokes)
    if by_hand:
        assert result.changed[60, 80] == 255
    else:
        np.testing.assert_array_equal(np.asarray(result.image), text)
        assert "nothing was repaired" in result.note and not result.changed.any()


def test_it_stops_when_asked(checkpoint: Path) -> None:
    restorer = load_restorer(checkpoint, "cpu")
    with pytest.raises(InferenceCancelledError):
        restorer.restore(Image.fromarray(grey_photo(80, 80)), stop=lambda: True)
