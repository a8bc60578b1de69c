"""The wheel: what it holds, what it asks for, and that it works from another folder."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.forked import Programs

import pix2pix

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_pyproject_asks_for_what_requirements_txt_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert project["dependencies"] == [line for line in lines if line]


def test_the_tests_run_with_what_extras_ask_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements-test.txt").read_text().splitlines()
    for extra in ("ray", "fid", "exr"):
        assert set(project["optional-dependencies"][extra]) <= set(lines)


def test_the_package_and_pyproject_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == pix2pix.__version__


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked, as pip would into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def run(installed: Path, programs: Programs, tmp_path: Path) -> Run:
    """The command `pix2pix` of the installed package in an empty folder."""
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); sys.argv[0] = 'pix2pix'; "
    code += "from pix2pix.__main__ import main; sys.exit(main())"
    return lambda *command: programs.run(
        ["-c", code, *command], tmp_path.with_name(f"{tmp_path.name}-{command[0]}.txt"), tmp_path
    )


def test_an_installed_package_draws_with_the_checkpoint_that_comes_along(
    run: Run, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64), (0, 0, 255)).save(tmp_path / "wall.png")  # the facades' wall
    done = run("draw", "wall.png", "-o", "photo.png", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "photo.png").size == (64, 64)


def test_an_installed_package_has_the_app_and_the_trainer(run: Run) -> None:
    for command, word in (("app", "--port"), ("train", "--resume")):
        done = run(command, "--help")
        assert done.returncode == 0, done.stderr
        assert word in done.stdout


def test_an_installed_package_builds_a_space(run: Run, tmp_path: Path) -> None:
    checkpoint = str(ROOT / "checkpoints" / "trace")
    command = ["space", "ada/houses", "--checkpoint", checkpoint, "--folder", "out"]
    done = run(*command)
    assert done.returncode == 0, done.stderr
    for name in ("app.py", "assets/js/draw/draw.js", "pix2pix/app/main.py"):
        assert (tmp_path / "out" / name).is_file(), name
