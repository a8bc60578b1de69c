"""Batch norm by a picture's own statistics, as the pix2pix authors test with it."""

import dataclasses
from typing import Any

import pytest
import torch

from benchmarks.own_statistics import with_own_statistics
from pix2pix.checkpoint import Model
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

SHAPE: dict[str, Any] = {"size": 64, "ngf": 4, "depth": 4, "max_channels": 8, "dropout": 0.0}


def test_the_twin_paints_as_batch_norm_in_training_mode_does_one_picture_at_a_time() -> None:
    torch.manual_seed(0)
    config = checkpoint_config(Recipe("labels2photo", **SHAPE, norm="batch"))
    model = Model(config)
    pictures = torch.rand(3, config.generator.in_channels, 64, 64)
    with torch.no_grad():
        for _ in range(5):  # running statistics of their own, which the twin must not use
            model.train().generator(torch.rand_like(pictures))
        running = model.eval().generator(pictures)
        _, twin = with_own_statistics(config, model)
        own = twin.generator(pictures)
        trained = torch.cat([model.train().generator(x[None]) for x in pictures])
    torch.testing.assert_close(own, trained)
    assert not torch.allclose(own, running, atol=1e-3)


@pytest.mark.parametrize(
    ("key", "value"), [("norm", "instance"), ("encoder", "efficientnet-lite0")]
)
def test_all_but_a_unet_with_batch_norm_is_refused(key: str, value: str) -> None:
    config = checkpoint_config(Recipe("labels2photo", **SHAPE, norm="batch"))
    changed: dict[str, Any] = {key: value, "depth": 5}
    shape = dataclasses.replace(config.generator, **changed)
    config = dataclasses.replace(config, generator=shape)
    with pytest.raises(ValueError, match=f"with norm batch and encoder unet, got .*{value}"):
        with_own_statistics(config, Model(config))
