"""FID and LPIPS, if torchmetrics is installed and the weights of its networks are available.

Both use networks trained on general photographs (Inception-v3 and AlexNet), which torchmetrics
downloads once. They complement the other metrics.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch
from pix2pix.evaluation.generation import batch_lightness, batch_to_rgb, generate, restore_void
from pix2pix.models.tensors import decode_ab, encode_photo, show_images

INSTALL = "pip install 'torchmetrics[image]'"


def perceptual_metrics(
    model: Model, task: str, batches: Iterable[tuple[list[int], Batch]], device: torch.device
) -> tuple[dict[str, float], list[str]]:
    """`fid` and `lpips` of the generated photos, in random styles if the model has styles.

    Also returns a line for each metric that is unavailable, with the reason.
    """
    ready: dict[str, Any] = {}
    notes = []
    for name, load in (("FID", load_fid), ("LPIPS", load_lpips)):
        try:
            ready[name.lower()] = load(device)
        except ModuleNotFoundError as error:
            notes.append(f"{name}: not measured, {error.name} is not installed ({INSTALL})")
        except (ImportError, OSError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            notes.append(f"{name}: not measured, its weights are not available ({reason})")
    if not ready:
        return {}, notes
    for fake, real in photo_pairs(model, task, batches, device):
        if "fid" in ready:
            ready["fid"].update(as_tensor(real, device), real=True)
            ready["fid"].update(as_tensor(fake, device), real=False)
        if "lpips" in ready:
            ready["lpips"].update(encode_photo(fake).to(device), encode_photo(real).to(device))
    return {name: float(metric.compute()) for name, metric in ready.items()}, notes


def load_fid(device: torch.device) -> Any:
    from torchmetrics.image.fid import FrechetInceptionDistance

    return FrechetInceptionDistance(feature=2048).to(device)


def load_lpips(device: torch.device) -> Any:
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    return LearnedPerceptualImagePatchSimilarity(net_type="alex").to(device)


def as_tensor(photos: np.ndarray, device: torch.device) -> Tensor:
    """Photos as a tensor (N, 3, H, W) uint8, the input of torchmetrics' FID."""
    return torch.from_numpy(photos).permute(0, 3, 1, 2).contiguous().to(device)


def photo_pairs(
    model: Model, task: str, batches: Iterable[tuple[list[int], Batch]], device: torch.device
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Generated and real photos (N, H, W, 3) uint8 of each batch."""
    for indices, batch in batches:
        output = generate(model, batch, device, indices)
        if task == "colorize":
            light = batch_lightness(batch)
            yield (
                batch_to_rgb(light, decode_ab(output)),
                batch_to_rgb(light, decode_ab(batch.target)),
            )
        else:
            yield show_images(restore_void(output, batch)), show_images(batch.target)
