"""Small networks of every kind that is trained here, with random weights, and inputs for them."""

import dataclasses
from typing import Any

import torch

from pix2pix.checkpoint import Model
from pix2pix.models import StyleMap, UNet
from pix2pix.models.resnet import ResNetGenerator
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

DRAWING = Recipe(
    "labels2photo",
    size=32,
    ngf=8,
    depth=3,
    max_channels=16,
    norm="instance",
    upsample="resize",
    stem=4,
    style_dim=4,
    class_norm=True,
    padding="replicate",
)
RECIPES = {
    "drawing": DRAWING,
    "batch": dataclasses.replace(DRAWING, norm="batch"),
    "enhanced": dataclasses.replace(DRAWING, norm="batch", enhancer=6, enhancer_blocks=2),
    "zeros": dataclasses.replace(DRAWING, class_norm=False, padding="zeros"),
    "paper": Recipe("image2image", size=32, ngf=8, depth=4, max_channels=16, dropout=0.5),
    "colorize": Recipe(
        "colorize", size=64, ngf=8, depth=3, upsample="resize", half_output=True, ab_classes=88
    ),
    "trace": Recipe("photo2labels", size=64, ngf=8, depth=3, half_output=True),
    "known": Recipe(
        "colorize",
        size=64,
        ngf=8,
        depth=5,
        max_channels=16,
        upsample="resize",
        half_output=True,
        ab_classes=88,
        encoder="efficientnet-lite0",
        hint_embed_dim=5,
    ),
    "resnet": Recipe(
        "image2image",
        size=32,
        ngf=8,
        depth=2,
        norm="instance",
        norm_affine=False,
        architecture="resnet_6blocks",
        padding="reflect",
    ),
    "residual": Recipe(
        "image2image",
        size=32,
        ngf=8,
        depth=2,
        norm="instance",
        architecture="resnet_6blocks",
        padding="reflect",
        upsample="resize",
        residual=True,
    ),
    "restore": Recipe(
        "restore",
        size=32,
        ngf=8,
        depth=4,
        max_channels=16,
        upsample="resize",
        stem=4,
        encoder="efficientnet-lite0",
    ),
}
CPU = torch.device("cpu")


def make_model(recipe: Recipe) -> Model:
    """In evaluation mode; its batch norms have running statistics that are no identity."""
    torch.manual_seed(0)
    model = Model(checkpoint_config(recipe)).requires_grad_(False)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2)
    if recipe.enhancer:  # it starts at zero
        assert isinstance(model.generator, UNet) and model.generator.enhancer is not None
        model.generator.enhancer.head.weight.normal_(0.0, 0.2)
    if recipe.residual:  # it starts as the identity
        assert isinstance(model.generator, ResNetGenerator)
        model.generator.last.weight.normal_(0.0, 0.2)
    return model.eval()


def inputs(recipe: Recipe, shape: tuple[int, int, int]) -> tuple[torch.Tensor, Any]:
    """Random x in -1..1 and style codes, or None; `shape` is (N, H, W)."""
    config = checkpoint_config(recipe).generator
    count, height, width = shape
    style = torch.randn(count, config.style_dim) if config.style_dim else None
    return torch.rand(count, config.in_channels, height, width) * 2 - 1, style


def random_style_map(recipe: Recipe, x: torch.Tensor, regions: int) -> StyleMap:
    """Random styles of regions that blend into each other at random, for an input (N, C, H, W)."""
    style_dim = checkpoint_config(recipe).generator.style_dim
    weights = torch.randn(x.shape[0], regions, *x.shape[2:]).softmax(1)
    return StyleMap(torch.randn(x.shape[0], regions, style_dim), weights)
