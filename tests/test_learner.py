"""One step of learning: which loss moves which network."""

import numpy as np
import pytest
import torch

from pix2pix.data.loader import Batch
from pix2pix.encoding import encode_labels
from pix2pix.training.learner import Learner
from pix2pix.training.recipe import Recipe

SMALL = Recipe(
    task="labels2photo",
    size=32,
    ngf=8,
    depth=3,
    ndf=8,
    norm="instance",
    d_norm="none",
    receptive_field=16,
    style_dim=4,
    batch_size=4,
    precision="fp32",
)


@pytest.fixture
def learner() -> Learner:
    return Learner(SMALL, torch.device("cpu"))


def make_batch(count: int = 4) -> Batch:
    rng = np.random.default_rng(0)
    one_hot = encode_labels(rng.integers(0, 12, (count, 32, 32)).astype(np.uint8), 12)
    photos = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return Batch(one_hot, photos, torch.ones(count, 1, 32, 32), one_hot)


def test_the_generator_alone_learns_to_show_its_style(learner: Learner) -> None:
    batch = make_batch()
    style = torch.randn(4, 4)
    fake = learner.model.generator(batch.input, style)
    learner._style_error(fake, style).backward()
    encoder = learner.model.style_encoder
    assert encoder is not None
    assert all(p.grad is None for p in encoder.parameters())
    assert learner.model.generator.head is None
    assert any(p.grad is not None and p.grad.any() for p in learner.model.generator.parameters())
    assert all(p.requires_grad for p in encoder.parameters())


def test_a_step_moves_generator_encoder_and_discriminator(learner: Learner) -> None:
    parts = (learner.model.generator, learner.model.style_encoder, learner.discriminator)
    before = [[p.clone() for p in part.parameters()] for part in parts if part is not None]
    learner.step(make_batch(), 0, 10)
    after = [list(part.parameters()) for part in parts if part is not None]
    for old, new in zip(before, after):
        assert any(not torch.equal(a, b) for a, b in zip(old, new))


def test_the_average_lies_between_the_old_weights_and_the_new() -> None:
    learner = Learner(SMALL, torch.device("cpu"))
    start = {k: v.clone() for k, v in learner.ema.state_dict().items()}
    learner.recipe = Recipe(**{**SMALL.__dict__, "ema": 0.999})
    learner.step(make_batch(), 0, 10)
    name = "generator.down.0.conv.weight"
    old, new = start[name], learner.model.state_dict()[name]
    mean = learner.ema.state_dict()[name]
    assert torch.allclose(mean, old + (new - old) * (1 - 0.1), atol=1e-7)  # (1 + 0) / (10 + 0)
