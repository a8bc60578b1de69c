"""Checkpoints that cannot be served: the app starts with what is left and says what is off."""

import shutil
from pathlib import Path

import httpx
import pytest
from helpers.forked import Forker
from helpers.models import save_models
from helpers.running import RunningApp, running_app


@pytest.fixture(scope="module")
def crippled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Path]]:
    """Checkpoint folders of every kind that is none, by what is wrong with them."""
    folder = tmp_path_factory.mktemp("models")
    whole = save_models(folder / "whole")
    broken = {}
    for what in ("cut", "flipped", "newer", "hostile", "configless", "pickled"):
        broken[what] = folder / what
        shutil.copytree(whole["roads"], broken[what])
    weights = {what: path / "model.safetensors" for what, path in broken.items()}
    content = weights["cut"].read_bytes()
    weights["cut"].write_bytes(content[: len(content) // 2])
    weights["flipped"].write_bytes(bytes([content[0] ^ 0xFF]) + content[1:])
    config = (broken["newer"] / "config.json").read_text()
    newer = config.replace('"format_version": 1', '"format_version": 2')
    (broken["newer"] / "config.json").write_text(newer)
    hostile = config.replace('"road"', '"<script>alert(1)</script>"').replace(
        '"size": 64', '"size": 9'
    )
    (broken["hostile"] / "config.json").write_text(hostile)
    (broken["configless"] / "config.json").unlink()
    weights["pickled"].write_bytes(b"cos\nsystem\n(S'touch /tmp/owned'\ntR.")
    broken["another task"] = whole["grey"]
    broken["missing"] = folder / "missing"
    return whole["roads"], broken


REASONS = {
    "cut": "is damaged or not a safetensors file",
    "flipped": "is damaged or not a safetensors file",
    "newer": "format_version must be 1, the one this version of pix2pix reads, got 2",
    "hostile": "size must be from 16 to 4096, got 9",
    "configless": "it has no config.json",
    "pickled": "is damaged or not a safetensors file",
}


@pytest.mark.slow
def test_the_app_starts_with_what_is_left_and_says_what_is_off_and_why(
    tmp_path: Path, forker: Forker, crippled: tuple[Path, dict[str, Path]]
) -> None:
    whole, broken = crippled
    arguments = [
        f"--checkpoint-facades={broken['another task']}",
        f"--checkpoint-colorize={broken['missing']}",
        f"--checkpoint-trace={broken['cut']}",
        f"--checkpoint={whole}",
        *[f"--checkpoint={broken[what]}" for what in REASONS],
    ]
    with running_app(tmp_path, arguments, forker) as app:
        shown = tabs_of(app)
        off = "This tab is off because its model could not be loaded: "
        assert off in shown["Draw"] and "for colorize, expected one for labels2" in shown["Draw"]
        assert off in shown["Colourise"] and "it has no config.json" in shown["Colourise"]
        for what, reason in REASONS.items():
            assert off in shown[what] and reason in shown[what]
        assert off not in shown["roads"]
        assert app.event_names().keys() >= {"roads"}
        assert "<script>alert" not in str(shown)
        assert "Traceback" not in app.said()
        assert app.said().count("off: ") == len(REASONS) + 3


def tabs_of(app: RunningApp) -> dict[str, str]:
    """The text in each tab of the page, by its label."""
    config = httpx.get(f"{app.url}config", timeout=120).json()
    props = {c["id"]: c for c in config["components"]}

    def text(node: dict) -> str:
        value = props[node["id"]]["props"].get("value")
        return str(value or "") + "".join(map(text, node.get("children") or ()))

    def tabs(node: dict) -> dict[str, str]:
        component = props.get(node["id"], {})
        if component.get("type") == "tabitem":
            return {component["props"]["label"]: text(node)}
        found: dict[str, str] = {}
        for child in node.get("children") or ():
            found |= tabs(child)
        return found

    return tabs(config["layout"])
