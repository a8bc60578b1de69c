"""A Hub that lies: what it sends is bounded, and nothing lands under another name."""

from pathlib import Path
from typing import Any

import pytest
from helpers.fake_hub import FakeHub

from pix2pix.hub import resolve
from pix2pix.hub.client import Hub

NAME, OTHER = "ada/houses", "bob/houses"


@pytest.mark.parametrize("part", ["config.json", "model.safetensors"])
def test_a_file_without_end_is_cut_off_at_its_announced_size(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], part: str
) -> None:
    hub_server.add(NAME, files)
    hub_server.endless.add(part)
    with pytest.raises(ValueError, match=r"the Hub sent more than the \d+ bytes that it announced"):
        resolve(NAME, hub)
    assert hub_server.sent < 64 << 20, "the client hangs up"
    kept = sum(path.stat().st_size for path in hub.cache.rglob("*") if path.is_file())
    assert kept <= sum(map(len, files.values())) + 4096


def test_an_answer_under_another_name_does_not_touch_that_one(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, files)
    hub_server.info["id"] = hub_server.info["modelId"] = OTHER
    folder = Path(resolve(NAME, hub))
    assert folder.parts[-3] == "models--ada--houses"
    assert not list(hub.cache.glob("models--bob--*"))
    hub_server.requests.clear()
    assert resolve(NAME, hub) == folder
    assert not hub_server.asked("resolve|cdn"), "the copy is found again"


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"sha": "../../../outside"}, "expected a commit's sha from the Hub"),
        ({"sha": None}, "expected a commit's sha from the Hub"),
        ({"siblings": [{"rfilename": "../../outside/config.json", "size": 9}]}, "no config.json"),
        ({"siblings": [{"rfilename": "config.json", "size": -1}]}, "no model.safetensors"),
        ({"siblings": []}, "no config.json"),
    ],
)
def test_an_answer_that_lies_is_refused_in_words(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], lie: dict[str, Any], reason: str
) -> None:
    hub_server.add(NAME, files)
    hub_server.info.update(lie)
    with pytest.raises(ValueError, match=reason):
        resolve(NAME, hub)
    assert not list(hub.cache.rglob("outside*"))


def test_a_message_with_control_codes_is_shown_without_them(hub_server: FakeHub, hub: Hub) -> None:
    hub_server.add(NAME, {})
    hub_server.broken["GET /api/models"] = 400
    hub_server.trouble = "\x1b]0;owned\x07\x1b[2J" + "A" * 5000
    with pytest.raises(ValueError, match="status 400") as caught:
        resolve(NAME, hub)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400
