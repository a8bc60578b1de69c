"""Style codes of a microbatch: those of its photos, and random ones."""

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from pix2pix.data.loader import Dataset
from pix2pix.models import StyleEncoder
from pix2pix.training.losses import kl_to_standard_normal

MAX_MEASURED = 512  # photos
CHUNK = 8


def encode_styles(
    encoder: StyleEncoder, photos: Tensor, noise: Tensor, encoded: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Style codes (N, style_dim) of photos (N, 3, H, W), the detached encoded ones, and their KL.

    The first `encoded` images get the code of their own photo, by reparametrization with `noise`
    (N, style_dim), standard normal. The others get one sampled from the distribution of the codes
    seen so far.
    """
    own, kl = noise[:0], noise.new_zeros(())
    if encoded:
        mean, log_variance = encoder(photos[:encoded])
        mean, log_variance = mean.float(), log_variance.float()
        own = mean + noise[:encoded] * (log_variance / 2).exp()
        kl = kl_to_standard_normal(mean, log_variance)
    return torch.cat([own, encoder.sample(noise[encoded:])]), own.detach(), kl


def style_error(encoder: StyleEncoder, fakes: Tensor, styles: Tensor) -> Tensor:
    """L1 distance of the styles encoded from `fakes` (N, 3, H, W) to `styles` (N, style_dim), in
    standard deviations.

    This is the latent regression of BicycleGAN (Zhu et al., 2017, eq. 6). The weights of the
    encoder are detached: only G is trained by it.
    """
    frozen = {name: tensor.detach() for name, tensor in encoder.state_dict().items()}
    read, _ = functional_call(encoder, frozen, (fakes,))
    deviation = encoder.style_covariance.diagonal().sqrt()
    return ((read.float() - styles).abs() / (deviation + 0.01)).mean()


@torch.inference_mode()
def measure_styles(encoder: StyleEncoder, photos: Dataset, device: torch.device) -> None:
    """Sets the mean and covariance from which `encoder` samples to those of its codes of `photos`.

    The running ones of training lag behind averaged weights, and some directions of the code hardly
    vary among photos: samples a little off are no style of any photo, and their images are patchy.
    At most MAX_MEASURED evenly spaced photos are used, without augmentation; with fewer than two
    the statistics stay.
    """
    count = min(len(photos), MAX_MEASURED)
    if count < 2:
        return
    indices = np.linspace(0, len(photos) - 1, count).round().astype(int).tolist()
    codes = []
    for start in range(0, count, CHUNK):
        targets = photos.batch(indices[start : start + CHUNK], None).target.to(device)
        codes.append(encoder(targets)[0].double())
    styles = torch.cat(codes)  # (count, style_dim)
    encoder.style_mean.copy_(styles.mean(0))
    encoder.style_covariance.copy_(styles.T.cov())
