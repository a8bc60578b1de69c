"""Recipes: every setting of a training run, as a TOML file in `recipes/`."""

import dataclasses
import functools
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pix2pix.config import CHANNELS, GeneratorConfig, LabelColor
from pix2pix.config_fields import from_dict, rename_old_keys
from pix2pix.data.options import LABEL_TASKS, DataOptions
from pix2pix.images.samples import PICTURE_CHANNELS
from pix2pix.images.value_range import AUTO_RANGE, ValueRange
from pix2pix.labels.label_map import NUM_CLASSES
from pix2pix.labels.palette import read_palette
from pix2pix.training.augmentation import USUAL_SHIFT
from pix2pix.training.recipe_fitting import fit_to_architecture, fit_to_losses, fit_to_size
from pix2pix.training.recipe_validation import check_recipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

log = logging.getLogger(__name__)

RECIPES_DIR = Path(__file__).parent / "recipes"

# Keys that are read from the data
FROM_DATA = ("palette", "input_range", "target_range", "input_dtype", "target_dtype")


def _key(group: str, default: Any = dataclasses.MISSING, help: str = "") -> Any:
    """A key of a recipe; train.py prints `help` under the heading `group` (`recipe_cli.py`)."""
    return dataclasses.field(default=default, metadata={"group": group, "help": help})


_task = functools.partial(_key, "Task")
_data = functools.partial(_key, "Data")
_g = functools.partial(_key, "Generator")
_d = functools.partial(_key, "Discriminator")
_loss = functools.partial(_key, "Losses")
_optim = functools.partial(_key, "Optimization")
_prog = functools.partial(_key, "Progressive resolution")
_run = functools.partial(_key, "Machine and reporting")


@dataclass(frozen=True)
class Recipe:
    """The keys of a recipe. Each is also an option of train.py: `ngf` is `--ngf`."""

    task: str = _task(help="what the model does")
    objective: str = _task(
        "paired", "train on pairs, or on unpaired sets A and B: cyclegan (both directions) or cut"
    )
    size: int = _task(256, "image height in pixels, rounded to a multiple of 2 ** depth")

    # Data
    width: int = _data(0, "image width in pixels; 0 = same as size")
    layout: str = _data("auto", "how pairs are stored (docs/data.md); auto = detect")
    direction: str = _data("auto", "AtoB or BtoA; auto = AtoB, or from the label maps")
    val_split: float = _data(0.1, "fraction held out when there is no val folder")
    skip_invalid: bool = _data(False, "skip unusable files instead of stopping")
    resize_mode: str = _data("auto", "how images are fitted to size and width")
    crop_scale: float = _data(
        0.0, "crop from up to this many times the size; 0 = default of resize_mode"
    )
    enlarge: bool = _data(
        True,
        "enlarge small images; else crops have no more pixels than the images, and images "
        "with fewer than size and width are left out",
    )
    random_flip: bool = _data(True, "mirror half of the training views")
    cache_gb: float = _data(-1.0, "memory for decoded images; -1 = half of the free memory")
    class_balance: float = _data(0.5, "photo2labels: 0 weights all pixels equally, 1 all classes")
    palette: tuple[LabelColor, ...] = _data(
        (), "classes of the label maps; () = those of the facades"
    )
    channels_in: int = _data(0, "image2image: channels of the inputs; 0 = found by looking")
    channels_out: int = _data(0, "image2image: channels of the targets; 0 = found by looking")
    range_in: str = _data(
        AUTO_RANGE, "values of the inputs learned as black and white, LO:HI; auto = by percentiles"
    )
    range_out: str = _data(AUTO_RANGE, "the same for the targets")
    input_range: ValueRange = _data((), "deep images: values of black, white")  # noqa: RUF009
    target_range: ValueRange = _data((), "the same for deep targets")  # noqa: RUF009
    input_dtype: str = _data("", "dtype of the inputs' files; none = 8-bit pictures")
    target_dtype: str = _data("", "the same for the targets")
    input_type: str = _data(
        "photo", "input shown by the app: photo, black lines on white, or lines-white"
    )
    small_fraction: float = _data(
        0.25, "layout photos: fraction of the photos shown smaller and off the centre"
    )
    small_scale: float = _data(0.45, "the smallest of them, as a fraction of the sheet")
    small_rotation: float = _data(0.0, "they are turned by up to this many degrees")
    scribble_fraction: float = _data(
        0.0, "layout photos: fraction drawn as an outline and a few round details"
    )

    # Generator
    architecture: str = _g("unet", "network: unet, or a residual generator as in CycleGAN")
    encoder: str = _g("unet", "encoder: unet, or efficientnet-lite0, -lite1, -lite2 (ImageNet)")
    pretrained: bool = _g(True, "start the encoder from its published weights")
    ngf: int = _g(64, "channels of the first encoder stage; doubled at each stage")
    depth: int = _g(8, "number of downsamplings; by default fits --size and --width")
    max_channels: int = _g(512, "upper limit of channels")
    norm: str = _g("batch", "normalization layers")
    norm_eps: float = _g(1e-5, "epsilon of instance norm; 0.1 keeps flat areas flat")
    norm_affine: bool = _g(True, "instance norm in G and D has a learned scale and shift")
    residual: bool = _g(False, "a residual generator adds its output to its input")
    upsample: str = _g("transpose", "transpose (as in the paper) or resize (no checkerboard)")
    dropout: float = _g(0.0, "dropout in the three innermost decoder blocks")
    stem: int = _g(0, "channels of full-resolution convolutions at both ends; 0 = none")
    padding: str = _g("zeros", "padding of convolutions: zeros, replicate, or reflect in a ResNet")
    class_norm: bool = _g(False, "modulate features by input class (needs style_dim)")
    style_dim: int = _g(0, "length of the style code; 0 = one output per input")
    style_whitening: float = _g(
        0.0, "random styles vary as those of photos (0) to equally far in all directions (1)"
    )
    ab_classes: int = _g(
        0, "colorize: predict a distribution over this many a/b bins; 0 = regression"
    )
    half_output: bool = _g(False, "predict at half resolution")
    hint_embed_dim: int = _g(0, "size of the per-pixel embedding used to propagate hints; 0 = off")
    enhancer: int = _g(
        0,
        "channels of a local enhancer, as in pix2pixHD: the U-Net works at half of size and width, "
        "the enhancer adds detail; 0 = none",
    )
    enhancer_blocks: int = _g(4, "residual blocks of the local enhancer")
    freeze_global: float = _g(
        0.0, "fraction of the run in which only the local enhancer learns, of the generator"
    )

    # Discriminator
    ndf: int = _d(64, "channels of the first layer")
    receptive_field: int = _d(70, "receptive field in pixels")
    d_scales: int = _d(1, "number of discriminators, each at half the resolution")
    d_norm: str = _d("batch", "normalization layers")
    spectral_norm: bool = _d(False, "spectral normalization of all layers but the last")
    projected_d: bool = _d(False, "add a discriminator on EfficientNet-Lite0 features")
    d_augment: str = _d("", "differentiable augmentation: any of color,translation,cutout")
    d_shift: float = _d(
        0.0, "translate by up to this fraction of the sides; 0 = 1/8 if in d_augment"
    )
    d_every: int = _d(1, "update D every this many steps")

    # Losses
    gan_mode: str = _loss("vanilla", "GAN objective: vanilla, lsgan or hinge")
    label_smoothing: float = _loss(0.0, "one-sided label smoothing (vanilla and lsgan)")
    lambda_gan: float = _loss(1.0, "weight of the GAN loss; 0 = no discriminator")
    rec_loss: str = _loss("l1", "reconstruction loss: l1, l2 or smooth_l1")
    lambda_l1: float = _loss(100.0, "weight of the reconstruction loss, whichever rec_loss is")
    l1_beta: float = _loss(0.1, "smooth_l1: quadratic below this error")
    lambda_fm: float = _loss(0.0, "weight of feature matching in D")
    lambda_perceptual: float = _loss(
        0.0, "weight of the perceptual loss (EfficientNet-Lite0 features)"
    )
    lambda_oasis: float = _loss(0.0, "weight of the OASIS segmentation discriminator")
    lambda_uniformity: float = _loss(
        0.0,
        "weight of uniform colour in gaps of dropped elements and in user drawings, and of smooth "
        "backgrounds with these",
    )
    lambda_color: float = _loss(0.0, "weight of the L1 distance of local mean colours")
    lambda_class_color: float = _loss(
        0.0, "facades: weight of keeping each class within its colours in photos, in random styles"
    )
    lambda_ce: float = _loss(0.0, "weight of the cross-entropy of a/b bins, classes or damage")
    lambda_kl: float = _loss(0.0, "weight of the KL divergence of style codes")
    lambda_z: float = _loss(0.0, "weight of recovering random style codes from outputs")
    lambda_diversity: float = _loss(
        0.0, "weight of different outputs for different random style codes (needs prior_fraction)"
    )
    lambda_cycle: float = _loss(10.0, "cyclegan: weight of the cycle consistency loss")
    lambda_identity: float = _loss(
        0.5, "cyclegan: weight of the identity loss, a multiple of lambda_cycle"
    )
    pool_size: int = _loss(50, "cyclegan: D also sees this many earlier outputs; 0 = none")
    lambda_nce: float = _loss(1.0, "cut: weight of the contrastive loss PatchNCE")
    nce_identity: bool = _loss(True, "cut: PatchNCE of the target set's images too")
    nce_patches: int = _loss(256, "cut: patches compared for each image and layer")
    nce_temperature: float = _loss(0.07, "cut: temperature of PatchNCE")
    kl_warmup: float = _loss(0.0, "fraction of the run over which lambda_kl rises from 0")
    gan_start: float = _loss(0.0, "fraction of the run before D and the GAN loss start")
    prior_fraction: float = _loss(0.0, "fraction of a batch generated with random style codes")
    element_dropout: float = _loss(
        0.0, "fraction of those whose label maps lose elements (needs lambda_oasis)"
    )
    user_drawings: float = _loss(
        0.0,
        "fraction of those whose label maps are replaced by drawings of facades as people make "
        "them (needs lambda_oasis)",
    )

    # Optimization
    epochs: int = _optim(200, "passes over the training images")
    max_steps: int = _optim(0, "total steps, overrides epochs; 0 = use epochs")
    batch_size: int = _optim(1, "images per step, over all workers")
    gradient_accumulation_steps: int = _optim(
        1, "split a step into this many microbatches to save memory"
    )
    lr: float = _optim(2e-4, "learning rate of G")
    encoder_lr: float = _optim(1.0, "learning rate of a pretrained encoder, a multiple of lr")
    d_lr: float = _optim(2e-4, "learning rate of D")
    beta1: float = _optim(0.5, "beta1 of Adam")
    weight_decay: float = _optim(0.0, "decoupled weight decay of G (AdamW)")
    max_grad_norm: float = _optim(0.0, "clip gradients to this norm, G and D separately; 0 = off")
    lr_warmup_steps: int = _optim(0, "steps over which the learning rates rise from 0")
    lr_scheduler: str = _optim("linear", "learning rate schedule of G and D")
    decay_start: float = _optim(
        0.5, "linear, cosine: fraction of the run at which decay to 0 starts"
    )
    lr_gamma: float = _optim(0.1, "step, plateau: factor of each drop")
    lr_step: float = _optim(0.25, "step: fraction of the run between drops")
    lr_patience: int = _optim(5, "plateau: evaluations without improvement before a drop")
    ema: float = _optim(0.0, "decay of the averaged weights that are saved; 0 = no averaging")
    seed: int = _optim(0, "random seed")

    # Progressive resolution
    progressive_size: int = _prog(0, "image height at the start of the run; 0 or >= size = off")
    progressive_until: float = _prog(0.0, "fraction of the run at progressive_size")

    # Machine and reporting
    mixed_precision: str = _run(
        "auto", "fp32 or bf16; auto = bf16 where the hardware has fast bf16"
    )
    num_workers: int = _run(
        -1, "data loading threads; -1 = 1, on a GPU all cores up to 16; 0 = no threads"
    )
    device_augment: str = _run(
        "auto", "crop, flip and augment batches on the training device: auto = on a GPU"
    )
    log_every: int = _run(50, "steps between log lines")
    save_every: int = _run(500, "steps between saves")
    sample_every: int = _run(500, "steps between evaluations")
    evaluate_every: int = _run(
        0, "steps between evaluations with the Fréchet distance; 0 = sample_every, without it"
    )
    fid: bool = _run(
        False, "measure FID at each evaluation too (torch-fidelity; downloads weights of 91 MB)"
    )
    wandb: str = _run("", "Weights & Biases: log to this project too, samples included")
    best_metric: str = _run("", "held-out metric that selects the checkpoint in best/")
    patience: int = _run(0, "stop after this many evaluations without improvement; 0 = never")

    def __post_init__(self) -> None:
        check_recipe(self)

    @property
    def uses_frozen_features(self) -> bool:
        """Whether D or a loss works on the features of a frozen EfficientNet-Lite0."""
        return self.projected_d or self.lambda_perceptual > 0 or self.lambda_oasis > 0

    @property
    def alters_label_maps(self) -> bool:
        """Whether random styles come with label maps that no photo has."""
        return self.element_dropout > 0 or self.user_drawings > 0

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies of differentiable augmentation, in order."""
        named = tuple(name.strip() for name in self.d_augment.split(",") if name.strip())
        return named if "translation" in named or not self.d_shift else (*named, "translation")

    @property
    def shift(self) -> float:
        """The largest translation that augmentation makes, as a fraction of the sides."""
        return self.d_shift or USUAL_SHIFT

    def generator(self) -> GeneratorConfig:
        in_channels, out_channels = CHANNELS[self.task]
        classes = PICTURE_CHANNELS
        if self.task in LABEL_TASKS:
            classes = len(self.palette) or NUM_CLASSES
        return GeneratorConfig(
            in_channels=in_channels or self.channels_in or classes,
            out_channels=out_channels or self.channels_out or classes,
            ngf=self.ngf,
            depth=self.depth,
            max_channels=self.max_channels,
            norm=self.norm,
            upsample=self.upsample,
            dropout=self.dropout,
            stem=self.stem,
            padding=self.padding,
            class_norm=self.class_norm,
            style_dim=self.style_dim,
            style_whitening=self.style_whitening,
            ab_classes=self.ab_classes,
            half_output=self.half_output,
            hint_embed_dim=self.hint_embed_dim,
            enhancer=self.enhancer,
            enhancer_blocks=self.enhancer_blocks,
            norm_eps=self.norm_eps,
            encoder=self.encoder,
            architecture=self.architecture,
            norm_affine=self.norm_affine,
            residual=self.residual,
        )

    def data_options(self) -> DataOptions:
        names = (field.name for field in dataclasses.fields(DataOptions))
        return DataOptions(**{name: getattr(self, name) for name in names})

    def with_classes_of(self, data_dir: Path) -> "Recipe":
        """The recipe with the classes of DATA_DIR/palette.json, if its task has label maps.

        With other classes than those of facades `user_drawings` and `lambda_class_color` are 0,
        since these know facades alone.
        """
        if self.task not in LABEL_TASKS:
            return self
        palette = read_palette(data_dir)
        if palette.is_facades:
            return self
        own = dataclasses.replace(self, user_drawings=0.0, lambda_class_color=0.0)
        return dataclasses.replace(own, palette=palette.classes)

    def max_size(self) -> int:
        """Short side in pixels of the largest images the model is trained for; 0 = `size`.

        A crop from an image at `crop_scale` times the size shows details at the scale of an image
        of that size.
        """
        near = self.task == "labels2photo" and self.resize_mode in ("auto", "crop", "squeeze")
        side = min(self.size, self.width or self.size)
        return min(round(side * self.crop_scale), 4096) if near else 0

    @property
    def is_unpaired(self) -> bool:
        """Whether the images are two sets without pairs."""
        return self.objective != "paired"

    def condition_channels(self) -> int:
        """Number of channels of the condition that D gets beside the image."""
        if self.is_unpaired:
            return 0
        return 1 if self.task == "colorize" else self.generator().in_channels

    def total_steps(self, num_examples: int) -> int:
        return self.max_steps or max(1, self.epochs * num_examples // self.batch_size)


def recipe_names() -> list[str]:
    return sorted(p.stem for p in RECIPES_DIR.glob("*.toml"))


def load_recipe(name: str, overrides: dict[str, object] | None = None) -> Recipe:
    """The recipe of that name with some keys replaced.

    Keys that `overrides` does not name are adapted to its size and losses (`recipe_fitting.py`)
    and logged. Raises ValueError for an unknown recipe or key.
    """
    given = rename_old_keys(overrides or {}, "the overrides")
    recipe_values = read_recipe(name)
    values = {**recipe_values, **given}
    usual = {f.name: f.default for f in dataclasses.fields(Recipe)}
    before = str({**usual, **recipe_values}["architecture"])
    fitted = fit_to_architecture({**usual, **values}, given, before)
    fitted |= fit_to_size({**usual, **values, **fitted}, given)
    off = fit_to_losses({**usual, **values, **fitted}, given)
    recipe = from_dict(Recipe, {**values, **fitted, **off}, f"recipe {name}")
    if off:
        log.info("off, as what they need is off: %s", ", ".join(off))
    if fitted:
        words = ", ".join(
            f"{key} {value} (not {given[key]})"
            if key in given
            else f"{key} {value} (the recipe has {values.get(key, usual[key])})"
            for key, value in fitted.items()
        )
        shape = recipe.width or recipe.size, recipe.size
        log.info("for %s at size %dx%d: %s", recipe.architecture, *shape, words)
    return recipe


def read_recipe(name: str) -> dict[str, object]:
    """The keys that a recipe's file sets. Raises ValueError for an unknown recipe."""
    if name not in recipe_names():
        raise ValueError(f"recipe must be one of {', '.join(recipe_names())}, got {name!r}")
    values = tomllib.loads((RECIPES_DIR / f"{name}.toml").read_text())
    base = values.pop("extends", None)
    return {**(read_recipe(base) if base else {}), **rename_old_keys(values, f"recipe {name}")}
