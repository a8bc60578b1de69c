"""Read the frames of a video one by one, upright and with their times."""

from __future__ import annotations

import contextlib
import queue
import re
import subprocess
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from pix2pix.video.ffmpeg import (
    INPUT_OPTIONS,
    VideoInfo,
    file_url,
    find_program,
    first_reason,
    frame_timing_option,
)

MAX_PIXELS = 50_000_000  # per frame
MAX_ERRORS = 20  # messages that are kept
_TIME_BASE = re.compile(r"config in time_base: (\d+/\d+)")
_FRAME = re.compile(r"\bn: *\d+ pts: *(\S+) .*\bsar:(\d+)/(\d+) s:(\d+)x(\d+)")
_ERROR = re.compile(r"\[(?:error|fatal|panic)\] (.*)")


class Frame(NamedTuple):
    """A frame (H, W, 3) uint8, sRGB, and its time in seconds from the start of the file."""

    rgb: np.ndarray
    time_s: float


class _Announced(NamedTuple):
    """A frame that ffmpeg is about to write."""

    time_s: float | None
    size: tuple[int, int]  # width, height


class FrameReader(contextlib.AbstractContextManager["FrameReader"]):
    """Iterates over the frames of a video; holds one at a time. All have the first one's size.

    ffmpeg turns them upright by the file's rotation. `pixel_aspect` is known from the first frame
    on; `errors` has ffmpeg's first messages about damage. Raises ValueError for frames of more than
    MAX_PIXELS.
    """

    def __init__(self, path: str | Path, info: VideoInfo) -> None:
        self.pixel_aspect = Fraction(1)
        self.errors: list[str] = []
        self._path, self._info = path, info
        self._time_base: Fraction | None = None
        self._announced: queue.SimpleQueue[_Announced | None] = queue.SimpleQueue()
        convert = "flags=bicubic+accurate_rnd+full_chroma_int"
        filters = f"showinfo=checksum=0,scale=in_color_matrix={info.color_matrix}:{convert}"
        command = [find_program("ffmpeg"), "-nostdin", "-hide_banner", "-nostats"]
        command += ["-loglevel", "level+info", *INPUT_OPTIONS, "-i", file_url(path)]
        command += ["-map", "0:V:0", "-vf", filters, frame_timing_option(), "passthrough"]
        command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl+C reaches this process alone, which ends ffmpeg
        )
        self._thread = threading.Thread(target=self._read_messages, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        assert self._process.stdout
        size, time_s, step = None, 0.0, 1 / (self._info.frame_rate or 25)
        while (announced := self._announced.get()) is not None:
            width, height = announced.size
            if width * height > MAX_PIXELS:
                raise ValueError(
                    f"has frames of {width} x {height} pixels; at most {MAX_PIXELS} are allowed"
                )
            data = self._process.stdout.read(width * height * 3)
            if len(data) < width * height * 3:
                break
            rgb: np.ndarray = np.frombuffer(data, np.uint8).reshape(height, width, 3)
            size = size or announced.size
            if announced.size != size:  # the resolution changed within the file
                rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
            time_s = time_s + step if announced.time_s is None else announced.time_s
            yield Frame(rgb, time_s)
        self._process.wait()

    def close_reason(self) -> str:
        """ffmpeg's first error message; "" without errors."""
        self._thread.join()
        return first_reason("\n".join(self.errors), self._path) if self.errors else ""

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe
            pipe.close()

    def _read_messages(self) -> None:
        assert self._process.stderr
        for raw in self._process.stderr:
            line = raw.decode(errors="replace")
            if found := _FRAME.search(line):
                self._announce(*found.groups())
            elif found := _TIME_BASE.search(line):
                self._time_base = Fraction(found[1])
            elif (found := _ERROR.search(line)) and len(self.errors) < MAX_ERRORS:
                self.errors.append(found[1].strip())
        self._announced.put(None)

    def _announce(self, pts: str, *numbers: str) -> None:
        aspect_x, aspect_y, width, height = map(int, numbers)
        if aspect_x and aspect_y:
            self.pixel_aspect = Fraction(aspect_x, aspect_y)
        is_timed = self._time_base is not None and re.fullmatch(r"-?\d+", pts)
        time_s = float(int(pts) * self._time_base) if is_timed and self._time_base else None
        self._announced.put(_Announced(time_s, (width, height)))
