"""Batches augmented on the training device equal those of the CPU, for the same seed."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from helpers.synthetic import open_set, write_facades, write_photos
from PIL import Image

from pix2pix.data.device_batches import DeviceBatches, augment_on
from pix2pix.data.device_color import degrade_batch, pack_degradations
from pix2pix.data.device_views import draw_views
from pix2pix.data.loader import Batch, BatchPlan, count_workers, iterate_batches
from pix2pix.data.pixel_store import PixelStore, pack
from pix2pix.data.resize_crop import Geometry
from pix2pix.images.degradation import apply_degradation, draw_degradation
from pix2pix.models.tensors import AS_INPUT, _spread, spread_densely

CPU = torch.device("cpu")
LEVEL = 1 / 127.5  # of 255, in -1..1
DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"),
        ],
    ),
]


def as_computed(source: Any, plan: BatchPlan, step: int, device: str = "cpu") -> Batch:
    made = plan.batch(source, step).to(torch.device(device), torch.contiguous_format)
    return made.to(CPU, torch.contiguous_format)


def write_pairs(root: Path) -> Path:
    (root / "train").mkdir(parents=True)
    for i in range(4):
        colors = np.random.default_rng(i).integers(0, 256, (60 + 9 * i, 160, 3)).astype(np.uint8)
        Image.fromarray(cv2.GaussianBlur(colors, (0, 0), 2)).save(root / "train" / f"{i}.png")
    return root


@pytest.mark.parametrize("resize_mode", ["stretch", "pad", "mirror", "rotate", "crop", "squeeze"])
@pytest.mark.parametrize("height", [None, 24])
def test_views_of_a_batch_are_those_of_opencv(resize_mode: str, height: int | None) -> None:
    geometry = Geometry(48, 32, resize_mode, 2.0)
    rng = np.random.default_rng(0)
    examples = []
    for shape in ((60, 41), (33, 90), (48, 32), (20, 17)) * 3:
        photo = cv2.GaussianBlur(rng.integers(0, 256, (*shape, 3)).astype(np.uint8), (0, 0), 1)
        labels = rng.integers(0, 12, shape).astype(np.uint8)
        examples.append(geometry.resize_to_stored([photo, labels]))
    rngs = [[np.random.default_rng(i) for i in range(len(examples))] for _ in range(2)]
    photos, labels = (np.stack(x) for x in zip(*geometry.crop_views(examples, rngs[0], height)))
    images = pack(examples)
    views = draw_views(geometry, images, rngs[1], height)
    np.testing.assert_array_equal(views.nearest(images.parts[1]), labels)
    off = np.abs(views.average(images.parts[0]).permute(0, 2, 3, 1).numpy() - photos)
    assert off.max() <= 1
    assert (off > 0).mean() < 2e-3
    assert rngs[0][0].random() == rngs[1][0].random()  # as many numbers were drawn


def test_a_part_of_an_image_that_is_smaller_than_the_view_is_enlarged_alike() -> None:
    geometry = Geometry(48, 48, "crop", 1.0)
    small = np.random.default_rng(0).integers(0, 256, (30, 70, 3)).astype(np.uint8)
    images = pack([(small,)])
    (view,) = geometry.crop_view([small], np.random.default_rng(1))
    views = draw_views(geometry, images, [np.random.default_rng(1)])
    found = views.average(images.parts[0])[0].permute(1, 2, 0).numpy()
    assert np.abs(found - view).max() <= 1


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("task", "keys"),
    [
        ("labels2photo", {}),
        ("photo2labels", {}),
        ("colorize", {"half_output": True}),
        ("colorize", {"resize_mode": "pad", "half_output": True}),
        ("image2image", {"layout": "side_by_side", "resize_mode": "pad"}),
        ("image2image", {"layout": "side_by_side", "resize_mode": "crop"}),
        ("image2image", {"layout": "photos"}),
        ("image2image", {"layout": "unpaired", "objective": "cut"}),
    ],
    ids=["facades", "trace", "colorize", "colorize_pad", "pad", "crop", "sketch", "unpaired"],
)
def test_batches_on_a_device_are_those_of_the_cpu(
    task: str, keys: dict[str, Any], device: str, tmp_path: Path
) -> None:
    if keys.get("layout") == "side_by_side":
        root = write_pairs(tmp_path)
    elif keys.get("layout") == "unpaired":
        for side in "AB":
            write_photos(tmp_path / side, 3, 1)
            (tmp_path / side / "train").rename(tmp_path / f"train{side}")
            (tmp_path / side / "val").rename(tmp_path / f"val{side}")
        root = tmp_path
    elif task in ("colorize", "image2image"):
        root = write_photos(tmp_path, 4, 1)
    else:
        root = write_facades(tmp_path, 3, 1, 150, 210)
    dataset = open_set(task, root, 64, **keys)
    plan = BatchPlan(6, seed=7, progressive_steps=1, progressive_size=32)
    for keeps in (False, True):
        source = DeviceBatches(dataset, torch.device(device), keeps)
        assert source.store.is_on_device == keeps
        for step in (0, 3, 8):
            expected, made = plan.batch(dataset, step), as_computed(source, plan, step, device)
            assert_alike(expected, made)


def assert_alike(expected: Batch, made: Batch) -> None:
    """Equal, but for pixels that round to another level or another cell of a/b."""
    for part in ("input", "target", "weight", "condition"):
        one, other = getattr(expected, part), getattr(made, part)
        assert one.shape == other.shape and one.dtype == other.dtype
        off = (one - other).abs()
        assert (off > 1e-4).float().mean() < 5e-3, part
        assert part == "weight" or off.max() < 0.03, part


def test_defects_of_old_photos_are_those_of_opencv() -> None:
    photos = np.random.default_rng(0).uniform(0, 100, (60, 40, 56)).astype(np.float32)
    defects = [draw_degradation((40, 56), np.random.default_rng(i)) for i in range(60)]
    for name in ("patches", "small", "grain", "scratches"):
        assert any(getattr(d, name) is not None for d in defects)
    expected = np.stack([apply_degradation(x, d) for x, d in zip(photos, defects)])
    made = degrade_batch(torch.from_numpy(photos)[:, None], pack_degradations(defects, 40, 56))
    np.testing.assert_allclose(made[:, 0], expected, atol=2e-3)


def test_hints_spread_in_one_batch_as_photo_by_photo() -> None:
    generator = torch.Generator().manual_seed(0)
    light, code = (torch.rand(3, c, 6, 5, generator=generator, dtype=torch.double) for c in (1, 4))
    spots = torch.rand(3, 3, 6, 5, generator=generator, dtype=torch.double)
    spots *= torch.rand(3, 1, 6, 5, generator=generator) < 0.2
    spots[1] = 0
    code.requires_grad_()
    results: list[tuple[torch.Tensor, torch.Tensor]] = []
    for whole in (False, True):
        code.grad = None
        if whole:
            spread = spread_densely(spots, light, code, AS_INPUT)
        else:
            each = [_spread(s, x, c, AS_INPUT) for s, x, c in zip(spots, light, code)]
            spread = torch.stack(each)
        spread.square().sum().backward()
        assert code.grad is not None
        results.append((spread.detach(), code.grad.clone()))
    for one, other in zip(*results):
        torch.testing.assert_close(one, other)
    assert results[0][0][0].any() and results[0][1][0].any()


def test_threads_draw_the_batches_in_order_also_for_a_device(tmp_path: Path) -> None:
    dataset = open_set("labels2photo", write_facades(tmp_path, 3, 1), 64)
    plan = BatchPlan(2, seed=5)
    source = DeviceBatches(dataset, CPU, keeps=True)
    ahead = list(iterate_batches(source, plan, 2, 6, workers=3))
    assert len(ahead) == 4
    for step, made in enumerate(ahead, 2):
        alone = as_computed(source, plan, step)
        assert torch.equal(made.to(CPU, torch.contiguous_format).target, alone.target)


def test_workers_draw_their_parts_of_a_batch(tmp_path: Path) -> None:
    dataset = open_set("colorize", write_photos(tmp_path, 4, 1), 64)
    source = DeviceBatches(dataset, CPU, keeps=False)
    whole = as_computed(source, BatchPlan(4, 3), 2)
    parts = [as_computed(source, BatchPlan(4, 3, rank=rank, world=2), 2) for rank in (0, 1)]
    for name in ("input", "target", "weight"):
        joined = torch.cat([getattr(part, name) for part in parts])
        torch.testing.assert_close(joined, getattr(whole, name))


def test_auto_augments_on_a_gpu_and_restore_stays_on_the_cpu(tmp_path: Path) -> None:
    root = write_photos(tmp_path, 2, 1)
    photos = open_set("colorize", root, 64)
    scratched = open_set("restore", root, 64)
    for dataset, mode, device, expected in (
        (photos, "auto", CPU, type(photos)),
        (photos, "off", torch.device("cuda"), type(photos)),
        (photos, "on", CPU, DeviceBatches),
        (scratched, "on", CPU, type(scratched)),
    ):
        assert type(augment_on(dataset, mode, device)) is expected


def test_a_gpu_gets_more_loader_threads_than_a_cpu() -> None:
    assert count_workers(-1, CPU) == 1
    assert count_workers(3, torch.device("cuda")) == 3
    assert count_workers(-1, torch.device("cuda"), world=10_000) == 1


def test_images_that_are_not_kept_are_read_for_each_batch(tmp_path: Path) -> None:
    dataset = open_set("labels2photo", write_facades(tmp_path, 2, 1), 64, cache_gb=0.0)
    assert not dataset.examples.in_memory
    images = PixelStore(dataset.examples, CPU, keeps=False).take([1, 0, 1])
    assert len(images.parts[0]) == 3 * images.shapes[0][0] * images.shapes[0][1]
    np.testing.assert_array_equal(
        images.parts[0][: len(images.parts[0]) // 3], dataset.examples[1][0].reshape(-1, 3)
    )
