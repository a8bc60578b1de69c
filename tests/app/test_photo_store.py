"""Photos of visitors: only theirs, only for a while, only in memory."""

import gc
import io
import logging
import re
import secrets
import socket
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.routes import post
from helpers.running import host_and_port
from PIL import Image, PngImagePlugin

from pix2pix.app.server import photo_store
from pix2pix.app.server.limits import DEFAULT_LIMITS
from pix2pix.app.server.photo_store import (
    PHOTOS,
    PHOTOS_A_VISITOR,
    PhotoGoneError,
    PhotoStore,
    Result,
    open_upload,
)
from pix2pix.images.chroma_upsampling import recolor
from pix2pix.inference import PhotoSession

MINE, OTHERS = "a" * 32, "b" * 32
NAME = "aunt mathilda 1941.png"


def grey_png(size: tuple[int, int] = (64, 48), shade: int = 90) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size, shade).save(buffer, "png")
    return buffer.getvalue()


def photo(**more: Any) -> photo_store.KeptPhoto:
    return open_upload(grey_png(**more), NAME)


# ---- the store ---------------------------------------------------------------------------


def test_a_photo_is_found_by_its_visitor_alone() -> None:
    store = PhotoStore()
    photo_id = store.keep(MINE, photo())
    assert store.find(MINE, photo_id).name == NAME
    for key, wanted in ((OTHERS, photo_id), (MINE, "0" * 32), (None, photo_id), (MINE, [photo_id])):
        with pytest.raises(PhotoGoneError):
            store.find(key, wanted)


@pytest.mark.parametrize(
    "key", ["", "a" * 31, "a" * 33, "g" * 32, "A" * 32, None, 7, "a" * 32 + "\n"]
)
def test_a_key_that_could_be_guessed_is_refused(key: Any) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        PhotoStore().keep(key, photo())


def test_a_visitor_has_room_for_the_newest_photos() -> None:
    store = PhotoStore()
    ids = [store.keep(MINE, photo()) for _ in range(PHOTOS_A_VISITOR + 2)]
    other = store.keep(OTHERS, photo())
    assert len(store) == PHOTOS_A_VISITOR + 1
    for gone in ids[:2]:
        with pytest.raises(PhotoGoneError):
            store.find(MINE, gone)
    assert store.find(MINE, ids[2]) and store.find(OTHERS, other)


def test_the_photo_in_use_outlives_the_others() -> None:
    store = PhotoStore()
    first = store.keep(MINE, photo())
    for _ in range(3 * PHOTOS_A_VISITOR):
        store.keep(MINE, photo())
        assert store.find(MINE, first)


def test_all_visitors_together_stay_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_store, "MAX_BYTES", 3 * photo().weight)
    store = PhotoStore()
    for _ in range(9):
        store.keep(secrets.token_hex(16), photo())
        assert len(store) <= 3
    last = store.keep(MINE, photo(size=(1280, 1280)))
    assert len(store) == 1 and store.find(MINE, last), "the newest stays in any case"


def test_what_is_idle_is_forgotten() -> None:
    now = [0.0]
    store = PhotoStore(clock=lambda: now[0])
    old = store.keep(MINE, photo())
    now[0] = photo_store.IDLE_S - 1
    used = store.keep(OTHERS, photo())
    store.sweep()
    assert len(store) == 2
    now[0] += 2
    store.sweep()
    assert len(store) == 1 and store.find(OTHERS, used)
    with pytest.raises(PhotoGoneError):
        store.find(MINE, old)


def test_the_sweep_comes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_store, "IDLE_S", 0)
    monkeypatch.setattr(photo_store, "SWEEP_EVERY_S", 0.05)
    store = PhotoStore()
    store.keep(MINE, photo())
    wait_until(lambda: len(store) == 0)


def test_a_visitors_last_page_takes_their_photos_with_it() -> None:
    store = PhotoStore()
    store.keep(MINE, photo())
    store.keep(OTHERS, photo())
    store.arrive(MINE)
    store.arrive(MINE)
    store.leave(MINE)
    assert len(store) == 2, "another page of the visitor is open"
    store.leave(MINE)
    assert len(store) == 1


def test_a_finished_file_is_fetched_once() -> None:
    store = PhotoStore()
    photo_id = store.keep(MINE, photo())
    store.hold_result(MINE, photo_id, Result(b"png", "image/png"))
    assert store.take_result(MINE, photo_id).content == b"png"
    with pytest.raises(PhotoGoneError):
        store.take_result(MINE, photo_id)


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


# ---- over the wire -----------------------------------------------------------------------


PHOTOS_URL = "studio-api/colorize/photos"


def send(
    url: str, key: str = MINE, content: bytes | None = None, name: str = NAME
) -> httpx.Response:
    headers = {"x-studio-key": key, "x-photo-name": name.replace(" ", "%20")}
    content = grey_png() if content is None else content
    return httpx.post(f"{url}{PHOTOS_URL}", content=content, headers=headers, timeout=120)


def ask(url: str, key: str = MINE, **wanted: Any) -> dict[str, Any]:
    """The answer to a request of the page about a photo."""
    return dict(post(url, "colorize", "colorize", {"strength": 1, **wanted}, key).json())


def test_a_photo_that_was_sent_is_coloured_and_fetched(fake_studio: str) -> None:
    sent = send(fake_studio).json()
    assert (sent["width"], sent["height"], sent["name"]) == (64, 48, NAME)
    answer = ask(fake_studio, kind="save", format="jpeg", photo=sent["photo"])
    assert answer["name"] == "aunt mathilda 1941.jpg"
    url = f"{fake_studio}{PHOTOS_URL}/{sent['photo']}/result"
    result = httpx.get(url, headers={"x-studio-key": MINE}, timeout=120)
    assert result.headers["cache-control"] == "no-store"
    image = Image.open(io.BytesIO(result.content))
    assert image.size == (64, 48) and image.format == "JPEG"
    assert np.ptp(np.asarray(image, int), -1).mean() > 20
    assert httpx.get(url, headers={"x-studio-key": MINE}, timeout=120).status_code == 404


def test_another_visitor_gets_nothing_with_every_address_of_the_first(
    fake_studio: str,
) -> None:
    photo_id = send(fake_studio).json()["photo"]
    ask(fake_studio, kind="save", photo=photo_id)
    for kind in ("preview", "quick", "thumb", "sizes", "save"):
        answer = ask(fake_studio, OTHERS, kind=kind, photo=photo_id)
        assert set(answer) == {"gone", "error"}
    url = f"{fake_studio}{PHOTOS_URL}/{photo_id}"
    for headers in ({}, {"x-studio-key": OTHERS}, {"x-studio-key": ""}, {"cookie": f"key={MINE}"}):
        for path in ("", "/result", f"/result?key={MINE}", f"/result?x-studio-key={MINE}"):
            assert httpx.get(url + path, headers=headers, timeout=120).status_code in (404, 405)
        httpx.delete(url, headers=headers, timeout=120)
        httpx.delete(f"{fake_studio}{PHOTOS_URL}", headers=headers, timeout=120)
    for path in (photo_id, NAME, f"{photo_id}/{NAME}", f"{PHOTOS_URL}/{photo_id}"):
        assert httpx.get(f"{fake_studio}gradio_api/file={path}", timeout=120).status_code in (
            403,
            404,
        )
    assert (
        httpx.get(f"{url}/result", headers={"x-studio-key": MINE}, timeout=120).status_code == 200
    )


def test_nothing_of_a_photo_is_written_to_disk_or_logged(
    fake_studio: str,
    upload_folder: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    started = time.time() - 1
    with caplog.at_level(logging.DEBUG):
        photo_id = send(fake_studio).json()["photo"]
        for kind in ("preview", "quick", "thumb", "sizes", "save"):
            ask(fake_studio, kind=kind, photo=photo_id)
        send(fake_studio, content=b"no picture")
    # What this test itself sends is in its own client's log.
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    shown = "\n".join([*ours, *capfd.readouterr()])
    for secret in ("mathilda", MINE, photo_id):
        assert secret not in shown
    written = [p for p in upload_folder.rglob("*") if p.is_file() and p.stat().st_mtime > started]
    assert written == []
    opened = [
        str(f.readlink()) for f in Path("/proc/self/fd").iterdir() if f.is_symlink() and f.exists()
    ]
    assert not [path for path in opened if re.search(r"\.(png|jpe?g|webp)$", path)]


def test_the_end_of_a_page_is_the_end_of_its_photos(fake_studio: str) -> None:
    key = secrets.token_hex(16)
    photo_id = send(fake_studio, key).json()["photo"]
    headers = {"x-studio-key": key}
    url = f"{fake_studio}{PHOTOS_URL}"
    with httpx.stream("GET", url, headers=headers, timeout=120) as stream:
        chunks = stream.iter_raw()
        assert next(chunks) == b"\n"
        assert "thumb" in ask(fake_studio, key, kind="thumb", photo=photo_id)
        assert PHOTOS.find(key, photo_id)

    def is_gone() -> bool:
        try:
            return not PHOTOS.find(key, photo_id)
        except PhotoGoneError:
            return True

    wait_until(is_gone)


def test_nobody_stays_without_a_key(fake_studio: str) -> None:
    for headers in ({}, {"x-studio-key": "short"}):
        answer = httpx.get(f"{fake_studio}{PHOTOS_URL}", headers=headers, timeout=120)
        assert answer.status_code == 400 and "32 hexadecimal digits" in answer.json()["error"]


def test_who_closes_a_photo_or_the_page_is_obeyed(fake_studio: str) -> None:
    key = secrets.token_hex(16)
    ids = [send(fake_studio, key).json()["photo"] for _ in range(3)]
    headers = {"x-studio-key": key}
    httpx.delete(f"{fake_studio}{PHOTOS_URL}/{ids[0]}", headers=headers, timeout=120)
    with pytest.raises(PhotoGoneError):
        PHOTOS.find(key, ids[0])
    assert PHOTOS.find(key, ids[1])
    httpx.delete(f"{fake_studio}{PHOTOS_URL}", headers=headers, timeout=120)
    for photo_id in ids[1:]:
        with pytest.raises(PhotoGoneError):
            PHOTOS.find(key, photo_id)


@pytest.mark.parametrize(
    ("key", "content", "name", "reason"),
    [
        ("short", None, NAME, "32 hexadecimal digits"),
        (MINE, b"", "empty.jpg", "empty.jpg: is empty"),
        (MINE, b"Dear all", "letter.jpg", "letter.jpg: is not an image"),
        (MINE, grey_png()[:60], "cut.png", "cut.png: is damaged"),
        (MINE, b"Dear all", "../../etc/passwd", "passwd: is not an image"),
        (MINE, b"Dear all", "%00%0a%1b[31mred", "[31mred: is not an image"),
        (MINE, b"Dear all", "", "upload: is not an image"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(
    fake_studio: str, key: str, content: bytes | None, name: str, reason: str
) -> None:
    answer = send(fake_studio, key, content, name).json()
    assert set(answer) == {"error"}
    assert answer["error"].startswith(reason) or reason in answer["error"]


def test_an_upload_beyond_the_limit_is_cut_off(
    fake_studio: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pix2pix.app.server.bodies.MAX_UPLOAD_MB", 1)
    assert "larger than 1 MB" in send(fake_studio, content=bytes(2 << 20)).json()["error"]
    assert "photo" in send(fake_studio).json()


def test_more_uploads_at_once_than_there_is_room_for_wait(fake_studio: str) -> None:
    host, port = host_and_port(fake_studio)
    head = (
        f"POST /{PHOTOS_URL} HTTP/1.1\r\nhost: {host}\r\nx-studio-key: {MINE}\r\n"
        "content-length: 1000\r\n\r\nx"
    ).encode()
    slow = [socket.create_connection((host, port)) for _ in range(DEFAULT_LIMITS.uploads)]
    for connection in slow:
        connection.sendall(head)
    wait_until(lambda: send(fake_studio).status_code == 503)
    for connection in slow:
        connection.close()
    wait_until(lambda: send(fake_studio).status_code == 200)


# ---- strangers ---------------------------------------------------------------------------


def chatty_png(texts: int, chars: int = 1_000_000) -> bytes:
    """A PNG of a few kB that holds `texts` compressed texts of `chars` letters each."""
    notes = PngImagePlugin.PngInfo()
    for number in range(texts):
        notes.add_text(f"Comment {number}", "A" * chars, zip=True)
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48)).save(buffer, "png", pnginfo=notes)
    return buffer.getvalue()


def test_the_texts_of_a_photo_are_not_kept_with_it() -> None:
    content = chatty_png(7)
    tracemalloc.start()
    kept = open_upload(content, NAME)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept.preview.info == kept.quick.info == {}
    assert held < 1_000_000, "7 MB of text were inflated"
    assert held - len(content) < kept.weight < held + 200_000, "the weight is what it holds"


def test_a_photo_with_60_mb_of_texts_is_refused() -> None:
    with pytest.raises(ValueError, match=re.escape(NAME)):
        open_upload(chatty_png(60), NAME)


def test_sessions_and_results_are_weighed() -> None:
    kept = photo(size=(640, 480))
    before = kept.weight
    light = np.zeros((480, 640), np.uint16)
    session = PhotoSession.__new__(PhotoSession)
    session._light = light
    kept.sessions["preview"] = ((), session)
    assert kept.weight == before + light.nbytes
    kept.result = Result(bytes(1000), "image/png")
    assert kept.weight == before + light.nbytes + 1000 + len("image/png")


def test_photos_under_fresh_keys_replace_those_of_the_same_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photo_store, "MAX_BYTES", 5 * photo().weight)
    store = PhotoStore()
    mine = [store.keep(MINE, photo(), "10.0.0.1") for _ in range(2)]
    for _ in range(20):
        store.keep(secrets.token_hex(16), photo(), "10.9.9.9")
    assert all(store.find(MINE, photo_id) for photo_id in mine)
    assert len(store) == 5


def test_many_small_photos_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_store, "MAX_PHOTOS", 10)
    store = PhotoStore()
    mine = store.keep(MINE, photo(), "10.0.0.1")
    for _ in range(30):
        store.keep(secrets.token_hex(16), photo(size=(1, 1)), "10.9.9.9")
    assert len(store) == 10 and store.find(MINE, mine)


@pytest.mark.parametrize("size", [(65_535, 1), (1, 65_535), (65_535, 700)])
def test_a_thin_photo_is_opened(size: tuple[int, int]) -> None:
    kept = photo(size=size)
    assert kept.size == size and kept.weight < 100_000 + 2 * sum(size)


@pytest.mark.parametrize("size", [(49_999_999, 1), (1, 65_536)])
def test_a_photo_too_long_to_be_coloured_is_refused_in_words(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=rf"is {size[0]}x{size[1]} pixels; the limit is 65535"):
        photo(size=size)


@pytest.mark.parametrize("size", [(65_535, 700), (1, 65_535)])
def test_a_long_photo_is_saved_in_memory_for_its_pixels(size: tuple[int, int]) -> None:
    """Of a wide one, each row of the network's output was once enlarged to the photo's width."""
    light = np.full(size[::-1], 30_000, np.uint16)
    small = np.full((512, 2048), 50, np.float32)
    ab = np.zeros((512, 2048, 2), np.float32)
    tracemalloc.start()
    picture = recolor(light, small, ab)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert picture.size == size and peak < 300 << 20
