"""Data sets of the Hub: files of images, or image columns of Parquet files."""

import io
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from helpers.fake_hub import FakeHub
from PIL import Image
from pyarrow import parquet

from pix2pix.cli import train
from pix2pix.data.factory import open_datasets
from pix2pix.data.options import DataOptions
from pix2pix.hub.client import Hub
from pix2pix.hub.dataset import fetch_dataset

OPTIONS = DataOptions("image2image", 32, crop_scale=1.0, resize_mode="stretch")


def png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def pairs() -> dict[str, bytes]:
    return {f"train/{side}/{i}.png": png(i + 10 * (side == "B")) for side in "AB" for i in range(3)}


def table(rows: range) -> bytes:
    """A Parquet file as `datasets` writes image columns, in which the targets come first."""

    def column(offset: int) -> pyarrow.Array:
        kind = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
        values = [{"bytes": png(i + offset), "path": f"{i}.png"} for i in rows]
        return pyarrow.array(values, kind)

    buffer = io.BytesIO()
    columns = {"after": column(100), "before": column(0), "id": list(rows)}
    parquet.write_table(pyarrow.table(columns), buffer)
    return buffer.getvalue()


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_the_images_of_a_repo_are_a_folder_of_data(hub: Hub, hub_server: FakeHub) -> None:
    hub_server.add("ada/maps", {"README.md": b"# Maps", **pairs()}, "dataset")
    folder = fetch_dataset("hf://ada/maps", hub=hub)
    names = [n for part in open_datasets(OPTIONS, folder) for n in part.names]
    assert sorted(names) == ["0", "1", "2"]
    assert not hub_server.asked("README")
    asked = len(hub_server.asked("GET .*png"))
    assert fetch_dataset("hf://ada/maps@main", hub=hub) == folder
    assert len(hub_server.asked("GET .*png")) == asked == 6  # the cache has them


def test_named_columns_are_inputs_and_targets(hub: Hub, hub_server: FakeHub) -> None:
    files = {
        "data/train-00000-of-00002.parquet": table(range(2)),
        "data/train-00001-of-00002.parquet": table(range(2, 4)),
        "data/validation-00000-of-00001.parquet": table(range(4, 6)),
    }
    hub_server.add("ada/tables", files, "dataset")
    folder = fetch_dataset("hf://ada/tables", ["before", "after"], hub)
    train_set, val_set = open_datasets(OPTIONS, folder)
    assert (len(train_set), len(val_set)) == (4, 2)
    for i, side, seed in ((3, "A", 3), (3, "B", 103)):
        written = folder / "train" / side / f"{i:08d}.png"
        np.testing.assert_array_equal(pixels(written.read_bytes()), pixels(png(seed)))
    asked = len(hub_server.asked("GET .*parquet"))
    assert fetch_dataset("hf://ada/tables", ["before", "after"], hub) == folder
    assert len(hub_server.asked("GET .*parquet")) == asked  # the folder is complete


def test_a_single_column_has_photos(hub: Hub, hub_server: FakeHub) -> None:
    hub_server.add("ada/tables", {"train.parquet": table(range(3))}, "dataset")
    folder = fetch_dataset("hf://ada/tables", ["after"], hub)
    photos = open_datasets(DataOptions("colorize", 32), folder)
    assert sum(map(len, photos)) == 3


@pytest.mark.parametrize("columns", [["before", "elsewhere"], ["id"], ["before", "after", "id"]])
def test_a_wrong_column_is_answered_with_those_there_are(
    columns: list[str], hub: Hub, hub_server: FakeHub
) -> None:
    hub_server.add("ada/tables", {"train.parquet": table(range(1))}, "dataset")
    with pytest.raises(ValueError, match="of the image columns after, before; got"):
        fetch_dataset("hf://ada/tables", columns, hub)


def test_what_is_no_data_set_is_said(hub: Hub, hub_server: FakeHub) -> None:
    hub_server.add("ada/texts", {"a.txt": b"no image"}, "dataset")
    for name, reason in (
        ("hf://ada/texts", "has neither images nor .parquet files"),
        ("hf://ada/none", "there is no such repo on the Hub"),
        ("hf://ada", "expected hf://OWNER/NAME"),
    ):
        with pytest.raises(ValueError, match=reason):
            fetch_dataset(name, hub=hub)


def test_a_damaged_file_is_refused(hub: Hub, hub_server: FakeHub) -> None:
    hub_server.add("ada/maps", pairs(), "dataset")
    hub_server.garbled.add("train/A/1.png")
    with pytest.raises(ValueError, match=r"train/A/1\.png does not have the hash"):
        fetch_dataset("hf://ada/maps", hub=hub)


def test_the_command_line_takes_a_data_set_and_its_columns(
    hub: Hub, hub_server: FakeHub, tmp_path: Path
) -> None:
    hub_server.add("ada/tables", {"train.parquet": table(range(2))}, "dataset")
    options = vars(train.build_parser().parse_args(["--data", "hf://ada/tables"]))
    options["columns"] = "before, after"
    train.fetch_data(options)
    assert (options["data"] / "train" / "B" / "00000001.png").exists()
    assert "columns" not in options
    with pytest.raises(ValueError, match="--columns goes with --data hf://OWNER/NAME"):
        train.fetch_data({"data": tmp_path, "columns": "a,b"})
