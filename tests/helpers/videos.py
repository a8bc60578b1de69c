"""Tiny videos, made by ffmpeg; the tests that need it are skipped where it is not installed."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pix2pix.video.ffmpeg import probe_video
from pix2pix.video.frame_reader import Frame, FrameReader

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="ffmpeg is not installed (make test installs it where apt can)",
)
LOSSLESS = ("-c:v", "ffv1", "-pix_fmt", "bgr0")


def ffmpeg(*arguments: str, stdin: bytes = b"") -> None:
    command = ["ffmpeg", "-v", "error", "-y", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def save_video(
    path: Path | str,
    frames: Sequence[np.ndarray],
    *options: str,
    sound: bool = False,
    rate: int = 10,
) -> Path:
    """The frames (H, W, 3) uint8 as a video; `options` go to the encoder (LOSSLESS for .mkv)."""
    height, width = frames[0].shape[:2]
    inputs = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{rate}"]
    inputs += ["-i", "pipe:0"]
    if sound:
        inputs += ["-f", "lavfi", "-i", f"sine=d={len(frames) / rate}"]
    ffmpeg(*inputs, *options, str(path), stdin=b"".join(frame.tobytes() for frame in frames))
    return Path(path)


def read_video(path: Path | str) -> list[Frame]:
    with FrameReader(path, probe_video(path)) as reader:
        return list(reader)


def streams(path: Path | str) -> list[dict[str, Any]]:
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]


def set_rotation(path: Path) -> None:
    """Marks an MP4 file as turned by 90 degrees, as phones do, in its track's matrix."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # ISO/IEC 14496-12, 8.3.2
    one = 1 << 16
    turned = (0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    data[matrix : matrix + 36] = b"".join(v.to_bytes(4, "big", signed=True) for v in turned)
    path.write_bytes(data)


def scene(seed: int, count: int, shape: tuple[int, int] = (48, 64)) -> list[np.ndarray]:
    """Grey frames of a still scene (blobs of its own by `seed`) with film grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    picture = np.full(shape, 128.0)
    for _ in range(8):
        cy, cx, r = rng.uniform(0, shape[0]), rng.uniform(0, shape[1]), rng.uniform(6, 16)
        picture += rng.choice((-70, 70)) * (np.hypot(y - cy, x - cx) < r)
    frames = [picture + rng.normal(0, 4, shape) for _ in range(count)]
    return [np.repeat(f.clip(0, 255).astype(np.uint8)[..., None], 3, 2) for f in frames]
