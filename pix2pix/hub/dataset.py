"""Data sets on the Hugging Face Hub: the image files of a repo, or image columns of its Parquet.

Both become a folder of images in the client's cache, which is read as any other folder of data.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

import huggingface_hub as hf
from tqdm import tqdm

from pix2pix.hub import NAME
from pix2pix.hub.client import HUB, TIMEOUT_S, Hub, hub_error_message
from pix2pix.hub.download import fetch, get_commit
from pix2pix.images.samples import SAMPLE_SUFFIXES
from pix2pix.labels.palette import PALETTE_NAME
from pix2pix.runtime.atomic_io import write_atomically

SCHEME = "hf://"
PARQUET = ".parquet"
THREADS = 8  # transfers at a time
ROWS = 64  # of a Parquet file in memory at a time
SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
DONE_NAME = "complete"  # marks a folder whose images are all written
_WORD = re.compile(r"[a-z]+")
_PARTS = "AB"  # folders of inputs and targets

log = logging.getLogger(__name__)


def fetch_dataset(name: str, columns: Sequence[str] = (), hub: Hub = HUB) -> Path:
    """The folder of a data set hf://OWNER/NAME[@REVISION].

    Image files are downloaded with their folders. A repo without any has its images in Parquet
    files: `columns` names those of the inputs and of the targets, or of plain photos; by default
    they are all image columns, one or two. Raises ValueError if the repo, its images or a column
    are missing, and UnreachableError if the Hub does not respond.
    """
    match = NAME.fullmatch(name.removeprefix(SCHEME))
    if match is None:
        raise ValueError(f"{name}: expected {SCHEME}OWNER/NAME or {SCHEME}OWNER/NAME@REVISION")
    repo_id = match["repo"]
    with hub_error_message(name):
        info = hub.api.dataset_info(
            repo_id, revision=match["revision"], files_metadata=True, timeout=TIMEOUT_S
        )
    info.id = repo_id  # a hub may answer with another name
    get_commit(info)
    files = info.siblings or []
    images = [f for f in files if PurePosixPath(f.rfilename).suffix.lower() in SAMPLE_SUFFIXES]
    if images and not columns:
        palettes = [f for f in files if PurePosixPath(f.rfilename).name == PALETTE_NAME]
        first, *_ = download_files(info, images + palettes, hub)
        depth = len(PurePosixPath(images[0].rfilename).parts)
        return first.parents[depth - 1]
    tables = [f for f in files if f.rfilename.endswith(PARQUET)]
    if not tables:
        raise ValueError(
            f"{name}: has neither images nor {PARQUET} files; expected one of them (shards of "
            "WebDataset: download them, and give their folder)"
        )
    into = hub.cache / f"datasets--{repo_id.replace('/', '--')}" / "columns"
    into /= f"{info.sha}-{'-'.join(columns) or 'images'}"
    if not (into / DONE_NAME).exists():
        paths = download_files(info, tables, hub)
        extract_columns(dict(zip((f.rfilename for f in tables), paths)), columns, into, name)
    return into


def download_files(
    info: hf.DatasetInfo, files: Sequence[hf.hf_api.RepoSibling], hub: Hub
) -> list[Path]:
    """The local copies of files of a data set, in order; those in the cache are not transferred."""
    megabytes = sum(file.size or 0 for file in files) / 2**20
    log.info("%s@%s: %d files, %.1f MiB", info.id, info.sha, len(files), megabytes)
    with ThreadPoolExecutor(THREADS) as pool:
        transfers = pool.map(lambda file: fetch(info, file, hub, "dataset"), files)
        return list(tqdm(transfers, info.id, len(files), leave=False, delay=2, unit="file"))


def extract_columns(tables: dict[str, Path], columns: Sequence[str], into: Path, name: str) -> None:
    """Writes the images of Parquet files, as they are in them, to INTO/SPLIT/A and B.

    `tables` are the local copies by their names in the repo, which tell the split. Raises
    ValueError if pyarrow is not installed, or for a column that is missing or holds no images.
    """
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise ValueError(
            f"{name}: keeps its images in {PARQUET} files, which need the package pyarrow: "
            "pip install pyarrow"
        ) from None
    counts: dict[str, int] = {}
    for table_name, path in sorted(tables.items()):
        split = split_of_name(table_name)
        table = parquet.ParquetFile(path)
        chosen = choose_columns(table.schema_arrow, columns, name)
        sides = _PARTS if len(chosen) == 2 else [""]
        for batch in table.iter_batches(ROWS, columns=chosen):
            for row in batch.to_pylist():
                number = counts[split] = counts.get(split, -1) + 1
                for side, column in zip(sides, chosen):
                    write_image(row[column], into / split / side, number, f"{name}, {column}")
    counted = ", ".join(f"{split} {count + 1:,}" for split, count in counts.items())
    log.info("%s: images of the columns %s (%s)", name, ", ".join(chosen), counted)
    write_atomically(into / DONE_NAME, b"")


def choose_columns(schema: Any, columns: Sequence[str], name: str) -> list[str]:
    """The columns to read, checked. Raises ValueError with the image columns of the table."""
    images = [field.name for field in schema if is_image_column(field.type)]
    chosen = list(columns) or images
    missing = [column for column in chosen if column not in images]
    if missing or not 1 <= len(chosen) <= 2:
        raise ValueError(
            f"{name}: expected --columns INPUT,TARGET, or one column of photos, of the image "
            f"columns {', '.join(images) or '(none)'}; got {', '.join(columns) or 'no columns'}"
        )
    return chosen


def is_image_column(kind: Any) -> bool:
    """Whether an Arrow type holds encoded images: bytes, or the structs of `datasets.Image`."""
    import pyarrow

    if pyarrow.types.is_struct(kind):
        return {kind.field(i).name for i in range(kind.num_fields)} == {"bytes", "path"}
    return bool(pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))


def split_of_name(table_name: str) -> str:
    """The split that a Parquet file belongs to, by the first word of SPLITS in its path."""
    words = _WORD.findall(table_name.lower())
    return next((SPLITS[word] for word in words if word in SPLITS), "train")


def write_image(value: Any, folder: Path, number: int, where: str) -> None:
    """Writes an encoded image as FOLDER/NUMBER with the suffix of its format."""
    content = value["bytes"] if isinstance(value, dict) else value
    if not content:
        raise ValueError(f"{where}: row {number} has no image in it")
    folder.mkdir(parents=True, exist_ok=True)
    suffix = next(_suffixes(content), ".bin")
    write_atomically(folder / f"{number:08d}{suffix}", content)


def _suffixes(content: bytes) -> Iterator[str]:
    starts = {
        b"\xff\xd8\xff": ".jpg",
        b"\x89PNG": ".png",
        b"II*\0": ".tif",
        b"MM\0*": ".tif",
        b"\x93NUMPY": ".npy",
        b"GIF8": ".gif",
        b"BM": ".bmp",
    }
    yield from (suffix for start, suffix in starts.items() if content.startswith(start))
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        yield ".webp"
