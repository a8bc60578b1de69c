"""The style codes that a microbatch is painted with: of its own photos, and drawn ones."""

import torch
from torch import Tensor
from torch.func import functional_call

from pix2pix.models import StyleEncoder
from pix2pix.training.losses import kl_to_standard_normal


def encode_styles(
    encoder: StyleEncoder, photos: Tensor, noise: Tensor, encoded: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Style codes (N, style_dim) for photos (N, 3, H, W), those that were encoded, and their KL.

    The first `encoded` images get the code of their own photo, by the reparametrisation with
    `noise` (N, style_dim), standard normal; the rest get one drawn from the distribution of the
    codes seen so far.
    """
    own, kl = noise[:0], noise.new_zeros(())
    if encoded:
        mean, log_variance = encoder(photos[:encoded])
        mean, log_variance = mean.float(), log_variance.float()
        own = mean + noise[:encoded] * (log_variance / 2).exp()
        kl = kl_to_standard_normal(mean, log_variance)
    return torch.cat([own, encoder.sample(noise[encoded:])]), own.detach(), kl


def style_error(encoder: StyleEncoder, fakes: Tensor, styles: Tensor) -> Tensor:
    """Distance of the styles that the encoder reads in fakes (N, 3, H, W) from those they were
    painted with (N, style_dim), in standard deviations.

    Only G learns from it (BicycleGAN's latent regression, Zhu et al., 2017, eq. 6): the encoder
    enters with detached weights.
    """
    frozen = {name: tensor.detach() for name, tensor in encoder.state_dict().items()}
    read, _ = functional_call(encoder, frozen, (fakes,))
    deviation = encoder.style_covariance.diagonal().sqrt()
    return ((read.float() - styles).abs() / (deviation + 0.01)).mean()
