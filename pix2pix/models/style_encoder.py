"""The style encoder."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.models.blocks import Down, fill_normal, init_weights
from pix2pix.models.tensors import as_rgb

COLOR_FEATURES = 9
MIN_SHARE = 1e-4  # of the largest variance; below it is rounding


class StyleEncoder(nn.Module):
    """Encodes the style of a photo as a Gaussian over style codes (Zhu et al., BicycleGAN, 2017).

    Takes (N, C, H, W) in -1..1, shown in RGB by `as_rgb`; returns mean and log-variance,
    (N, style_dim) each. It sees the photo averaged to 1 / `shrink` of its sides: beside a global
    network it has that network's resolution, and gives the same codes.

    The codes of real photos do not fill the standard normal of the KL term, and the generator fails
    outside the encoder's distribution. The encoder therefore tracks the mean and covariance of its
    codes, and `sample` draws from them. In some directions, brightness above all, photos vary far
    more than in others: `whitening`, 0 to 1, evens that out for the random styles.
    """

    style_mean: Tensor
    style_covariance: Tensor

    def __init__(
        self,
        style_dim: int,
        nef: int = 32,
        layers: int = 4,
        shrink: int = 1,
        whitening: float = 0.0,
    ) -> None:
        super().__init__()
        self.shrink, self.whitening = shrink, whitening
        widths = [3] + [min(nef * 2**i, 128) for i in range(layers)]
        self.layers = nn.ModuleList(
            Down(a, b, "instance" if i else "none") for i, (a, b) in enumerate(pairwise(widths))
        )
        self.apply(init_weights)
        # Instance norm removes the mean colour, which is most of a style: colour features go
        # straight to the head, with weights large enough to exceed the sampling
        # noise of the code from the start.
        self.head = nn.Linear(widths[-1] + COLOR_FEATURES, 2 * style_dim)
        fill_normal(self.head.weight[:style_dim, widths[-1] :], 0.0, 0.3)
        # Low variance at the start: the generator would learn to ignore a noisy code.
        nn.init.constant_(self.head.bias[style_dim:], -4.0)
        self.register_buffer("style_mean", torch.zeros(style_dim))
        # torch.eye on the meta device would import torch's compiler
        identity = torch.zeros(style_dim, style_dim).fill_diagonal_(1)
        self.register_buffer("style_covariance", identity)

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        photo = as_rgb(photo)
        if self.shrink > 1:
            photo = F.avg_pool2d(photo, self.shrink)
        x = photo
        for layer in self.layers:
            x = layer(x)
        pooled = x.mean((2, 3))  # (N, widths[-1])
        features = torch.cat([pooled, color_features(photo)], 1)
        mean, log_variance = self.head(features).chunk(2, dim=1)
        return mean, log_variance.clamp(-8, 4)

    @torch.no_grad()
    def observe(self, styles: Tensor, momentum: float = 0.01) -> None:
        """Updates the running mean and covariance with styles (N, style_dim) of real photos."""
        self.style_mean.lerp_(styles.mean(0), momentum)
        offsets = styles - self.style_mean  # (N, style_dim)
        products = offsets[:, :, None] * offsets[:, None, :]  # autocast would round a matmul
        self.style_covariance.lerp_(products.mean(0), momentum)

    def sample(self, noise: Tensor) -> Tensor:
        """Styles (N, style_dim) distributed like those of real photos, from normal noise.

        With `whitening` they are distributed by `sampled_covariance`.
        """
        # Some directions hardly vary: in float32 their part of the factor would be rounding errors
        exact = torch.float32 if noise.device.type == "mps" else torch.float64
        covariance = self.sampled_covariance().to(noise.device, exact)
        jitter = 1e-4 * torch.eye(len(covariance), device=noise.device, dtype=exact)
        scale = torch.linalg.cholesky(covariance + jitter).to(self.style_mean)
        return self.style_mean + (scale * noise[:, None, :]).sum(-1)

    @torch.no_grad()
    def sampled_covariance(self) -> Tensor:
        """The covariance (style_dim, style_dim) of random styles.

        It is that of the photos' codes, with the variance v of each of its principal components
        raised to max(v) ** whitening * v ** (1 - whitening).
        """
        if not self.whitening:
            return self.style_covariance
        variances, components = torch.linalg.eigh(self.style_covariance.double().cpu())
        largest = variances.max()
        share = (variances / largest).clamp(min=MIN_SHARE) ** (1 - self.whitening)
        return (components * (largest * share) @ components.T).to(self.style_covariance)


def color_features(photo: Tensor) -> Tensor:
    """Colour statistics (N, 9) of photos (N, 3, H, W) in -1..1, with a spread of about 1 each.

    Means of brightness, red - blue and green - others over the whole photo and over its centre
    (usually the wall), and the standard deviation of each. Brightness of facades varies ten times
    more than hue: the divisors normalise by the CMP training photos.
    """
    red, green, blue = photo.unbind(1)
    opponent = torch.stack(
        [(red + green + blue) / 3 / 0.3, (red - blue) / 0.15, (2 * green - red - blue) / 0.06], 1
    )  # (N, 3, H, W)
    height, width = photo.shape[-2:]
    middle = opponent[:, :, height // 4 : height - height // 4, width // 4 : width - width // 4]
    spread = opponent.std((2, 3)) / 2
    return torch.cat([opponent.mean((2, 3)), middle.mean((2, 3)), spread], 1)
