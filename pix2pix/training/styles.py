"""The styles that a batch is painted in: those of its own photos, and some that are drawn."""

import torch
from torch import Tensor

from pix2pix.networks import StyleEncoder
from pix2pix.training.distributed import Workers
from pix2pix.training.losses import kl_to_standard_normal


def styles_of_batch(
    encoder: StyleEncoder, photos: Tensor, noise: Tensor, encoded_whole: int, workers: Workers
) -> tuple[Tensor, Tensor]:
    """Style codes (N, style_dim) of this worker's photos (N, 3, H, W), and the KL term.

    Of all workers' batch the first `encoded_whole` have that of their own photo, the rest one that
    is drawn. `noise` is standard normal, (N of all workers, style_dim).
    """
    share = len(photos)
    encoded = min(max(encoded_whole - workers.rank * share, 0), share)
    noise = workers.own_part(noise)
    own, kl = noise[:0], noise.new_zeros(())
    if encoded:
        mean, log_variance = encoder(photos[:encoded])
        mean, log_variance = mean.float(), log_variance.float()
        own = mean + noise[:encoded] * (log_variance / 2).exp()
        kl = kl_to_standard_normal(mean, log_variance)
        kl = kl * (encoded * workers.world / encoded_whole)
    encoder.observe(workers.whole(own, share, encoded_whole))
    return torch.cat([own, encoder.sample(noise[encoded:])]), kl


def style_error(encoder: StyleEncoder, fakes: Tensor, styles: Tensor) -> Tensor:
    """How far the encoder's reading of fakes (N, 3, H, W) is from their styles (N, style_dim), in
    standard deviations.

    Only G learns from it (BicycleGAN's latent regression, Zhu et al., 2017, eq. 6): a style that
    cannot be seen in the picture was not used.
    """
    encoder.requires_grad_(False)
    read, _ = encoder(fakes)
    encoder.requires_grad_(True)
    deviation = encoder.style_covariance.diagonal().sqrt()
    return ((read.float() - styles).abs() / (deviation + 0.01)).mean()
