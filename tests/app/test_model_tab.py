"""Any checkpoint in the app, through its client: for programs, and a tab for each model."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from helpers.fake_hub import FakeHub
from helpers.models import CPU, RECIPES, ROADS, colors, save_models, street
from helpers.routes import draw, open_answer, post, read_answer, send_file
from helpers.serving import launch
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from PIL import Image

from pix2pix.app import main as app
from pix2pix.app.blocks import create_demo, tab_names
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.hub.client import Hub
from pix2pix.inference import Drawer, Tracer, Translator, load_restorer, load_translator
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.labels.canvas_spec import CanvasSpec, canvas_of
from pix2pix.labels.label_map import decode_label_image, encode_label_image
from pix2pix.labels.packed_ids import pack_ids, unpack_ids
from pix2pix.training.train_step import checkpoint_config


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return save_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def client(
    models: dict[str, Path], upload_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    others = [app.load_served(str(folder), CPU) for folder in models.values()]
    demo = create_demo(PaletteDrawer(), SepiaColorizer(), None, others)
    url = launch(demo)
    yield Client(url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))
    demo.close(verbose=False)


# ---- for programs ------------------------------------------------------------------------


def test_draw_takes_a_label_image_and_a_seed_and_gives_a_png(
    client: Client, tmp_path: Path
) -> None:
    labels = np.arange(12, dtype=np.uint8).repeat(8)[None].repeat(50, 0)
    encode_label_image(labels).save(tmp_path / "house.png")
    made = client.predict(handle_file(tmp_path / "house.png"), 3, api_name="/draw")
    with Image.open(made) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), PaletteDrawer().draw(labels, 3))
    again = client.predict(labels=handle_file(tmp_path / "house.png"), api_name="/draw")
    with Image.open(again) as image:
        np.testing.assert_array_equal(np.asarray(image), PaletteDrawer().draw(labels, 0))


def test_colorize_takes_a_photo_and_a_strength_and_gives_a_png(
    client: Client, tmp_path: Path
) -> None:
    colors(90, 61).convert("L").save(tmp_path / "aunt.jpg")
    made = client.predict(handle_file(tmp_path / "aunt.jpg"), 0.5, api_name="/colorize")
    with Image.open(made) as image, Image.open(tmp_path / "aunt.jpg") as photo:
        assert image.format == "PNG" and Path(made).name == "aunt.png"
        np.testing.assert_array_equal(
            np.asarray(image), np.asarray(SepiaColorizer().colorize(photo, 0.5))
        )


@pytest.mark.parametrize(
    ("endpoint", "values", "reason"),
    [
        ("/draw", ("photo.png", 0), "photo.png: is not a label map"),
        ("/draw", ("photo.png", -1), "seed must be"),
        ("/draw", ("photo.png", 1.5), "seed must be a whole number"),
        ("/draw", (None, 1), "an image file must be given"),
        ("/colorize", ("notes.png", 1), "notes.png: is not an image"),
        ("/colorize", ("photo.png", 7), "strength must be from 0 to 1.5"),
    ],
)
def test_what_is_no_input_is_refused_in_words(
    client: Client, tmp_path: Path, endpoint: str, values: tuple[Any, Any], reason: str
) -> None:
    colors().save(tmp_path / "photo.png")
    (tmp_path / "notes.png").write_text("no pixels")
    name, number = values
    file = handle_file(tmp_path / name) if name else None
    with pytest.raises(Exception, match=reason) as refusal:
        client.predict(file, number, api_name=endpoint)
    assert "Traceback" not in str(refusal.value)


ENDPOINTS = {
    "/draw": ["labels", "seed"],
    "/colorize": ["photo", "strength"],
    "/roads": ["labels", "seed"],
    "/edges": ["lines"],
    "/aerial": ["photo"],
    "/segments": ["photo"],
    "/grey": ["photo", "strength"],
    "/scratched": ["photo"],
}


def test_each_tab_has_one_documented_endpoint_and_there_are_no_others(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    found = {
        name: [p["parameter_name"] for p in info["parameters"]] for name, info in named.items()
    }
    assert found == ENDPOINTS
    assert "label image of the classes background" in named["/draw"]["description"]
    events = [d["api_name"] for d in client.config["dependencies"]]
    assert sorted(f"/{name}" for name in events) == sorted(ENDPOINTS)


def test_each_tab_answers_programs_with_a_file(
    client: Client, models: dict[str, Path], tmp_path: Path
) -> None:
    encode_label_image(street(), [c.rgb for c in ROADS]).save(tmp_path / "roads.png")
    Image.fromarray(np.where(street() == 3, 0, 255).astype(np.uint8)).save(tmp_path / "edges.png")
    for name in ("aerial", "segments", "grey", "scratched"):
        colors(130, 75).save(tmp_path / f"{name}.png")
    made = {}
    for name in ("roads", "edges", "aerial", "segments", "grey", "scratched"):
        path = client.predict(handle_file(tmp_path / f"{name}.png"), api_name=f"/{name}")
        made[name] = np.asarray(Image.open(path).convert("RGB"))
    drawer = app.load_served(str(models["roads"]), CPU).model
    assert isinstance(drawer, Drawer)
    np.testing.assert_array_equal(made["roads"], drawer.draw(street()))
    lines = LineDrawer(load_translator(models["edges"], "cpu"))
    np.testing.assert_array_equal(made["edges"], lines.draw((street() == 3).astype(np.uint8)))
    expected = load_translator(models["aerial"], "cpu").translate(colors(130, 75))
    np.testing.assert_array_equal(made["aerial"], np.asarray(expected))
    assert {tuple(color) for color in made["segments"].reshape(-1, 3)} <= {c.rgb for c in ROADS}
    restorer = load_restorer(models["scratched"], "cpu")
    np.testing.assert_array_equal(made["scratched"], restorer.restore(colors(130, 75)).image)
    assert made["grey"].shape == (75, 130, 3)


def test_mcp_that_is_not_installed_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"pip install 'gradio\[mcp\]'"):
        app.main(["--mcp"])


# ---- a tab for each model ----------------------------------------------------------------


@pytest.fixture
def url(client: Client) -> str:
    return str(client.src)


def test_a_drawing_of_own_classes_is_drawn_and_those_of_facades_are_refused(
    url: str, models: dict[str, Path]
) -> None:
    model = app.load_served(str(models["roads"]), CPU).model
    assert isinstance(model, Drawer)
    np.testing.assert_array_equal(draw(url, street(), 2, "roads"), model.draw(street(), 2))
    answer = post(url, "roads", "draw", {"ids": pack_ids(street() + np.uint8(1))})
    assert answer.status_code == 400 and "from 0 to 3" in answer.json()["error"]


def test_lines_are_drawn_by_a_model_of_edges(url: str, models: dict[str, Path]) -> None:
    lines = (street() == 3).astype(np.uint8)
    expected = LineDrawer(load_translator(models["edges"], "cpu")).draw(lines)
    np.testing.assert_array_equal(draw(url, lines, 0, "edges"), expected)


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def test_a_photo_is_translated_at_its_own_size(
    url: str, client: Client, models: dict[str, Path]
) -> None:
    answer = send_file(url, "aerial", "result", png(colors(130, 75)), "bay.jpg")
    assert answer.headers["x-picture-name"] == "bay.png"
    expected = load_translator(models["aerial"], "cpu").translate(colors(130, 75))
    np.testing.assert_array_equal(read_answer(answer), np.asarray(expected))


def test_the_label_map_of_a_photo_comes_as_a_palette_image(
    url: str, models: dict[str, Path]
) -> None:
    answer = send_file(url, "segments", "result", png(colors(130, 75)))
    found = decode_label_image(open_answer(answer), tuple(c.rgb for c in ROADS))
    tracer = app.load_served(str(models["segments"]), CPU).model
    assert isinstance(tracer, Tracer)
    np.testing.assert_array_equal(found, tracer.trace(colors(130, 75)))


@pytest.mark.parametrize("tab", ["aerial", "segments"])
def test_a_preview_has_the_photo_before_and_after(url: str, tab: str) -> None:
    shown = send_file(url, tab, "preview", png(colors(130, 75)), "bay.png").json()
    assert (shown["width"], shown["height"], shown["name"]) == (130, 75, "bay.png")
    assert shown["before"].startswith("data:image/") and shown["after"].startswith("data:image/")


@pytest.mark.parametrize("action", ["preview", "result"])
@pytest.mark.parametrize("tab", ["aerial", "segments"])
def test_a_photo_tab_opens_pictures_and_its_own_examples_only(
    url: str, tab: str, action: str
) -> None:
    for example in ("../../secret.png", "/etc/passwd", ""):
        refused = send_file(url, tab, action, b"", **{"x-example": example})
        assert refused.json() == {"error": "there is no example of this name"}
    for content in (b"", b"Dear all"):
        assert "a.png: is " in send_file(url, tab, action, content, "a.png").json()["error"]


def test_examples_of_the_checkpoint_are_what_its_sheet_starts_with(
    models: dict[str, Path],
) -> None:
    canvas = canvas_of(ROADS, (64, 64), "roads", models["roads"] / "examples")
    assert list(canvas.starts) == ["street"], "what cannot be read is left out"
    np.testing.assert_array_equal(canvas.first, street())
    assert [c["key"] for c in canvas.props()["classes"]] == ["1", "2", "3", "4"]
    empty = canvas_of(ROADS, (64, 64), "roads", models["edges"] / "examples")
    assert not empty.starts and not empty.first.any()


def test_classes_beyond_the_twelfth_have_no_key() -> None:
    classes = tuple(ROADS[0].__class__(f"c{i}", (i, i, i)) for i in range(40))
    keys = [c["key"] for c in CanvasSpec("labels", (64, 64), classes, "x").props()["classes"]]
    assert "".join(keys) == "1234567890-=" and len(keys) == 40
    with pytest.raises(ValueError, match="from 0 to 39"):
        unpack_ids(pack_ids(np.full((64, 64), 40, np.uint8)), (64, 64), 40)


def test_a_model_that_cannot_be_loaded_has_a_tab_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    served = app.load_served(str(tmp_path), CPU)
    assert served.title == tmp_path.name and isinstance(served.model, str)
    config = str(create_demo(None, None, None, [served]).get_config_file())
    assert "lacks the key" in config and tmp_path.name in config


def test_tabs_of_one_name_are_told_apart() -> None:
    assert tab_names(["Edges!", "edges", "édges", "", "draw"]) == [
        "edges",
        "edges_2",
        "dges",
        "model",
        "draw_2",
    ]


def test_a_model_from_the_hub_shows_its_name_and_commit(
    hub_server: FakeHub, hub: Hub, models: dict[str, Path]
) -> None:
    files = {p.name: p.read_bytes() for p in models["edges"].iterdir()}
    sha = hub_server.add("ada/shoes", files).refs["main"]
    served = app.load_served("ada/shoes", CPU)
    assert (served.title, served.revision) == ("shoes", f"ada/shoes@{sha}")
    revisions: dict[str, str] = {}
    drawer = app.load_or_say_why(load_translator, "ada/shoes", "facades", CPU, revisions)
    assert isinstance(drawer, Translator) and revisions == {"facades": f"ada/shoes@{sha}"}
    config = str(create_demo(None, None, None, [served]).get_config_file())
    assert f"ada/shoes@{sha}" in config


def test_a_space_or_a_folder_without_a_name_is_called_by_its_recipe(tmp_path: Path) -> None:
    config = checkpoint_config(RECIPES["edges"], training={"recipe": "edges2photo"})
    save_checkpoint(tmp_path / "checkpoint", config, Model(config), "")
    assert app.load_served(str(tmp_path / "checkpoint"), CPU).title == "edges2photo"


def test_the_page_is_told_nothing_that_only_the_server_needs(
    client: Client, models: dict[str, Path]
) -> None:
    page = httpx.get(f"{client.src}config", timeout=120).text
    assert str(models["roads"].parent) not in page, "where the checkpoints lie"
    assert not re.search(r"(\d+,){500}", page), "label maps travel packed"
