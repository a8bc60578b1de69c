"""Recipes: every choice that a training run makes, as a TOML file in `recipes/`."""

import dataclasses
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from pix2pix.config import (
    CANVASES,
    CHANNELS,
    ENCODERS,
    NORMS,
    TASKS,
    UPSAMPLINGS,
    GeneratorConfig,
    LabelColor,
    from_dict,
    require,
)
from pix2pix.data.options import LABEL_TASKS, DataOptions
from pix2pix.images.value_range import ValueRange
from pix2pix.labels.label_map import NUM_CLASSES
from pix2pix.labels.palette import read_palette
from pix2pix.models import PATCH_LAYERS, smallest_side
from pix2pix.models.feature_discriminators import NUM_LEVELS
from pix2pix.training.augmentation import POLICIES, USUAL_SHIFT
from pix2pix.training.losses import GAN_LOSSES, RECONSTRUCTIONS
from pix2pix.training.sizes import fit_to_size

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

log = logging.getLogger(__name__)

RECIPES_DIR = Path(__file__).parent / "recipes"
PRECISIONS = ("auto", "fp32", "bf16")
PHOTO_TASKS = ("labels2photo", "image2image")
SCHEDULES = ("constant", "linear", "cosine", "step", "plateau")

FROM_DATA = ("palette", "input_range", "target_range")  # keys that the data says

CHOICES: dict[str, tuple] = {
    "task": TASKS,
    "canvas": CANVASES,
    "norm": NORMS,
    "encoder": ENCODERS,
    "d_norm": NORMS,
    "upsample": UPSAMPLINGS,
    "gan_loss": GAN_LOSSES,
    "rec_loss": RECONSTRUCTIONS,
    "schedule": SCHEDULES,
    "precision": PRECISIONS,
    "receptive_field": tuple(PATCH_LAYERS),
    "d_scales": (1, 2, 3),
}
AT_LEAST_1 = (
    "ndf",
    "d_every",
    "epochs",
    "batch_size",
    "accumulate",
    "drop_after",
    "log_every",
    "save_every",
    "sample_every",
)
AT_LEAST_0 = (
    "lambda_gan",
    "lambda_l1",
    "lambda_fm",
    "lambda_known",
    "lambda_seg",
    "lambda_even",
    "lambda_ce",
    "lambda_kl",
    "lambda_z",
    "l1_beta",
    "weight_decay",
    "clip_grad",
    "warmup",
    "max_steps",
    "workers",
    "seed",
    "patience",
)
ABOVE_0 = ("lr", "encoder_lr", "d_lr", "drop", "drop_every")
PARTS_OF_1 = (
    "take_out",
    "gan_start",
    "small_until",
    "kl_warmup",
    "prior_part",
    "decay_start",
    "drop",
)
BELOW_1 = ("beta1", "ema", "d_shift", "label_smoothing")


@dataclass(frozen=True)
class Recipe:
    """The keys of a recipe. Each is also an option of train.py: `ngf` is `--ngf`.

    The comments are the help that train.py prints (`keys.py`): one line for each key.
    """

    task: str  # what goes in and what comes out
    size: int = 256  # height of what it trains on, pixels; a multiple of 2 ** depth

    # Data
    width: int = 0  # of what it trains on, pixels; 0: as high as wide
    layout: str = "auto"  # how pairs lie there: see README, Your own data; auto: found by looking
    direction: str = "auto"  # AtoB or BtoA; auto: AtoB, or for label maps whichever side has them
    val_split: float = 0.1  # the part that is held out where there is no folder val
    skip_bad: bool = False  # go on without files that cannot be used
    fit: str = "auto"  # how a picture of another shape than `size` and `width` is made to fit
    jitter: float = 0.0  # views are cut from up to so many times their size; 0: as `fit` has it
    flip: bool = True  # half of the views are mirrored
    cache_gb: float = -1.0  # decoded images kept in memory; -1: half of what is free
    class_balance: float = 0.5  # photo2labels: 0 counts every pixel alike, 1 every class
    palette: tuple[LabelColor, ...] = ()  # of the label maps, from palette.json; (): the facades'
    input_range: ValueRange = ()  # of images deeper than 8 bits: values read as 0 and 255
    target_range: ValueRange = ()  # the same of the target
    canvas: str = "photo"  # the app's, for the input: photo, lines (black on white) or lines-white

    # Generator
    encoder: str = "unet"  # what halves: unet, or efficientnet-lite0, which knows photos
    pretrained: bool = True  # the encoder begins with its published weights, where it has any
    ngf: int = 64  # channels after the first halving; each further one doubles them
    depth: int = 8  # number of halvings; follows from --size and --width where it must
    max_channels: int = 512  # where the doubling of channels ends
    norm: str = "batch"  # batch, instance or none
    norm_eps: float = 1e-5  # what instance norm adds to each variance; 0.1 keeps what is even even
    upsample: str = "transpose"  # transpose (the paper's), or resize: cannot draw a checkerboard
    dropout: float = 0.0  # in three decoder blocks next to the bottleneck
    stem: int = 0  # channels of a convolution at full resolution, before and after; 0: none
    padding: str = "zeros"  # what convolutions see beyond the border: zeros or replicate
    class_norm: bool = False  # each class of the input has its own style modulation
    style_dim: int = 0  # length of a style code: one input, many pictures; 0: none
    ab_classes: int = 0  # colour as a distribution over so many a/b points; 0: a plain value
    half_output: bool = False  # the output is made at half the input's sides
    hint_dim: int = 0  # length of the code of a place, by which colour hints know theirs; 0: none

    # Discriminator
    ndf: int = 64  # channels of its first layer
    receptive_field: int = 70  # pixels that a verdict sees: 1, 16, 70 or 286
    d_scales: int = 1  # so many discriminators, each on images half as large as the one before
    d_norm: str = "batch"  # batch, instance or none
    spectral: bool = False  # spectral norm in all its layers but the last
    d_known: bool = False  # judges also by what EfficientNet-Lite0, which knows photos, sees
    d_augment: str = ""  # what D sees is varied: any of color,translation,cutout
    d_shift: float = 0.0  # translation by up to this part of the sides; 0: 1/8 where asked for
    d_every: int = 1  # D is updated at every d_every-th step

    # Losses
    gan_loss: str = "vanilla"  # vanilla, lsgan or hinge
    label_smoothing: float = 0.0  # real counts as 1 minus this (vanilla and lsgan)
    lambda_gan: float = 1.0  # weight of looking real to D; 0: no D
    rec_loss: str = "l1"  # distance to the truth: l1, l2 or smooth_l1
    lambda_l1: float = 100.0  # weight of rec_loss, whichever it is
    l1_beta: float = 0.1  # smooth_l1 is quadratic below this
    lambda_fm: float = 0.0  # feature matching: the weight of being like the truth inside D
    lambda_known: float = 0.0  # of being like the truth in what EfficientNet-Lite0 sees
    lambda_seg: float = 0.0  # of being read as drawn: a D that names classes by what that one sees
    lambda_even: float = 0.0  # of a drawing's gaps (take_out) being as even as what is around them
    lambda_ce: float = 0.0  # cross-entropy of the a/b classes, or of the label map's
    lambda_kl: float = 0.0  # draws the style codes to a normal distribution
    lambda_z: float = 0.0  # a drawn style must be read back from the picture it gave
    kl_warmup: float = 0.0  # lambda_kl rises from 0 over this first part of the run
    gan_start: float = 0.0  # the part of the run before which there is only L1
    prior_part: float = 0.0  # the part of a batch drawn with random styles, judged by D alone
    take_out: float = 0.0  # with lambda_seg: so many of those are drawings with gaps, for it alone

    # Schedule
    epochs: int = 200  # passes over the images
    max_steps: int = 0  # > 0: stops there, and the schedule ends there, whatever `epochs` says
    batch_size: int = 1  # images in a step
    accumulate: int = 1  # computes a step's images in so many parts, to save memory
    lr: float = 2e-4  # learning rate of G
    encoder_lr: float = 1.0  # that of a pretrained encoder, as a part of lr
    d_lr: float = 2e-4  # learning rate of D
    beta1: float = 0.5  # of Adam
    weight_decay: float = 0.0  # of the generator, apart from its gradient (AdamW)
    clip_grad: float = 0.0  # the longest gradient of G, and of D; 0: any
    warmup: int = 0  # steps over which the learning rates rise from 0
    schedule: str = "linear"  # of both rates: constant, linear, cosine, step or plateau
    decay_start: float = 0.5  # linear and cosine: falls to 0 from this part of the run on
    drop: float = 0.1  # step and plateau: the rates are multiplied by this
    drop_every: float = 0.25  # step: after each such part of the run
    drop_after: int = 5  # plateau: after so many evaluations without a better best_metric
    ema: float = 0.0  # decay of the averaged weights that are served; 0: the last weights
    seed: int = 0  # of everything that is left to chance

    # Smaller squares first: more images an hour while it learns what things are
    small_size: int = 0  # side of the first squares; without effect from `size` on
    small_until: float = 0.0  # the part of the run that `small_size` lasts

    # Machine and reporting
    precision: str = "auto"  # fp32 or bf16; auto: bf16 where the hardware multiplies it
    workers: int = 1  # threads that make batches; 0: none beside the training itself
    log_every: int = 50  # steps between two lines of losses
    save_every: int = 500  # steps between two saves
    sample_every: int = 500  # steps between two evaluations
    best_metric: str = ""  # the held-out figure by which the best checkpoint is kept in best/
    patience: int = 0  # > 0: stops after so many evaluations without a better best_metric

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            require(value in choices, name, f"one of {', '.join(map(str, choices))}", value)
        for names, least, expected in (
            (AT_LEAST_1, 1, "at least 1"),
            (AT_LEAST_0, 0, "0 or more"),
            (ABOVE_0, sys.float_info.min, "above 0"),
        ):
            for name in names:
                require(getattr(self, name) >= least, name, expected, getattr(self, name))
        for name in PARTS_OF_1:
            require(0 <= getattr(self, name) <= 1, name, "from 0 to 1", getattr(self, name))
        for name in BELOW_1:
            require(0 <= getattr(self, name) < 1, name, "in [0, 1)", getattr(self, name))
        self._check_sizes()
        self._check_discriminator()
        self._check_together()

    def _check_sizes(self) -> None:
        depth = self.generator().depth
        multiple, of = 2**depth, f"2 ** depth = {2**depth} (a smaller depth allows more sizes)"
        if self.encoder != "unet":
            of = f"{multiple} with encoder {self.encoder} (--encoder unet allows more sizes)"
        if self.knows and depth < NUM_LEVELS:
            multiple, of = (
                2**NUM_LEVELS,
                f"{2**NUM_LEVELS} with d_known, lambda_known or lambda_seg",
            )
        ok = self.size > 0 and self.size % multiple == 0
        require(ok, "size", f"a multiple of {of}", self.size)
        ok = self.small_size >= 0 and self.small_size % multiple == 0
        require(ok, "small_size", f"0 or a multiple of {of}", self.small_size)
        width = self.width or self.size
        require(width % multiple == 0, "width", f"a multiple of {of}", width)
        small_width, rest = divmod(width * self.small_size, self.size)
        ok = rest == 0 and small_width % multiple == 0
        require(ok, "small_size", f"so that its width is a multiple of {multiple}", self.small_size)
        self.data_options()

    def _check_discriminator(self) -> None:
        least = smallest_side(self.receptive_field, self.d_scales) * (1 + self.half_output)
        for name in ("size", "width", "small_size"):
            side = getattr(self, name)
            ok = not self.lambda_gan or side >= least or (name != "size" and not side)
            reason = f"receptive_field {self.receptive_field} and d_scales {self.d_scales}"
            require(ok, name, f"at least {least} for {reason}", side)

    def _check_together(self) -> None:
        """What a key must be because of another."""
        ok = self.canvas == CANVASES[0] or self.task == "image2image"
        require(ok, "canvas", f"{CANVASES[0]} for {self.task}", self.canvas)
        allowed = POLICIES if self.task in PHOTO_TASKS else POLICIES[1:]
        ok = set(self.policies) <= set(allowed)
        require(ok, "d_augment", f"any of {','.join(allowed)} for {self.task}", self.d_augment)
        ok = self.task in PHOTO_TASKS or not self.d_known
        require(ok, "d_known", f"false for {self.task}", self.d_known)
        ok = self.lambda_seg > 0 or not self.take_out  # who else is to judge them?
        require(ok, "take_out", "0 without lambda_seg", self.take_out)
        ok = self.task == "labels2photo" or not self.lambda_seg
        require(ok, "lambda_seg", f"0 for {self.task}", self.lambda_seg)
        ok = self.task in PHOTO_TASKS or not self.lambda_known
        require(ok, "lambda_known", f"0 for {self.task}", self.lambda_known)
        ok = self.lambda_gan > 0 or not self.knows
        require(ok, "lambda_gan", "above 0 with d_known, lambda_known or lambda_seg", 0)
        ok = not (self.gan_loss == "hinge" and self.label_smoothing)
        require(ok, "label_smoothing", "0 with hinge, which has no labels", self.label_smoothing)
        ok = self.batch_size % self.accumulate == 0
        require(ok, "accumulate", f"a divisor of batch_size = {self.batch_size}", self.accumulate)
        ok = bool(self.best_metric) or not self.patience
        require(ok, "patience", "0 without best_metric", self.patience)
        ok = self.schedule != "plateau" or bool(self.best_metric)
        require(ok, "best_metric", 'a figure with schedule = "plateau"', self.best_metric)

    @property
    def knows(self) -> bool:
        """Whether G learns from what EfficientNet-Lite0 sees of the photos."""
        return self.d_known or self.lambda_known > 0 or self.lambda_seg > 0

    @property
    def policies(self) -> tuple[str, ...]:
        """The ways in which what D sees is varied."""
        named = tuple(name.strip() for name in self.d_augment.split(",") if name.strip())
        return named if "translation" in named or not self.d_shift else (*named, "translation")

    @property
    def shift(self) -> float:
        """The largest translation of what D sees, as a part of its sides."""
        return self.d_shift or USUAL_SHIFT

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
            hint_dim=self.hint_dim,
            norm_eps=self.norm_eps,
            encoder=self.encoder,
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

    def largest(self) -> int:
        """The short side of the largest pictures that it learns to paint; 0: `size`.

        Views that are cut from a picture at `jitter` times the size show it as near as whole
        pictures of that size would.
        """
        near = self.task == "labels2photo" and self.fit in ("auto", "crop", "squeeze")
        side = min(self.size, self.width or self.size)
        return min(round(side * self.jitter), 4096) if near else 0

    def condition_channels(self) -> int:
        """How many channels D sees beside the image it judges."""
        return 1 if self.task == "colorize" else self.generator().in_channels

    def total_steps(self, num_examples: int) -> int:
        return self.max_steps or max(1, self.epochs * num_examples // self.batch_size)


def recipe_names() -> list[str]:
    return sorted(p.stem for p in RECIPES_DIR.glob("*.toml"))


def load_recipe(name: str, overrides: dict[str, object] | None = None) -> Recipe:
    """The recipe of that name with some keys replaced. ValueError for a name or key not there.

    What `overrides` do not name follows from the size they ask for (`sizes.py`); the log says what.
    """
    given = overrides or {}
    recipe_values = read_recipe(name)
    values = {**recipe_values, **given}
    usual = {f.name: f.default for f in dataclasses.fields(Recipe)}
    fitted = fit_to_size({**usual, **values}, given)
    recipe = from_dict(Recipe, {**values, **fitted}, f"recipe {name}")
    if fitted:
        words = ", ".join(
            f"{key} {value} (the recipe has {values.get(key, usual[key])})"
            for key, value in fitted.items()
        )
        log.info("for size %dx%d: %s", recipe.width or recipe.size, recipe.size, words)
    return recipe


def read_recipe(name: str) -> dict[str, object]:
    """The keys that a recipe's file sets. ValueError for a name that is not there."""
    if name not in recipe_names():
        raise ValueError(f"recipe must be one of {', '.join(recipe_names())}, got {name!r}")
    return tomllib.loads((RECIPES_DIR / f"{name}.toml").read_text())
