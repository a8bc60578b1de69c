"""One step of learning: which loss moves which network."""

import copy
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch

from pix2pix.config import LabelColor
from pix2pix.data.loader import Batch
from pix2pix.models.tensors import encode_labels
from pix2pix.training.distributed import Workers
from pix2pix.training.microbatch import make_microbatches
from pix2pix.training.recipe import Recipe
from pix2pix.training.style_codes import style_error
from pix2pix.training.train_step import Trainer

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
    mixed_precision="fp32",
)


@pytest.fixture
def trainer() -> Trainer:
    return Trainer(SMALL, torch.device("cpu"), total_steps=10)


def make_batch(count: int = 4, side: int = 32) -> Batch:
    rng = np.random.default_rng(0)
    one_hot = encode_labels(rng.integers(0, 12, (count, side, side)).astype(np.uint8), 12)
    photos = torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return Batch(one_hot, photos, torch.ones(count, 1, side, side), one_hot)


def test_the_generator_alone_learns_to_show_its_style(trainer: Trainer) -> None:
    batch = make_batch()
    style = torch.randn(4, 4)
    fake = trainer.model.generator(batch.input, style)
    encoder = trainer.model.style_encoder
    assert encoder is not None
    style_error(encoder, fake, style).backward()
    assert all(p.grad is None for p in encoder.parameters())
    assert trainer.model.generator.head is None
    assert any(p.grad is not None and p.grad.any() for p in trainer.model.generator.parameters())
    assert all(p.requires_grad for p in encoder.parameters())


def test_a_step_moves_generator_encoder_and_discriminator(trainer: Trainer) -> None:
    parts = (trainer.model.generator, trainer.model.style_encoder, trainer.discriminator)
    before = [[p.clone() for p in part.parameters()] for part in parts if part is not None]
    trainer.step(make_batch())
    after = [list(part.parameters()) for part in parts if part is not None]
    for old, new in zip(before, after):
        assert any(not torch.equal(a, b) for a, b in zip(old, new))


def test_the_average_lies_between_the_old_weights_and_the_new() -> None:
    trainer = Trainer(replace(SMALL, ema=0.999), torch.device("cpu"), total_steps=10)
    start = {k: v.clone() for k, v in trainer.ema.state_dict().items()}
    trainer.step(make_batch())
    name = "generator.down.0.conv.weight"
    old, new = start[name], trainer.model.state_dict()[name]
    mean = trainer.ema.state_dict()[name]
    assert torch.allclose(mean, old + (new - old) * (1 - 0.1), atol=1e-7)  # (1 + 0) / (10 + 0)


def test_without_an_average_the_newest_weights_are_served_and_no_copy_is_made() -> None:
    trainer = Trainer(SMALL, torch.device("cpu"), total_steps=10)
    trainer.step(make_batch())
    for served, learned in zip(trainer.ema.parameters(), trainer.model.parameters()):
        assert served.data_ptr() == learned.data_ptr()
    assert not trainer.ema.training
    assert not any(p.requires_grad for p in trainer.ema.parameters())


def run_steps(recipe: Recipe, steps: int = 3) -> tuple[Trainer, dict[str, list[float]]]:
    trainer, losses = Trainer(recipe, torch.device("cpu"), total_steps=10), defaultdict(list)
    for _ in range(steps):
        for name, loss in trainer.step(make_batch()).items():
            losses[name].append(loss.item())
    return trainer, losses


@pytest.mark.parametrize("parts", [2, 4])
def test_gradients_gathered_from_parts_of_a_batch_are_those_of_the_batch(parts: int) -> None:
    recipe = replace(
        SMALL,
        lambda_fm=5.0,
        projected_d=True,
        lambda_perceptual=1.0,
        lambda_oasis=1.0,
        element_dropout=0.8,
        user_drawings=0.5,
        lambda_uniformity=1.0,
        lambda_color=1.0,
        lambda_class_color=1.0,
        lambda_diversity=1.0,
        lambda_z=1.0,
        lambda_kl=0.1,
        prior_fraction=0.5,
        d_scales=2,
        size=64,
        d_augment="color,translation,cutout",
    )
    whole, split = (
        Trainer(r, torch.device("cpu"), total_steps=10)
        for r in (recipe, replace(recipe, gradient_accumulation_steps=parts))
    )
    batch = make_batch(side=64)
    batch.weight[0, :, :20] = 0  # the parts differ in how much of them counts
    found = [trainer.step(batch) for trainer in (whole, split)]
    assert (
        found[0].keys()
        == found[1].keys()
        == {
            *("d", "gan", "oasis", "uniformity", "color", "diversity", "fm", "perceptual", "z"),
            *("kl", "l1", "class_color"),
        }
    )
    for name in found[0]:
        assert found[0][name].item() == pytest.approx(found[1][name].item(), rel=1e-4), name
    for module in ("model", "discriminator"):
        one, other = (dict(getattr(part, module).named_parameters()) for part in (whole, split))
        grads = {name: (p.grad, other[name].grad) for name, p in one.items() if p.grad is not None}
        assert len(grads) > len(one) / 2
        largest = max(grad.abs().max().item() for grad, _ in grads.values())
        for name, (grad, gathered) in grads.items():
            torch.testing.assert_close(
                gathered, grad, rtol=1e-3, atol=3e-5 * largest, msg=f"{module}.{name}"
            )


def test_user_drawings_take_the_place_of_maps_with_random_styles_alone() -> None:
    recipe = replace(SMALL, lambda_oasis=1.0, user_drawings=1.0, prior_fraction=0.5, style_dim=2)
    batch = make_batch()
    batch.weight[:, :, :5] = 0
    (part,) = make_microbatches(recipe, batch, 0, True, Workers(torch.device("cpu")))
    known = part.encoded
    assert 0 < known < len(batch.input)
    assert torch.equal(part.input[:known], batch.input[:known])
    assert torch.equal(part.weight[:known], batch.weight[:known])
    for drawn, real in zip(part.input[known:], batch.input[known:]):
        assert not torch.equal(drawn, real)
        assert torch.equal(drawn.sum(0), torch.ones_like(drawn[0]))  # one class a pixel
    assert part.weight[known:].min() == 1
    assert torch.equal(part.condition, batch.condition), "D sees photos with their own maps"
    with pytest.raises(ValueError, match="user_drawings must be 0 for other classes"):
        replace(recipe, palette=(LabelColor("road", (1, 2, 3)), LabelColor("sky", (4, 5, 6))))


def test_discriminators_learn_at_every_scale() -> None:
    recipe = replace(SMALL, d_scales=2)
    trainer = Trainer(recipe, torch.device("cpu"), total_steps=10)
    scales = trainer.discriminator.scales
    assert isinstance(scales, torch.nn.ModuleList)
    before = [p.clone() for p in scales[1].parameters()]
    trainer.step(make_batch())
    after = list(scales[1].parameters())
    assert any(not torch.equal(a, b) for a, b in zip(before, after))


def test_a_clipped_gradient_is_no_longer_than_asked() -> None:
    trainer = Trainer(replace(SMALL, max_grad_norm=0.01), torch.device("cpu"), total_steps=10)
    trainer.step(make_batch())
    for module in (trainer.model, trainer.discriminator):
        grads = [p.grad for p in module.parameters() if p.grad is not None]
        length = torch.stack([g.norm() for g in grads]).norm()
        assert length.item() == pytest.approx(0.01, rel=1e-3)


USUAL = replace(SMALL, decay_start=0.0)


@pytest.fixture(scope="module")
def usual_run() -> Trainer:
    return run_steps(USUAL)[0]


@pytest.mark.parametrize(
    "change",
    [
        {"rec_loss": "l2"},
        {"rec_loss": "smooth_l1", "l1_beta": 0.5},
        {"label_smoothing": 0.2},
        {"d_augment": "color"},
        {"d_augment": "translation"},
        {"d_augment": "cutout"},
        {"d_shift": 0.3},
        {"d_every": 2},
        {"d_norm": "instance"},
        {"d_norm": "batch"},
        {"norm": "batch"},
        {"norm": "none"},
        {"gan_mode": "lsgan"},
        {"gan_mode": "hinge"},
        {"spectral_norm": True},
        {"lambda_fm": 3.0},
        {"receptive_field": 1},
        {"dropout": 0.5},
        {"d_lr": 1e-3},
        {"lr": 1e-3},
        {"lr_scheduler": "constant"},
        {"lr_scheduler": "cosine"},
        {"decay_start": 0.5},
        {"lr_scheduler": "step", "lr_step": 0.1},
        {"lr_warmup_steps": 5},
        {"seed": 1},
    ],
    ids=str,
)
def test_each_choice_changes_what_is_learned(change: dict, usual_run: Trainer) -> None:
    assert not equal_networks(usual_run, run_steps(replace(USUAL, **change))[0])


def test_without_a_change_the_same_is_learned(usual_run: Trainer) -> None:
    assert equal_networks(usual_run, run_steps(USUAL)[0])


def equal_networks(one: Trainer, two: Trainer) -> bool:
    """Whether both have the same weights in G and in D."""
    for module in ("model", "discriminator"):
        first, second = getattr(one, module).state_dict(), getattr(two, module).state_dict()
        if first.keys() != second.keys():
            return False
        if not all(torch.equal(first[name], second[name]) for name in first):
            return False
    return True


def test_a_plateau_lowers_both_rates_and_is_remembered() -> None:
    recipe = replace(SMALL, lr_scheduler="plateau", best_metric="psnr", lr_gamma=0.5, lr_patience=2)
    trainer = Trainer(recipe, torch.device("cpu"), total_steps=10)
    for psnr in (20.0, 20.0, 19.0):
        trainer.rates.report_metric(psnr)
    resumed = Trainer(recipe, torch.device("cpu"), total_steps=10)
    resumed.load_state_dict(trainer.state_dict())
    for one in (trainer, resumed):
        one.start_at(3)
        one.step(make_batch())
        assert one.g_optimizer.param_groups[0]["lr"] == pytest.approx(recipe.lr / 2)
        assert one.d_optimizer.param_groups[0]["lr"] == pytest.approx(recipe.d_lr / 2)


def test_photos_to_photos_are_learned_with_the_input_as_the_condition() -> None:
    recipe = replace(SMALL, task="image2image", style_dim=0)
    images = torch.rand(4, 3, 32, 32) * 2 - 1
    batch = Batch(images, -images, torch.ones(4, 1, 32, 32), images)
    trainer = Trainer(recipe, torch.device("cpu"), total_steps=10)
    first = next(m for m in trainer.discriminator.modules() if isinstance(m, torch.nn.Conv2d))
    assert first.in_channels == 6
    losses = trainer.step(batch)
    assert losses.keys() == {"d", "gan", "l1"}


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format], ids=str)
def test_a_state_saved_in_another_memory_layout_goes_on_alike(layout: torch.memory_format) -> None:
    one, two = (Trainer(SMALL, torch.device("cpu"), total_steps=10) for _ in range(2))
    one.step(make_batch())
    for module in (two.model, two.discriminator):
        module.to(memory_format=layout)
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    two.start_at(1)
    for trainer in (one, two):
        trainer.step(make_batch())
    for first, second in zip(one.model.parameters(), two.model.parameters()):
        if first.ndim == 4:  # a bias before a norm has only rounding for a gradient
            assert (first - second).abs().mean() < SMALL.lr / 20
