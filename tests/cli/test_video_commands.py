"""`colorize` and `translate` with videos: from file to file."""

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.album import Colorize, make
from helpers.translators import save_tiny, waves
from helpers.videos import LOSSLESS, needs_ffmpeg, read_video, save_video, scene, streams

from pix2pix.__main__ import main
from pix2pix.cli import video_command
from pix2pix.images.color import rgb_to_lab
from pix2pix.inference import load_colorizer
from pix2pix.inference.video_frames import colorize_frames, once_per_picture, steady_result
from pix2pix.runtime.bundle import CHECKPOINTS
from pix2pix.video.color_steadier import ColorSteadier

AUDIO = ("-c:a", "aac")


@pytest.fixture
def film(colorize: Colorize) -> Iterator[Path]:
    """A still scene with grain and sound, in the current folder."""
    yield save_video("film.mkv", scene(0, 6), *LOSSLESS, *AUDIO, sound=True)
    assert not list(Path().rglob("*.part")), "something was left half written"


def mean_change(frames: list[np.ndarray]) -> float:
    ab = [rgb_to_lab(frame)[..., 1:] for frame in frames]
    return float(np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(ab)]))


@needs_ffmpeg
def test_a_film_is_colourised_with_its_sound_and_its_light(colorize: Colorize, film: Path) -> None:
    assert colorize("film.mkv", "-o", "out/colour.mp4") == (0, [])
    before, after = read_video(film), read_video("out/colour.mp4")
    assert [s["codec_name"] for s in streams("out/colour.mp4")][1] == "aac"
    for old, new in zip(before, after, strict=True):
        assert new.time_s == pytest.approx(old.time_s, abs=0.002)
        lights = [rgb_to_lab(frame.rgb)[..., 0] for frame in (old, new)]
        assert np.abs(lights[1] - lights[0]).mean() < 1.5
    assert mean_change([frame.rgb for frame in after]) < 1


def test_the_bundled_model_does_not_flicker_on_a_still_scene() -> None:
    colorizer = load_colorizer(CHECKPOINTS / "colorize", "cpu")
    film, found = scene(3, 6, (64, 64)), []
    for steady in (True, False):
        process = colorize_frames(colorizer, size=64, steady=steady)
        found.append(mean_change([process(frame) for frame in film]))
    assert found[0] < 1 and found[0] < 0.6 * found[1], found


@needs_ffmpeg
def test_several_videos_go_to_a_folder(colorize: Colorize, film: Path) -> None:
    save_video("old.avi", scene(1, 2, (31, 40)))
    Path("broken.mp4").write_text("no video")
    status, lines = colorize("film.mkv", "old.avi", "broken.mp4", "-o", "out")
    assert status == 1
    assert lines[0] == (
        "old.avi: is 40 x 31 pixels; the result has 40 x 32, as video codecs need even sides"
    )
    assert lines[1].startswith("broken.mp4: is not a video that ffmpeg can read")
    assert {p.name for p in Path("out").iterdir()} == {"film.mkv", "old.mp4"}
    assert len(streams("out/old.mp4")) == 1


@needs_ffmpeg
def test_a_cut_off_video_gives_what_can_be_read(colorize: Colorize) -> None:
    whole = save_video("film.ts", scene(0, 20), "-c:v", "mpeg2video", "-q:v", "2").read_bytes()
    Path("film.ts").write_bytes(whole[: len(whole) * 2 // 3])
    status, lines = colorize("film.ts", "-o", "out.mp4")
    assert status == 0 and 5 < len(read_video("out.mp4")) < 20
    assert all("is damaged" in line for line in lines)
    Path("head.ts").write_bytes(whole[:500])
    status, lines = colorize("head.ts", "-o", "head.mp4")
    assert status == 2 and len(lines) == 1 and not Path("head.mp4").exists()


@needs_ffmpeg
def test_ctrl_c_leaves_the_old_result(
    colorize: Colorize, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("out.mp4").write_text("old")
    seen = []

    def interrupt(*_: object, **__: object) -> object:
        def process(rgb: np.ndarray) -> np.ndarray:
            seen.append(rgb)
            if len(seen) == 2:
                signal.raise_signal(signal.SIGINT)
            return rgb

        return process

    monkeypatch.setattr("pix2pix.inference.video_frames.colorize_frames", interrupt)
    status, lines = colorize("film.mkv", "-o", "out.mp4")
    assert (status, lines[-1]) == (130, "film.mkv: stopped, nothing was written")
    assert len(seen) == 2 and Path("out.mp4").read_text() == "old"


@needs_ffmpeg
def test_a_video_is_translated_at_its_size(tmp_path: Path) -> None:
    film = save_video(tmp_path / "a.mkv", [np.asarray(waves(40, 60))] * 3, *LOSSLESS)
    checkpoint = save_tiny(tmp_path / "edges")
    start = ["translate", str(film), "--checkpoint", str(checkpoint), "--device", "cpu"]
    assert main([*start, "-o", str(tmp_path / "b.mp4")]) == 0
    frames = read_video(tmp_path / "b.mp4")
    assert len(frames) == 3 and frames[0].rgb.shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.mp4", "photo.jpg", "-o", "out"), "a.mp4 is a video and photo.jpg is not"),
        (("a.mp4", "-o", "b.png"), "b.png: unknown format for a video; use one of .mp4"),
        (("a.mp4", "-o", "b.mp4", "--repair"), "--repair is for images; videos do not have it"),
    ],
)
@needs_ffmpeg
def test_what_videos_cannot_have_is_refused(
    colorize: Colorize, arguments: tuple[str, ...], words: str
) -> None:
    Path("a.mp4").write_text("no video")
    status, lines = colorize(*arguments)
    assert (status, len(lines)) == (2, 1) and words in lines[0]


def test_without_ffmpeg_nothing_is_loaded(
    colorize: Colorize, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("pix2pix.inference.load_colorizer", None)
    status, lines = colorize("a.mp4", "-o", "b.mp4")
    assert status == 2 and "ffmpeg is not on PATH; install ffmpeg" in lines[0]


def test_a_folder_named_like_a_video_is_a_folder(colorize: Colorize) -> None:
    make("film.mp4/a.jpg")
    assert video_command.pick_videos(["film.mp4"]) == []
    assert colorize("film.mp4", "-o", "out") == (0, [])


def test_translated_colours_are_steadied_and_their_light_is_kept() -> None:
    frames = scene(0, 6)
    rng = np.random.default_rng(0)
    tinted = [
        (frame * rng.uniform(0.6, 1, 3)).astype(np.uint8) for frame in frames
    ]  # the whole frame changes its hue
    steadier = ColorSteadier()
    steadied = [steady_result(steadier, a, b) for a, b in zip(frames, tinted)]
    assert mean_change(tinted) > 5 and mean_change(steadied) < 1.5
    for before, after in zip(tinted, steadied):
        assert np.abs(rgb_to_lab(after)[..., 0] - rgb_to_lab(before)[..., 0]).mean() < 1


def test_a_repeated_frame_is_processed_once() -> None:
    calls = []
    run = once_per_picture(lambda rgb: calls.append(rgb) or rgb + 1)  # type: ignore[func-returns-value]
    a, b = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2, 3), np.uint8)
    results = [run(frame)[0, 0, 0] for frame in (a, a.copy(), b, a)]
    assert results == [1, 1, 2, 1] and len(calls) == 3
