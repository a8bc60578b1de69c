"""README and docs: every command runs, or says why it is not tested; links and files exist."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from helpers.commands import save_tiny
from helpers.documented_commands import run_command
from helpers.models import save_models
from helpers.synthetic import make_facade, write_facades
from PIL import Image

from pix2pix.labels.label_map import encode_label_image

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
MARKER = re.compile(r"<!-- not tested: \S.*-->")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
FILE = re.compile(r"`((?:pix2pix|assets|tests|docs|benchmarks)/[\w./]+\.\w+)`")

# Names of a real data set, and what the made-up one has in their place
SUBSTITUTES = {"people=stanford40_people*": "people=house*"}


class Block(NamedTuple):
    """A fenced block: its language, its text, and whether a comment before it marks it."""

    language: str
    text: str
    is_marked: bool


def blocks_of(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        before = text[: match.start()].rstrip().rpartition("\n")[2]
        found.append(Block(match[1], match[2], bool(MARKER.fullmatch(before))))
    return found


def commands_in(block: Block) -> Iterator[list[str]]:
    """The arguments of each command line, with patterns of files expanded."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        words = [SUBSTITUTES.get(word, word) for word in words]
        expanded = [sorted(map(str, Path().glob(w))) or [w] if "*" in w else [w] for w in words]
        if words:
            yield [word for several in expanded for word in several]


def make_inputs() -> None:
    """The files that the documents name, in the current folder."""
    write_facades(Path("DIR"), train=3, val=1, height=64, width=64)
    photo, labels = make_facade(64, 64, seed=5)
    for folder in ("drawings", "photos", "album/1950"):
        Path(folder).mkdir(parents=True)
    for name in ("house.png", "drawings/a.png", "drawings/b.png"):
        encode_label_image(labels).save(name)
    names = ["our-house.jpg", "sketch.png", "grandmother.jpg", "faded.tif", "album/a.jpg"]
    names += ["album/1950/b.jpg", *(f"photos/{i}.jpg" for i in range(4))]
    for name in names:
        Image.fromarray(np.roll(photo, len(name), 1)).save(name)
    shop = np.zeros((64, 64), np.uint8)
    shop[48:] = 1
    Image.fromarray(shop).save("shop.png")
    Path("faded.json").write_text('[{"x": 0.4, "y": 0.3, "color": "#c68642"}]')
    Path("checkpoints").symlink_to(ROOT / "checkpoints")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The checkpoints that the documents name under runs/, to be copied."""
    folder = tmp_path_factory.mktemp("models")
    save_tiny(folder / "tiny")
    made_by_others = {name: folder / "tiny" / name for name in ("facades", "trace")}
    return {**save_models(folder / "models"), **made_by_others}


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_commands_of_a_document_run(
    document: Path, models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = [block for block in blocks_of(document) if not block.is_marked]
    monkeypatch.chdir(tmp_path)
    make_inputs()
    Path("runs").mkdir()
    for name, folder in models.items():
        if f"--out runs/{name}" not in document.read_text():
            shutil.copytree(folder, Path("runs", name))
    for block in blocks:
        if block.language == "python":
            exec(compile(block.text, str(document), "exec"), {})
        elif block.language == "bash":
            for words in commands_in(block):
                assert run_command(words) == 0, shlex.join(words)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_block_says_its_language(document: Path) -> None:
    unnamed = [block.text for block in blocks_of(document) if not block.language]
    assert not unnamed, "a block without a language hides commands from the test above"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_links_and_named_files_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    lost = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    lost += [name for name in FILE.findall(text) if not (ROOT / name).exists()]
    assert not lost


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_a_mark_needs_a_reason_and_stands_right_before_its_block(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "<!-- not tested: needs an account -->\n```bash\none\n```\n"
        "<!-- not tested: -->\n```bash\ntwo\n```\n"
        "<!-- not tested: far away -->\n\nwords\n\n```bash\nthree\n```\n"
    )
    assert [block.is_marked for block in blocks_of(document)] == [True, False, False]


def test_a_command_that_is_neither_run_nor_marked_fails() -> None:
    with pytest.raises(AssertionError, match="mark the block"):
        run_command(["rm", "-r", "runs"])
