"""Programs: through gradio_client, and over plain HTTP as `curl` would."""

import http.server
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from PIL import Image

from pix2pix.labels.label_map import encode_label_image

LABELS = np.arange(12, dtype=np.uint8).repeat(8)[None].repeat(50, 0)
HTTP = httpx.Client(timeout=120, trust_env=False)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A label map, which can be coloured too: it is a picture."""
    path = tmp_path / "house.png"
    encode_label_image(LABELS).save(path)
    return path


def client_of(url: str, folder: Path) -> Client:
    return Client(url, verbose=False, download_files=folder)


def read(path: Any) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


# ---- the same photo at the same time -----------------------------------------------------


def test_parallel_calls_with_the_same_photo_all_get_their_pictures(
    fake_studio: str, picture: Path, tmp_path: Path, upload_folder: Path
) -> None:
    drawn = PaletteDrawer().draw(LABELS, 3)
    with Image.open(picture) as image:
        coloured = np.asarray(SepiaColorizer().colorize(image.convert("RGB")))
    clients = [client_of(fake_studio, tmp_path / str(i)) for i in range(5)]

    def call(client: Client) -> None:
        for _ in range(2):
            result = client.predict(handle_file(picture), 1.0, api_name="/colorize")
            np.testing.assert_array_equal(read(result), coloured)
            result = client.predict(handle_file(picture), 3, api_name="/draw")
            np.testing.assert_array_equal(read(result), drawn)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(call, clients))


def test_an_upload_is_a_file_of_its_own(
    fake_studio: str, picture: Path, upload_folder: Path
) -> None:
    names = [upload(fake_studio, picture) for _ in range(2)]
    assert not any(str(upload_folder) in name for name in names), "no path of the server"
    first, second = (upload_folder / name for name in names)
    assert first != second and first.read_bytes() == second.read_bytes()
    ask(fake_studio, "call/v2/colorize", {"photo": {"path": names[0]}})
    assert not first.exists(), "somebody's photo"
    assert second.exists()


# ---- what is wrong, in words -------------------------------------------------------------


def test_an_error_has_no_entities(fake_studio: str, tmp_path: Path) -> None:
    path = tmp_path / "aunt's & uncle's.png"
    path.write_text("no pixels")
    client = client_of(fake_studio, tmp_path)
    with pytest.raises(Exception, match=r"aunt's & uncle's\.png: ") as refusal:
        client.predict(handle_file(path), 1.0, api_name="/colorize")
    with pytest.raises(Exception, match="got '\u2039b\u203ax'") as other:
        client.predict(handle_file(path), "<b>x", api_name="/draw")
    for error in (refusal, other):
        assert "&#x27;" not in str(error.value) and "&amp;" not in str(error.value)
    assert "<b>" not in str(other.value), "the page would take it for markup"


class _Site(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    """A web server of somebody's; what it is asked for is counted."""
    _Site.asked = 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/house.png"
        server.shutdown()


@pytest.mark.parametrize("scheme", ["http", "HTTP", "https"])
def test_an_address_is_refused_with_what_to_do_and_never_fetched(
    fake_studio: str, site: str, tmp_path: Path, scheme: str
) -> None:
    client = client_of(fake_studio, tmp_path)
    for api_name in ("/colorize", "/draw"):
        with pytest.raises(Exception, match="please download the file and send it"):
            client.predict(handle_file(site), 1, api_name=api_name)
    address = site.replace("http", scheme, 1)
    for file in ({"path": address}, {"url": address}, address, handle_file(site)):
        for call, body in (
            ("call/v2/colorize", {"photo": file}),
            ("call/colorize", {"data": [file, 1.0]}),
        ):
            assert "please download the file and send it" in ask(fake_studio, call, body)
    assert _Site.asked == 0


# ---- plain HTTP --------------------------------------------------------------------------


def upload(url: str, path: Path) -> str:
    with path.open("rb") as file:
        answer = HTTP.post(f"{url}gradio_api/upload", files={"files": file})
    answer.raise_for_status()
    (sent,) = answer.json()
    return str(sent)


def ask(url: str, call: str, body: Any) -> str:
    """The last event of the answer, as "complete DATA" or "error DATA"; a refusal's text."""
    answer = HTTP.post(f"{url}gradio_api/{call}", json=body)
    if answer.status_code != 200:
        assert 400 <= answer.status_code < 500, answer.text
        return answer.text
    event = answer.json()["event_id"]
    stream = HTTP.get(f"{url}gradio_api/{call.replace('v2/', '').rstrip('/')}/{event}").text
    name, data = stream.strip().split("event: ")[-1].split("\n", 1)
    return f"{name} {data.removeprefix('data: ')}"


@pytest.mark.parametrize("reading", ["call", "call/v2"])
def test_named_values_come_back_as_a_picture(fake_studio: str, picture: Path, reading: str) -> None:
    body = {"labels": {"path": upload(fake_studio, picture)}, "seed": 3}
    event = HTTP.post(f"{fake_studio}gradio_api/call/v2/draw", json=body).json()["event_id"]
    stream = HTTP.get(f"{fake_studio}gradio_api/{reading}/draw/{event}").text
    assert "event: complete" in stream
    (file,) = json.loads(stream.split("data: ")[-1])
    answer = HTTP.get(file["url"])
    assert answer.headers["content-type"] == "image/png"
    (picture.parent / "answer.png").write_bytes(answer.content)
    np.testing.assert_array_equal(
        read(picture.parent / "answer.png"), PaletteDrawer().draw(LABELS, 3)
    )


def test_what_is_left_out_has_its_default(fake_studio: str, picture: Path) -> None:
    marked = {"path": upload(fake_studio, picture), "meta": {"_type": "gradio.FileData"}}
    assert ask(fake_studio, "call/v2/colorize", {"photo": marked}).startswith("complete")
    body = {"labels": {"path": upload(fake_studio, picture)}}
    assert ask(fake_studio, "call/v2/draw/", body).startswith("complete")


@pytest.mark.parametrize(
    ("call", "body", "words"),
    [
        ("draw", {}, "labels is missing; the parameters are: labels, seed"),
        ("draw", {"data": []}, "there is no parameter of this name; there are: labels, seed"),
        ("draw", [], "the parameters must be a JSON object, got list"),
        ("draw", {"labels": None}, "an image file must be given, got none"),
        ("draw", {"labels": "house.png"}, "file must be a JSON object, got str"),
        ("draw", {"labels": {"path": "/etc/passwd"}}, "among the uploads"),
        ("draw", {"labels": {"path": "/x", "meta": {"_type": "gradio.FileData"}}}, "among the upl"),
        ("colorize", {"photo": {"path": "/etc/passwd"}, "size": 9}, "there are: photo, strength"),
        ("draw_live", {"drawing": {}}, "there is no endpoint of this name"),
        ("nope", {}, "there is no endpoint of this name"),
    ],
)
def test_a_wrong_call_is_answered_in_words(
    fake_studio: str, call: str, body: Any, words: str
) -> None:
    answer = ask(fake_studio, f"call/v2/{call}", body)
    assert words in answer
    assert not answer.startswith("complete")


def test_a_value_out_of_range_is_refused_in_words(fake_studio: str, picture: Path) -> None:
    body = {"labels": {"path": upload(fake_studio, picture)}, "seed": -1}
    assert "seed must be a whole number from 0" in ask(fake_studio, "call/v2/draw", body)
    body = {"photo": {"path": upload(fake_studio, picture)}, "strength": "much"}
    answer = ask(fake_studio, "call/v2/colorize", body)
    assert "strength must be from 0 to 1.5, got 'much'" in answer


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"json": {}}, "multipart form"),
        ({"files": {"photo": b"x"}}, "multipart form"),
        ({"data": {"files": "text"}, "files": {"other": b"x"}}, "multipart form"),
        ({"files": [("files", b"x")] * 40}, "Too many files"),
    ],
)
def test_an_upload_of_another_form_is_refused_in_words(
    fake_studio: str, form: dict[str, Any], words: str
) -> None:
    answer = HTTP.post(f"{fake_studio}gradio_api/upload", **form)
    assert answer.status_code == 400 and words in answer.json()["detail"]
