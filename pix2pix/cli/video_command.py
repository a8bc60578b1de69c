"""Process videos with `colorize` and `translate`: from file to file, frame by frame."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.cli.console import describe_error, print_stderr
from pix2pix.cli.output_paths import Planned, check_folder, guard_outputs
from pix2pix.runtime.signals import StopSignal
from pix2pix.video import VIDEO_SUFFIXES

if TYPE_CHECKING:
    from pix2pix.inference.video_frames import ProcessFrame

VIDEO_HELP = """\
videos: INPUT may also be a video (OUT: .mp4, .m4v, .mov, .mkv or .webm); this needs ffmpeg on PATH.
Sound, frame times and metadata are kept, colours are steadied over time. Of the options above,
only {} apply.
"""

# Loads the model once and returns a function that makes a processor for each video
LoadVideo = Callable[[argparse.Namespace], "Callable[[], ProcessFrame]"]


class StoppedError(Exception):
    """Ctrl+C or SIGTERM stopped a video."""


def add_video_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-steady",
        action="store_true",
        help="videos: do not average colours over time (they may flicker)",
    )


def pick_videos(inputs: Sequence[str]) -> list[str]:
    """The inputs if they are videos, by suffix; none if they are images.

    Raises ValueError for a mix.
    """
    distinct = list(dict.fromkeys(inputs))
    videos = [given for given in distinct if _is_video(given)]
    if videos and len(videos) < len(distinct):
        other = next(given for given in distinct if given not in videos)
        raise ValueError(
            f"{videos[0]} is a video and {other} is not; process videos and images in two commands"
        )
    return videos


def _is_video(given: str) -> bool:
    path = Path(given)
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()


def refuse_options(options: argparse.Namespace, defaults: dict[str, object]) -> None:
    """Raises ValueError for an option that videos do not have; `defaults` is that without it."""
    for name, default in defaults.items():
        if getattr(options, name) != default:
            raise ValueError(f"--{name.replace('_', '-')} is for images; videos do not have it")


def plan_videos(inputs: Sequence[str], out: str) -> Planned:
    """The result of each video, and the reason for those without one. ValueError for a bad OUT."""
    from pix2pix.video.frame_writer import CONTAINERS

    if not out:
        raise ValueError("-o is empty; expected a file or folder for the results")
    path = Path(out)
    if len(inputs) == 1 and not out.endswith(("/", os.sep)) and not path.is_dir():
        if path.suffix.lower() not in CONTAINERS:
            raise ValueError(
                f"{out}: unknown format for a video; use one of {', '.join(CONTAINERS)}, or end it "
                "in / for a folder"
            )
        check_folder(path.parent)
        return guard_outputs({inputs[0]: path})
    check_folder(path)
    return guard_outputs({given: path / _result_name(Path(given)) for given in inputs})


def _result_name(source: Path) -> str:
    from pix2pix.video.frame_writer import CONTAINERS

    kept = source.suffix.lower() in CONTAINERS
    return source.name if kept else f"{source.stem}.mp4"


def run_videos(options: argparse.Namespace, videos: list[str], load: LoadVideo) -> int:
    """Processes the videos one after the other and returns the exit status.

    Raises ValueError if none can be processed, as without ffmpeg.
    """
    from pix2pix.video.ffmpeg import find_program

    for program in ("ffmpeg", "ffprobe"):  # before the model is loaded
        find_program(program)
    targets, bad = plan_videos(videos, options.out)
    make = load(options) if targets else None
    done = 0
    with StopSignal("stopping; the unfinished video is deleted") as stop:
        for source, target in targets.items():
            assert make
            try:
                keep = not getattr(options, "strip", False)
                notes = process_video(source, target, make(), lambda: bool(stop.number), keep)
            except StoppedError:
                print_stderr(f"{source}: stopped, nothing was written")
                return 128 + stop.number
            except Exception as error:  # one file must not stop the batch
                bad[source] = describe_error(error).removeprefix(f"{source}: ")
            else:
                done += 1
                for note in notes:
                    print_stderr(f"{source}: {note}")
    for source, reason in bad.items():
        print_stderr(f"{source}: {reason}")
    return 0 if not bad else 1 if done else 2


def process_video(
    source: str | Path,
    target: Path,
    process: ProcessFrame,
    stopped: Callable[[], bool] = lambda: False,
    keep_metadata: bool = True,
) -> list[str]:
    """Writes the processed video and returns notes about it.

    `target` is complete or untouched. Raises ValueError for a file that is no video, and
    StoppedError soon after `stopped()` is true.
    """
    from tqdm import tqdm

    from pix2pix.video.ffmpeg import probe_video
    from pix2pix.video.frame_reader import FrameReader
    from pix2pix.video.frame_writer import FrameWriter

    info = probe_video(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    count, shape, last_s = 0, (0, 0), 0.0
    with (
        FrameReader(source, info) as reader,
        FrameWriter(target, source, info, keep_metadata) as writer,
        tqdm(total=info.frame_count, unit="frame", disable=not sys.stderr.isatty()) as bar,
    ):
        for frame in reader:
            if stopped():
                raise StoppedError
            writer.write(process(frame.rgb), frame.time_s, reader.pixel_aspect)
            count, shape, last_s = count + 1, frame.rgb.shape[:2], frame.time_s
            bar.update()
        reason = reader.close_reason()
        if not count:
            raise ValueError(f"has no frame that ffmpeg can read ({reason or 'it is empty'})")
        writer.finish()
    return _notes(shape, last_s, info.duration_s, reason)


def _notes(shape: tuple[int, ...], last_s: float, duration_s: float, damage: str) -> list[str]:
    notes = []
    height, width = shape
    if height % 2 or width % 2:
        notes.append(
            f"is {width} x {height} pixels; the result has {width + width % 2} x "
            f"{height + height % 2}, as video codecs need even sides"
        )
    if damage:
        upto = f" up to {last_s:.1f} of {duration_s:.1f} s" if duration_s else ""
        notes.append(f"is damaged; the frames that can be read{upto} were processed ({damage})")
    return notes
