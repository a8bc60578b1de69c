"""`--ray` on a cluster of two worker processes on this machine, one of which is killed."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.album import Colorize, make, results, save_colorizer
from helpers.translators import save_tiny, waves
from PIL import Image

from pix2pix.__main__ import main
from pix2pix.inference.ray_pool import ENVIRONMENT

COUNT = 60
RAY = ("--ray", "--ray-workers", "2", "--ray-cores", "1")


def ray_processes(name: bytes) -> list[int]:
    """The processes of Ray that this one has started, by the start of their command lines."""
    parents, found = {}, []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if (path / "cmdline").read_bytes().startswith(name):
                found.append(int(path.name))
        except (OSError, ValueError):  # it has just ended
            continue

    def is_ours(pid: int) -> bool:
        while pid > 1 and pid != os.getpid():
            pid = parents.get(pid, 0)
        return pid == os.getpid()

    return [pid for pid in found if is_ours(pid)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A cluster of this process; commands use it in place of starting their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        ray = pytest.importorskip("ray")
        ray.init(
            "local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=256 << 20,
        )
        yield
        ray.shutdown()
    end = time.monotonic() + 60
    while (left := ray_processes(b"ray::")) and time.monotonic() < end:
        time.sleep(0.2)
    assert not left, "processes of Ray are left"


@pytest.fixture
def colorize(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Colorize:
    checkpoint = save_colorizer(tmp_path / "checkpoint")
    (tmp_path / "place").mkdir()
    monkeypatch.chdir(tmp_path / "place")
    make("photo.jpg")

    def run(*arguments: str) -> tuple[int, list[str]]:
        status = main(["colorize", "--checkpoint", str(checkpoint), "--device", "cpu", *arguments])
        lines = capsys.readouterr().err.splitlines()  # Ray itself prints on stdout
        assert not list(Path().rglob("*.part")), "something was left half written"
        return status, lines

    return run


def make_box() -> None:
    """Photos in sub-folders, two of one name, and files that are no photos; one has a caption."""
    exif = Image.Exif()
    exif[0x010E] = "Grandmother, 1931"
    for i in range(COUNT):
        make(f"box/{'Süd' if i % 2 else 'inner dir'}/photo {i}.jpg", 240, 160, exif=exif)
    for name in ("twin.jpg", "twin.JPE"):
        make("grey.jpg", 60 + len(name), 40)
        Path("grey.jpg").replace(f"box/{name}")
    Path("box/bad.jpg").write_text("no photo")
    Path("box/empty.png").write_bytes(b"")
    Path("box/notes.txt").write_text("no photo")


def kill_one_worker(killed: list[int], out: Path) -> None:
    """Kills a worker as soon as there are results."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        done = len([*out.rglob("*.jpg")])
        workers = ray_processes(b"ray::MapWorker")
        if done >= 4 and workers:
            os.kill(workers[0], signal.SIGKILL)
            killed += [workers[0], done]
            return
        time.sleep(0.01)


@pytest.mark.slow
def test_nothing_is_lost_or_done_twice_when_a_worker_is_killed(
    cluster: None, colorize: Colorize
) -> None:
    make_box()
    assert colorize("box", "-r", "-o", "plain")[0] == 1
    killed: list[int] = []
    killer = threading.Thread(target=kill_one_worker, args=(killed, Path("box/out")))
    killer.start()
    status, lines = colorize("box", "-r", "-o", "box/out", "--report", "report.json", *RAY)
    killer.join()
    assert status == 1 and killed and killed[1] < COUNT
    report = json.loads(Path("report.json").read_text())
    assert results("box/out") == results("plain") and len(results("plain")) == COUNT + 2
    assert sorted(entry["result"] for entry in report["done"]) == sorted(
        f"box/out/{name}" for name in results("plain")
    )
    for name in results("plain"):
        assert Path("box/out", name).read_bytes() == Path("plain", name).read_bytes(), name
    assert {entry["photo"] for entry in report["failed"]} == {"box/bad.jpg", "box/empty.png"}
    assert f"{COUNT + 2} done, 0 skipped, 2 failed" in lines[-1]
    assert colorize("box", "-r", "-o", "box/out")[1][-1].startswith(f"{COUNT + 2} already done")


@pytest.mark.slow
def test_a_pattern_at_urls_goes_on_where_the_plain_command_stopped(
    cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """`local` is fsspec's name of a storage that all processes see."""
    monkeypatch.chdir(tmp_path)
    start = ["translate", "--checkpoint", str(save_tiny(tmp_path / "edges")), "--device", "cpu"]
    Path("album").mkdir()
    for name in "abcd":
        waves(40, 60).save(f"album/{name}.jpg")
    assert main([*start, "album/a.jpg", "-o", "out/"]) == 0
    before = Path("out/a.png").read_bytes(), Path("out/a.png").stat().st_mtime_ns
    Path("out/b.png").write_bytes(b"")  # a result that is not whole
    url = f"local://{tmp_path}"
    capsys.readouterr()
    one = ("--ray", "--ray-workers", "1", "--ray-cores", "1")
    assert main([*start, f"{url}/album/*.jpg", "-o", f"{url}/out", *one]) == 0
    assert "3 done, 1 skipped, 0 failed" in capsys.readouterr().err
    assert results() == {"a.png", "b.png", "c.png", "d.png"}
    assert (Path("out/a.png").read_bytes(), Path("out/a.png").stat().st_mtime_ns) == before
    assert Path("out/d.png").read_bytes() == before[0]


# Mistakes that are found without a cluster


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("photo.jpg", "-o", "out", "--ray-workers", "2"), "--ray-workers needs --ray"),
        (("photo.jpg", "-o", "out", "--ray", "--ray-cores", "0"), "--ray-cores must be at least 1"),
        (("s3://album", "-o", "out"), "s3://album: is a URL, which needs --ray"),
        (("*.gif", "-o", "out", "--ray"), "*.gif: matches no file"),
    ],
)
def test_a_mistake_is_named_before_any_work(
    colorize: Colorize, arguments: tuple[str, ...], reason: str
) -> None:
    status, lines = colorize(*arguments)
    assert status == 2 and reason in lines[-1]


def test_an_empty_folder_needs_no_cluster(colorize: Colorize) -> None:
    Path("empty").mkdir()
    status, lines = colorize("empty", "-o", "out", "--ray")
    assert status == 2 and lines[0].startswith("empty: contains no photos")


def test_without_ray_the_package_to_install_is_named(
    colorize: Colorize, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    status, lines = colorize("photo.jpg", "-o", "out/", "--ray")
    assert status == 2 and "pip install 'pix2pix-studio[ray]'" in lines[-1]
