"""Style codes of a microbatch: those of its photos, and random ones."""

import torch
from torch import Tensor
from torch.func import functional_call

from pix2pix.models import StyleEncoder
from pix2pix.training.losses import kl_to_standard_normal


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
