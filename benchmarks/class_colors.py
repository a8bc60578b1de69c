"""The colours of each class in photos of facades: the table of pix2pix/training/class_colors.py.

    python benchmarks/class_colors.py DIR

DIR holds NAME.jpg and NAME.png, the training photos of the CMP Facade Database.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pix2pix.data.factory import open_datasets  # noqa: E402
from pix2pix.data.options import DataOptions  # noqa: E402
from pix2pix.training.class_colors import PARTS, cell_colors, cell_parts  # noqa: E402

PERCENTILES = (2, 98)
SKY_BRIGHTNESS = 50  # its lowest percentile: above a building photos have trees and roofs too
MOST = 400  # cells of a part in one photo


def main() -> None:
    rng = np.random.default_rng(0)
    options = DataOptions("labels2photo", 256)
    (photos,) = open_datasets(options, Path(sys.argv[1]), ("train",))
    found = defaultdict(list)
    for index in range(len(photos)):
        batch = photos.batch([index], None)
        places = cell_parts(batch.input * (batch.weight > 0))[0].numpy() > 0
        colors = cell_colors(batch.target)[0].numpy()  # (3, h, w)
        for name, place in zip(PARTS, places):
            cells = colors[:, place].T
            found[name].append(cells[rng.permutation(len(cells))[:MOST]])
    print("RANGES = {")
    for name in PARTS:
        part = np.concatenate(found[name])
        bounds = np.percentile(part, PERCENTILES, axis=0).T.flatten()
        if name == "sky":
            bounds[0] = np.percentile(part[:, 0], SKY_BRIGHTNESS)
        print(f'    "{name}": ({", ".join(f"{v:.2f}" for v in bounds)}),  # {len(part)} cells')
    print("}")


if __name__ == "__main__":
    main()
