"""The data options of a recipe."""

from dataclasses import dataclass

from pix2pix.config import RESIZE_MODES, SAMPLE_DTYPES, TASKS, default_resize_mode
from pix2pix.config_fields import require
from pix2pix.data.discovery import LAYOUTS
from pix2pix.data.resize_crop import Geometry
from pix2pix.images.array_files import MAX_CHANNELS
from pix2pix.images.samples import PICTURE_CHANNELS, SampleFormat
from pix2pix.images.value_range import AUTO_RANGE, ValueRange, parse_range

DIRECTIONS = ("auto", "AtoB", "BtoA")
# How a model is trained: from pairs, or from two sets without pairs
OBJECTIVES = ("paired", "cyclegan", "cut")
LABEL_TASKS = ("labels2photo", "photo2labels")


@dataclass(frozen=True)
class DataOptions:
    """The keys of a recipe about its data, its section "Data"."""

    task: str
    size: int = 256  # image height in pixels
    width: int = 0  # 0 = same as size
    layout: str = "auto"
    direction: str = "auto"  # which of A and B is the input
    val_split: float = 0.1  # fraction held out when there is no val folder
    skip_invalid: bool = False
    resize_mode: str = "auto"
    crop_scale: float = 0.0
    enlarge: bool = (
        True  # else small images are left out, and crops have no more pixels than there are
    )
    random_flip: bool = True
    cache_gb: float = -1.0  # memory for decoded images; -1 = half of the free memory
    class_balance: float = 0.5  # weight of a class: its share to the power of minus this
    half_output: bool = False
    input_range: ValueRange = ()  # images above 8 bits: the values of black and white
    target_range: ValueRange = ()
    # Of image2image: channels and dtype of the files. 0 and "": 8-bit RGB, or found by looking
    channels_in: int = 0
    channels_out: int = 0
    input_dtype: str = ""
    target_dtype: str = ""
    range_in: str = AUTO_RANGE  # LO:HI, from which input_range is taken; or AUTO_RANGE
    range_out: str = AUTO_RANGE
    input_type: str = "photo"  # lines-white: line drawings are white on black
    # Of photos whose lines are drawn while training (data.datasets.sketch_dataset.Sketching)
    small_fraction: float = 0.25
    small_scale: float = 0.45
    small_rotation: float = 0.0
    scribble_fraction: float = 0.0
    seed: int = 0
    objective: str = "paired"  # one of OBJECTIVES

    def __post_init__(self) -> None:
        for name, allowed in (
            ("task", TASKS),
            ("layout", ("auto", *LAYOUTS)),
            ("direction", DIRECTIONS),
            ("objective", OBJECTIVES),
            ("resize_mode", ("auto", *RESIZE_MODES)),
        ):
            value = getattr(self, name)
            require(value in allowed, name, f"one of {', '.join(allowed)}", value)
        require(0 < self.val_split < 1, "val_split", "above 0 and below 1", self.val_split)
        ok = 0 <= self.class_balance <= 1
        require(ok, "class_balance", "from 0 (as they are) to 1 (all alike)", self.class_balance)
        for name in ("small_fraction", "scribble_fraction"):
            value = getattr(self, name)
            require(0 <= value <= 1, name, "from 0 to 1", value)
        ok = 0.1 <= self.small_scale <= 0.9
        require(ok, "small_scale", "from 0.1 to 0.9", self.small_scale)
        ok = 0 <= self.small_rotation <= 180
        require(ok, "small_rotation", "from 0 to 180 degrees", self.small_rotation)
        ok = self.cache_gb == -1 or self.cache_gb >= 0
        require(ok, "cache_gb", "-1 (half of the free memory), or 0 or more", self.cache_gb)
        ok = self.enlarge or self.geometry().resize_mode in ("crop", "squeeze")
        require(ok, "enlarge", "true unless resize_mode is crop or squeeze", self.enlarge)
        ok = not self.is_unpaired or self.task == "image2image"
        require(ok, "objective", f"paired for {self.task}", self.objective)
        ok = not self.is_unpaired or self.layout in ("auto", "unpaired")
        require(ok, "layout", f"unpaired for {self.objective}", self.layout)
        ok = self.is_unpaired or self.layout != "unpaired"
        require(ok, "layout", "a layout of pairs, or the recipe cyclegan or cut", self.layout)
        ok = self.objective != "cyclegan" or self.direction != "BtoA"
        expected = "auto for cyclegan, which learns both directions"
        require(ok, "direction", expected, self.direction)
        self._check_samples()
        self.geometry()

    def _check_samples(self) -> None:
        for name in ("channels_in", "channels_out"):
            value = getattr(self, name)
            ok = 0 <= value <= MAX_CHANNELS
            require(ok, name, f"0 (found by looking), or up to {MAX_CHANNELS}", value)
            ok = self.has_samples or value in (0, 3)
            reason = "draws lines" if self.task == "image2image" else "is not image2image"
            require(ok, name, f"0 or 3 for a task that {reason}", value)
        for name in ("input_dtype", "target_dtype"):
            value = getattr(self, name)
            require(value in ("", *SAMPLE_DTYPES), name, "empty or a dtype of samples", value)
        for name in ("range_in", "range_out"):
            parse_range(getattr(self, name), name)

    @property
    def has_samples(self) -> bool:
        """Whether inputs and targets may have any depth and number of channels."""
        return self.task == "image2image" and not self.draws_lines

    def formats(self) -> tuple[SampleFormat, SampleFormat]:
        """The formats of inputs and targets, or of A and B."""
        return (
            SampleFormat(self.input_dtype, self.channels_in or PICTURE_CHANNELS, self.input_range),
            SampleFormat(
                self.target_dtype, self.channels_out or PICTURE_CHANNELS, self.target_range
            ),
        )

    @property
    def is_unpaired(self) -> bool:
        """Whether the images are two sets without pairs."""
        return self.objective != "paired"

    @property
    def draws_lines(self) -> bool:
        """Whether the inputs are line drawings made from plain photos while training."""
        return self.task == "image2image" and self.layout == "photos"

    def range_names(self) -> tuple[str, str]:
        """Names of the options with the ranges of both parts of an example; "" for label maps."""
        if self.task == "image2image" and not self.draws_lines:
            return "input_range", "target_range"
        return "input_range" if self.task == "photo2labels" else "target_range", ""

    def part_ranges(self) -> tuple[ValueRange, ValueRange]:
        """The ranges of both parts of an example: input and target, or photo and ()."""
        first, second = self.range_names()
        return getattr(self, first), getattr(self, second) if second else ()

    def geometry(self) -> Geometry:
        mode = default_resize_mode(self.task) if self.resize_mode == "auto" else self.resize_mode
        shape = self.size, self.width or self.size
        return Geometry(*shape, mode, self.crop_scale, self.random_flip, self.enlarge)
