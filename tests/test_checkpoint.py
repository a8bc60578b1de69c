"""Checkpoints describe themselves, load strictly, and never by halves."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pix2pix.checkpoint import Model, load_checkpoint, save_checkpoint
from pix2pix.config import CheckpointConfig
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

ROOT = Path(__file__).resolve().parents[1]
RECIPE = Recipe("labels2photo", size=32, ngf=4, depth=3, max_channels=8, style_dim=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = checkpoint_config(RECIPE, metrics={"l1": 1.5})
    torch.manual_seed(0)
    save_checkpoint(tmp_path, config, Model(config), "# A card\n")
    return tmp_path


def change_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for key, value in values.items():
        part = config
        *parents, last = key.split("__")
        for parent in parents:
            part = part[parent]
        part[last] = value
    path.write_text(json.dumps(config))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_loaded_model_does_not_hold_its_file_in_memory(tmp_path: Path) -> None:
    config = checkpoint_config(dataclasses.replace(RECIPE, norm="batch"))  # it has integers too
    save_checkpoint(tmp_path, config, Model(config), "")
    _, model = load_checkpoint(tmp_path)
    assert any(not tensor.is_floating_point() for tensor in model.state_dict().values())
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()


def test_loading_one_does_not_load_all_of_torchs_compiler(folder: Path) -> None:
    code = "import sys; from pix2pix.checkpoint import load_checkpoint"
    code += f"; load_checkpoint({str(folder)!r}); sys.exit('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=300).returncode == 0


def test_what_is_saved_is_what_is_loaded(folder: Path) -> None:
    config, model = load_checkpoint(folder)
    assert config == checkpoint_config(RECIPE, metrics={"l1": 1.5})
    torch.manual_seed(0)
    for name, tensor in Model(config).state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor, rtol=1e-3, atol=1e-6)
    assert (folder / "README.md").read_text() == "# A card\n"


def test_weights_take_two_bytes_a_number(folder: Path) -> None:
    dtypes = {t.dtype for t in load_file(folder / "model.safetensors").values()}
    assert dtypes <= {torch.float16, torch.int64}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(folder: Path, value: float) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = next(n for n in tensors if n.endswith("weight"))
    tensors[name].view(-1)[0] = value
    save_file(tensors, path)
    with pytest.raises(ValueError, match=rf"{name} has values that are not finite"):
        load_checkpoint(folder)


def test_a_number_beyond_float16_is_kept(tmp_path: Path) -> None:
    config = checkpoint_config(dataclasses.replace(RECIPE, norm="batch"), metrics={})
    model = Model(config)
    name = next(n for n in model.state_dict() if n.endswith("running_var"))
    model.state_dict()[name].fill_(1e5)
    save_checkpoint(tmp_path / "large", config, model, "")
    _, loaded = load_checkpoint(tmp_path / "large")
    assert (loaded.state_dict()[name] == 1e5).all()


def test_a_loaded_model_is_ready_to_serve(folder: Path) -> None:
    _, model = load_checkpoint(folder)
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_saving_leaves_no_other_files(folder: Path) -> None:
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]


def test_a_folder_without_config_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"not a checkpoint folder, it has no config\.json"):
        load_checkpoint(tmp_path)


def test_missing_weights_are_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"has no model\.safetensors"):
        load_checkpoint(folder)


@pytest.mark.parametrize("keep", [0, 7, 100, 2000])
def test_weights_cut_short_are_refused(folder: Path, keep: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="damaged or not a safetensors file"):
        load_checkpoint(folder)


def test_a_missing_tensor_is_named(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["generator.down.0.conv.weight"]
    save_file(tensors, path)
    with pytest.raises(
        ValueError, match=r"generator\.down\.0\.conv\.weight: expected .*, got none"
    ):
        load_checkpoint(folder)


def test_weights_of_another_kind_are_named(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = "generator.down.0.conv.weight"
    for dtype in (torch.int32, torch.bool, torch.complex64):
        save_file({**tensors, name: tensors[name].to(dtype)}, path)
        with pytest.raises(ValueError, match=rf"{name} must be torch\.float32.*got {dtype}"):
            load_checkpoint(folder)


def test_a_config_that_lies_about_shapes_is_refused_before_it_takes_memory(folder: Path) -> None:
    change_config(folder, generator__ngf=256, generator__max_channels=1024)
    with pytest.raises(ValueError, match="does not match"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("generator__ngf", 10**9, "from 1 to 256"),
        ("generator__ngf", "64", "type int"),
        ("generator__ngf", True, "type int"),
        ("generator__wings", 2, "no key 'wings'"),
        ("generator__dept", 3, "did you mean 'depth'"),
        ("generator__norm", "layer", "one of batch, instance, none"),
        ("task", "labels2music", "one of labels2photo"),
        ("size", 33, "multiple of 8"),
        ("format_version", 99, "format_version must be 1"),
        ("palette", [], "one entry for each of the 12"),
        ("generator", None, "table of keys"),
    ],
)
def test_an_unsound_config_is_refused_with_the_key(
    folder: Path, key: str, value: object, reason: str
) -> None:
    change_config(folder, **{key: value})
    with pytest.raises(ValueError, match=reason):
        load_checkpoint(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\x00", "[" * 100_000])
def test_a_config_that_is_no_json_object_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config\.json"):
        load_checkpoint(folder)


def test_a_pickle_beside_the_weights_is_never_read(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(ValueError, match=r"has no model\.safetensors"):
        load_checkpoint(folder)


def test_a_config_survives_json() -> None:
    from pix2pix.config_fields import from_dict

    config = checkpoint_config(RECIPE)
    assert from_dict(CheckpointConfig, json.loads(json.dumps(config.to_dict())), "config") == config
