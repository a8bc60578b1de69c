"""The assets: their version in the URL, the imports between scripts, the vendored libraries."""

import re
from pathlib import Path

import pytest

from pix2pix.app.assets import ASSETS, ASSETS_URL, assets_version

SCRIPTS = sorted((ASSETS / "js").rglob("*.js"))
VENDORED = sorted((ASSETS / "js" / "vendor").glob("*.js"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("css/page.css", "js/main.js", "js/draw/deep/tool.js"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")
    return tmp_path


def test_the_url_of_the_assets_has_their_version() -> None:
    assert ASSETS_URL.split("/")[-1] == assets_version(ASSETS)


@pytest.mark.parametrize("name", ["css/page.css", "js/main.js", "js/draw/deep/tool.js"])
def test_the_version_changes_with_any_file_in_any_sub_folder(folder: Path, name: str) -> None:
    before = assets_version(folder)
    (folder / name).write_text("other content")
    assert assets_version(folder) != before
    (folder / name).write_text("content")
    assert assets_version(folder) == before


def test_the_version_changes_where_a_file_is_added_renamed_or_removed(folder: Path) -> None:
    versions = [assets_version(folder)]
    new = folder / "js" / "draw" / "LICENSE"  # without a suffix
    new.write_text("content")
    versions.append(assets_version(folder))
    new = new.rename(folder / "js" / "LICENSE")
    versions.append(assets_version(folder))
    assert len(set(versions)) == 3
    new.unlink()
    assert assets_version(folder) == versions[0]


def test_what_one_file_loses_and_the_next_gains_changes_the_version(tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "b"
    one.write_text("xb")
    other.write_text("y")
    before = assets_version(tmp_path)
    one.write_text("x")
    other.write_text("by")
    assert assets_version(tmp_path) != before


def test_scripts_import_one_another_by_relative_paths_that_exist() -> None:
    for script in SCRIPTS:
        text = script.read_text()
        paths = re.findall(r'^(?:import|export|\}).* from "([^"]+)";$', text, re.MULTILINE)
        for path in paths + re.findall(r'import\("([^"]+)"\)', text):
            assert path.startswith("."), f"{script.name} imports {path}: of which version?"
            assert (script.parent / path).is_file(), f"{script.name} imports {path}"


def test_our_scripts_are_short_and_make_elements_with_the_one_helper() -> None:
    for script in set(SCRIPTS) - set(VENDORED):
        text = script.read_text()
        assert text.count("\n") <= 300, script.name
        if script.name not in ("dom.js", "icons.js"):
            assert "createElement(" not in text and "innerHTML" not in text, script.name


@pytest.mark.parametrize("script", VENDORED, ids=lambda path: path.name)
def test_a_vendored_library_carries_its_version_source_and_licence(script: Path) -> None:
    header = script.read_text().split("*/")[0]
    assert re.match(r"/\*! [\w-]+ \d+\.\d+\.\d+, https://", header)
    assert "Copyright" in header and "Permission is hereby granted" in header
