"""onnxruntime-web, which runs the models in the browser: fetched from npm once, then kept.

Six of its files are used: for WebAssembly alone, and with WebGPU, the loader, the module and the
binary. A page loads the second three where the browser has a GPU.
"""

import base64
import contextlib
import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from pathlib import Path

from pix2pix.runtime.atomic_io import write_atomically

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
# sha512 of the package, as npm states it
INTEGRITY = (
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
LOADER, MODULE = "ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs"
BINARY = "ort-wasm-simd-threaded.wasm"
GPU_LOADER, GPU_MODULE = "ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs"
GPU_BINARY = "ort-wasm-simd-threaded.asyncify.wasm"
FILES = (LOADER, MODULE, BINARY, GPU_LOADER, GPU_MODULE, GPU_BINARY)
NOTICE = f"""{PACKAGE} {VERSION}, {", ".join(FILES)}
Copyright (c) Microsoft Corporation. MIT License: https://github.com/microsoft/onnxruntime
"""
TIMEOUT_S = 300


def cache_folder() -> Path:
    """Where downloads are kept: PIX2PIX_CACHE, or else in the user's cache."""
    own = os.environ.get("PIX2PIX_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(own) if own else Path(base) / "pix2pix"


def check_runtime_url(url: str) -> str:
    """The option `--runtime` with a slash at its end, or "". Raises ValueError unless it is an
    address."""
    if url and not url.startswith(("https://", "http://")):
        raise ValueError(f"--runtime must be an address (https://...), got {url}")
    return url and url.rstrip("/") + "/"


def find_runtime(cache: Path) -> Path:
    """The folder with FILES, in `cache`; npm downloads them where they are not there yet.

    Raises ValueError where npm is absent or fails, or the package is not the expected one.
    """
    folder = cache / f"{PACKAGE}-{VERSION}"
    if all((folder / name).is_file() for name in FILES):
        return folder
    if shutil.which("npm") is None:
        raise ValueError(
            f"npm, which downloads {PACKAGE} {VERSION} for the page, is not installed; install it "
            "(it comes with Node.js), or give the address of a copy of the package's dist folder: "
            f"--runtime https://cdn.jsdelivr.net/npm/{PACKAGE}@{VERSION}/dist/"
        )
    with tempfile.TemporaryDirectory() as temporary:
        unpack(download(Path(temporary)), folder)
    return folder


def compress(path: Path) -> bytes:
    """The file compressed with gzip, from PATH.gz beside it; written there the first time.

    Both binaries together take four seconds, at each build of a page and each start of the app.
    """
    content, kept = path.read_bytes(), path.with_name(f"{path.name}.gz")
    with contextlib.suppress(OSError, EOFError, zlib.error):
        packed = kept.read_bytes()
        if gzip.decompress(packed) == content:
            return packed
    packed = gzip.compress(content, 9, mtime=0)
    with contextlib.suppress(OSError):  # a cache that cannot be written
        write_atomically(kept, packed)
    return packed


def download(folder: Path) -> Path:
    """The package in `folder`, compared with INTEGRITY. Raises ValueError."""
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=folder
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"npm did not download {PACKAGE} in {TIMEOUT_S} s") from None
    found = list(folder.glob("*.tgz"))
    if done.returncode or len(found) != 1:
        reason = (done.stderr or done.stdout).strip().splitlines()
        raise ValueError(
            f"npm could not download {PACKAGE} {VERSION}: {reason[0] if reason else 'no reason'}"
        )
    digest = base64.b64encode(hashlib.sha512(found[0].read_bytes()).digest()).decode()
    if digest != INTEGRITY:
        raise ValueError(f"{PACKAGE} {VERSION} from npm has another sha512 than expected: {digest}")
    return found[0]


def unpack(package: Path, folder: Path) -> None:
    """Writes FILES of the package into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(package) as archive:
        for name in FILES:
            try:
                file = archive.extractfile(f"package/dist/{name}")
            except KeyError:
                raise ValueError(f"{PACKAGE} {VERSION} has no dist/{name}") from None
            assert file is not None
            write_atomically(folder / name, file.read())
