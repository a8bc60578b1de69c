"""What `pix2pix site` writes: files for any server, weights in 8 bits where that is as good."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from helpers.models import ROADS, TINY_RECIPE, save_models

from pix2pix.__main__ import main
from pix2pix.checkpoint import Model, load_checkpoint, save_checkpoint
from pix2pix.inference.backends.onnx_graph import build_onnx_model, build_style_onnx_model
from pix2pix.models import ResizeConv
from pix2pix.models.blocks import Up
from pix2pix.models.tensors import style_noise
from pix2pix.runtime.bundle import CHECKPOINTS
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config
from pix2pix.web import runtime
from pix2pix.web.browser_model import (
    build_browser_model,
    is_8_bit_enough,
    trial_input,
    with_8_bit_weights,
)
from pix2pix.web.page import Part, Tab, build_page
from pix2pix.web.site import build_site
from pix2pix.web.tabs import SiteModel

pytestmark = pytest.mark.slow

CDN = "https://cdn.example.org/dist/"


def facts_of(folder: Path) -> dict[str, Any]:
    page = (folder / "index.html").read_text()
    found = re.search(r'<script type="application/json" id="st-facts">(.*?)</script>', page)
    assert found
    return dict(json.loads(found[1]))


def run(graph: Any, feeds: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    return np.asarray(session.run(None, feeds)[0])


@pytest.fixture(scope="module")
def facades() -> tuple[Any, Model]:
    return load_checkpoint(CHECKPOINTS / "facades")


@pytest.fixture
def pen(tmp_path: Path) -> Path:
    """A checkpoint that draws from lines, without styles."""
    recipe = Recipe("image2image", size=64, depth=4, ngf=8, max_channels=32, input_type="lines")
    config = checkpoint_config(recipe)
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "my shoes", config, Model(config), "# Shoes\n")
    return tmp_path / "my shoes"


# ---- models ------------------------------------------------------------------------------


def test_weights_in_8_bits_are_unpacked_by_the_graph_as_they_were_judged(facades: Any) -> None:
    config, model = facades
    x = trial_input(config, 0)
    assert model.style_encoder is not None
    style = model.style_encoder.sample(style_noise(config.generator.style_dim, 0))
    feeds = {"input": x.numpy(), "style": style.numpy()}
    found = run(build_onnx_model(model.generator, "int8_storage"), feeds)
    with torch.inference_mode():
        expected = with_8_bit_weights(model.generator)(x, style).numpy()
        exact = model.generator(x, style).numpy()
    assert np.abs(found - expected).max() < 1e-3
    assert 0 < np.abs(found - exact).mean() * 127.5 < 0.5


def test_8_bits_are_used_where_they_are_as_good(facades: Any) -> None:
    config, model = facades
    assert is_8_bit_enough(config, model)
    built = build_browser_model("facades", config, model)
    assert built.props["precision"] == "int8_storage"
    assert sum(map(len, built.files.values())) < 8.5 * 2**20


def test_a_model_that_8_bits_would_change_does_not_get_them() -> None:
    config, model = load_checkpoint(CHECKPOINTS / "facades")
    with torch.no_grad():  # one large weight takes the steps of all the others of its channel
        for block in model.generator.up:
            assert isinstance(block, Up) and isinstance(block.conv, ResizeConv)
            block.conv.weight[:, 0, 0, 0] += 3
    assert not is_8_bit_enough(config, model)


def test_the_style_graph_reads_the_style_of_a_photo(facades: Any) -> None:
    config, model = facades
    photo = torch.rand(1, 3, *config.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    graph = build_style_onnx_model(model.style_encoder, config.shape)
    with torch.inference_mode():
        mean, _ = model.style_encoder(photo)
    np.testing.assert_allclose(run(graph, {"input": photo.numpy()}), mean.numpy(), atol=1e-4)


# ---- the folder --------------------------------------------------------------------------


def test_a_checkpoint_of_ones_own_becomes_a_page(pen: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["site", str(out), "--checkpoint", str(pen), "--runtime", CDN]) == 0
    facts = facts_of(out)
    (tab,) = facts["tabs"]
    assert (tab["title"], tab["name"]) == ("my shoes", "my_shoes") and facts["runtime"] == CDN
    assert tab["parts"][0]["props"]["kind"] == "lines"
    model = tab["models"]["generator"]
    assert model["name"] == "my shoes", "as messages call it"
    for part in model["files"].values():
        content = (out / "models" / part["file"]).read_bytes()
        assert len(content) == part["bytes"] and gzip.decompress(content)
    page = (out / "index.html").read_text()
    for address in re.findall(r'(?:href|src)="([^"#]+)"', page):
        assert (out / address).is_file(), address
    assert not (out / "runtime").exists()


def test_every_kind_of_model_gets_the_tab_that_its_config_asks_for(tmp_path: Path) -> None:
    models = save_models(tmp_path / "models")
    models["trace"] = CHECKPOINTS / "trace"
    build_site(tmp_path / "out", [SiteModel(*each) for each in models.items()], CDN)
    tabs = {tab["name"]: tab for tab in facts_of(tmp_path / "out")["tabs"]}
    engines = {"roads": "draw", "edges": "draw", "grey": "colorize"}
    engines |= {"aerial": "image", "segments": "image", "trace": "image"}
    assert {name: tab["engine"] for name, tab in tabs.items()} == engines
    assert tabs["grey"]["models"].keys() == {"generator", "restorer"}
    build_site(tmp_path / "alone", [SiteModel("scratched", models["scratched"])], CDN)
    assert [tab["engine"] for tab in facts_of(tmp_path / "alone")["tabs"]] == ["image"]
    props = {name: tab["parts"][0]["props"] for name, tab in tabs.items()}
    (example,) = props["aerial"]["examples"]
    assert example["name"] == props["aerial"]["first"]["name"] == "coast.jpg"
    assert (tmp_path / "out" / example["url"]).is_file()
    assert [c["name"] for c in props["segments"]["classes"]] == [c.name for c in ROADS]
    assert props["aerial"]["classes"] == [] and len(props["trace"]["classes"]) == 12


def test_a_tracer_of_facades_works_in_their_tab(tmp_path: Path) -> None:
    names = ("trace", "facades")
    build_site(tmp_path / "out", [SiteModel(n, CHECKPOINTS / n) for n in names], CDN)
    (tab,) = facts_of(tmp_path / "out")["tabs"]
    assert tab["name"] == "facades"
    assert {part: model["name"] for part, model in tab["models"].items()} == {
        "generator": "facades",
        "tracer": "trace",
    }


def test_an_older_page_is_replaced_and_other_files_are_not(pen: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    models = [SiteModel("Shoes", pen)]
    build_site(out, models, CDN, weights="32")
    before = {path for path in out.rglob("*") if path.is_file()}
    (out / "CNAME").write_text("shoes.example.org")
    build_site(out, models, CDN, weights="16")
    after = {path for path in out.rglob("*") if path.is_file()}
    assert (out / "CNAME").is_file() and len(after) == len(before) + 1
    assert {path.name for path in before - after} == {
        path.name for path in before if path.suffix == ".gz"
    }
    other = tmp_path / "photos"
    other.mkdir()
    (other / "mine.jpg").write_bytes(b"x")
    with pytest.raises(ValueError, match="has other files in it"):
        build_site(other, models, CDN)


def test_the_same_models_give_the_same_files(pen: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        build_site(folder, [SiteModel("Shoes", pen)], CDN)
    contents = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in folders
    ]
    assert contents[0] == contents[1]


def test_a_title_cannot_leave_its_place_in_the_page() -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    part = Part("drawing", ("draw/draw.js", "mountDrawing"), {"file_name": evil})
    page = build_page([Tab("a", evil, "draw", "draw", (part,), {})], "assets", {})
    assert evil not in page and "<img" not in page


def test_what_the_page_cannot_run_is_said(tmp_path: Path, capsys: Any) -> None:
    config = checkpoint_config(TINY_RECIPE)
    save_checkpoint(tmp_path / "houses", config, Model(config), "# Houses\n")
    for arguments, reason in (
        (["--checkpoint", str(tmp_path / "nothing")], "is not a checkpoint folder"),
        (["--runtime", "ftp://x"], "--runtime must be an address"),
    ):
        assert main(["site", str(tmp_path / "out"), "--runtime", CDN, *arguments]) == 2
        assert reason in capsys.readouterr().err


# ---- onnxruntime-web ---------------------------------------------------------------------


def test_without_npm_the_remedies_are_said(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match=r"npm, which downloads .* --runtime https://"):
        runtime.find_runtime(tmp_path / "cache")


def test_a_package_that_is_another_one_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho other > onnxruntime-web.tgz\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ValueError, match="has another sha512 than expected"):
        runtime.find_runtime(tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.wasm"))


def test_the_runtime_is_compressed_once_and_anew_where_what_was_kept_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ort.wasm").write_bytes(b"binary" * 100)
    packed = runtime.compress(tmp_path / "ort.wasm")
    assert gzip.decompress(packed) == b"binary" * 100
    with monkeypatch.context() as patch:
        patch.setattr(gzip, "compress", None)
        assert runtime.compress(tmp_path / "ort.wasm") == packed
    for kept in (packed[:30], b"no gzip", gzip.compress(b"another version")):
        (tmp_path / "ort.wasm.gz").write_bytes(kept)
        assert runtime.compress(tmp_path / "ort.wasm") == packed


def test_only_the_named_files_of_the_package_are_unpacked(tmp_path: Path) -> None:
    package = tmp_path / "package.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for name in (*(f"package/dist/{name}" for name in runtime.FILES), "package/../../evil"):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"abc"))
    runtime.unpack(package, tmp_path / "a" / "runtime")
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"package.tgz", *runtime.FILES}
