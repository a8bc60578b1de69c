"""Checkpoints from the Hub, through the real client, against a Hub on this machine."""

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.fake_hub import TOKEN, FakeHub
from helpers.models import TINY_RECIPE as RECIPE

from pix2pix.checkpoint import Model, build_meta_model, load_checkpoint
from pix2pix.hub import resolve
from pix2pix.hub.client import Hub, UnreachableError
from pix2pix.hub.download import check_affordable, pinned_name
from pix2pix.training.init_weights import copy_weights
from pix2pix.training.train_step import checkpoint_config

NAME = "ada/houses"
NOWHERE = "http://127.0.0.1:9"  # nothing listens on port 9
PICKLE = b"cos\nsystem\n(S'echo unpickled'\ntR."


def changed(config: bytes, **generator: object) -> bytes:
    values = json.loads(config)
    values["generator"] |= generator
    return json.dumps(values).encode()


def offline(hub: Hub) -> Hub:
    return dataclasses.replace(hub, endpoint=NOWHERE)


def test_a_name_gives_the_checkpoint_of_that_repo(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], tiny_checkpoint: Path
) -> None:
    repo = hub_server.add(NAME, files)
    folder = resolve(NAME, hub)
    config, model = load_checkpoint(folder)
    expected_config, expected = load_checkpoint(tiny_checkpoint)
    assert config == expected_config
    for name, tensor in expected.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor)
    assert pinned_name(folder) == f"{NAME}@{repo.refs['main']}"


def test_only_the_config_and_the_weights_are_read(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, {**files, "pytorch_model.bin": PICKLE, "handler.py": b"boom"})
    folder = Path(resolve(NAME, hub))
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    assert not hub_server.asked(r"resolve/.*(README|bin|py)$")


def test_a_folder_here_wins_over_a_repo_of_its_name(
    hub_server: FakeHub, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(NAME).mkdir(parents=True)
    assert resolve(NAME, hub) == NAME
    assert not hub_server.requests


@pytest.mark.parametrize(
    "name", ["", "runs", "/srv/houses", "./ada/houses", "ada/houses/x", "ada/houses@", "a/b@../c"]
)
def test_what_is_no_name_of_a_repo_is_left_alone(hub_server: FakeHub, hub: Hub, name: str) -> None:
    assert resolve(name, hub) == name
    assert not hub_server.requests


def test_a_commit_a_tag_and_a_branch_are_revisions(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    repo = hub_server.add(NAME, files)
    old = repo.refs["v1"] = repo.refs["main"]
    new = repo.commit({"notes.txt": b"changed"})
    assert pinned_name(resolve(NAME, hub)) == f"{NAME}@{new}"
    assert pinned_name(resolve(f"{NAME}@{old}", hub)) == f"{NAME}@{old}"
    assert pinned_name(resolve(f"{NAME}@v1", hub)) == f"{NAME}@{old}"
    assert pinned_name(resolve(f"{NAME}@main", hub)) == f"{NAME}@{new}"


def test_what_was_pulled_is_said_with_its_commit(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    repo = hub_server.add(NAME, files)
    with caplog.at_level(logging.INFO, "pix2pix"):
        resolve(NAME, hub)
    assert caplog.messages == [f"{NAME}@{repo.refs['main']} downloaded"]


def test_the_weights_are_downloaded_once(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, files)
    assert resolve(NAME, hub) == resolve(NAME, hub)
    assert len(hub_server.asked("GET /cdn/")) == 1


def test_a_commit_that_is_here_needs_no_network(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    name = f"{NAME}@{hub_server.add(NAME, files).refs['main']}"
    folder = resolve(name, hub)
    hub_server.requests.clear()
    assert resolve(name, hub) == folder
    assert not hub_server.requests
    assert resolve(name, offline(hub)) == folder


@pytest.mark.parametrize("name", [NAME, f"{NAME}@v1"])
def test_offline_the_last_copy_is_used_and_said(
    hub_server: FakeHub,
    hub: Hub,
    files: dict[str, bytes],
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    repo = hub_server.add(NAME, files)
    repo.refs["v1"] = repo.refs["main"]
    folder = resolve(name, hub)
    assert resolve(name, offline(hub)) == folder
    assert "cannot be reached; using the local copy" in caplog.text


def test_offline_without_a_copy_is_said(hub: Hub) -> None:
    with pytest.raises(UnreachableError, match="cannot be reached, and there is no local copy"):
        resolve(NAME, offline(hub))


def test_a_hub_in_trouble_is_like_none(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, files)
    hub_server.broken["GET /api/models"] = 503
    with pytest.raises(UnreachableError, match=r"is unavailable \(status 503"):
        resolve(NAME, hub)
    del hub_server.broken["GET /api/models"]
    folder = resolve(NAME, hub)
    hub_server.broken["GET /api/models"] = 503
    assert resolve(NAME, hub) == folder


def test_a_missing_repo_is_named(hub: Hub) -> None:
    with pytest.raises(ValueError, match="ada/houses: there is no such repo on the Hub, or it is"):
        resolve(NAME, hub)


def test_a_private_repo_is_as_good_as_missing_for_strangers(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, files, private=True)
    with pytest.raises(ValueError, match="there is no such repo on the Hub, or it is private"):
        resolve(NAME, dataclasses.replace(hub, token=None))
    resolve(NAME, hub)


def test_a_missing_revision_is_named(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, files)
    for revision in ("v7", "0" * 40):
        with pytest.raises(ValueError, match=f"houses@{revision}: the repo has no such revision"):
            resolve(f"{NAME}@{revision}", hub)


@pytest.mark.parametrize("token", [TOKEN, None])
def test_a_gated_repo_says_how_to_be_let_in(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], token: str | None
) -> None:
    hub_server.add(NAME, files, gated=True)
    with pytest.raises(ValueError, match="is gated; request access on its page"):
        resolve(NAME, dataclasses.replace(hub, token=token))


def test_a_wrong_token_is_told_from_a_missing_repo(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, files)
    with pytest.raises(ValueError, match="does not accept your login"):
        resolve(NAME, dataclasses.replace(hub, token="hf_old"))


def test_a_repo_with_only_a_pickle_is_refused_unread(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, {"config.json": files["config.json"], "pytorch_model.bin": PICKLE})
    with pytest.raises(ValueError, match=r"only pytorch_model\.bin, a pickle"):
        resolve(NAME, hub)
    assert not hub_server.asked("resolve")


def test_a_repo_of_something_else_is_refused(hub_server: FakeHub, hub: Hub) -> None:
    hub_server.add(NAME, {"README.md": b"# poems"})
    with pytest.raises(ValueError, match=r"has no config\.json, so it is no checkpoint"):
        resolve(NAME, hub)


@pytest.mark.parametrize("part", ["config.json", "model.safetensors"])
def test_a_download_cut_short_leaves_nothing(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], part: str
) -> None:
    hub_server.add(NAME, files)
    hub_server.cut_short.add(part)
    with pytest.raises(ValueError, match=r"the transfer failed .* try again"):
        resolve(NAME, hub)
    hub_server.cut_short.clear()
    load_checkpoint(resolve(NAME, hub))


@pytest.mark.parametrize("part", ["config.json", "model.safetensors"])
def test_a_wrong_hash_is_refused_and_not_kept(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], part: str
) -> None:
    hub_server.add(NAME, files)
    hub_server.garbled.add(part)
    with pytest.raises(ValueError, match=f"downloaded {part} does not have the hash"):
        resolve(NAME, hub)
    with pytest.raises(UnreachableError):
        resolve(NAME, offline(hub))
    hub_server.garbled.clear()
    load_checkpoint(resolve(NAME, hub))


def test_a_copy_damaged_on_this_machine_is_fetched_again(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, files)
    weights = Path(resolve(NAME, hub)) / "model.safetensors"
    weights.resolve().write_bytes(b"x" * weights.stat().st_size)
    load_checkpoint(resolve(NAME, hub))


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"ngf": 256, "max_channels": 1024}, r"describes weights of \d+ to \d+ bytes, but"),
        ({"ngf": 10**9}, "ngf must be from 1 to 256"),
        ({"wings": 2}, "has no key 'wings'"),
    ],
)
def test_a_config_that_lies_is_refused_before_the_weights(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], lie: dict[str, object], reason: str
) -> None:
    sha = hub_server.add(NAME, {**files, "config.json": changed(files["config.json"], **lie)}).find(
        "main"
    )
    with pytest.raises(ValueError, match=f"^{NAME}@{sha}: config.*{reason}"):
        resolve(NAME, hub)
    assert not hub_server.asked("resolve/.*safetensors|cdn")


def test_shapes_that_lie_within_the_right_size_are_refused_at_loading(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, {**files, "config.json": changed(files["config.json"], ngf=5)})
    with pytest.raises(ValueError, match=r"does not match config\.json in \d+ tensors"):
        load_checkpoint(resolve(NAME, hub))


def test_a_huge_config_is_refused_unread(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    hub_server.add(NAME, {**files, "config.json": b" " * (2 << 20)})
    with pytest.raises(ValueError, match=r"config\.json has 2097152 bytes, expected at most"):
        resolve(NAME, hub)
    assert not hub_server.asked("resolve")


def test_a_bad_commit_does_not_take_the_place_of_a_good_one(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes]
) -> None:
    repo = hub_server.add(NAME, files)
    folder = resolve(NAME, hub)
    repo.commit({"config.json": b"{}"})
    with pytest.raises(ValueError, match="lacks the key"):
        resolve(NAME, hub)
    assert resolve(NAME, offline(hub)) == folder


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ngf": 256, "max_channels": 1024, "depth": 9, "size": 512}, "model.safetensors"),
        ({"ngf": 256, "size": 4096}, "a layer at size 4096"),
    ],
)
def test_a_model_too_large_for_a_stranger_is_refused(options: dict[str, Any], reason: str) -> None:
    config = checkpoint_config(dataclasses.replace(RECIPE, **options))
    numbers = sum(tensor.numel() for tensor in build_meta_model(config).state_dict().values())
    with pytest.raises(ValueError, match=f"{reason} would take"):
        check_affordable(config, 4 * numbers)


def test_the_papers_network_is_affordable() -> None:
    shape: dict[str, Any] = {
        "ngf": 64,
        "depth": 8,
        "max_channels": 512,
        "size": 256,
        "style_dim": 0,
    }
    config = checkpoint_config(dataclasses.replace(RECIPE, **shape))
    numbers = sum(tensor.numel() for tensor in build_meta_model(config).state_dict().values())
    check_affordable(config, 4 * numbers)


def test_training_can_begin_with_a_checkpoint_by_its_name(
    hub_server: FakeHub, hub: Hub, files: dict[str, bytes], tiny_checkpoint: Path
) -> None:
    hub_server.add(NAME, files)
    config, expected = load_checkpoint(tiny_checkpoint)
    model = Model(config)
    copy_weights(model, config.task, NAME)
    for name, tensor in expected.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor)
