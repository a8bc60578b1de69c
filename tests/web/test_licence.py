"""What the licence of a checkpoint asks visitors to know."""

from pathlib import Path

import pytest

from pix2pix.runtime.bundle import CHECKPOINTS
from pix2pix.web.licence import usage_note


@pytest.mark.parametrize(
    ("card", "note"),
    [
        ('---\nlicense: "cc-by-nc-4.0"\n---\n', "licensed CC BY-NC 4.0: not for commercial use"),
        ("---\ntags: [a]\nlicense: cc-by-nc-sa-3.0\n---\n# A", "CC BY-NC-SA 3.0: not for comm"),
        ('---\nlicense: "cc-by-sa-4.0"\n---\n', ""),
        ("---\nlicense: apache-2.0\n---\n", ""),
        ("license: cc-by-nc-4.0\n", ""),  # no front matter
        ("---\nlibrary_name: x\n---\nlicense: cc-by-nc-4.0\n", ""),
    ],
)
def test_a_licence_without_commercial_use_is_said(card: str, note: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card)
    assert note in usage_note(tmp_path)
    assert bool(note) == bool(usage_note(tmp_path))


def test_no_card_says_nothing(tmp_path: Path) -> None:
    assert usage_note(tmp_path) == usage_note(None) == ""
    (tmp_path / "README.md").write_bytes(b"---\nlicense: \xff\n---\n")
    assert usage_note(tmp_path) == ""


def test_the_cats_say_theirs() -> None:
    assert "CC BY-NC 4.0" in usage_note(CHECKPOINTS / "cats")
    assert usage_note(CHECKPOINTS / "facades") == ""
