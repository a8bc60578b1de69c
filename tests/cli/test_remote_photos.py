"""Photos and results in object storage, with fsspec's storage in memory in its place."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.album import make

from pix2pix.cli.photo_tasks import PhotoTask, find_photos, plan_photos
from pix2pix.cli.remote_photos import find_finished, is_finished, plan_remote, with_storage

fsspec = pytest.importorskip("fsspec")
BOX = "memory://box"


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The storage in memory, with what lies in the folder `box` of the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "a.png", "inner dir/b.webp", "inner dir/é.jpg", "deep/er/c.tif"):
        make(f"box/{name}")
    make("box/scan.png")
    Path("box/scan.png").rename("box/scan.0001")
    Path("box/notes.txt").write_text("no photo")
    Path("box/.hidden.jpg").write_text("no photo")
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for path in Path("box").rglob("*"):
        if path.is_file():
            memory.put_file(str(path), f"/{path}")
    yield memory
    memory.store.clear()


@pytest.mark.parametrize("ending", [None, ".png"])
def test_names_in_storage_are_those_of_the_same_local_folder(storage: Any, ending) -> None:
    tasks, found, _ = plan_remote([BOX], "memory://out", True, ending)
    local = find_photos(["box"], Path("out"), True)
    expected, _ = plan_photos(local.names, Path("out"), ending)
    assert [t.result for t in tasks] == [f"memory:///{t.target}" for t in expected]
    assert [t.source for t in tasks] == [f"memory:///{t.source}" for t in expected]
    assert [*found.left_out] == ["memory:///box/notes.txt"] and not found.bad


def test_patterns_give_files_and_folders_their_own(storage: Any) -> None:
    tasks, _, _ = plan_remote([f"{BOX}/inner dir/*.jpg", f"{BOX}/a.*"], "out", False, None)
    assert [str(task.target) for task in tasks] == ["out/é.jpg", "out/a.jpg", "out/a.png"]
    tasks, _, _ = plan_remote([f"{BOX}/deep", f"{BOX}/inner dir"], "memory://out", True, None)
    assert [task.name for task in tasks] == ["deep/er/c.tif", "inner dir/b.webp", "inner dir/é.jpg"]


def test_results_within_the_source_are_no_photos(storage: Any) -> None:
    storage.put("box/a.jpg", "/box/out/a.jpg")
    tasks, _, _ = plan_remote([BOX], f"{BOX}/out", True, None)
    assert len(tasks) == 6 and not [task for task in tasks if "/out/" in task.source]
    with pytest.raises(ValueError, match="is the folder of the photos"):
        plan_remote([BOX], f"{BOX}/", True, None)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ([f"{BOX}/*.gif"], "matches no file"),
        ([f"{BOX}/gone.jpg"], "no such file"),
        ([BOX, "box"], "expected only URLs or only local files"),
        (["nonsense://box"], "nonsense"),
    ],
)
def test_inputs_that_cannot_be_used_are_named(storage: Any, inputs: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as error:
        plan_remote(inputs, "out", True, None)
    assert str(error.value).startswith(inputs[0].split(" ")[0])


def copy(task: PhotoTask) -> tuple[str, ...]:
    """Stands in for a model: the result has the bytes of the photo."""
    content = Path(task.source).read_bytes()
    if content == b"":
        raise ValueError(f"{task.source}: is empty")
    task.target.parent.mkdir(parents=True, exist_ok=True)
    task.target.write_bytes(content)
    return (f"{len(content)} bytes",)


@pytest.mark.parametrize("out", ["memory://out", "out"])
def test_a_result_is_made_once_and_again_when_its_photo_changes(storage: Any, out: str) -> None:
    tasks, _, files = plan_remote([BOX], out, True, None)
    assert find_finished(tasks, files, out) == set()
    for task in tasks:
        (note,) = with_storage(copy)(task)
        assert note.endswith("bytes") and is_finished(task)
    assert find_finished(tasks, files, out) == {task.label for task in tasks}
    later = {url: replace(file, modified=file.modified + 1e6) for url, file in files.items()}
    assert find_finished(tasks, later, out) == set()
    if out == "out":
        assert Path("out/inner dir/é.jpg").read_bytes() == Path("box/inner dir/é.jpg").read_bytes()
    else:
        assert storage.cat("/out/inner dir/é.jpg") == Path("box/inner dir/é.jpg").read_bytes()


def test_an_error_names_the_url_and_leaves_no_result(storage: Any) -> None:
    storage.pipe("/box/a.jpg", b"")
    tasks, _, _ = plan_remote([f"{BOX}/a.jpg"], "memory://out", True, None)
    with pytest.raises(ValueError, match=r"^is empty$"):
        with_storage(copy)(tasks[0])
    assert not storage.exists(tasks[0].result)


def test_storage_without_atomic_writes_gets_whole_files_alone(storage: Any, tmp_path: Path) -> None:
    """`local` is a name of fsspec's for the disk."""
    tasks, _, _ = plan_remote([f"local://{tmp_path}/box"], f"local://{tmp_path}/out", False, None)
    for task in tasks:
        with_storage(copy)(task)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "a.jpg",
        "a.png",
        "scan.0001.png",
    ]
