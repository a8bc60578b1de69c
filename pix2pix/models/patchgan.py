"""The PatchGAN discriminator, on one scale or several."""

import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.models.blocks import Norm, init_weights

# Receptive field in pixels -> number of stride-2 layers (paper, appendix 6.1.2).
PATCH_LAYERS = {1: 0, 16: 1, 70: 3, 286: 5}


class PatchDiscriminator(nn.Module):
    """PatchGAN: classifies each patch of (condition, image) separately.

    `receptive_field` is 1, 16, 70 or 286 pixels. Takes (N, in_channels, H, W); returns logits
    (N, 1, h, w), 30x30 at 70 pixels and 256x256, and the activations of each hidden layer, for
    feature matching. `spectral_norm` adds spectral norm (Miyato et al., 2018) to all layers but
    the last. `norm_affine`: instance norm has a learned scale and shift.
    """

    def __init__(
        self,
        in_channels: int,
        ndf: int = 64,
        receptive_field: int = 70,
        norm: str = "batch",
        spectral_norm: bool = False,
        norm_affine: bool = True,
    ) -> None:
        super().__init__()
        if receptive_field not in PATCH_LAYERS:
            raise ValueError(
                f"receptive_field must be one of {sorted(PATCH_LAYERS)}, got {receptive_field}"
            )
        layers = PATCH_LAYERS[receptive_field]
        kernel, stride, padding = (4, 2, 1) if layers else (1, 1, 0)

        def conv(inner: int, outer: int, stride: int, bias: bool = True) -> nn.Module:
            layer = nn.Conv2d(inner, outer, kernel, stride=stride, padding=padding, bias=bias)
            return nn.utils.parametrizations.spectral_norm(layer) if spectral_norm else layer

        self.layers = nn.ModuleList([conv(in_channels, ndf, stride)])
        self.norms = nn.ModuleList([Norm("none", ndf)])
        width = ndf
        for i in range(max(layers, 1)):
            wider = ndf * min(2 ** (i + 1), 8)
            last = i == max(layers, 1) - 1
            self.layers.append(conv(width, wider, 1 if last else stride, bias=norm != "batch"))
            self.norms.append(Norm(norm, wider, affine=norm_affine))
            width = wider
        # No spectral norm on the last layer: its outputs could not reach the hinge margin.
        self.layers.append(nn.Conv2d(width, 1, kernel, stride=1, padding=padding))
        self.apply(init_weights)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for layer, norm in zip(self.layers, self.norms):
            x = F.leaky_relu(norm(layer(x)), 0.2)
            features.append(x)
        return self.layers[-1](x), features


class MultiScaleDiscriminator(nn.Module):
    """PatchGANs at several scales of an image (Wang et al., pix2pixHD, 2018, section 3.2).

    Takes the input of one PatchDiscriminator; returns a list of logits and features, full size
    first.
    """

    def __init__(self, discriminators: list[PatchDiscriminator]) -> None:
        super().__init__()
        self.scales = nn.ModuleList(discriminators)

    def forward(self, x: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        verdicts = []
        for i, discriminator in enumerate(self.scales):
            if i:
                x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            verdicts.append(discriminator(x))
        return verdicts


def smallest_side(receptive_field: int, scales: int = 1) -> int:
    """The smallest image side, in pixels, that a discriminator with `scales` scales can process."""
    layers = PATCH_LAYERS[receptive_field]
    # Each of the last two 4x4 convolutions, with stride 1 and padding 1, removes one pixel.
    return (3 * 2**layers if layers else 2) * 2 ** (scales - 1)
