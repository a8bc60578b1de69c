"""Download checkpoints from the Hub. A revision is a branch, a tag or a commit sha.

Only config.json and model.safetensors of a repo are read, the config first. Every failure is a
ValueError with one sentence.
"""

import hashlib
import logging
import math
import os
import re
from pathlib import Path
from typing import Literal

import huggingface_hub as hf

from pix2pix.checkpoint import (
    CONFIG_NAME,
    MAX_CONFIG_BYTES,
    WEIGHTS_NAME,
    build_meta_model,
    read_config,
    tensor_shapes,
)
from pix2pix.config import CheckpointConfig
from pix2pix.hub.client import HUB, TIMEOUT_S, Hub, UnreachableError, hub_error_message
from pix2pix.runtime.atomic_io import write_atomically

log = logging.getLogger(__name__)

SHA = re.compile(r"[0-9a-f]{40}")
DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
MAX_WEIGHTS_BYTES = 512 << 20  # the paper's U-Net-256 has 208 MiB in float32
MAX_LAYER_BYTES = 1 << 30  # of one layer's output at the config's size


def pinned_name(folder: str | Path) -> str | None:
    """OWNER/NAME@SHA of a folder downloaded from the Hub; None for any other."""
    parts = Path(folder).parts[-3:]
    if len(parts) < 3 or parts[1] != "snapshots" or not parts[0].startswith("models--"):
        return None
    return f"{parts[0].removeprefix('models--').replace('--', '/', 1)}@{parts[2]}"


def pull(repo_id: str, revision: str | None = None, hub: Hub = HUB) -> Path:
    """A folder with config.json and model.safetensors of the revision's current commit.

    A cached commit needs no network. If the Hub does not respond, the last known commit of the
    revision is used; raises UnreachableError if there is none. Raises ValueError for a checkpoint
    that is missing, not accessible, damaged or invalid.
    """
    name = f"{repo_id}@{revision}" if revision else repo_id
    if revision and SHA.fullmatch(revision) and (copy := find_cached(repo_id, revision, hub)):
        return copy
    try:
        with hub_error_message(name):
            info = hub.api.model_info(
                repo_id, revision=revision, files_metadata=True, timeout=TIMEOUT_S
            )
    except UnreachableError as error:
        copy = find_cached(repo_id, revision or "main", hub)
        if copy is None:
            raise UnreachableError(f"{error}, and there is no local copy") from None
        log.warning("%s; using the local copy %s", error, pinned_name(copy))
        return copy
    info.id = repo_id  # a hub may answer with another name, for a renamed repo or to harm that one
    copy = find_cached(repo_id, get_commit(info), hub)
    folder = copy or download(info, hub)
    log.info("%s@%s%s", repo_id, info.sha, "" if copy else " downloaded")
    record_revision(repo_id, revision or "main", get_commit(info), hub)
    return folder


def get_commit(info: hf.ModelInfo | hf.DatasetInfo) -> str:
    if not SHA.fullmatch(info.sha or ""):
        raise ValueError(f"{info.id}: expected a commit's sha from the Hub, got {info.sha!r}")
    return str(info.sha)


def download(info: hf.ModelInfo, hub: Hub) -> Path:
    """Downloads the config, validates it, and only then downloads the weights."""
    name = f"{info.id}@{info.sha}"
    files = {file.rfilename: file for file in info.siblings or []}
    for wanted in (CONFIG_NAME, WEIGHTS_NAME):
        if wanted not in files:
            raise ValueError(f"{name}: has no {wanted}, {_describe_contents(list(files))}")
    size = files[CONFIG_NAME].size
    if size is None or size > MAX_CONFIG_BYTES:
        raise ValueError(
            f"{name}: {CONFIG_NAME} has {size} bytes, expected at most {MAX_CONFIG_BYTES}"
        )
    folder = fetch(info, files[CONFIG_NAME], hub).parent
    try:
        check_affordable(read_config(folder), files[WEIGHTS_NAME].size)
    except ValueError as error:
        raise ValueError(f"{name}: {str(error).removeprefix(f'{folder}{os.sep}')}") from None
    return fetch(info, files[WEIGHTS_NAME], hub).parent


def _describe_contents(paths: list[str]) -> str:
    pickle = next((path for path in paths if path.endswith(PICKLES)), None)
    if pickle is None:
        return "so it is no checkpoint of this program"
    return f"only {pickle}, a pickle, which is never read since loading it could run arbitrary code"


def check_affordable(config: CheckpointConfig, size: int | None) -> None:
    """Raises ValueError if weights of `size` bytes cannot match the config, or if the model would
    exceed the memory limits for downloaded models."""
    shapes = tensor_shapes(build_meta_model(config).state_dict())
    numbers = sum(math.prod(shape) for shape in shapes.values())
    least, most = 2 * numbers, 4 * numbers + 1024 * (len(shapes) + 8)  # float16; float32 and header
    if size is None or not least <= size <= most:
        raise ValueError(
            f"{CONFIG_NAME} describes weights of {least} to {most} bytes, "
            f"but {WEIGHTS_NAME} has {size}"
        )
    shape, pixels = config.generator, config.size * (config.width or config.size)
    channels = max(2 * shape.stem, shape.ngf // 2, shape.in_channels, shape.ab_classes)
    for what, value, limit in (
        (WEIGHTS_NAME, size, MAX_WEIGHTS_BYTES),
        (f"a layer at size {config.size}", 4 * channels * pixels, MAX_LAYER_BYTES),
    ):
        if value > limit:
            raise ValueError(f"{what} would take {value} bytes, expected at most {limit}")


def fetch(
    info: hf.ModelInfo | hf.DatasetInfo,
    file: hf.hf_api.RepoSibling,
    hub: Hub,
    kind: Literal["model", "dataset"] = "model",
) -> Path:
    """The local copy of one file of a commit, verified against the Hub's size and hash."""
    with hub_error_message(f"{info.id}@{info.sha}"):
        path = Path(
            hub.api.hf_hub_download(
                info.id,
                file.rfilename,
                repo_type=kind,
                revision=info.sha,
                cache_dir=hub.cache,
                tqdm_class=limit_to(file.size or 0),
            )
        )
    digest = file.lfs.sha256 if file.lfs else file.blob_id
    if digest is None or not has_digest(path, digest):
        _forget(path)
        raise ValueError(
            f"{info.id}@{info.sha}: the downloaded {file.rfilename} does not have the hash "
            f"{digest} that the Hub announced; try again"
        )
    return path


def limit_to(size: int) -> type[hf.utils.tqdm]:
    """A progress bar that ends a transfer of more than `size` bytes.

    The client itself writes whatever a server sends, and compares sizes at the end.
    """

    class LimitedProgress(hf.utils.tqdm):
        def update(self, n: float | None = 1) -> bool | None:
            if self.n + (n or 0) > size:
                raise OSError(f"the Hub sent more than the {size} bytes that it announced")
            return super().update(n)

    return LimitedProgress


def has_digest(path: Path, digest: str) -> bool:
    """Whether the file has that sha256 (LFS) or git blob sha1. The client only compares sizes."""
    content = path.read_bytes()
    if len(digest) == 64:
        return hashlib.sha256(content).hexdigest() == digest
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() == digest


def find_cached(repo_id: str, revision: str, hub: Hub) -> Path | None:
    """The folder with the complete, undamaged local copy of a revision; None if there is none."""
    for filename in (CONFIG_NAME, WEIGHTS_NAME):
        found = hf.try_to_load_from_cache(repo_id, filename, hub.cache, revision)
        if not isinstance(found, str):
            return None
        path = Path(found)
        digest = path.resolve().name  # a cache with links names blobs by their hash
        if DIGEST.fullmatch(digest) and not has_digest(path, digest):
            log.warning("%s: the local copy is damaged", repo_id)
            _forget(path)
            return None
    return path.parent


def _forget(path: Path) -> None:
    path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def record_revision(repo_id: str, revision: str, sha: str, hub: Hub) -> None:
    """Records the commit of a revision like the client does: in a file under refs/.

    Called only after the commit was validated, so that a bad one never replaces a good one.
    """
    if revision == sha:
        return
    path = hub.cache / f"models--{repo_id.replace('/', '--')}" / "refs" / revision
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, sha.encode())
    except OSError as error:  # a read-only cache works too
        log.warning("%s: cannot record its commit (%s)", repo_id, error)
