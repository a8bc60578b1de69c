"""Write samples in their own depth: .npy, TIFF, PNG of 8 and 16 bits, or EXR."""

import io
from pathlib import Path

import cv2
import numpy as np

from pix2pix.images.exr import EXR_SUFFIX, encode_exr
from pix2pix.runtime.atomic_io import write_atomically

PNG_DTYPES = ("uint8", "uint16")
PNG_CHANNELS = (1, 3, 4)
MEDIA_TYPES = {".npy": "application/octet-stream", ".png": "image/png", ".tif": "image/tiff"}


def sample_endings(dtype: str, channels: int) -> tuple[str, ...]:
    """The file suffixes that hold such samples without loss, the default first."""
    is_png = dtype in PNG_DTYPES and channels in PNG_CHANNELS
    float_endings = [EXR_SUFFIX] if dtype == "float32" else []
    return (*([".png"] if is_png else []), ".npy", ".tif", ".tiff", *float_endings)


def encode_samples(samples: np.ndarray, suffix: str) -> bytes:
    """The content of a file with samples (H, W, C); a single channel has no axis in it.

    Raises ValueError if the format of the suffix cannot hold them, and for EXR without its package.
    """
    endings = sample_endings(samples.dtype.name, samples.shape[2])
    if suffix not in endings:
        words = f"{samples.shape[2]} channels of {samples.dtype.name}"
        raise ValueError(f"{suffix} does not hold {words}; use one of {', '.join(endings)}")
    flat = samples[..., 0] if samples.shape[2] == 1 else samples
    if suffix == ".png":
        order = [2, 1, 0, 3][: samples.shape[2]]
        done, content = cv2.imencode(".png", flat if flat.ndim == 2 else flat[..., order])
        if not done:
            raise ValueError("the PNG encoder failed")
        return content.tobytes()
    if suffix == EXR_SUFFIX:
        return encode_exr(samples)
    buffer = io.BytesIO()
    if suffix == ".npy":
        np.save(buffer, np.ascontiguousarray(flat), allow_pickle=False)
    else:
        import tifffile  # imported late: it is slow to import

        tifffile.imwrite(
            buffer, flat, photometric="rgb" if samples.shape[2] == 3 else "minisblack",
            planarconfig="contig" if flat.ndim == 3 else None, compression="zlib", metadata=None,
        )  # fmt: skip
    return buffer.getvalue()


def save_samples(samples: np.ndarray, path: Path) -> None:
    """Writes samples (H, W, C) atomically in the format of the file's suffix.

    Raises ValueError if the file cannot be written.
    """
    try:
        content = encode_samples(samples, path.suffix.lower())
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ValueError(f"{path} cannot be written ({reason})") from None
