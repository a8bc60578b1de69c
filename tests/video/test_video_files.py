"""Frames from files and into files: times, rotation, sizes, sound, damage."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from helpers.videos import (
    LOSSLESS,
    ffmpeg,
    needs_ffmpeg,
    read_video,
    save_video,
    set_rotation,
    streams,
)

from pix2pix.video import ffmpeg as programs
from pix2pix.video.ffmpeg import file_url, first_reason, probe_video
from pix2pix.video.frame_reader import FrameReader
from pix2pix.video.frame_writer import CONTAINERS, FrameWriter, audio_options

COLORS = [
    np.full((30, 40, 3), rgb, np.uint8) for rgb in ((200, 30, 60), (20, 180, 90), (9, 9, 200))
]


def copy_video(source: Path, target: Path) -> None:
    info = probe_video(source)
    with FrameReader(source, info) as reader, FrameWriter(target, source, info) as writer:
        for frame in reader:
            writer.write(frame.rgb, frame.time_s, reader.pixel_aspect)
        writer.finish()


@needs_ffmpeg
def test_lossless_frames_are_read_exactly(tmp_path: Path) -> None:
    path = save_video(tmp_path / "-%03d 'a';b.mkv", COLORS, *LOSSLESS)
    frames = read_video(path)
    for frame, expected in zip(frames, COLORS, strict=True):
        np.testing.assert_array_equal(frame.rgb, expected)
    assert [round(frame.time_s, 3) for frame in frames] == [0, 0.1, 0.2]
    info = probe_video(path)
    assert (info.frame_rate, info.audio_codec, info.frame_count) == (10, "", 3)


@needs_ffmpeg
@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".webm"])
def test_each_format_keeps_pictures_and_sound(suffix: str, tmp_path: Path) -> None:
    source = save_video(tmp_path / "a.mkv", COLORS * 2, *LOSSLESS, "-c:a", "pcm_s16le", sound=True)
    target = tmp_path / f"b{suffix}"
    copy_video(source, target)
    assert [stream["codec_type"] for stream in streams(target)] == ["video", "audio"]
    for frame, expected in zip(read_video(target), COLORS * 2, strict=True):
        assert np.abs(frame.rgb.astype(int) - expected).max() <= 5, suffix


@needs_ffmpeg
def test_a_variable_frame_rate_is_kept(tmp_path: Path) -> None:
    source, target = tmp_path / "a.mkv", tmp_path / "b.mp4"
    chosen = "select=eq(n\\,0)+eq(n\\,1)+eq(n\\,7)+eq(n\\,9)+eq(n\\,20)"
    timing = programs.frame_timing_option()
    picture = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=1", "-f", "lavfi", "-i", "sine=d=1")
    ffmpeg(*picture, "-vf", chosen, timing, "passthrough", *LOSSLESS, "-c:a", "ac3", str(source))
    copy_video(source, target)
    before, after = ([frame.time_s for frame in read_video(path)] for path in (source, target))
    np.testing.assert_allclose(np.diff(before), [0.04, 0.24, 0.08, 0.44], atol=1e-6)
    np.testing.assert_allclose(after, before, atol=0.001)  # also from the start of the sound
    assert streams(target)[1]["codec_name"] == "ac3"  # unchanged


@needs_ffmpeg
def test_a_phones_rotation_is_applied_once(tmp_path: Path) -> None:
    frame = np.zeros((32, 64, 3), np.uint8)
    frame[:, :32] = 255  # white on the left, which a turn to the right brings to the top
    path = save_video(tmp_path / "a.mp4", [frame] * 2, "-pix_fmt", "yuv420p")
    set_rotation(path)
    copy_video(path, tmp_path / "b.mp4")
    for name in ("a.mp4", "b.mp4"):
        turned = read_video(tmp_path / name)[0].rgb
        assert turned.shape == (64, 32, 3)
        assert turned[:28].min() > 240 and turned[36:].max() < 15
    assert (streams(tmp_path / "b.mp4")[0]["width"]) == 32
    assert not streams(tmp_path / "b.mp4")[0].get("side_data_list")


@needs_ffmpeg
def test_odd_sides_get_one_more_pixel(tmp_path: Path) -> None:
    frame = np.full((31, 43, 3), (10, 120, 240), np.uint8)
    copy_video(save_video(tmp_path / "a.mkv", [frame], *LOSSLESS), tmp_path / "b.mp4")
    (result,) = read_video(tmp_path / "b.mp4")
    assert result.rgb.shape == (32, 44, 3)
    assert np.abs(result.rgb.astype(int) - (10, 120, 240)).max() <= 5


@needs_ffmpeg
def test_pixels_that_are_no_squares_stay_so(tmp_path: Path) -> None:
    path = save_video(tmp_path / "a.mkv", COLORS, *LOSSLESS, "-vf", "setsar=16/15")
    with FrameReader(path, probe_video(path)) as reader:
        assert len(list(reader)) == 3 and reader.pixel_aspect == Fraction(16, 15)
    copy_video(path, tmp_path / "b.mp4")
    assert streams(tmp_path / "b.mp4")[0]["sample_aspect_ratio"] == "16:15"


@needs_ffmpeg
def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    with pytest.raises(ValueError, match=r"is not a video that ffmpeg can read"):
        probe_video(tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="does not exist"):
        probe_video(tmp_path / "b.mp4")
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.1", str(tmp_path / "sound.mkv"))
    with pytest.raises(ValueError, match="has no pictures"):
        probe_video(tmp_path / "sound.mkv")


@needs_ffmpeg
def test_a_playlist_opens_no_address(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(ValueError, match="is not a video"):
        probe_video(path)


@needs_ffmpeg
def test_a_writer_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    path = save_video(tmp_path / "a.mkv", COLORS, *LOSSLESS)
    (tmp_path / "gone").mkdir()
    target = tmp_path / "gone" / "b.mp4"
    with pytest.raises(ValueError, match=r"ffmpeg could not write .*b\.mp4 \("):
        with FrameWriter(target, path, probe_video(path)) as writer:
            (tmp_path / "gone").rmdir()
            for time in range(100):  # more than a pipe holds
                writer.write(np.zeros((300, 400, 3), np.uint8), time / 10)
            writer.finish()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mkv"]


def test_without_ffmpeg_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match=r"ffprobe is not on PATH; install ffmpeg .*apt install"):
        programs.find_program("ffprobe")


def test_sound_is_copied_where_the_format_takes_it_and_converted_elsewhere() -> None:
    assert audio_options(CONTAINERS[".mp4"], "aac")[-1] == "copy"
    assert audio_options(CONTAINERS[".mp4"], "pcm_s16le")[-1] == "aac"
    assert audio_options(CONTAINERS[".mkv"], "pcm_s16le")[-1] == "copy"
    assert audio_options(CONTAINERS[".webm"], "aac")[-1] == "libopus"
    assert audio_options(CONTAINERS[".mp4"], "") == []


def test_a_message_of_ffmpeg_is_shortened_to_its_reason() -> None:
    assert first_reason("[mov @ 0x55] [error] no moov\na: Invalid data\n") == "no moov"
    assert first_reason(f"\n{file_url('a.mp4')}: Invalid data\n", "a.mp4") == "Invalid data"
    assert first_reason("") == "ffmpeg gave no reason"
