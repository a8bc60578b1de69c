"""Push and Space: what goes up, and that it is whole, through the real client."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.fake_hub import TOKEN, USER, FakeHub, read_front_matter
from helpers.forked import Forker
from helpers.synthetic import write_facades
from PIL import Image

import pix2pix
import pix2pix.__main__ as cli
from pix2pix.checkpoint import load_checkpoint
from pix2pix.cli import train
from pix2pix.hub import resolve
from pix2pix.hub.client import Hub
from pix2pix.hub.upload import find_repo, get_account, upload, with_front_matter
from pix2pix.training.model_card import write_card

NAME = "ada/houses"


# ---- the client ------------------------------------------------------------------------------


def test_a_folder_goes_up_in_one_commit_and_comes_back(
    hub_server: FakeHub, hub: Hub, tiny_checkpoint: Path, files: dict[str, bytes]
) -> None:
    page = upload(tiny_checkpoint, NAME, "model", private=False, hub=hub)
    repo = hub_server.repos["model", NAME]
    assert page == f"{hub_server.url}/{NAME}"
    assert len(repo.messages) == 2  # the Hub's own, and ours
    assert {k: v for k, v in repo.files().items() if k != ".gitattributes"} == files
    assert not repo.private
    load_checkpoint(resolve(NAME, hub))


def test_pushing_the_same_again_changes_nothing(
    hub_server: FakeHub, hub: Hub, tiny_checkpoint: Path
) -> None:
    upload(tiny_checkpoint, NAME, "model", private=True, hub=hub)
    upload(tiny_checkpoint, NAME, "model", private=True, hub=hub)
    assert len(hub_server.repos["model", NAME].messages) == 2
    assert hub_server.repos["model", NAME].private
    assert len(hub_server.asked("PUT /lfs")) == 1


@pytest.mark.parametrize("step", ["PUT /lfs", "POST /api/models/.*/commit", "POST .*validate-yaml"])
def test_a_failed_upload_changes_nothing_and_can_go_on(
    hub_server: FakeHub, hub: Hub, tiny_checkpoint: Path, files: dict[str, bytes], step: str
) -> None:
    repo = hub_server.add(NAME, {"config.json": b"old"})
    hub_server.broken[step] = 403
    with pytest.raises(
        ValueError, match=f"^{NAME}: the Hub refused the request \\(status 403: this hub is told"
    ):
        upload(tiny_checkpoint, NAME, "model", private=False, hub=hub)
    assert repo.files() == {"config.json": b"old"}
    del hub_server.broken[step]
    upload(tiny_checkpoint, NAME, "model", private=False, hub=hub)
    assert repo.files() == files


def test_a_repo_of_another_owner_is_refused(
    hub_server: FakeHub, hub: Hub, tiny_checkpoint: Path
) -> None:
    with pytest.raises(ValueError, match="You don't have the rights to create under bob"):
        upload(tiny_checkpoint, "bob/houses", "model", private=False, hub=hub)
    assert not hub_server.repos


def test_who_is_logged_in_is_known(hub: Hub) -> None:
    assert get_account(hub) == USER


def test_without_a_login_the_way_to_one_is_said(hub_server: FakeHub, hub: Hub) -> None:
    with pytest.raises(ValueError, match=r"you are not logged in .* run 'hf auth login'"):
        get_account(dataclasses.replace(hub, token=None))
    assert not hub_server.requests


def test_a_login_that_has_ended_is_said(hub: Hub) -> None:
    with pytest.raises(ValueError, match="does not accept your login; renew it"):
        get_account(dataclasses.replace(hub, token="hf_old"))


def test_what_is_there_is_known_before_a_push(hub_server: FakeHub, hub: Hub) -> None:
    assert find_repo(NAME, "model", hub) is None
    hub_server.add(NAME, {"config.json": b"{}"}, private=True)
    assert find_repo(NAME, "model", hub) == (True, {"config.json"})
    assert find_repo(NAME, "space", hub) is None


def test_front_matter_is_added_and_what_was_there_is_kept() -> None:
    text = with_front_matter("# Houses\n", {"tags": ["pix2pix"], "license": "mit"})
    assert read_front_matter(text) == {"tags": ["pix2pix"], "license": "mit"}
    again = with_front_matter(text, {"license": "other", "library_name": "pix2pix-studio"})
    assert read_front_matter(again)["license"] == "mit"
    assert read_front_matter(again)["library_name"] == "pix2pix-studio"
    assert again.count("---\n") == 2
    assert again.endswith("# Houses\n")


# ---- python -m pix2pix push ------------------------------------------------------------------


@pytest.fixture
def run_folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A run as training leaves it, with more in it than anyone should see."""
    folder = tmp_path / "run"
    folder.mkdir()
    for path in tiny_checkpoint.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "README.md").write_text(
        "# Houses\n\n![held-out samples](samples.jpg)\n![gone](gone.png)\n"
        "![of the web](https://example.com/a.png) ![outside](../secret.png)\n"
    )
    Image.new("RGB", (8, 8)).save(folder / "samples.jpg")
    Image.new("RGB", (8, 8)).save(folder.parent / "secret.png")
    Image.new("RGB", (8, 8)).save(folder / "portrait.jpg")
    (folder / "state.pt").write_bytes(b"optimizer")
    (folder / "run.json").write_text('{"data": "/home/ada/photos"}')
    (folder / "samples").mkdir()
    Image.new("RGB", (8, 8)).save(folder / "samples" / "step_1.jpg")
    return folder


@pytest.fixture
def login(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def test_push_uploads_the_checkpoint_its_card_and_the_cards_pictures(
    hub_server: FakeHub, login: None, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["push", str(run_folder), NAME, "--yes"]) == 0
    pushed = hub_server.repos["model", NAME].files()
    names = {".gitattributes", "README.md", "config.json", "model.safetensors", "samples.jpg"}
    assert pushed.keys() == names
    for name in ("config.json", "model.safetensors", "samples.jpg"):
        assert pushed[name] == (run_folder / name).read_bytes()
    out = capsys.readouterr().out
    weights = len(pushed["model.safetensors"]) / 1024
    for line in (
        f"{weights:.1f} KiB  model.safetensors",
        "samples.jpg",
        "total",
        "The repo is public",
    ):
        assert line in out
    assert f"ada uploads to {NAME} (new), in one commit:" in out
    assert out.endswith(f"done: {hub_server.url}/{NAME}\n")


def test_the_card_says_what_the_hub_reads_and_how_to_use_the_model(
    hub_server: FakeHub, login: None, run_folder: Path
) -> None:
    options = ["--license", "cc-by-sa-4.0", "--dataset", "ada/photos"]
    cli.main(["push", str(run_folder), NAME, "--yes", *options])
    card = hub_server.repos["model", NAME].files()["README.md"].decode()
    assert read_front_matter(card) == {
        "library_name": "pix2pix-studio",
        "pipeline_tag": "image-to-image",
        "tags": ["pix2pix", "image-to-image", "labels2photo"],
        "license": "cc-by-sa-4.0",
        "datasets": ["ada/photos"],
        "widget": [{"text": "held-out examples", "output": {"url": "samples.jpg"}}],
    }
    assert f"--checkpoint {NAME}" in card and f'load_drawer("{NAME}")' in card
    assert "![held-out samples](samples.jpg)" in card and "https://example.com/a.png" in card
    assert "gone.png" not in card and "secret.png" not in card


def test_a_name_in_the_card_stands_for_the_repo(
    hub_server: FakeHub, login: None, run_folder: Path
) -> None:
    (run_folder / "README.md").write_text("Use `--checkpoint FOLDER`.\n")
    cli.main(["push", str(run_folder), NAME, "--yes"])
    card = hub_server.repos["model", NAME].files()["README.md"].decode()
    assert card.endswith(f"Use `--checkpoint {NAME}`.\n")


def save_drawing(path: Path) -> None:
    sky_and_wall = np.repeat(np.array([0, 1], np.uint8), 16)[:, None].repeat(32, 1)
    Image.fromarray(sky_and_wall).save(path)


def test_the_python_in_a_card_made_by_training_works(
    hub_server: FakeHub, login: None, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, _ = load_checkpoint(run_folder)
    (run_folder / "README.md").write_text(write_card(config))
    cli.main(["push", str(run_folder), NAME, "--yes", "--license", "mit"])
    card = hub_server.repos["model", NAME].files()["README.md"].decode()
    assert "FOLDER" not in card and "None is stated" not in card and "`mit`" in card
    monkeypatch.chdir(run_folder)
    save_drawing(Path("drawing.png"))
    scope: dict[str, object] = {}
    exec(card.split("```python\n")[1].split("```")[0], scope)
    assert getattr(scope["photo"], "shape", None) == (32, 32, 3)


def test_what_is_replaced_is_shown(
    hub_server: FakeHub, login: None, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub_server.add(NAME, {"config.json": b"{}"}, private=True)
    assert cli.main(["push", str(run_folder), NAME, "--yes"]) == 0
    out = capsys.readouterr().out
    assert "(existing, private)" in out and "config.json  overwrites the existing file" in out
    assert "is public" not in out


@pytest.mark.parametrize("answer", ["", "n", "what?", EOFError, KeyboardInterrupt])
def test_anything_but_yes_uploads_nothing(
    hub_server: FakeHub,
    login: None,
    run_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str | type[BaseException],
) -> None:
    def reply(_: str) -> str:
        if isinstance(answer, str):
            return answer
        raise answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", reply)
    assert cli.main(["push", str(run_folder), NAME]) == 1
    assert not hub_server.repos


def test_yes_uploads(
    hub_server: FakeHub, login: None, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "y")
    assert cli.main(["push", str(run_folder), NAME]) == 0
    assert NAME in {repo for _, repo in hub_server.repos}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([NAME], "cannot ask for confirmation without a terminal; add --yes"),
        (["houses"], "expected OWNER/NAME, such as ada/houses, got 'houses'"),
        (["bob/houses", "--yes"], "bob/houses: the Hub refused the request (status 403: You"),
        (["ada/open", "--private", "--yes"], "ada/open: already exists and is public"),
    ],
)
def test_a_push_that_cannot_be_is_refused_in_words(
    hub_server: FakeHub,
    login: None,
    run_folder: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    reason: str,
) -> None:
    hub_server.add("ada/open", {})
    assert cli.main(["push", str(run_folder), *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"pix2pix: {reason}")
    assert hub_server.repos["model", "ada/open"].files() == {}


def test_push_without_a_login_says_how_to_get_one(
    hub_server: FakeHub, hub: Hub, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["push", str(run_folder), NAME, "--yes"]) == 2
    assert "run 'hf auth login'" in capsys.readouterr().err
    assert not hub_server.requests


def test_a_damaged_checkpoint_is_not_pushed(
    hub_server: FakeHub, login: None, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = run_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    assert cli.main(["push", str(run_folder), NAME, "--yes"]) == 2
    assert f"{weights}: is damaged" in capsys.readouterr().err
    assert not hub_server.repos


def test_after_a_failure_the_same_command_goes_on(
    hub_server: FakeHub, login: None, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub_server.broken["/commit/"] = 500
    assert cli.main(["push", str(run_folder), NAME, "--yes"]) == 2
    assert "repeat the command to resume" in capsys.readouterr().err
    hub_server.broken.clear()
    assert cli.main(["push", str(run_folder), NAME, "--yes"]) == 0
    assert len(hub_server.asked("PUT /lfs")) == 1
    load_checkpoint(resolve(NAME))


@pytest.mark.slow
def test_a_model_is_pushed_and_drawn_with_by_its_name_then_offline(
    hub_server: FakeHub, run_folder: Path, tmp_path: Path
) -> None:
    save_drawing(tmp_path / "a.png")
    environment = {
        "HF_ENDPOINT": hub_server.url,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
    }

    forker = Forker(fresh=True)  # it has not met the client, which reads its environment on import

    def command(*arguments: str, **more: str) -> tuple[int, str]:
        said = tmp_path / "said"
        said.unlink(missing_ok=True)
        process = forker.start("pix2pix.__main__:main", [arguments], said, environment | more)
        return forker.wait(process), said.read_text()

    status, said = command("push", str(run_folder), NAME, "--yes")
    assert status == 0, said
    sha = hub_server.repos["model", NAME].refs["main"]
    draw = ["draw", str(tmp_path / "a.png"), "--checkpoint", NAME, "--device", "cpu", "-o"]
    status, said = command(*draw, str(tmp_path / "first.png"))
    assert status == 0, said
    assert f"{NAME}@{sha} downloaded" in said
    status, said = command(*draw, str(tmp_path / "second.png"), HF_HUB_OFFLINE="1")
    assert status == 0, said
    assert f"using the local copy {NAME}@{sha}" in said
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    forker.close()


# ---- train.py --push-to-hub ----------------------------------------------------------------


def train_a_little(data: Path, out: Path, *more: str) -> int:
    tiny = ["--size", "64", "--ngf", "4", "--depth", "4", "--ndf", "4", "--num-workers", "0"]
    steps = ["--max-steps", "2", "--batch-size", "1", "--device", "cpu"]
    where = ["--data", str(data), "--out", str(out)]
    return train.main(["facades", *where, *tiny, *steps, *more])


def test_training_ends_with_the_model_on_the_hub(
    hub_server: FakeHub, login: None, tmp_path: Path
) -> None:
    data = write_facades(tmp_path / "data", 1, 1, 64, 64)
    assert train_a_little(data, tmp_path / "run", "--push-to-hub", NAME, "--private") == 0
    repo = hub_server.repos["model", NAME]
    assert repo.private and "samples.jpg" in repo.files() and "state.pt" not in repo.files()
    training = load_checkpoint(resolve(NAME, Hub(token=TOKEN)))[0].training
    assert training["steps"] == 2 and training["pix2pix_version"] == pix2pix.__version__
    (entry,) = read_front_matter(repo.files()["README.md"].decode())["model-index"]
    figures = {m["type"]: m["value"] for m in entry["results"][0]["metrics"]}
    assert {"l1", "psnr", "ssim"} <= figures.keys(), "held-out figures"


def test_training_does_not_begin_without_a_login_to_end_with(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_facades(tmp_path / "data", 1, 1, 64, 64)
    assert train_a_little(data, tmp_path / "run", "--push-to-hub", NAME) == 2
    assert "you are not logged in" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
