"""The values that the keys of a recipe can have, alone and together."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pix2pix.config import (
    ARCHITECTURES,
    ENCODERS,
    INPUT_TYPES,
    NORMS,
    PADDINGS,
    TASKS,
    UPSAMPLINGS,
)
from pix2pix.config_fields import require
from pix2pix.data.device_batches import DEVICE_AUGMENT
from pix2pix.data.options import OBJECTIVES
from pix2pix.models import PATCH_LAYERS, smallest_side
from pix2pix.models.feature_discriminators import NUM_LEVELS
from pix2pix.training.augmentation import POLICIES
from pix2pix.training.losses import GAN_MODES, RECONSTRUCTIONS

if TYPE_CHECKING:
    from pix2pix.training.recipe import Recipe

MIXED_PRECISIONS = ("auto", "fp32", "bf16")
LR_SCHEDULERS = ("constant", "linear", "cosine", "step", "plateau")
PHOTO_TASKS = ("labels2photo", "image2image")  # tasks that make photos

CHOICES: dict[str, tuple] = {
    "task": TASKS,
    "objective": OBJECTIVES,
    "input_type": INPUT_TYPES,
    "architecture": ARCHITECTURES,
    "norm": NORMS,
    "padding": PADDINGS,
    "encoder": ENCODERS,
    "d_norm": NORMS,
    "upsample": UPSAMPLINGS,
    "gan_mode": GAN_MODES,
    "rec_loss": RECONSTRUCTIONS,
    "lr_scheduler": LR_SCHEDULERS,
    "mixed_precision": MIXED_PRECISIONS,
    "device_augment": DEVICE_AUGMENT,
    "receptive_field": tuple(PATCH_LAYERS),
    "d_scales": (1, 2, 3),
}
AT_LEAST_1 = (
    "ndf",
    "d_every",
    "epochs",
    "batch_size",
    "gradient_accumulation_steps",
    "nce_patches",
    "lr_patience",
    "log_every",
    "save_every",
    "sample_every",
)
AT_LEAST_0 = (
    "lambda_gan",
    "lambda_l1",
    "lambda_fm",
    "lambda_perceptual",
    "lambda_oasis",
    "lambda_uniformity",
    "lambda_color",
    "lambda_class_color",
    "lambda_ce",
    "lambda_kl",
    "lambda_z",
    "lambda_diversity",
    "lambda_cycle",
    "lambda_identity",
    "lambda_nce",
    "pool_size",
    "l1_beta",
    "weight_decay",
    "max_grad_norm",
    "lr_warmup_steps",
    "max_steps",
    "seed",
    "patience",
    "evaluate_every",
)
ABOVE_0 = ("lr", "encoder_lr", "d_lr", "lr_gamma", "lr_step", "nce_temperature")
FRACTIONS = (
    "element_dropout",
    "user_drawings",
    "gan_start",
    "progressive_until",
    "kl_warmup",
    "freeze_global",
    "prior_fraction",
    "decay_start",
    "lr_gamma",
)
# Keys of training with pairs that must be off without pairs
PAIRED_KEYS: dict[str, object] = {
    "lambda_l1": 0,
    "lambda_fm": 0,
    "lambda_perceptual": 0,
    "lambda_oasis": 0,
    "lambda_uniformity": 0,
    "lambda_color": 0,
    "lambda_class_color": 0,
    "lambda_ce": 0,
    "lambda_diversity": 0,
    "style_dim": 0,
    "enhancer": 0,
    "gan_start": 0,
    "progressive_size": 0,
}
BELOW_1 = ("beta1", "ema", "d_shift", "label_smoothing")


def check_recipe(recipe: Recipe) -> None:
    """Raises ValueError "KEY must be EXPECTED, got VALUE" for the first key that is not valid."""
    _check_each_key(recipe)
    _check_sizes(recipe)
    _check_receptive_field(recipe)
    _check_tasks(recipe)
    _check_combinations(recipe)
    if recipe.is_unpaired:
        _check_unpaired(recipe)


def _check_unpaired(recipe: Recipe) -> None:
    """Checks the keys of training without pairs. Those of the data are checked with the sizes."""
    for key, off in PAIRED_KEYS.items():
        value = getattr(recipe, key)
        require(value == off, key, f"{off} for {recipe.objective}", value)
    ok = recipe.lambda_gan > 0
    require(ok, "lambda_gan", f"above 0 for {recipe.objective}", recipe.lambda_gan)
    source, target = (own.channels for own in recipe.data_options().formats())
    if source == target:
        return
    reason = f"where A has {source} channels and B has {target}"
    ok = recipe.objective != "cut"  # PatchNCE encodes its outputs by the same network
    require(ok, "objective", f"cyclegan, not cut, {reason}", recipe.objective)
    require(not recipe.lambda_identity, "lambda_identity", f"0 {reason}", recipe.lambda_identity)


def _check_each_key(recipe: Recipe) -> None:
    for name, choices in CHOICES.items():
        value = getattr(recipe, name)
        require(value in choices, name, f"one of {', '.join(map(str, choices))}", value)
    for names, least, expected in (
        (AT_LEAST_1, 1, "at least 1"),
        (AT_LEAST_0, 0, "0 or more"),
        (ABOVE_0, sys.float_info.min, "above 0"),
    ):
        for name in names:
            require(getattr(recipe, name) >= least, name, expected, getattr(recipe, name))
    ok = recipe.num_workers >= -1
    require(ok, "num_workers", "-1 (as many as the device needs), or 0 or more", recipe.num_workers)
    for name in FRACTIONS:
        require(0 <= getattr(recipe, name) <= 1, name, "from 0 to 1", getattr(recipe, name))
    for name in BELOW_1:
        require(0 <= getattr(recipe, name) < 1, name, "in [0, 1)", getattr(recipe, name))


def _check_sizes(recipe: Recipe) -> None:
    """Checks that the generator and the frozen features can halve all sides."""
    shape = recipe.generator()
    depth, multiple = shape.depth, shape.multiple
    of = f"2 ** depth = {multiple} (a smaller depth allows more sizes)"
    if shape.enhancer:
        of = f"2 ** (depth + 1) = {multiple} with enhancer (a smaller depth allows more sizes)"
    if recipe.encoder != "unet":
        of = f"{multiple} with encoder {recipe.encoder} (--encoder unet allows more sizes)"
    if recipe.uses_frozen_features and depth < NUM_LEVELS:
        multiple = 2**NUM_LEVELS
        of = f"{multiple} with projected_d, lambda_perceptual or lambda_oasis"
    ok = recipe.size > 0 and recipe.size % multiple == 0
    require(ok, "size", f"a multiple of {of}", recipe.size)
    small = recipe.progressive_size
    ok = small >= 0 and small % multiple == 0
    require(ok, "progressive_size", f"0 or a multiple of {of}", small)
    width = recipe.width or recipe.size
    require(width % multiple == 0, "width", f"a multiple of {of}", width)
    small_width, rest = divmod(width * small, recipe.size)
    ok = rest == 0 and small_width % multiple == 0
    require(ok, "progressive_size", f"so that its width is a multiple of {multiple}", small)
    recipe.data_options()


def _check_receptive_field(recipe: Recipe) -> None:
    """Checks that every discriminator has at least one output."""
    least = smallest_side(recipe.receptive_field, recipe.d_scales) * (1 + recipe.half_output)
    for name in ("size", "width", "progressive_size"):
        side = getattr(recipe, name)
        ok = not recipe.lambda_gan or side >= least or (name != "size" and not side)
        reason = f"receptive_field {recipe.receptive_field} and d_scales {recipe.d_scales}"
        require(ok, name, f"at least {least} for {reason}", side)


def _check_tasks(recipe: Recipe) -> None:
    """Checks the keys that not every task has."""
    task, makes_photos = recipe.task, recipe.task in PHOTO_TASKS
    ok = recipe.input_type == INPUT_TYPES[0] or task == "image2image"
    require(ok, "input_type", f"{INPUT_TYPES[0]} for {task}", recipe.input_type)
    allowed = POLICIES if makes_photos else POLICIES[1:]
    ok = set(recipe.policies) <= set(allowed)
    require(ok, "d_augment", f"any of {','.join(allowed)} for {task}", recipe.d_augment)
    ok = makes_photos or not recipe.projected_d
    require(ok, "projected_d", f"false for {task}", recipe.projected_d)
    ok = task == "labels2photo" or not recipe.lambda_oasis
    require(ok, "lambda_oasis", f"0 for {task}", recipe.lambda_oasis)
    ok = makes_photos or not recipe.lambda_perceptual
    require(ok, "lambda_perceptual", f"0 for {task}", recipe.lambda_perceptual)
    ok = task != "photo2labels" or not recipe.lambda_color
    require(ok, "lambda_color", f"0 for {task}", recipe.lambda_color)


def _check_combinations(recipe: Recipe) -> None:
    """Checks the keys that depend on another key."""
    # Only the OASIS discriminator sees label maps with dropped elements
    ok = recipe.lambda_oasis > 0 or not recipe.element_dropout
    require(ok, "element_dropout", "0 without lambda_oasis", recipe.element_dropout)
    ok = recipe.lambda_oasis > 0 or not recipe.user_drawings
    require(ok, "user_drawings", "0 without lambda_oasis", recipe.user_drawings)
    ok = not recipe.palette or not recipe.user_drawings
    require(ok, "user_drawings", "0 for other classes than those of facades", recipe.user_drawings)
    ok = recipe.task == "labels2photo" and not recipe.palette and recipe.prior_fraction > 0
    expected = "0 for other classes than those of facades, or without prior_fraction"
    ok = ok or not recipe.lambda_class_color
    require(ok, "lambda_class_color", expected, recipe.lambda_class_color)
    ok = not recipe.lambda_diversity or (recipe.style_dim > 0 and recipe.prior_fraction > 0)
    expected = "0 without style_dim and prior_fraction"
    require(ok, "lambda_diversity", expected, recipe.lambda_diversity)
    ok = not recipe.lambda_diversity or recipe.uses_frozen_features
    expected = "0 without projected_d, lambda_perceptual or lambda_oasis"
    require(ok, "lambda_diversity", expected, recipe.lambda_diversity)
    ok = recipe.enhancer > 0 or not recipe.freeze_global
    require(ok, "freeze_global", "0 without enhancer", recipe.freeze_global)
    ok = recipe.task in PHOTO_TASKS or not recipe.enhancer
    require(ok, "enhancer", f"0 for {recipe.task}", recipe.enhancer)
    ok = recipe.lambda_gan > 0 or not recipe.uses_frozen_features
    require(ok, "lambda_gan", "above 0 with projected_d, lambda_perceptual or lambda_oasis", 0)
    ok = not (recipe.gan_mode == "hinge" and recipe.label_smoothing)
    require(ok, "label_smoothing", "0 with hinge, which has no labels", recipe.label_smoothing)
    count = recipe.gradient_accumulation_steps
    ok = recipe.batch_size % count == 0
    expected = f"a divisor of batch_size = {recipe.batch_size}"
    require(ok, "gradient_accumulation_steps", expected, count)
    ok = bool(recipe.best_metric) or not recipe.patience
    require(ok, "patience", "0 without best_metric", recipe.patience)
    ok = recipe.lr_scheduler != "plateau" or bool(recipe.best_metric)
    require(ok, "best_metric", 'a metric with lr_scheduler = "plateau"', recipe.best_metric)
    ok = recipe.lr_scheduler != "plateau" or recipe.lr_gamma < 1
    require(ok, "lr_gamma", 'below 1 with lr_scheduler = "plateau"', recipe.lr_gamma)
