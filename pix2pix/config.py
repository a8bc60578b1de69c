"""The config of a checkpoint (config.json), validated field by field."""

import dataclasses
import math
import numbers
from dataclasses import dataclass, field
from typing import Any

from pix2pix.config_fields import rename_old_keys, require

VERSION = "0.1.0"  # of this package, as in pyproject.toml
FORMAT_VERSION = 1
TASKS = ("labels2photo", "photo2labels", "colorize", "image2image", "restore")
# Input and output channels of a generator, where the task fixes them
CHANNELS = {
    "labels2photo": (None, 3),
    "photo2labels": (3, None),
    "colorize": (7, 2),  # L; hint a, b and mask; the same propagated over the image -> a, b
    "image2image": (None, None),  # 3 for 8-bit pictures, see CheckpointConfig.input_dtype
    "restore": (2, 2),  # L, mask of places to repair -> L without damage, map of the damage
}
NORMS = ("batch", "instance", "none")
UPSAMPLINGS = ("resize", "transpose")
PADDINGS = ("zeros", "replicate", "reflect")
# The networks of generators. Residual ones: Johnson et al. 2016, as in CycleGAN
ARCHITECTURES = ("unet", "resnet_6blocks", "resnet_9blocks")
RESNET_DEPTH = 2  # downsamplings of a residual generator, as published
MAX_RESNET_DEPTH = 3  # reflect padding needs more than one cell at the smallest size, 16
# Keys of GeneratorConfig that only the U-Net has, with the value of a generator without it
UNET_KEYS: dict[str, Any] = {
    "encoder": "unet",
    "stem": 0,
    "class_norm": False,
    "style_dim": 0,
    "style_whitening": 0.0,
    "ab_classes": 0,
    "half_output": False,
    "hint_embed_dim": 0,
    "enhancer": 0,
}
ENCODERS = ("unet", "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")
ENCODER_DEPTH = 5  # downsamplings of every encoder but the U-Net's own, at most
# Input that the app asks for in image2image: a photo, or black (white) lines
INPUT_TYPES = ("photo", "lines", "lines-white")
# How images of another shape are fitted to the size of the network (data.resize_crop)
RESIZE_MODES = ("stretch", "pad", "mirror", "rotate", "crop", "squeeze")
# Other tasks: "squeeze"
DEFAULT_RESIZE_MODES = {"image2image": "stretch", "colorize": "crop", "restore": "crop"}
HALVES = ("", "left", "right")
# Samples of images that are no 8-bit pictures, such as depth maps or CT slices
SAMPLE_DTYPES = ("uint8", "uint16", "int16", "int32", "float32")
MAX_STYLES = 64
MAX_STYLE_VALUE = 64.0  # the values of style codes are of the order of 1


@dataclass(frozen=True)
class GeneratorConfig:
    """The architecture of a generator (`models.UNet` or `models.ResNetGenerator`).

    Bounds limit the cost of untrusted configs.
    """

    in_channels: int
    out_channels: int
    ngf: int = 64  # channels after the U-Net's first downsampling; before it in a ResNet
    depth: int = 8  # number of downsamplings; input sides are multiples of 2 ** depth
    max_channels: int = 512
    norm: str = "batch"
    upsample: str = "transpose"
    dropout: float = 0.0  # in the three innermost decoder blocks
    stem: int = 0  # channels of a full-resolution stem and head; 0 = none, as in the paper
    padding: str = "zeros"  # padding of convolutions
    class_norm: bool = False  # modulate features by input class
    style_dim: int = 0  # length of the style code; 0 = one output per input
    ab_classes: int = 0  # number of a/b bins of a predicted distribution; 0 = regression
    half_output: bool = False  # output at half the input's resolution
    hint_embed_dim: int = 0  # size of the per-pixel embedding that propagates hints; 0 = off
    norm_eps: float = 1e-5  # epsilon of instance norm
    encoder: str = "unet"  # the U-Net's own, or a network pretrained on ImageNet
    architecture: str = "unet"  # one of ARCHITECTURES
    norm_affine: bool = True  # instance norm has a learned scale and shift
    residual: bool = False  # a ResNet adds its output to its input
    # Channels at full resolution of a local enhancer (models/enhancer.py); 0 = none. With one, the
    # U-Net works at half the input's resolution
    enhancer: int = 0
    enhancer_blocks: int = 4  # residual blocks of the local enhancer
    # 0: random style codes vary as those of photos do; 1: equally far in all directions
    style_whitening: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("in_channels", 1, 255),  # class indices end below labels.VOID
            ("out_channels", 1, 255),
            ("ngf", 1, 256),
            ("depth", 1, 12),
            ("max_channels", 1, 1024),
            ("stem", 0, 128),
            ("style_dim", 0, 256),
            ("ab_classes", 0, 512),
            ("hint_embed_dim", 0, 64),
            ("enhancer", 0, 128),
            ("enhancer_blocks", 1, 16),
        ):
            value = getattr(self, name)
            require(low <= value <= high, name, f"from {low} to {high}", value)
        require(self.norm in NORMS, "norm", f"one of {', '.join(NORMS)}", self.norm)
        require(
            self.upsample in UPSAMPLINGS,
            "upsample",
            f"one of {', '.join(UPSAMPLINGS)}",
            self.upsample,
        )
        require(self.padding in PADDINGS, "padding", f"one of {', '.join(PADDINGS)}", self.padding)
        ok = not self.class_norm or self.style_dim > 0
        require(ok, "style_dim", "at least 1 with class_norm", self.style_dim)
        ok = 0.0 <= self.style_whitening <= (1.0 if self.style_dim else 0.0)
        expected = "from 0 to 1, and 0 without style_dim"
        require(ok, "style_whitening", expected, self.style_whitening)
        self._check_architecture()
        require(0.0 <= self.dropout < 1.0, "dropout", "in [0, 1)", self.dropout)
        ok = self.encoder in ENCODERS
        require(ok, "encoder", f"one of {', '.join(ENCODERS)}", self.encoder)
        ok = self.encoder == "unet" or self.depth <= ENCODER_DEPTH
        require(ok, "depth", f"from 1 to {ENCODER_DEPTH} with encoder {self.encoder}", self.depth)
        ok = 0.0 < self.norm_eps <= 1.0
        require(ok, "norm_eps", "above 0 and at most 1", self.norm_eps)
        require(not (self.stem and self.half_output), "stem", "0 with half_output", self.stem)
        ok = not self.ab_classes or self.out_channels == 2
        require(ok, "out_channels", "2 (a and b) with ab_classes", self.out_channels)
        ok = not self.hint_embed_dim or (self.ab_classes > 0 and self.depth > 1)
        require(
            ok, "hint_embed_dim", "0 without ab_classes or with a depth of 1", self.hint_embed_dim
        )
        ok = not self.hint_embed_dim or self.half_output or self.stem > 0
        require(ok, "hint_embed_dim", "0 without half_output or a stem", self.hint_embed_dim)
        ok = not self.enhancer or (self.stem > 0 and self.encoder == "unet" and not self.ab_classes)
        require(ok, "enhancer", "0 without a stem, or with another encoder", self.enhancer)

    @property
    def multiple(self) -> int:
        """Input sides are multiples of this."""
        return 2 ** (self.depth + (1 if self.enhancer else 0))

    def _check_architecture(self) -> None:
        name = self.architecture
        require(name in ARCHITECTURES, "architecture", f"one of {', '.join(ARCHITECTURES)}", name)
        ok = self.norm_affine or self.norm == "instance"
        require(ok, "norm_affine", f"true with norm {self.norm}", self.norm_affine)
        ok = not self.residual or (name != "unet" and self.in_channels == self.out_channels)
        expected = "false with architecture unet, or with other channels out than in"
        require(ok, "residual", expected, self.residual)
        if name == "unet":
            require(self.padding != "reflect", "padding", "zeros or replicate", self.padding)
            ok = self.padding == "zeros" or self.upsample == "resize"
            require(ok, "upsample", "resize with padding replicate", self.upsample)
            return
        ok = self.depth <= MAX_RESNET_DEPTH
        require(ok, "depth", f"from 1 to {MAX_RESNET_DEPTH} with architecture {name}", self.depth)
        for key, off in UNET_KEYS.items():
            value = getattr(self, key)
            require(value == off, key, f"{off} with architecture {name}", value)


@dataclass(frozen=True)
class LabelColor:
    """Name and colour of a class; its index in the palette is the class index."""

    name: str
    rgb: tuple[int, ...]

    def __post_init__(self) -> None:
        require(0 < len(self.name) <= 64, "palette name", "1 to 64 characters", self.name)
        ok = len(self.rgb) == 3 and all(0 <= v <= 255 for v in self.rgb)
        require(ok, "palette rgb", "three values from 0 to 255", self.rgb)


def check_style(style: tuple[Any, ...], style_dim: int) -> None:
    """Raises ValueError unless `style` is `style_dim` numbers within +-MAX_STYLE_VALUE."""
    require(style_dim > 0, "style", "left out, this checkpoint has no styles", style)
    require(len(style) == style_dim, "style", f"{style_dim} numbers", style)
    for value in style:
        ok = isinstance(value, numbers.Real) and not isinstance(value, bool)
        ok = ok and -MAX_STYLE_VALUE <= value <= MAX_STYLE_VALUE  # not so of NaN
        expected = f"numbers from {-MAX_STYLE_VALUE:g} to {MAX_STYLE_VALUE:g}"
        require(ok, "style", expected, style)


CROP_SCALE_RANGE = "0 (the default of resize_mode), or from 1 to 4"


def is_crop_scale(value: float) -> bool:
    return value == 0 or 1 <= value <= 4


def default_resize_mode(task: str) -> str:
    """The default of `resize_mode` for a task."""
    return DEFAULT_RESIZE_MODES.get(task, "squeeze")


def check_value_range(values: tuple[float, ...], name: str) -> None:
    """Raises ValueError unless `values` is () or (black, white), finite and increasing."""
    ok = not values or (
        len(values) == 2 and all(map(math.isfinite, values)) and values[0] < values[1]
    )
    require(ok, name, "empty, or the values of black and of white", values)


@dataclass(frozen=True)
class CheckpointConfig:
    """What inference needs to know of a checkpoint, and how it was trained."""

    task: str
    size: int  # height in pixels of the training images, used for inference too
    generator: GeneratorConfig
    palette: tuple[LabelColor, ...] = ()  # classes by index, for tasks with label maps
    styles: dict[str, tuple[float, ...]] = field(default_factory=dict)  # named style codes
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION
    width: int = 0  # width in pixels of the training images; 0 = same as size
    input_type: str = "photo"  # one of INPUT_TYPES
    max_size: int = 0  # short side up to which label maps keep their size; 0 = size
    resize_mode: str = "auto"  # one of RESIZE_MODES; auto = from training.options, or the default
    crop_scale: float = 0.0  # of the training crops; 0 = the default of resize_mode
    input_half: str = ""  # the half that holds the input in side-by-side training pairs
    # The values of black and white; with input_dtype "" those of deep grey images, as 8 bits
    input_range: tuple[float, ...] = ()
    input_dtype: str = ""  # one of SAMPLE_DTYPES, of the training files; "" = 8-bit sRGB pictures
    output_range: tuple[float, ...] = ()
    output_dtype: str = ""
    # Models of line drawings: where the object is on a typical training sheet, as fractions of its
    # sides: left, top, right, bottom. Smaller drawings are enlarged to it; () = never
    object_box: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        self._upgrade()
        require(
            self.format_version == FORMAT_VERSION,
            "format_version",
            f"{FORMAT_VERSION}, the one this version of pix2pix reads",
            self.format_version,
        )
        require(self.task in TASKS, "task", f"one of {', '.join(TASKS)}", self.task)
        require(16 <= self.size <= 4096, "size", "from 16 to 4096", self.size)
        multiple = self.generator.multiple
        require(self.size % multiple == 0, "size", f"a multiple of {multiple}", self.size)
        require(0 <= self.width <= 4096, "width", "from 0 to 4096", self.width)
        require(self.width % multiple == 0, "width", f"a multiple of {multiple}", self.width)
        shape = self.generator
        for name, needed in zip(("in_channels", "out_channels"), CHANNELS[self.task]):
            value = getattr(shape, name)
            require(needed in (None, value), name, f"{needed} for {self.task}", value)
        ok = not shape.half_output or self.task in ("colorize", "photo2labels")
        require(ok, "half_output", f"false for {self.task}", shape.half_output)
        ok = not shape.enhancer or self.task in ("labels2photo", "image2image")
        require(ok, "enhancer", f"0 for {self.task}", shape.enhancer)
        require(
            self.input_type in INPUT_TYPES,
            "input_type",
            f"one of {', '.join(INPUT_TYPES)}",
            self.input_type,
        )
        ok = self.input_type == INPUT_TYPES[0] or self.task == "image2image"
        require(ok, "input_type", f"{INPUT_TYPES[0]} for {self.task}", self.input_type)
        ok = self.max_size == 0 or self.task == "labels2photo"
        require(ok, "max_size", f"0 for {self.task}", self.max_size)
        ok = self.max_size == 0 or min(self.shape) <= self.max_size <= 4096
        require(ok, "max_size", f"0, or from {min(self.shape)} to 4096", self.max_size)
        require(
            self.resize_mode in RESIZE_MODES,
            "resize_mode",
            f"auto or one of {', '.join(RESIZE_MODES)}",
            self.resize_mode,
        )
        require(is_crop_scale(self.crop_scale), "crop_scale", CROP_SCALE_RANGE, self.crop_scale)
        ok = self.input_half in HALVES
        require(ok, "input_half", "left, right or empty", self.input_half)
        check_value_range(self.input_range, "input_range")
        check_value_range(self.output_range, "output_range")
        self._check_samples()
        self._check_object_box()
        labels = {"labels2photo": shape.in_channels, "photo2labels": shape.out_channels}
        classes = labels.get(self.task, len(self.palette))
        expected = f"one entry for each of the {classes} classes"
        require(len(self.palette) == classes, "palette", expected, len(self.palette))
        require(len(self.styles) <= MAX_STYLES, "styles", f"{MAX_STYLES} at most", len(self.styles))
        for name, style in self.styles.items():
            ok = 1 <= len(name) <= 32 and name.isprintable() and name.strip() == name
            require(ok, "name of a style", "1 to 32 printable characters", name)
            check_style(style, shape.style_dim)

    def _check_samples(self) -> None:
        """Checks the dtypes and the channels of image2image."""
        shape = self.generator
        for side, dtype, values, name, channels in (
            ("input", self.input_dtype, self.input_range, "in_channels", shape.in_channels),
            ("output", self.output_dtype, self.output_range, "out_channels", shape.out_channels),
        ):
            ok = dtype in ("", *SAMPLE_DTYPES)
            require(ok, f"{side}_dtype", f"empty or one of {', '.join(SAMPLE_DTYPES)}", dtype)
            ok = not dtype or self.task == "image2image"
            require(ok, f"{side}_dtype", f"empty for {self.task}", dtype)
            ok = not dtype or bool(values)
            require(ok, f"{side}_range", f"given with {side}_dtype {dtype}", values)
            ok = bool(dtype) or self.task != "image2image" or channels == 3
            require(ok, name, f"3 without {side}_dtype", channels)
        ok = self.input_type == INPUT_TYPES[0] or not self.input_dtype
        require(ok, "input_dtype", f"empty with input_type {self.input_type}", self.input_dtype)
        ok = bool(self.output_dtype) or not self.output_range
        require(ok, "output_range", "empty without output_dtype", self.output_range)

    def _check_object_box(self) -> None:
        box = self.object_box
        ok = not box or self.input_type != INPUT_TYPES[0]
        require(ok, "object_box", f"empty with input_type {self.input_type}", box)
        ok = not box or (len(box) == 4 and 0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1)
        require(ok, "object_box", "empty, or left, top, right, bottom from 0 to 1", box)

    def _upgrade(self) -> None:
        """Renames old keys in `training.options`, and reads resize_mode from there if missing."""
        options = self.training.get("options")
        if isinstance(options, dict):
            options = rename_old_keys(options, "training.options")
            object.__setattr__(self, "training", {**self.training, "options": options})
        else:
            options = {}
        if self.resize_mode != "auto":
            return
        mode, scale = options.get("resize_mode"), options.get("crop_scale")
        known = isinstance(mode, str) and mode in RESIZE_MODES
        object.__setattr__(self, "resize_mode", mode if known else default_resize_mode(self.task))
        if not self.crop_scale and isinstance(scale, (int, float)) and is_crop_scale(scale):
            object.__setattr__(self, "crop_scale", float(scale))

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the training images."""
        return self.size, self.width or self.size

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)
