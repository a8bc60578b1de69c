"""Features of FID: those of Inception-v3, by torch-fidelity, if it and the weights are available.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017). torch-fidelity has the network
as it was in TensorFlow, with its resizing, so that figures compare with those of the literature.
"""

import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pix2pix.evaluation.frechet import fit_plain_gaussian, frechet_distance, reduce_to_span

PACKAGE = "torch-fidelity"
LAYER = "2048"  # the pooled features, by torch-fidelity's name


@dataclass(frozen=True)
class FidWeights:
    """Where the weights come from: `file`, or without one torch hub's cache.

    If they are not in the cache, they are downloaded (91 MB) if `may_download`.
    """

    file: Path | None = None
    may_download: bool = True


@dataclass(frozen=True)
class InceptionFeatures:
    """The 2,048 pooled features that FID compares."""

    network: nn.Module
    device: torch.device

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> np.ndarray:
        """Features (N, 2048) float32 of images (N, 3, H, W) in -1..1, which are rounded to 8 bits.

        Images of any size are resized to 299x299.
        """
        image_u8 = ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        (features,) = self.network(image_u8.to(self.device))
        found: np.ndarray = features.float().cpu().numpy()
        return found


def fid(first: np.ndarray, second: np.ndarray) -> float:
    """The FID between features (N, 2048) and (M, 2048) of two sets of images.

    Raises ValueError for fewer than 2 images in a set.
    """
    a, b = reduce_to_span(first, second)
    return frechet_distance(*fit_plain_gaussian(a), *fit_plain_gaussian(b))


def load_inception_features(
    device: torch.device, weights: FidWeights | None = None
) -> InceptionFeatures:
    """Raises ValueError if the package or its weights are not available, with the remedy."""
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import (
            URL_INCEPTION_V3,
            FeatureExtractorInceptionV3,
        )
    except ModuleNotFoundError:
        raise ValueError(f"{PACKAGE} is not installed (pip install {PACKAGE})") from None
    state = read_weights(URL_INCEPTION_V3, weights or FidWeights())
    with tempfile.TemporaryDirectory() as folder:
        # The package unpickles its file without restrictions: it gets one of the tensors alone
        path = Path(folder) / "inception.pth"
        torch.save(state, path)
        try:
            network = FeatureExtractorInceptionV3("fid", [LAYER], str(path))
        except RuntimeError as error:
            words = " ".join(str(error).split())[:200]
            raise ValueError(
                f"expected the weights of Inception-v3 as in {URL_INCEPTION_V3}, got others "
                f"({words})"
            ) from None
    return InceptionFeatures(network.to(device), device)


def read_weights(url: str, weights: FidWeights) -> dict[str, Any]:
    """The tensors by name; nothing in the file is run. Raises ValueError with the remedy."""
    cached = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    path = weights.file or cached
    if path == cached and not cached.is_file():
        if not weights.may_download:
            raise ValueError(f"its weights are not in {cached.parent}; --fid downloads them")
        download(url, cached)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        words = " ".join(str(error).split())[:200]
        raise ValueError(f"{path}: expected the weights from {url}, got ({words})") from None
    if not isinstance(state, dict):
        raise ValueError(f"{path}: expected the weights from {url}, got {type(state).__name__}")
    return state


def download(url: str, path: Path) -> None:
    """Downloads the weights and checks their hash, which is in their name."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sha256_prefix = path.stem.rpartition("-")[2]
        torch.hub.download_url_to_file(url, str(path), sha256_prefix)
    except (OSError, RuntimeError) as error:  # URLError is an OSError
        words = " ".join(str(error).split())[:200]
        raise ValueError(
            f"its weights cannot be downloaded ({words}); put the file {url} into {path.parent}"
        ) from None
