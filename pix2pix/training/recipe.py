"""Recipes: every choice that a training run makes, as a TOML file in `recipes/`."""

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pix2pix.config import (
    CHANNELS,
    NORMS,
    UPSAMPLINGS,
    GeneratorConfig,
    LabelColor,
    from_dict,
    require,
)
from pix2pix.data.options import LABEL_TASKS, DataOptions
from pix2pix.data.palette import FACADES, read_palette
from pix2pix.labels import NUM_CLASSES
from pix2pix.losses import GAN_LOSSES
from pix2pix.networks import PATCH_LAYERS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RECIPES_DIR = Path(__file__).parent / "recipes"
TRAINABLE_TASKS = ("labels2photo", "photo2labels", "colorize", "image2image")
PRECISIONS = ("auto", "fp32", "bf16")


@dataclass(frozen=True)
class Recipe:
    """The keys of a recipe. Each is also an option of train.py: `ngf` is `--ngf`."""

    task: str
    size: int = 256  # height of what it trains on, pixels; a multiple of 2 ** depth

    # Data
    width: int = 0  # of what it trains on, pixels; 0: as high as wide
    layout: str = "auto"  # side_by_side, folders (A and B), stems (photo + label map), photos
    direction: str = "auto"  # AtoB or BtoA; auto: AtoB, or for label maps whichever side has them
    val_split: float = 0.1  # the part that is held out where there is no folder val
    skip_bad: bool = False  # go on without files that cannot be used
    fit: str = "auto"  # a picture of another shape: stretch, pad, mirror, rotate, crop or squeeze
    jitter: float = 0.0  # views are cut from up to so many times their size; 0: as `fit` has it
    flip: bool = True  # half of the views are mirrored
    cache_gb: float = -1.0  # decoded images kept in memory; -1: half of what is free
    palette: tuple[LabelColor, ...] = ()  # of the label maps, from palette.json; (): the facades'

    # Generator
    ngf: int = 64
    depth: int = 8
    max_channels: int = 512
    norm: str = "batch"
    upsample: str = "transpose"
    dropout: float = 0.0
    stem: int = 0
    padding: str = "zeros"
    class_norm: bool = False
    style_dim: int = 0
    ab_classes: int = 0
    half_output: bool = False

    # Discriminator
    ndf: int = 64
    receptive_field: int = 70
    d_norm: str = "batch"
    spectral: bool = False
    d_shift: float = 0.0  # D sees its images shifted by up to this part of their sides
    d_every: int = 1  # D is updated at every d_every-th step

    # Losses
    gan_loss: str = "vanilla"
    lambda_gan: float = 1.0
    lambda_l1: float = 100.0
    lambda_fm: float = 0.0
    lambda_ce: float = 0.0  # cross-entropy of the a/b classes, or of the label map's
    lambda_kl: float = 0.0
    lambda_z: float = 0.0  # a drawn style must be read back from the picture it gave
    kl_warmup: float = 0.0  # lambda_kl rises from 0 over this first part of the run
    l1_beta: float = 0.0  # > 0: smooth L1, quadratic below this
    gan_start: float = 0.0  # the part of the run before which there is only L1
    prior_part: float = 0.0  # the part of a batch drawn with random styles, judged by D alone

    # Schedule
    epochs: int = 200
    max_steps: int = 0  # > 0: stops there, and the schedule ends there, whatever `epochs` says
    batch_size: int = 1
    lr: float = 2e-4
    d_lr: float = 2e-4
    beta1: float = 0.5
    weight_decay: float = 0.0  # of the generator, apart from its gradient (AdamW)
    decay_start: float = 0.5  # the learning rate falls linearly to 0 from this part of the run on
    ema: float = 0.0  # decay of the averaged weights that are served; 0: the last weights
    seed: int = 0

    # Smaller squares first: more images an hour while it learns what things are
    small_size: int = (
        0  # side of the squares in the first part of the run; without effect from `size` on
    )
    small_until: float = 0.0  # the part of the run that `small_size` lasts

    # Machine and reporting
    precision: str = "auto"
    workers: int = 1
    log_every: int = 50  # steps
    save_every: int = 500
    sample_every: int = 500
    best_metric: str = ""  # the held-out figure by which the best checkpoint is kept in best/
    patience: int = 0  # > 0: stops after so many evaluations without a better best_metric

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("task", self.task, TRAINABLE_TASKS),
            ("norm", self.norm, NORMS),
            ("d_norm", self.d_norm, NORMS),
            ("upsample", self.upsample, UPSAMPLINGS),
            ("gan_loss", self.gan_loss, GAN_LOSSES),
            ("precision", self.precision, PRECISIONS),
            ("receptive_field", self.receptive_field, tuple(PATCH_LAYERS)),
        ):
            require(value in allowed, name, f"one of {', '.join(map(str, allowed))}", value)
        for name in (
            "ndf",
            "d_every",
            "epochs",
            "batch_size",
            "log_every",
            "save_every",
            "sample_every",
        ):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        for name in (
            "lambda_gan",
            "lambda_l1",
            "lambda_fm",
            "lambda_ce",
            "lambda_kl",
            "lambda_z",
            "l1_beta",
            "weight_decay",
            "max_steps",
            "workers",
            "seed",
            "patience",
        ):
            require(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))
        for name in ("lr", "d_lr"):
            require(getattr(self, name) > 0, name, "above 0", getattr(self, name))
        for name in ("gan_start", "small_until", "kl_warmup", "prior_part", "decay_start"):
            require(0 <= getattr(self, name) <= 1, name, "from 0 to 1", getattr(self, name))
        for name in ("beta1", "ema", "d_shift"):
            require(0 <= getattr(self, name) < 1, name, "in [0, 1)", getattr(self, name))
        ok = bool(self.best_metric) or not self.patience
        require(ok, "patience", "0 without best_metric", self.patience)
        multiple = 2 ** self.generator().depth
        require(
            self.size > 0 and self.size % multiple == 0,
            "size",
            f"a multiple of 2 ** depth = {multiple}",
            self.size,
        )

        require(
            self.small_size >= 0 and self.small_size % multiple == 0,
            "small_size",
            f"0 or a multiple of 2 ** depth = {multiple}",
            self.small_size,
        )
        width = self.width or self.size
        require(width % multiple == 0, "width", f"a multiple of 2 ** depth = {multiple}", width)
        small_width, rest = divmod(width * self.small_size, self.size)
        ok = rest == 0 and small_width % multiple == 0
        require(ok, "small_size", f"so that its width is a multiple of {multiple}", self.small_size)
        self.data_options()

    def generator(self) -> GeneratorConfig:
        in_channels, out_channels = CHANNELS[self.task]
        return GeneratorConfig(
            in_channels=in_channels or len(self.palette) or NUM_CLASSES,
            out_channels=out_channels or len(self.palette) or NUM_CLASSES,
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
            ab_classes=self.ab_classes,
            half_output=self.half_output,
        )

    def data_options(self) -> DataOptions:
        names = (field.name for field in dataclasses.fields(DataOptions))
        return DataOptions(**{name: getattr(self, name) for name in names})

    def with_classes_of(self, data_dir: Path) -> "Recipe":
        """The recipe with the classes in DATA_DIR/palette.json, where it needs and has that."""
        if self.task not in LABEL_TASKS:
            return self
        palette = read_palette(data_dir)
        return self if palette.is_facades else dataclasses.replace(self, palette=palette.classes)

    def colors(self) -> np.ndarray:
        """The colour of each class of label map, (K, 3) uint8."""
        return np.array([c.rgb for c in self.palette or FACADES.classes], np.uint8)

    def condition_channels(self) -> int:
        """How many channels D sees beside the image it judges."""
        return 1 if self.task == "colorize" else self.generator().in_channels

    def total_steps(self, num_examples: int) -> int:
        return self.max_steps or max(1, self.epochs * num_examples // self.batch_size)


def recipe_names() -> list[str]:
    return sorted(p.stem for p in RECIPES_DIR.glob("*.toml"))


def load_recipe(name: str, overrides: dict[str, object] | None = None) -> Recipe:
    """The recipe of that name with some keys replaced. ValueError for a name or key not there."""
    if name not in recipe_names():
        raise ValueError(f"recipe must be one of {', '.join(recipe_names())}, got {name!r}")
    values = tomllib.loads((RECIPES_DIR / f"{name}.toml").read_text())
    return from_dict(Recipe, {**values, **(overrides or {})}, f"recipe {name}")
