"""--mcp: a language model's client finds the tools, calls them, and gets pictures."""

import asyncio
import base64
import io
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest
from helpers.models import colors
from helpers.own_loop import run_apart
from helpers.serving import launch
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from PIL import Image

from pix2pix.app.blocks import create_demo
from pix2pix.labels.label_map import encode_label_image

mcp = pytest.importorskip("mcp", reason="pip install 'gradio[mcp]'")


@pytest.fixture(scope="module")
def address(upload_folder: Any) -> Iterator[str]:
    demo = create_demo(PaletteDrawer(), SepiaColorizer())
    url = launch(demo, mcp=True)
    assert demo.mcp_error is None
    yield f"{url}gradio_api/mcp/"
    demo.close(verbose=False)


def converse(address: str, talk: Callable[[Any], Awaitable[Any]]) -> Any:
    """What `talk` returns of a session with the server."""
    from mcp.client.streamable_http import streamablehttp_client

    async def session() -> Any:
        async with streamablehttp_client(address) as (read, write, _):
            async with mcp.ClientSession(read, write) as client:
                await client.initialize()
                return await talk(client)

    async def within_a_minute() -> Any:
        return await asyncio.wait_for(session(), 60)

    return run_apart(within_a_minute())


def data_uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def picture_in(answer: Any) -> np.ndarray:
    assert not answer.isError, answer.content
    (content,) = [part for part in answer.content if part.type == "image"]
    with Image.open(io.BytesIO(base64.b64decode(content.data))) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_the_tools_are_those_that_are_meant_and_say_what_they_do(address: str) -> None:
    tools = {t.name: t for t in converse(address, lambda client: client.list_tools()).tools}
    assert tools.keys() == {"draw", "colorize"}
    assert "label image of the classes background" in tools["draw"].description
    assert tools["draw"].inputSchema["properties"].keys() == {"labels", "seed"}
    assert tools["colorize"].inputSchema["required"] == ["photo"]


def test_a_drawing_comes_back_as_a_picture(address: str) -> None:
    labels = np.arange(12, dtype=np.uint8).repeat(8)[None].repeat(50, 0)
    given = {"labels": data_uri(encode_label_image(labels)), "seed": 3}
    answer = converse(address, lambda client: client.call_tool("draw", given))
    np.testing.assert_array_equal(picture_in(answer), PaletteDrawer().draw(labels, 3))


def test_a_photo_comes_back_in_colour(address: str) -> None:
    photo = colors(90, 61).convert("L")
    given = {"photo": data_uri(photo), "strength": 0.5}
    answer = converse(address, lambda client: client.call_tool("colorize", given))
    expected = np.asarray(SepiaColorizer().colorize(photo, 0.5))
    np.testing.assert_array_equal(picture_in(answer), expected)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"labels": data_uri(colors())}, "is not a label map"),
        ({"labels": "/etc/passwd"}, "provide a url"),
        ({"labels": data_uri(colors()), "seed": -1}, "seed must be"),
    ],
)
def test_what_is_no_drawing_is_refused_in_words(
    address: str, given: dict[str, Any], reason: str
) -> None:
    answer = converse(address, lambda client: client.call_tool("draw", given))
    words = " ".join(part.text for part in answer.content if part.type == "text")
    assert answer.isError and reason in words


def test_nothing_is_fetched_from_within_the_servers_own_network(address: str) -> None:
    given = {"labels": address.replace("gradio_api/mcp/", "favicon.ico")}
    assert converse(address, lambda client: client.call_tool("draw", given)).isError
