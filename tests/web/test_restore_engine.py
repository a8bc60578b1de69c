"""The browser engine removes scratches as Python does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
import torch
from helpers.engine import NodeJob, to_rgba
from PIL import Image

from pix2pix.checkpoint import Model
from pix2pix.images.repair import fill_smooth, grow_damage, keep_thick, repair_opacity
from pix2pix.images.repair_brush import Stroke, draw_strokes
from pix2pix.inference import Restorer
from pix2pix.inference.restorer import FIND_PIXELS, assign_marks, scales
from pix2pix.inference.tiles import fit_side, tile_starts, tile_weights
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

TINY = Recipe("restore", size=64, ngf=4, depth=4, max_channels=8, lambda_gan=0)
SCRIPT = Path(__file__).parent / "restore_photos.mjs"
STROKES = (
    Stroke(((0.1, 0.2), (0.5, 0.3), (0.5, 0.8)), 0.01),
    Stroke(((0.8, 0.8),), 0.1),
    Stroke(((0.3, 0.5), (0.9, 0.5)), 0.03, keep=True),
)


class FilteringNetwork:
    """Marks steep edges as damage, and makes L of the pixel, the one before it and the marks."""

    def __call__(self, x: torch.Tensor, style: None, stop: Any = None) -> torch.Tensor:
        light, marks = x[:, :1], x[:, 1:]
        before = light.roll(1, 3)
        found = torch.where((light - before).abs() > 0.4, 0.75, -0.75) + (light > before) * 0.2
        return torch.cat([0.5 * light + 0.25 * before + 0.25 * marks, found], 1)


def photo_of(height: int, width: int, seed: int, lines: int) -> np.ndarray:
    """A grey gradient with noise, and light lines and a patch across it."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    pixels = 60 + 50 * np.sin(x / 31) + 40 * np.cos(y / 23) + rng.normal(0, 4, (height, width))
    for _ in range(lines):
        column = int(rng.integers(width))
        pixels[:, column : column + int(rng.integers(1, 9))] = 245
    return pixels.clip(0, 255).astype(np.uint8)


def as_stroke(stroke: Stroke) -> dict[str, Any]:
    return {"points": stroke.points, "radius": stroke.radius, "keep": stroke.keep}


def as_plane(array: np.ndarray) -> dict[str, Any]:
    return {"width": array.shape[1], "height": array.shape[0], "data": array}


PHOTOS = [photo_of(150, 210, 0, 3), photo_of(530, 410, 1, 8), photo_of(64, 64, 2, 40)]
SCANS = [  # light, strokes, (H, W) of the scan, box of the light in it, pixels to find damage at
    (photo_of(800, 600, 3, 6), STROKES, (800, 600), (0, 0, 600, 800), FIND_PIXELS),
    (photo_of(800, 600, 3, 6), STROKES[:2], (800, 600), (0, 0, 600, 800), 400 * 300),
    (photo_of(420, 500, 4, 0), STROKES, (500, 700), (100, 40, 600, 460), FIND_PIXELS),
    (photo_of(90, 120, 5, 0), (), (90, 120), (0, 0, 120, 90), FIND_PIXELS),
]


class Made(NamedTuple):
    """Repaired photos; light, where it changed, and the note, of repaired scans."""

    photos: list[Image.Image]
    scans: list[tuple[np.ndarray, np.ndarray, str]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Made]:
    """What Python and the browser engine make of the photos and scans."""
    config = checkpoint_config(TINY)
    restorer = Restorer(config, Model(config), torch.device("cpu"))
    restorer._runner = FilteringNetwork()  # type: ignore[assignment]
    job = NodeJob(tmp_path_factory.mktemp("restore"))
    photos, scans, expected = [], [], Made([], [])
    for i, pixels in enumerate(PHOTOS):
        rgb = np.stack([pixels, pixels // 2 + 60, 255 - pixels], -1) if i == 1 else pixels
        rgba = to_rgba(Image.fromarray(rgb).convert("RGB"))
        file = job.put(f"photo{i}", rgba)
        photos.append({"width": pixels.shape[1], "height": pixels.shape[0], "file": file})
        expected.photos.append(restorer.restore(Image.fromarray(rgb)).image.convert("RGB"))
    for i, (pixels, strokes, sheet, box, find_pixels) in enumerate(SCANS):
        light = pixels.astype(np.uint16) * 257
        scans.append(
            {
                "width": light.shape[1],
                "height": light.shape[0],
                "file": job.put(f"scan{i}", light),
                "strokes": [as_stroke(stroke) for stroke in strokes],
                "sheet": sheet[::-1],
                "box": box,
                "findPixels": find_pixels,
            }
        )
        restorer.find_pixels = find_pixels
        expected.scans.append(restorer.repair_light(light, strokes, sheet, box))
    answer = job.run(SCRIPT, {"config": config.to_dict(), "photos": photos, "scans": scans})
    own = Made([], [])
    for pixels, file in zip(PHOTOS, answer["photos"]):
        rgba = job.get(file, np.uint8, (*pixels.shape, 4))
        own.photos.append(Image.fromarray(rgba[..., :3]))
    for (pixels, *_), each in zip(SCANS, answer["scans"]):
        light = job.get(each["light"], np.uint16, pixels.shape)
        own.scans.append((light, job.get(each["changed"], np.uint8, pixels.shape), each["line"]))
    return expected, own


def test_photos_are_repaired_within_a_step(found: tuple[Made, Made]) -> None:
    for expected, own in zip(*(made.photos for made in found)):
        difference = np.abs(np.asarray(expected).astype(int) - np.asarray(own))
        assert difference.max() <= 1


@pytest.mark.parametrize("index", range(len(SCANS)))
def test_scans_with_strokes_are_repaired_alike(found: tuple[Made, Made], index: int) -> None:
    (light, changed, note), (own, own_changed, line) = (made.scans[index] for made in found)
    shares = [re.findall(r"[\d.]+(?=%)", text) for text in (note, line)]
    assert line.replace(*[*shares[1], *shares[0]]) == note if shares[0] else line == note
    assert abs(sum(map(float, shares[0])) - sum(map(float, shares[1]))) < 0.3
    # The outline of a stroke may be drawn a pixel further out, at a scale where it is two
    differs = np.abs(changed.astype(int) - own_changed) > 2
    assert not cv2.erode(differs.astype(np.uint8), np.ones((13, 13))).any()
    same = ~differs & (changed == own_changed)
    assert np.abs(light.astype(int) - own)[same & (changed == 0)].max(initial=0) == 0
    near = np.abs(light.astype(int) - own)[same]  # fills start at the outline
    assert np.percentile(near, 99.5) <= 2 * 257
    assert (changed > 0).any() == (note != "no scratches were found")


def test_the_steps_of_a_repair_are_those_of_python(tmp_path: Path) -> None:
    job, rng = NodeJob(tmp_path), np.random.default_rng(0)
    damages = [(rng.random((41, 60)) > part).astype(np.uint8) for part in (0.97, 0.8, 0.4, 0.0)]
    damages.append(np.zeros((5, 7), np.uint8))
    planes = [[as_plane(damage)] for damage in damages]
    grown = job.call("colorize/repair", "growDamage", planes)
    thick = job.call("colorize/repair", "keepThick", planes)
    opacity = job.call("colorize/repair", "repairOpacity", planes)
    for damage, *own in zip(damages, grown, thick, opacity):
        wide, core, faded = (each["data"].reshape(damage.shape) for each in own)
        assert np.array_equal(wide, grow_damage(damage > 0))
        assert np.array_equal(core > 0, keep_thick(damage > 0))
        np.testing.assert_allclose(faded, repair_opacity(damage > 0), atol=1e-6)

    lightness = [rng.uniform(0, 100, damage.shape).astype(np.float32) for damage in damages]
    pairs = [[as_plane(x), as_plane(damage)] for x, damage in zip(lightness, damages)]
    for x, damage, own in zip(lightness, damages, job.call("colorize/repair", "fillSmooth", pairs)):
        filled = own["data"].reshape(x.shape)
        np.testing.assert_allclose(filled, fill_smooth(x, damage), atol=2e-3)
        assert np.array_equal(filled[damage == 0], x[damage == 0])


def test_strokes_are_drawn_within_a_pixel_and_assigned_to_the_same_scale(tmp_path: Path) -> None:
    job = NodeJob(tmp_path)
    for shape, box in (((300, 400), None), ((2600, 400), (50, 100, 380, 2500))):
        arguments = [[as_stroke(s) for s in STROKES], shape[::-1], *([list(box)] if box else [])]
        [drawn] = job.call("colorize/repair_strokes", "drawStrokes", [arguments])
        for mask, own in zip(draw_strokes(STROKES, shape, box), (drawn["marked"], drawn["kept"])):
            ours = own["data"].reshape(mask.shape)
            wrong = (ours != mask).astype(np.uint8)
            assert mask.sum() > 0 and wrong.sum() < 0.06 * mask.sum()
            assert not keep_thick(wrong > 0).any()  # along an outline only
        marked = draw_strokes(STROKES, shape, box)[0]
        rows, columns = (box[3] - box[1], box[2] - box[0]) if box else shape
        shapes = scales((rows, columns))
        [own_shapes] = job.call("colorize/restorer", "scales", [[columns, rows]])
        assert own_shapes == [list(each[::-1]) for each in shapes]
        own_marks = job.call(
            "colorize/marked_places", "assignMarks", [[as_plane(marked), rows, own_shapes]]
        )[0]
        for mark, own in zip(assign_marks(marked, (rows, columns), shapes), own_marks):
            assert np.array_equal(own["data"].reshape(mark.shape), mark)


def test_tiles_are_placed_and_blended_alike(tmp_path: Path) -> None:
    job = NodeJob(tmp_path)
    calls = [[1000, 512, 16], [512, 512, 16], [700, 64, 4], [65, 64, 4]]
    for call, own in zip(calls, job.call("colorize/tiles", "tileStarts", calls)):
        assert own == tile_starts(*call)
        [weights] = job.call("colorize/tiles", "tileWeights", [[own, *call[1:]]])
        np.testing.assert_allclose(np.stack(weights), tile_weights(own, *call[1:]), atol=1e-6)
    lengths = [[length, 512, 16, 16] for length in (100, 512, 513, 1000, 1500, 2000, 4001)]
    sides = job.call("colorize/tiles", "fitSide", lengths)
    assert sides == [fit_side(*call) for call in lengths]
    assert sides[:3] == [100, 512, 272] and sides[4:6] == [400, 432]
    for side, (length, largest, *_) in zip(sides, lengths):
        if length > largest:
            assert side <= largest and side % 16 == 0
            assert len(tile_starts(length, side, 16)) == len(tile_starts(length, largest, 16))
