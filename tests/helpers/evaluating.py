"""`train.py --evaluate`, and checkpoints of random weights for it."""

from dataclasses import replace
from pathlib import Path

import torch

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.cli import train
from pix2pix.config import CHANNELS, CheckpointConfig, GeneratorConfig, LabelColor
from pix2pix.labels.label_map import CLASSES

PALETTE = tuple(LabelColor(c.name, c.rgb) for c in CLASSES)


def write_checkpoint(folder: Path, task: str, style_dim: int = 0) -> Path:
    inputs, outputs = CHANNELS[task]
    shape = GeneratorConfig(inputs or 12, outputs or 12, ngf=8, depth=4, style_dim=style_dim)
    if task == "colorize":  # as the bundled one, with channels that are no colours
        shape = replace(shape, ab_classes=88, half_output=True, hint_embed_dim=4)
    palette = PALETTE if "labels" in task else ()
    config = CheckpointConfig(task, 64, generator=shape, palette=palette)
    torch.manual_seed(0)
    model = Model(config).requires_grad_(False)
    for weight in model.generator.parameters():
        weight.mul_(5)  # large enough to make pictures differ
    save_checkpoint(folder, config, model, "")
    return folder


def evaluate(*arguments: object) -> int:
    return train.main(["--evaluate", *map(str, arguments)])
