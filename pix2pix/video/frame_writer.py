"""Write frames to a video file, with the sound and the metadata of another one."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pix2pix.video.ffmpeg import (
    INPUT_OPTIONS,
    VideoInfo,
    file_url,
    find_program,
    first_reason,
    frame_timing_option,
    has_encoder,
)
from pix2pix.video.raw_matroska import frame_cluster, stream_header


class Container(NamedTuple):
    """A file format: ffmpeg's name, the sound it takes unchanged, and the codec for other sound."""

    name: str
    audio: frozenset[str]  # empty: any
    audio_encoder: str


_MP4_AUDIO = frozenset(("aac", "mp3", "ac3", "eac3", "alac"))
_MOV_AUDIO = _MP4_AUDIO | {"pcm_s16le", "pcm_s24le", "pcm_s16be", "pcm_f32le"}
CONTAINERS = {
    ".mp4": Container("mp4", _MP4_AUDIO, "aac"),
    ".m4v": Container("mp4", _MP4_AUDIO, "aac"),
    ".mov": Container("mov", _MOV_AUDIO, "aac"),
    ".mkv": Container("matroska", frozenset(), "aac"),
    ".webm": Container("webm", frozenset(("opus", "vorbis")), "libopus"),
}
# Quality: visually lossless or nearly so
_X264 = ("libx264", "-crf", "17", "-preset", "medium")
_VP9 = ("libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1")
_MPEG4 = ("mpeg4", "-q:v", "2")
_COLORS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")


def encoder_options(suffix: str, time_base: Fraction) -> list[str]:
    """ffmpeg's options for the pictures. ValueError if this ffmpeg lacks the encoder."""
    choices = (_VP9,) if suffix == ".webm" else (_X264, _MPEG4)
    chosen = next((c for c in choices if has_encoder(c[0])), None)
    if chosen is None:
        raise ValueError(
            f"this ffmpeg cannot write {suffix} (it has no encoder {choices[0][0]}); use .mkv or "
            "another build of ffmpeg"
        )
    if chosen is _MPEG4:  # has at most 65535 ticks a second
        time_base = max(time_base, Fraction(1, 60000))
    ticks = f"{time_base.numerator}/{time_base.denominator}"
    return ["-c:v", *chosen, "-pix_fmt", "yuv420p", "-enc_time_base", ticks]


def audio_options(container: Container, codec: str) -> list[str]:
    """ffmpeg's options for the sound: unchanged where the container takes it, else converted."""
    if not codec:
        return []
    is_kept = not container.audio or codec in container.audio
    return ["-map", "1:a", "-c:a", "copy" if is_kept else container.audio_encoder]


class FrameWriter(contextlib.AbstractContextManager["FrameWriter"]):
    """Encodes frames to `target`, with the sound, chapters and metadata of the video `source`.

    Writes a temporary file beside the target, which `finish` renames; leaving the context without
    it deletes the file. Odd sides get one more column or row, a copy of the last one, as the
    encoders need even ones. Raises ValueError for a suffix not in CONTAINERS and with ffmpeg's
    message if it fails.
    """

    def __init__(
        self,
        target: Path,
        source: str | Path,
        info: VideoInfo,
        keep_metadata: bool = True,
    ) -> None:
        if target.suffix.lower() not in CONTAINERS:
            raise ValueError(f"{target}: unknown format; use one of {', '.join(CONTAINERS)}")
        self._target, self._source, self._info = target, source, info
        self._keep_metadata = keep_metadata
        self._part = target.with_name(f".{secrets.token_hex(8)}.part")
        self._process: subprocess.Popen[bytes] | None = None
        self._first_s = 0.0
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)

    def write(self, rgb: np.ndarray, time_s: float, pixel_aspect: Fraction = Fraction(1)) -> None:
        """Appends a frame (H, W, 3) uint8 at its time in the source, in seconds.

        All frames have the shape of the first one, and its width to height ratio of a pixel.
        """
        height, width = rgb.shape[:2]
        rgb = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        if self._process is None:
            self._first_s = time_s
            self._start(rgb.shape[1], rgb.shape[0], pixel_aspect)
        self._send(frame_cluster(rgb, max(0.0, time_s - self._first_s)))

    def finish(self) -> None:
        """Completes the file and moves it to its place. At least one frame must be written."""
        assert self._process and self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        if self._process.wait():
            raise ValueError(self._reason())
        self._part.replace(self._target)

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            assert self._process.stdin
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._messages.close()
        self._part.unlink(missing_ok=True)

    def _start(self, width: int, height: int, pixel_aspect: Fraction) -> None:
        suffix = self._target.suffix.lower()
        container = CONTAINERS[suffix]
        aspect = f"{pixel_aspect.numerator}/{pixel_aspect.denominator}"
        convert = "out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd"
        command = [find_program("ffmpeg"), "-hide_banner", "-loglevel", "error", "-y"]
        command += ["-itsoffset", f"{self._first_s:.6f}", "-f", "matroska", "-i", "pipe:0"]
        command += [*INPUT_OPTIONS, "-i", file_url(self._source)]
        command += ["-map", "0:v", "-vf", f"scale={convert},setsar={aspect}"]
        command += [*encoder_options(suffix, self._info.time_base), *_COLORS, "-color_range", "tv"]
        command += [frame_timing_option(), "passthrough"]
        command += audio_options(container, self._info.audio_codec)
        source = "1" if self._keep_metadata else "-1"
        command += ["-map_metadata", source, "-map_chapters", source]
        if container.name in ("mp4", "mov"):
            command += ["-movflags", "+faststart"]
        self._process = subprocess.Popen(
            [*command, "-f", container.name, file_url(self._part)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._messages,
            start_new_session=True,  # Ctrl+C reaches this process alone, which ends ffmpeg
        )
        self._send(stream_header(width, height, 1 / (self._info.frame_rate or 25)))

    def _send(self, data: bytes) -> None:
        assert self._process and self._process.stdin
        try:
            self._process.stdin.write(data)
        except BrokenPipeError:
            self._process.wait()
            raise ValueError(self._reason()) from None

    def _reason(self) -> str:
        self._messages.seek(0)
        said = first_reason(self._messages.read().decode(errors="replace"), self._part)
        return f"ffmpeg could not write {self._target} ({said})"
