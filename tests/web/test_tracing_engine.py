"""The browser engine resizes label maps, and finds them in a tracer's output, as Python does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.engine import NodeJob

from pix2pix.checkpoint import Model
from pix2pix.data.resize_crop import Geometry
from pix2pix.inference.photo_to_label import Tracer, argmax_upsampled
from pix2pix.inference.working_shapes import working_shape
from pix2pix.labels.canvas_spec import CanvasSpec, fit_label_map
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import make_random_plan
from pix2pix.labels.label_map import VOID, resize_label_map
from pix2pix.models.tensors import encode_labels
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

SIZES = [(1, 1), (3, 7), (12, 40), (64, 64), (50, 23), (128, 128), (200, 31), (127, 255), (96, 300)]
TARGETS = [(1, 1), (5, 3), (64, 64), (32, 100), (100, 32), (256, 256), (47, 61), (130, 190)]
PHOTOS = [(64, 64), (61, 90), (200, 75), (33, 160), (7, 5)]


def noise(shape: tuple[int, int]) -> np.ndarray:
    found = np.random.default_rng(shape).integers(0, 13, shape).astype(np.uint8)
    return np.where(found == 12, VOID, found).astype(np.uint8)


def as_map(labels: np.ndarray) -> dict[str, Any]:
    return {"width": labels.shape[1], "height": labels.shape[0], "ids": labels}


def maps_of(answers: list[Any]) -> list[np.ndarray]:
    return [a["ids"].reshape(a["height"], a["width"]) for a in answers]


MAPS = [noise(shape) for shape in SIZES] + [
    build_facade(make_random_plan(seed), *shape) for seed, shape in enumerate(SIZES)
]


@pytest.mark.parametrize(
    ("python", "name"), [(resize_label_map, "resizeLabelMap"), (fit_label_map, "fitLabelMap")]
)
def test_label_maps_are_resized_alike(tmp_path: Path, python: Any, name: str) -> None:
    cases = [(labels, shape) for labels in MAPS for shape in TARGETS]
    calls = [[as_map(labels), shape[1], shape[0]] for labels, shape in cases]
    for (labels, shape), found in zip(
        cases, maps_of(NodeJob(tmp_path).call("labels/label_map", name, calls))
    ):
        expected = python(labels, shape)
        np.testing.assert_array_equal(found, expected, err_msg=f"{labels.shape} to {shape}")


def test_sheets_have_the_same_shapes(tmp_path: Path) -> None:
    canvases = [CanvasSpec("labels", shape, (), "") for shape in ((256, 256), (64, 96), (30, 100))]
    canvases += [CanvasSpec("lines", (64, 96), (), "")]
    cases = [(canvas, shape) for canvas in canvases for shape in (*SIZES, *TARGETS, *PHOTOS)]
    calls = [[c.props(), {"height": height, "width": width}] for c, (height, width) in cases]
    found = NodeJob(tmp_path).call("../canvas/sheet_shape", "sheetShape", calls)
    for (canvas, shape), answer in zip(cases, found):
        assert (answer["height"], answer["width"]) == canvas.shape_for(shape), shape


def test_labels_are_encoded_alike(tmp_path: Path) -> None:
    found = NodeJob(tmp_path).call(
        "labels/label_map", "encodeLabels", [[labels, 12] for labels in MAPS]
    )
    for labels, planes in zip(MAPS, found):
        expected = encode_labels(labels[None], 12).numpy()
        np.testing.assert_array_equal(planes.reshape(expected.shape), expected)


def test_probabilities_are_interpolated_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cases = []
    for classes, (rows, columns) in [(12, (32, 32)), (2, (9, 17)), (5, (40, 3)), (12, (1, 1))]:
        found = rng.dirichlet([0.4] * classes, (rows, columns)).astype(np.float32)
        cases += [(found, shape) for shape in [(64, 64), (31, 50), (150, 200), (rows, 77), (9, 3)]]
    calls = [
        [{"width": p.shape[1], "height": p.shape[0], "classes": p.shape[2], "data": p}, s[1], s[0]]
        for p, s in cases
    ]
    answers = maps_of(NodeJob(tmp_path).call("labels/tracing", "argmaxUpsampled", calls))
    for (found, shape), answer in zip(cases, answers):
        np.testing.assert_array_equal(answer, argmax_upsampled(found, shape), err_msg=str(shape))


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("mode", ["squeeze", "crop", "pad", "mirror", "rotate", "stretch"])
def test_a_tracers_output_becomes_the_same_map(tmp_path: Path, mode: str, half: bool) -> None:
    recipe = Recipe("photo2labels", size=32, ngf=4, depth=3, max_channels=8, resize_mode=mode)
    config = checkpoint_config(recipe)
    tracer = Tracer(config, Model(config), torch.device("cpu"))
    calls, expected = [], []
    for seed, shape in enumerate(PHOTOS):
        photo = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)

        def run(x: torch.Tensor, style: Any, seed: int = seed, shape: Any = shape) -> torch.Tensor:
            sides = [side // 2 if half else side for side in x.shape[2:]]
            generator = torch.Generator().manual_seed(seed)
            logits = 3 * torch.randn(2, 12, *sides, generator=generator)
            placement = placement_of(mode, shape, x.shape)
            size = {"width": shape[1], "height": shape[0]}
            calls.append([logits.numpy(), list(logits.shape), size, placement])
            return logits

        tracer._runner = run  # type: ignore[assignment]
        expected.append(argmax_upsampled(tracer.likelihoods(photo), shape))
    found = maps_of(NodeJob(tmp_path).call("labels/tracing", "labelsFromLogits", calls))
    for shape, answer, wanted in zip(PHOTOS, found, expected):
        np.testing.assert_array_equal(answer, wanted, err_msg=str(shape))


def placement_of(mode: str, shape: tuple[int, int], fed: tuple[int, ...]) -> dict[str, Any]:
    """Where a photo of `shape` is in the network's input `fed` (N, C, H, W)."""
    placement = {"inputHeight": fed[2]}
    if mode == "squeeze":
        outer = working_shape(*shape, 32)
        return placement | {"outer": outer[::-1]}
    found = Geometry(32, 32, mode).for_evaluation().placement(shape)
    placed = {"outer": found.outer[::-1], "inner": found.inner[::-1]}
    return placement | placed | {"isRotated": found.is_rotated}
