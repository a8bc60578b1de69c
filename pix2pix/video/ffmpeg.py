"""Find ffmpeg and ask ffprobe about a video."""

import json
import re
import shutil
import subprocess
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

MISSING = (
    "videos need the programs ffmpeg and ffprobe, and {} is not on PATH; install ffmpeg "
    "(Debian, Ubuntu: apt install ffmpeg; macOS: brew install ffmpeg; Windows: winget install "
    "ffmpeg) and run the command again"
)
# A playlist inside the file cannot make ffmpeg open addresses.
INPUT_OPTIONS = ("-protocol_whitelist", "file,pipe,crypto,data")

HD_HEIGHT = 720  # from here on, untagged videos have BT.709 colours


class VideoInfo(NamedTuple):
    """The properties of a video file's first video stream and first audio stream.

    `duration_s` and `frame_rate` are 0 where the file does not say them; `time_base` is in
    seconds; `audio_codec` is ffmpeg's name of the codec, "" without sound.
    """

    duration_s: float
    frame_rate: float
    time_base: Fraction
    audio_codec: str
    color_matrix: str  # ffmpeg's name, for swscale

    @property
    def frame_count(self) -> int | None:
        """The expected number of frames; None if unknown."""
        return round(self.duration_s * self.frame_rate) or None


def find_program(name: str) -> str:
    """The path of ffmpeg or ffprobe. ValueError with what to install if it is not on PATH."""
    path = shutil.which(name)
    if path is None:
        raise ValueError(MISSING.format(name))
    return path


def file_url(path: str | Path) -> str:
    """The path as ffmpeg takes it, whatever characters it has."""
    return f"file:{path}"


def probe_video(path: str | Path) -> VideoInfo:
    """The properties of a video. ValueError if ffmpeg cannot read it or it has no pictures."""
    if not Path(path).is_file():
        raise ValueError("is a folder" if Path(path).is_dir() else "does not exist")
    show = "format=duration:stream=codec_type,codec_name,avg_frame_rate,r_frame_rate,time_base"
    show += ",duration,height,color_space:stream_disposition=attached_pic"
    command = [find_program("ffprobe"), "-v", "error", "-of", "json", "-show_entries", show]
    done = subprocess.run(
        [*command, *INPUT_OPTIONS, "-i", file_url(path)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        reason = first_reason(done.stderr.decode(errors="replace"), path)
        raise ValueError(f"is not a video that ffmpeg can read ({reason})")
    found = json.loads(done.stdout)
    return _read_info(found.get("streams", []), found.get("format", {}))


def _read_info(streams: list[dict[str, Any]], container: dict[str, Any]) -> VideoInfo:
    videos = [s for s in streams if s.get("codec_type") == "video"]
    videos = [s for s in videos if not s.get("disposition", {}).get("attached_pic")]
    if not videos:
        raise ValueError("has no pictures; expected a video")
    video = videos[0]
    audio = next((s for s in streams if s.get("codec_type") == "audio"), {})
    rates = (_fraction(video.get(key)) for key in ("avg_frame_rate", "r_frame_rate"))
    matrix = video.get("color_space", "unknown")
    if matrix in ("unknown", "reserved", "gbr"):
        matrix = "bt709" if video.get("height", 0) >= HD_HEIGHT else "auto"
    return VideoInfo(
        duration_s=_seconds(video.get("duration") or container.get("duration")),
        frame_rate=float(next(filter(None, rates), 0)),
        time_base=_fraction(video.get("time_base")) or Fraction(1, 90000),
        audio_codec=audio.get("codec_name", "unknown") if audio else "",
        color_matrix=matrix if matrix in ("bt709", "bt470bg", "smpte170m") else "auto",
    )


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:  # "N/A"
        return 0.0


def _fraction(text: str | None) -> Fraction:
    try:
        return Fraction(text or "0")
    except (ValueError, ZeroDivisionError):  # "0/0"
        return Fraction(0)


def first_reason(text: str, path: str | Path = "") -> str:
    """The first line of ffmpeg's messages, without the names of its parts and the path."""
    lines = [re.sub(r"^(\[[^\]]*\] )+", "", line.strip()) for line in text.splitlines()]
    first = next((line for line in lines if line), "ffmpeg gave no reason")
    return first.removeprefix(f"{file_url(path)}: ")


@lru_cache
def frame_timing_option() -> str:
    """The option for frames with their own times: -vsync before ffmpeg 5.1, -fps_mode since."""
    text = subprocess.run(
        [find_program("ffmpeg"), "-version"],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
    ).stdout
    version = re.match(r"ffmpeg version n?(\d+)\.(\d+)", text)
    is_old = version is not None and (int(version[1]), int(version[2])) < (5, 1)
    return "-vsync" if is_old else "-fps_mode"


@lru_cache
def has_encoder(name: str) -> bool:
    """Whether this ffmpeg has an encoder."""
    done = subprocess.run(
        [find_program("ffmpeg"), "-hide_banner", "-encoders"],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
    )
    return name in re.findall(r"^ V\S+ (\S+)", done.stdout, re.MULTILINE)
