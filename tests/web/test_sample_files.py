"""Models of images that are no 8-bit pictures, in the app's tab and in the static page."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from helpers.own_loop import run_apart

from pix2pix.app.server.image_routes import ImageApi
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.cli.export import describe_input
from pix2pix.config import CheckpointConfig
from pix2pix.images.samples import read_samples
from pix2pix.inference import Translator, load_translator
from pix2pix.inference.backends.onnx_graph import build_onnx_model
from pix2pix.models.tensors import as_rgb
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config
from pix2pix.web.image_props import browser_picture, can_open, preview_photo, thumbnail
from pix2pix.web.sample_files import (
    describe_app_files,
    describe_page,
    picture_config,
    take_pictures,
    translate_file,
)

KEYS: dict[str, Any] = {"size": 32, "ngf": 4, "depth": 3, "max_channels": 8, "norm": "instance"}
KEYS |= {"input_dtype": "uint16", "input_range": (0.0, 4095.0)}
KEYS |= {"target_dtype": "int16", "target_range": (-1024.0, 3071.0)}


def make_config(inputs: int = 1, outputs: int = 1) -> CheckpointConfig:
    recipe = Recipe("image2image", channels_in=inputs, channels_out=outputs, **KEYS)
    return checkpoint_config(recipe)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    folder, config = tmp_path_factory.mktemp("ct") / "ct", make_config()
    torch.manual_seed(0)
    save_checkpoint(folder, config, Model(config), "# A card\n")
    return load_translator(folder, "cpu")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    values = np.linspace(0, 4095, 40 * 48).reshape(40, 48).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "slice.png"), values)
    np.save(tmp_path / "slice.npy", values)
    return tmp_path / "slice.npy"


def test_the_tab_shows_pictures_and_saves_the_values(model: Translator, path: Path) -> None:
    for source in (path, path.with_suffix(".png")):
        shown = preview_photo(model, source.read_bytes(), source.name)
        assert shown["before"].startswith("data:image/webp")
        assert (shown["width"], shown["height"], shown["name"]) == (48, 40, source.name)
        content, suffix, kind = translate_file(model, source.read_bytes(), source.name)
        assert (suffix, kind) == (".npy", "application/octet-stream")
        made = read_samples(content, "made.npy")
        np.testing.assert_array_equal(made, model.translate_samples(read_samples(source)))
        assert made.dtype == np.int16 and made.shape == (40, 48, 1)


def test_the_tab_names_files_that_it_does_not_take(model: Translator, tmp_path: Path) -> None:
    np.save(tmp_path / "stack.npy", np.zeros((32, 32, 5), np.uint16))
    with pytest.raises(ValueError, match=r"stack.npy: has 5 channels of uint16; the model takes 1"):
        preview_photo(model, (tmp_path / "stack.npy").read_bytes(), "stack.npy")
    with pytest.raises(ValueError, match=r"a\.exr: is an EXR image, which is not taken here"):
        preview_photo(model, b"\x76\x2f\x31\x01" + bytes(100), "a.exr")
    assert not can_open(tmp_path / "stack.npy", model)


def test_examples_are_shown_and_put_on_the_page(model: Translator, path: Path) -> None:
    assert can_open(path, model) and thumbnail(path, model).startswith("data:image/webp")
    suffix, content = browser_picture(path.with_suffix(".png"), model)
    assert (suffix, content) == (".png", path.with_suffix(".png").read_bytes())
    suffix, content = browser_picture(path, model)
    assert suffix == ".png" and read_samples(content).max() == 255


def test_the_tab_and_the_page_say_what_they_take(model: Translator) -> None:
    files = describe_app_files(model)
    assert "Takes 1 channel of uint16, 0 to 4095" in files["note"]
    assert "Save gives 1 channel of int16, -1024 to 3071 as .npy" in files["note"]
    assert files["also_accepts"] == [".npy", ".npz"]
    page = describe_page(model.config)
    assert "no TIFF and no .npy" in page and "8-bit pictures, -1024 as black" in page
    picture = checkpoint_config(Recipe("image2image", size=32, depth=3))
    assert describe_page(picture) == ""


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (3, 2), (1, 5)])
def test_the_pages_model_takes_and_makes_pictures(inputs: int, outputs: int) -> None:
    config = make_config(inputs, outputs)
    torch.manual_seed(0)
    generator = Model(config).generator.eval()
    graph = take_pictures(build_onnx_model(generator), config)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    (made,) = session.run(None, {"input": picture.numpy()})
    with torch.no_grad():
        own = picture.mean(1, keepdim=True) if inputs == 1 else picture
        expected = as_rgb(generator(own)).numpy()
    np.testing.assert_allclose(made, expected, atol=1e-5)
    page = picture_config(config)
    assert (page.generator.in_channels, page.generator.out_channels) == (3, 3)
    assert page.input_range == (0, 4095)  # by which the page reads grey PNG files of 16 bits


def test_the_page_refuses_what_no_picture_holds() -> None:
    with pytest.raises(ValueError, match="the page cannot read images of 5 channels"):
        picture_config(make_config(5))


def test_an_exported_file_says_the_units() -> None:
    found = describe_input(make_config(1, 2))
    assert (found["mean"], found["std"], found["range"]) == ([2047.5], [2047.5], [0, 4095])
    assert (found["output_mean"], found["output_std"]) == ([1023.5] * 2, [2047.5] * 2)
    assert (found["dtype"], found["output_dtype"]) == ("uint16", "int16")


def test_the_route_answers_with_the_values(model: Translator, path: Path) -> None:
    import httpx
    from starlette.applications import Starlette

    from pix2pix.app.server.bodies import BodyReader
    from pix2pix.app.server.model_queue import ModelQueue

    api = ImageApi(model, {path.name: path}, ModelQueue(), BodyReader())
    app = Starlette(routes=api.routes())

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://studio") as client:
            headers = {"x-photo-name": path.name}
            return await client.post("/result", content=path.read_bytes(), headers=headers)

    answer = run_apart(ask())
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-picture-name"] == "slice.npy"
    assert read_samples(answer.content).dtype == np.int16
