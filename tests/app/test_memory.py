"""Photos of nearly 50 megapixels take little more memory than the pictures that go in and out.

In Pillow a picture of 49 megapixels takes 200 MB, four bytes a pixel, and 49 MB where it is grey.
"""

import json
import sys
from pathlib import Path

import pytest
from helpers.forked import Programs
from helpers.models import TINY, colors, street
from PIL import Image

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.labels.label_map import PALETTE, encode_label_image
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

ROOT = Path(__file__).resolve().parents[2]
SIDE = 7000
LIMITS_MB = {
    ("colorize", "photo.jpg"): 400,  # the photo and its L, then L and the result
    ("colorize", "grey.jpg"): 400,
    ("trace", "photo.jpg"): 430,  # the photo, as an array too
    ("trace to draw on", "photo.jpg"): 150,
    ("open", "photo.jpg"): 450,
    ("open", "labels.jpg"): 600,  # and the classes of its pixels
    ("read", "labels.png"): 600,
}

# In a process of its own: does each work with a small file, forgets its greatest size so far where
# the system lets it, does it with a large one, and prints the MB that it then took more.
MEASURE = """
import contextlib, json, sys
from pathlib import Path
import pix2pix.app
from pix2pix.images.reader import open_rgb
from pix2pix.inference import load_colorizer, load_tracer
from pix2pix.labels.label_map import encode_label_image, open_label_map
from pix2pix.runtime.malloc import trim_heap
from pix2pix.app.server.colorize_schemas import ColorizeSettings, PhotoModels, finish_photo
from pix2pix.app.server.draw_routes import NotALabelMapError, open_drawing, trace_photo
from pix2pix.labels.canvas_spec import facades_canvas

def megabytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

def open_any(path):
    with contextlib.suppress(NotALabelMapError):  # a photo
        open_drawing(path, path.name, canvas)

folder = Path(sys.argv[1])
colorizer = load_colorizer(folder / "colorize", "cpu")
tracer = load_tracer(folder / "trace", "cpu")
canvas = facades_canvas((256, 256))
works = {
    "colorize": lambda p: finish_photo(
        PhotoModels(colorizer), p, p.name, ColorizeSettings(1.0, 64), "jpeg"
    ),
    "trace": lambda p: encode_label_image(tracer.trace(open_rgb(p))),
    "trace to draw on": lambda p: trace_photo(tracer, p, p.name, canvas),
    "open": open_any,
    "read": lambda p: open_label_map(p),
}
taken = []
for work, name in json.loads(sys.argv[2]):
    works[work](folder / "small" / name)
    trim_heap()
    Path("/proc/self/clear_refs").write_text("5")
    before = megabytes()
    works[work](folder / "large" / name)
    taken.append(megabytes() - before)
print(json.dumps(taken))
"""


@pytest.fixture(scope="module")
def taken_mb(
    programs: Programs, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], float]:
    """MB above the idle process, by work and file."""
    folder = tmp_path_factory.mktemp("large")
    pictures = {
        "photo.jpg": colors(64, 48),
        "grey.jpg": colors(64, 48).convert("L"),
        "labels.png": encode_label_image(street()),
        "labels.jpg": Image.fromarray(PALETTE[street()]),
    }
    for size, scale in (("small", None), ("large", (SIDE, SIDE))):
        (folder / size).mkdir()
        for name, picture in pictures.items():
            resized = picture.resize(scale, Image.Resampling.NEAREST) if scale else picture
            resized.save(folder / size / name)
    for name, task in (("colorize", "colorize"), ("trace", "photo2labels")):
        config = checkpoint_config(Recipe(task, **TINY))
        save_checkpoint(folder / name, config, Model(config), "")
    arguments = ["-c", MEASURE, str(folder), json.dumps(list(LIMITS_MB))]
    done = programs.run(arguments, folder / "output", ROOT, OMP_NUM_THREADS="1")
    if "clear_refs" in done.stderr:
        pytest.skip("this system does not let a process forget its greatest size")
    assert done.returncode == 0, done.stderr
    return dict(zip(LIMITS_MB, json.loads(done.stdout.splitlines()[-1])))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(("work", "name"), LIMITS_MB)
def test_a_large_picture_takes_little_more_than_itself(
    taken_mb: dict[tuple[str, str], float], work: str, name: str
) -> None:
    assert taken_mb[work, name] < LIMITS_MB[work, name]
