"""Images per second that the CPU prepares for training, with augmentation on the CPU or a GPU.

    python benchmarks/loader.py [--recipes paper facades ...] [--seconds 4] [--json FILE]

*CPU* is the loader as on a CPU: threads crop, resize, flip and augment each image. *GPU* is what is
left to them if a GPU augments whole batches (`--device-augment on`): they draw random numbers and
pack small tensors. *pixels* also packs the decoded images, which do not fit on the GPU then. Data
are synthetic and cached in memory. Cases alternate; CPU seconds count, so that other load matters
less. The last column computes the GPU's part of the work on the CPU too.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import cv2  # noqa: E402
import torch  # noqa: E402

from benchmarks.synthetic_data import write_for  # noqa: E402
from pix2pix.data.device_batches import DeviceBatches, DeviceDataset  # noqa: E402
from pix2pix.data.factory import open_datasets  # noqa: E402
from pix2pix.data.loader import BatchPlan  # noqa: E402
from pix2pix.training.recipe import load_recipe  # noqa: E402

RECIPES = ("paper", "facades", "trace", "colorize", "cats")
BATCH_SIZE = 32
ROUND_S = 0.5  # seconds of a case before the next one takes its turn
WHOLE = "GPU's part here"
CPU = torch.device("cpu")


def sources_of(name: str, folder: Path) -> dict[str, Any]:
    """The sources of batches to compare, by name."""
    options = load_recipe(name).data_options()
    (dataset,) = open_datasets(options, write_for(options.task, folder), ("train",))
    assert isinstance(dataset, DeviceDataset)
    return {
        "CPU": dataset,
        "GPU": DeviceBatches(dataset, CPU, keeps=True),
        "pixels": DeviceBatches(dataset, CPU, keeps=False),
        WHOLE: DeviceBatches(dataset, CPU, keeps=True),
    }


def measure(name: str, folder: Path, seconds: float) -> dict[str, float]:
    """Images per CPU second of each case."""
    sources = sources_of(name, folder)
    plan = BatchPlan(BATCH_SIZE, seed=0)
    for source in sources.values():
        plan.batch(source, 0)  # warm-up
    images, worked = dict.fromkeys(sources, 0), dict.fromkeys(sources, 0.0)
    while min(worked.values()) < seconds:
        for case, source in sources.items():
            began = time.process_time()
            while time.process_time() - began < ROUND_S:
                batch = plan.batch(source, images[case] // BATCH_SIZE)
                if case == WHOLE:
                    batch.to(CPU, torch.contiguous_format)
                images[case] += BATCH_SIZE
            worked[case] += time.process_time() - began
    return {case: images[case] / worked[case] for case in sources}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", default=RECIPES)
    parser.add_argument("--seconds", type=float, default=4, help="CPU seconds for each case")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    report = {}
    print(f"images per CPU second, batches of {BATCH_SIZE}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.recipes:
            rates = measure(name, Path(folder), options.seconds)
            report[name] = rates
            words = "  ".join(
                f"{case} {rate:7.0f} (x{rate / rates['CPU']:.1f})" for case, rate in rates.items()
            )
            print(f"{name:9} {words}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
