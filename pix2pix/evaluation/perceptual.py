"""LPIPS, if torchmetrics is installed and the weights of its network are available.

AlexNet, trained on general photographs, which torchmetrics downloads once.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch
from pix2pix.evaluation.generation import (
    batch_lightness,
    batch_to_rgb,
    generate,
    generate_ab,
    restore_void,
)
from pix2pix.models.tensors import decode_ab, encode_photo, show_images

INSTALL = "pip install 'torchmetrics[image]'"


def perceptual_metrics(
    model: Model, task: str, batches: Iterable[tuple[list[int], Batch]], device: torch.device
) -> tuple[dict[str, float], list[str]]:
    """`lpips` of the generated photos, in random styles if the model has styles.

    Also returns a line with the reason if it is unavailable.
    """
    try:
        lpips = load_lpips(device)
    except ModuleNotFoundError as error:
        return {}, [f"LPIPS: not measured, {error.name} is not installed ({INSTALL})"]
    except (ImportError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        return {}, [f"LPIPS: not measured, its weights are not available ({reason})"]
    for fake, real in photo_pairs(model, task, batches, device):
        lpips.update(encode_photo(fake).to(device), encode_photo(real).to(device))
    return {"lpips": float(lpips.compute())}, []


def load_lpips(device: torch.device) -> Any:
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    return LearnedPerceptualImagePatchSimilarity(net_type="alex").to(device)


def photo_pairs(
    model: Model, task: str, batches: Iterable[tuple[list[int], Batch]], device: torch.device
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Generated and real photos (N, H, W, 3) uint8 of each batch."""
    for indices, batch in batches:
        if task == "colorize":
            light, ab = batch_lightness(batch), generate_ab(model, batch, device)
            yield batch_to_rgb(light, ab), batch_to_rgb(light, decode_ab(batch.target))
        else:
            output = generate(model, batch, device, indices)
            yield show_images(restore_void(output, batch)), show_images(batch.target)
