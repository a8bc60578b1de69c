"""Sets in tar files (WebDataset) are read in place, in the order of files in a folder."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.factory import open_data
from pix2pix.data.loader import BatchPlan
from pix2pix.data.options import DataOptions
from pix2pix.data.validation import DataError
from pix2pix.images.reader import open_image, read_size
from pix2pix.images.samples import read_samples
from pix2pix.images.shards import list_members, open_file

OPTIONS = DataOptions("image2image", 32, val_split=0.34)


def encode(values: np.ndarray, ending: str) -> bytes:
    buffer = io.BytesIO()
    if ending == "npy":
        np.save(buffer, values)
    else:
        Image.fromarray(values).save(buffer, ending)
    return buffer.getvalue()


def write_shard(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def image(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)


def make_files(keys: range) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for key in keys:
        files |= {f"{key:04d}.input.png": encode(image(key), "png"), f"{key:04d}.json": b"{}"}
        files |= {f"{key:04d}.target.png": encode(image(100 + key), "png")}
    return files


def test_pairs_of_shards_are_those_of_the_same_files_in_a_folder(tmp_path: Path) -> None:
    write_shard(tmp_path / "tars" / "a.tar", make_files(range(3)))
    write_shard(tmp_path / "tars" / "b.tar", make_files(range(3, 6)))
    for name, content in make_files(range(6)).items():
        shard = "a.tar" if int(name[:4]) < 3 else "b.tar"
        (tmp_path / "files" / shard).mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / shard / name).write_bytes(content)
    opened = [open_data(OPTIONS, tmp_path / place, seek_ranges=True) for place in ("tars", "files")]
    assert opened[0].facts["pairing"] == "NAME_input is A, NAME_target is B"
    names = [[part.names for part in each.datasets] for each in opened]
    assert names[0] == names[1] and sum(map(len, names[0])) == 6
    plan = BatchPlan(2, seed=0)
    for step in (0, 5):  # also far from the start, as after a resume
        ours, theirs = (plan.batch(each.datasets[0], step) for each in opened)
        assert (ours.input == theirs.input).all() and (ours.target == theirs.target).all()


def test_shards_of_arrays_and_their_splits(tmp_path: Path) -> None:
    for split in ("train", "val"):
        ramp = np.linspace(0, 3000, 1024).reshape(32, 32).astype(np.uint16)
        files = {
            f"{i}.{word}.npy": encode(ramp + i, "npy") for i in range(2) for word in ("in", "out")
        }
        write_shard(tmp_path / split / "0.tar", files)
    opened = open_data(OPTIONS, tmp_path, seek_ranges=True)
    assert [len(part) for part in opened.datasets] == [2, 2]
    assert (opened.options.input_dtype, opened.options.input_range) == ("uint16", (0, 4095))


def test_members_are_read_in_place(tmp_path: Path) -> None:
    shard = tmp_path / "a.tar"
    write_shard(shard, {"x/1.png": encode(image(1), "png"), "2.npy": encode(image(2), "npy")})
    first, second = list_members(shard)
    assert (first, read_size(first)) == (shard / "x/1.png", (32, 32))
    np.testing.assert_array_equal(np.asarray(open_image(first)), image(1))
    np.testing.assert_array_equal(read_samples(second), image(2))
    with open_file(first) as file:
        file.seek(-4, io.SEEK_END)
        assert len(file.read()) == 4 and file.read() == b""
    with pytest.raises(ValueError, match=r"a\.tar/3\.png: is not in a\.tar"):
        open_image(shard / "3.png")


def test_a_damaged_member_and_a_damaged_shard_are_named(tmp_path: Path) -> None:
    files = make_files(range(3))
    files["0001.input.png"] = files["0001.input.png"][:100]
    write_shard(tmp_path / "a.tar", files)
    with pytest.raises(DataError) as error:
        open_data(OPTIONS, tmp_path, seek_ranges=True)
    assert error.value.problems[0].startswith(f"{tmp_path}/a.tar/0001.input.png: is damaged")
    content = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "a.tar").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"a\.tar: is (cut short|damaged)"):
        open_data(OPTIONS, tmp_path, seek_ranges=True)
    (tmp_path / "a.tar").write_bytes(b"no tar")
    with pytest.raises(ValueError, match=r"a\.tar: is damaged or no tar file"):
        open_data(OPTIONS, tmp_path, seek_ranges=True)
