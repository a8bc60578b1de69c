"""The command line of `python -m pix2pix translate`."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from pix2pix.cli.arguments import Process, Say, add_checkpoint, add_folder_options
from pix2pix.cli.console import print_stderr
from pix2pix.cli.output_paths import Planned
from pix2pix.cli.ray_command import RAY_HELP, add_ray_options
from pix2pix.cli.video_command import (
    VIDEO_HELP,
    add_video_options,
    pick_videos,
    refuse_options,
    run_videos,
)

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from pix2pix.config import CheckpointConfig
    from pix2pix.inference.video_frames import ProcessFrame

INPUT, SUMMARY = "IMAGE", "images -> images, with your own model"
INPUT_HELP = "image file or folder of images"

HELP = """\
Translate images with an image-to-image model: edges to photos, aerial views to maps, day to night.

The model has the task image2image; it comes from train.py or from the Hugging Face Hub. IMAGE is a
file or a folder. Images are resized as in training (`resize_mode` in config.json). The result has
the size and the orientation of the image.

A model that was trained on images of other depths or channels (16 bits, floats, .npy) takes such
files, and its results are in the unit of its training targets: PNG of 16 bits, TIFF, .npy or EXR.
"""

EXAMPLES = """\
In a folder, images with a newer result are skipped; sub-folders keep their names.

examples:
  python -m pix2pix translate sketch.png -o photo.png --checkpoint runs/sketches
  python -m pix2pix translate maps -o aerial --recursive --checkpoint ada/maps
  python -m pix2pix translate photo.jpg -o large.png --size 512 --checkpoint runs/night
  python -m pix2pix translate scan-4000x3000.tif -o map.png --tile 256 --checkpoint ada/maps
  python -m pix2pix translate facades/test/*.jpg -o out/ --half left --checkpoint runs/paper
  python -m pix2pix translate street.mp4 -o street-night.mp4 --checkpoint runs/night

"""
EXAMPLES += "\n".join((VIDEO_HELP.format("--size, --tile, --seed and --device"), RAY_HELP))

ARRAY_ENDINGS = (".npy", ".npz", ".exr")  # images that are no pictures
ODD_WIDTH = (
    "is {} pixels wide; a side-by-side pair needs an even width (--half whole uses it as it is)"
)
MAX_LISTED = 10  # images listed per kind of notice


def add_options(parser: argparse.ArgumentParser) -> None:
    add_checkpoint(parser)
    add_folder_options(parser)
    option = parser.add_argument
    option(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="the style, if the model has several (default: 0)",
    )
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument(
        "--size",
        type=int,
        metavar="N",
        help="working height in pixels; larger gives finer results, within the model's limits "
        "(default: its training size)",
    )
    detail.add_argument(
        "--tile",
        type=int,
        metavar="N",
        help="work at full resolution in blended, overlapping tiles N pixels high, for images that "
        "are much larger than the model's (default: the whole image at once)",
    )
    option(
        "--half",
        choices=("auto", "left", "right", "whole"),
        default="auto",
        help="which half of an image with two pictures side by side to use, as in test sets of "
        "pairs; auto: the input's half, if the model was trained on such pairs and the image looks "
        "like one, with a message (default: auto)",
    )
    add_video_options(parser)
    add_ray_options(parser)


def run_if_videos(options: argparse.Namespace) -> int | None:
    """Processes the inputs and returns the exit status if they are videos, else None.

    Raises ValueError if videos and images are mixed, or if none can be processed.
    """
    videos = pick_videos(options.inputs)
    if not videos:
        return None
    refuse_options(options, {"half": "auto", "recursive": False, "ray": None})
    return run_videos(options, videos, load_video)


def load_video(options: argparse.Namespace) -> Callable[[], ProcessFrame]:
    """Loads the model and returns a function that makes a processor for each video."""
    from pix2pix.inference import load_translator
    from pix2pix.inference.video_frames import translate_frames

    translator = load_translator(options.checkpoint, options.device)

    def make() -> ProcessFrame:
        steady = not options.no_steady
        return translate_frames(translator, options.seed, options.size, options.tile, steady)

    try:
        translator.check_sizes(options.size, options.tile)
    except ValueError as error:
        raise ValueError(f"--{error}") from None
    return make


def plan_results(options: argparse.Namespace, inputs: list[str]) -> tuple[Planned, dict[str, str]]:
    """The results and the skipped files by `plan_files`."""
    from pix2pix.cli.photo_tasks import plan_files

    config = read_config_of(options.checkpoint)
    arrays = ARRAY_ENDINGS if config is not None and config.input_dtype else ()
    return plan_files(inputs, options.out, options.recursive, result_endings(config), arrays)


def default_ending(options: argparse.Namespace) -> str:
    """The suffix of results in a folder."""
    return next(iter(result_endings(read_config_of(options.checkpoint))), ".png")


def result_endings(config: CheckpointConfig | None) -> tuple[str, ...]:
    """The suffixes of files that hold the model's results; () if they are 8-bit pictures."""
    if config is None or not config.output_dtype:
        return ()
    from pix2pix.images.sample_writer import sample_endings

    return sample_endings(config.output_dtype, config.generator.out_channels)


def read_config_of(checkpoint: str) -> CheckpointConfig | None:
    """The config of a folder or of a checkpoint of the Hub; None if loading will say the error."""
    from pix2pix.checkpoint import read_config
    from pix2pix.hub import resolve

    try:
        return read_config(resolve(checkpoint))
    except ValueError:
        return None


def load_process(options: argparse.Namespace, say: Say = print_stderr) -> Process:
    import numpy as np
    from PIL import Image

    from pix2pix.images.convert import to_rgb
    from pix2pix.images.icc import to_srgb
    from pix2pix.images.reader import open_image
    from pix2pix.images.value_range import is_deep, read_in_range
    from pix2pix.inference import load_translator
    from pix2pix.inference.image_to_image import LineDrawer

    translator = load_translator(options.checkpoint, options.device)
    try:
        translator.check_sizes(options.size, options.tile)
    except ValueError as error:
        raise ValueError(f"--{error}") from None
    network = LineDrawer(translator) if translator.config.object_box else translator
    halves = HalfPicker(options.half, translator.config, say)
    value_range = translator.config.input_range

    def translate(samples: np.ndarray) -> Image.Image | np.ndarray:
        made = network.translate_samples(
            samples, options.seed, size=options.size, tile=options.tile
        )
        return Image.fromarray(made) if translator.target.is_picture else made

    def process(source: str) -> Image.Image | np.ndarray:
        if not translator.source.is_picture:
            samples = translator.read(source, allow_exr=True)
            if options.half in ("left", "right"):
                samples = halve_samples(samples, options.half)
            return translate(samples)
        image = open_image(source)
        for note in image.info.get("notes", ()):  # the chosen page, a guessed value range
            if "pages" in note or not (value_range and is_deep(image.mode)):  # the range is known
                say(f"{source}: {note}")
        image = halves.take(to_rgb(to_srgb(read_in_range(image, value_range))), source)
        return translate(np.asarray(image))

    return process


def halve_samples(samples: np.ndarray, half: str) -> np.ndarray:
    """The left or right half of samples (H, W, C). ValueError if the width is odd."""
    middle, odd = divmod(samples.shape[1], 2)
    if odd:
        raise ValueError(ODD_WIDTH.format(samples.shape[1]))
    return samples[:, :middle] if half == "left" else samples[:, middle:]


class HalfPicker:
    """Selects the input's half of side-by-side pairs, and reports it."""

    def __init__(self, half: str, config: CheckpointConfig, say: Say = print_stderr) -> None:
        self._half, self._own = half, config.input_half
        self._print = say
        self._height, self._width = config.shape
        self._said: Counter[str] = Counter()

    def take(self, image: Image.Image, name: str) -> Image.Image:
        """The image, or a half of it. ValueError for an image without two halves."""
        if self._half in ("left", "right"):
            return crop_half(image, self._half)
        if self._half == "whole" or not self._is_pair(image):
            return image
        if self._own:
            self._say(
                f"{name}: two pictures side by side, as in training; the {self._own} half is used "
                "(--half whole uses all of it)"
            )
            return crop_half(image, self._own)
        self._say(
            f"{name}: looks like two pictures side by side, but is used as a whole; "
            "--half left or --half right uses a half"
        )
        return image

    def _is_pair(self, image: Image.Image) -> bool:
        """Whether the image is twice as wide as the model's images and has a seam at its centre.

        If the seam is undecided, as with objects on white, the model's training data decide.
        """
        import numpy as np

        from pix2pix.images.seam import MIN_SEAM, seam_strength

        if image.width * self._height != 2 * image.height * self._width or image.width % 2:
            return False
        step = seam_strength(np.asarray(image))
        return bool(self._own) if step is None else step >= MIN_SEAM

    def _say(self, line: str) -> None:
        kind = line.rpartition(":")[2]
        self._said[kind] += 1
        if self._said[kind] <= MAX_LISTED:
            self._print(line)
        elif self._said[kind] == MAX_LISTED + 1:
            self._print("and others, which are not listed")


def crop_half(image: Image.Image, half: str) -> Image.Image:
    """The left or right half. ValueError if the width is odd."""
    if image.width % 2:
        raise ValueError(ODD_WIDTH.format(image.width))
    middle = image.width // 2
    left = 0 if half == "left" else middle
    return image.crop((left, 0, left + middle, image.height))
