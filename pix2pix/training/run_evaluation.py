"""Evaluate the models of a run, and show samples of them."""

import functools
import logging
from collections.abc import Mapping, Sequence

import torch
from PIL import Image

from pix2pix.checkpoint import Model
from pix2pix.data.datasets.unpaired_dataset import UnpairedImages
from pix2pix.data.loader import Dataset
from pix2pix.evaluation import evaluate
from pix2pix.evaluation.evaluate import Metrics, batches_of
from pix2pix.evaluation.frechet_metrics import FrechetMetric, load_frechet_metrics
from pix2pix.evaluation.generation import spread_indices
from pix2pix.evaluation.inception_features import FidWeights
from pix2pix.evaluation.paired_frechet import TASKS as FRECHET_TASKS
from pix2pix.evaluation.paired_frechet import measure_frechet
from pix2pix.evaluation.unpaired import evaluate_unpaired
from pix2pix.training.recipe import Recipe
from pix2pix.training.samples import sample_sheet, unpaired_sheet

log = logging.getLogger(__name__)


def evaluate_models(
    models: Mapping[str, Model],
    recipe: Recipe,
    dataset: Dataset,
    device: torch.device,
    limit: int | None = 64,
) -> Metrics:
    """The metrics of the models, by the folder of each; see `evaluate` and `evaluate_unpaired`.

    With `evaluate_every` or `fid`, pairs have the Fréchet distance too; unpaired sets always do.
    """
    is_unpaired = isinstance(dataset, UnpairedImages)
    has_distances = is_unpaired or (
        recipe.task in FRECHET_TASKS and (recipe.evaluate_every or recipe.fid)
    )
    distances = load_distances(device, recipe.fid) if has_distances else ()
    if isinstance(dataset, UnpairedImages):
        return evaluate_unpaired(models, dataset, device, limit, distances)
    metrics = evaluate(models[""], recipe.task, dataset, device, limit)
    batches = batches_of(dataset, spread_indices(len(dataset), limit))
    return metrics | measure_frechet(models[""], recipe.task, batches, device, distances)


@functools.lru_cache(1)
def load_distances(device: torch.device, with_fid: bool) -> Sequence[FrechetMetric]:
    """The metrics whose networks are available; a line in the log for each other one."""
    distances, notes = load_frechet_metrics(device, FidWeights() if with_fid else None)
    for note in notes:
        log.warning("%s", note)
    return distances


def sheets_of(
    models: Mapping[str, Model], recipe: Recipe, dataset: Dataset, device: torch.device
) -> dict[str, Image.Image]:
    """A sheet of samples for each folder of a run; "" is the run's own, of all its models."""
    if not isinstance(dataset, UnpairedImages):
        sheet = sample_sheet(models[""], recipe.task, dataset, device, palette=recipe.palette)
        return {"": sheet}
    names = list(dict.fromkeys(["", *models]))
    return {
        name: unpaired_sheet(models, [name] if name in models else list(models), dataset, device)
        for name in names
    }


def inputs_of(dataset: Dataset, name: str) -> Dataset:
    """The data with the inputs of the model in the folder `name`."""
    if name == "BtoA" and isinstance(dataset, UnpairedImages):
        return dataset.reversed()
    return dataset
