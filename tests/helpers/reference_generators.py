"""The generators of pix2pix and CycleGAN as their PyTorch implementation nests and names them.

Written from the papers and from the names in its state_dicts; forward is spelled out by itself, so
that the package's networks are compared with other code.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

NormLayer = Callable[[int], nn.Module]


def instance_norm(channels: int) -> nn.Module:
    return nn.InstanceNorm2d(channels)


class UNetLevel(nn.Module):
    """A level of the U-Net, which contains the next one; `inner` None: the bottleneck."""

    def __init__(
        self, outer: int, width: int, inner: nn.Module | None, norm: NormLayer, bias: bool
    ) -> None:
        super().__init__()
        down = nn.Conv2d(outer, width, 4, 2, 1, bias=bias)
        up = nn.ConvTranspose2d(width * (2 if inner else 1), outer, 4, 2, 1, bias=bias)
        middle = [norm(width), inner] if inner else []
        layers = [nn.LeakyReLU(0.2), down, *middle, nn.ReLU(), up, norm(outer)]
        self.model = nn.Sequential(*layers, *([nn.Dropout(0.5)] if inner else []))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.model(x)], 1)


class OutermostLevel(nn.Module):
    def __init__(self, channels: tuple[int, int], ngf: int, inner: nn.Module, bias: bool) -> None:
        super().__init__()
        first = nn.Conv2d(channels[0], ngf, 4, 2, 1, bias=bias)
        last = nn.ConvTranspose2d(2 * ngf, channels[1], 4, 2, 1)
        self.model = nn.Sequential(first, inner, nn.ReLU(), last, nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class ReferenceUNet(nn.Module):
    def __init__(
        self,
        depth: int = 8,
        ngf: int = 2,
        norm: NormLayer = nn.BatchNorm2d,
        channels: tuple[int, int] = (3, 3),
    ) -> None:
        super().__init__()
        bias = norm is instance_norm
        widths = [ngf * min(2**i, 8) for i in range(depth)]
        block: nn.Module | None = None
        for i in reversed(range(1, depth)):
            block = UNetLevel(widths[i - 1], widths[i], block, norm, bias)
        assert block
        self.model = OutermostLevel(channels, ngf, block, bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class ResidualBlock(nn.Module):
    def __init__(self, width: int, norm: NormLayer, bias: bool, dropout: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(2):
            conv = nn.Conv2d(width, width, 3, bias=bias)
            layers += [nn.ReflectionPad2d(1), conv, norm(width)]
            if i == 0:
                layers += [nn.ReLU(), *([nn.Dropout(0.5)] if dropout else [])]
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class ReferenceResNet(nn.Module):
    def __init__(
        self,
        blocks: int = 9,
        ngf: int = 2,
        norm: NormLayer = instance_norm,
        channels: tuple[int, int] = (3, 3),
        dropout: bool = False,
    ) -> None:
        super().__init__()
        bias = norm is instance_norm
        first = nn.Conv2d(channels[0], ngf, 7, bias=bias)
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), first, norm(ngf), nn.ReLU()]
        for width in (ngf, 2 * ngf):
            down = nn.Conv2d(width, 2 * width, 3, 2, 1, bias=bias)
            layers += [down, norm(2 * width), nn.ReLU()]
        layers += [ResidualBlock(4 * ngf, norm, bias, dropout) for _ in range(blocks)]
        for width in (2 * ngf, ngf):
            up = nn.ConvTranspose2d(2 * width, width, 3, 2, 1, output_padding=1, bias=bias)
            layers += [up, norm(width), nn.ReLU()]
        last = nn.Conv2d(ngf, channels[1], 7)
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), last, nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


def make_reference(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network in evaluation mode, with weights and statistics that are not the initial ones."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.reset_parameters()
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias, 0, 0.2)
    return network.eval().requires_grad_(False)
