"""The picture of a drawing, in one request past Gradio's queue."""

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.drawings import HOSTILE_DRAWINGS, WALL
from helpers.own_loop import run_apart
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from PIL import Image

from pix2pix.inference import InferenceCancelledError
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.runtime.user_warnings import notify

IDS = pack_ids(WALL)
DRAW_URL = "studio-api/draw/draw"


def ask(url: str, payload: Any, tab: str = "draw") -> httpx.Response:
    headers = {"content-type": "application/json"}
    content = json.dumps(payload)
    return httpx.post(f"{url}studio-api/{tab}/draw", content=content, headers=headers, timeout=120)


def decode(answer: httpx.Response) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_a_drawing_gets_its_picture_and_its_name(fake_studio: str) -> None:
    answer = ask(fake_studio, {"ids": IDS, "seed": 7, "format": "png", "id": 1, "visitor": "5-5"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-picture-name"] == "facade-7"
    assert answer.headers["cache-control"] == "no-store"
    np.testing.assert_array_equal(decode(answer), PaletteDrawer().draw(WALL, 7))
    styled = ask(fake_studio, {"ids": IDS, "style": [0.5, 0.25, 1], "format": "jpeg"})
    assert styled.headers["content-type"] == "image/jpeg"
    assert styled.headers["x-picture-name"] == "facade-styled"
    close = abs(decode(styled).astype(int) - PaletteDrawer().draw(WALL, style=[0.5, 0.25, 1]))
    assert close.mean() < 4


def test_a_sheet_has_the_shape_that_the_request_says_or_is_refused(fake_studio: str) -> None:
    tall = np.zeros((300, 256), np.uint8)
    answer = ask(fake_studio, {"ids": pack_ids(tall), "width": 256, "height": 300})
    assert decode(answer).shape == (300, 256, 3)
    for more, reason in (
        ({}, "a drawing here is 256x256, 65536 ids; got more"),
        ({"height": 600, "width": 256}, "a drawing here is 256x256 or 256 by 256 to 512, got"),
        ({"height": 300, "width": 300}, "a drawing here is 256x256 or 256 by 256 to 512, got"),
        ({"height": -300}, "height must be a whole number from 1 to 4096"),
        ({"height": "300", "width": 256}, "height must be a whole number from 1 to 4096"),
    ):
        refused = ask(fake_studio, {"ids": pack_ids(tall), **more})
        assert refused.status_code == 400
        assert reason in refused.json()["error"]


def test_parts_of_a_drawing_get_the_looks_that_the_request_says(fake_studio: str) -> None:
    where = np.zeros_like(WALL)
    where[100:] = 1
    where[200:] = 2
    looks = [{"seed": 9}, {"style": [0.5, 0.25, 1]}]
    regions = {"ids": pack_ids(where), "looks": looks}
    answer = ask(fake_studio, {"ids": IDS, "seed": 7, "regions": regions})
    picture = decode(answer)
    drawer = PaletteDrawer()
    np.testing.assert_array_equal(picture[:100], drawer.draw(WALL, 7)[:100])
    np.testing.assert_array_equal(picture[100:200], drawer.draw(WALL, 9)[100:200])
    np.testing.assert_array_equal(picture[200:], drawer.draw(WALL, style=[0.5, 0.25, 1])[200:])
    for wrong, reason in (
        ([], "regions must be an object with ids and looks, got []"),
        ({"ids": pack_ids(where)}, "regions must be an object with ids and looks"),
        ({**regions, "looks": []}, "looks must be a list of 1 to 8, got []"),
        ({**regions, "looks": [{"seed": 1}] * 9}, "looks must be a list of 1 to 8"),
        ({**regions, "looks": looks[:1]}, "class indices must be from 0 to 1, got [2]"),
        ({**regions, "looks": [7, 7]}, "a look must be an object with a seed or a style, got 7"),
        ({**regions, "looks": [{"seed": 1}, {"seed": -1}]}, "seed must be a whole number"),
        ({**regions, "looks": [{"seed": 1}, {"style": [1]}]}, "style must be 3 numbers"),
        ({**regions, "looks": [{"seed": 1}, {"style": None}]}, "a seed or a style, got"),
        ({**regions, "ids": pack_ids(where[1:])}, "a drawing here is 256x256, 65536 ids; got"),
        ({**regions, "ids": pack_ids(where + 250)}, "class indices must be from 0 to 2"),
    ):
        refused = ask(fake_studio, {"ids": IDS, "regions": wrong})
        assert refused.status_code == 400
        assert reason in refused.json()["error"]


@pytest.mark.parametrize("name", HOSTILE_DRAWINGS)
def test_a_hostile_drawing_is_refused_in_words(fake_studio: str, name: str) -> None:
    payload, reason = HOSTILE_DRAWINGS[name]
    answer = ask(fake_studio, payload)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


@pytest.mark.parametrize("visitor", [7, ["1"], {}, "", "a", "1" * 65, "../1", True])
def test_a_visitor_is_a_few_digits(fake_studio: str, visitor: Any) -> None:
    answer = ask(fake_studio, {"ids": IDS, "id": 1, "visitor": visitor})
    assert answer.status_code == 400
    assert "visitor must be" in answer.json()["error"]


def test_there_is_nothing_at_other_tabs(fake_studio: str) -> None:
    assert ask(fake_studio, {"ids": IDS}, "nope").status_code == 404
    assert ask(fake_studio, {"ids": IDS}, "..%2fdraw").status_code == 404
    assert httpx.get(f"{fake_studio}{DRAW_URL}", timeout=120).status_code == 405


class Patient(PaletteDrawer):
    """Draws until it is let go, or stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.began = threading.Semaphore(0)
        self.is_first = True

    def draw(self, label_map: np.ndarray, *more: Any) -> np.ndarray:
        if self.is_first:  # the picture that comes with the page
            self.is_first = False
            return super().draw(label_map)
        self.began.release()
        stop = more[2] if len(more) > 2 else None
        while not self.let_go.wait(0.01):
            if stop is not None and stop():
                raise InferenceCancelledError
        return super().draw(label_map, *more[:2])


@pytest.fixture
def patient(upload_folder: Any) -> Iterator[tuple[str, Patient]]:
    drawer = Patient()
    for url in serve(drawer, SepiaColorizer()):
        yield url, drawer
        drawer.let_go.set()


def test_a_newer_drawing_stops_the_older_one_of_the_same_visitor_alone(
    patient: tuple[str, Patient],
) -> None:
    url, drawer = patient

    async def three() -> list[httpx.Response]:
        async with httpx.AsyncClient(timeout=120) as client:

            def send(visitor: str, number: int) -> asyncio.Task:
                body = {"ids": IDS, "visitor": visitor, "id": number}
                return asyncio.create_task(client.post(f"{url}{DRAW_URL}", json=body))

            older = send("5", 1)
            await asyncio.to_thread(drawer.began.acquire)
            other = send("9", 1)
            newer = send("5", 2)
            cancelled = await older
            await asyncio.to_thread(drawer.began.acquire)  # of the other visitor
            drawer.let_go.set()
            return [cancelled, await newer, await other]

    assert [answer.status_code for answer in run_apart(three())] == [204, 200, 200]


@pytest.mark.parametrize("others", ["none", "before", "after"])
def test_a_picture_on_screen_is_made_sharper_only_while_nobody_else_waits(
    patient: tuple[str, Patient], others: str
) -> None:
    url, drawer = patient
    sharper = {"ids": IDS, "visitor": "5", "id": 1, "format": "jpeg", "large": True}
    other = {"ids": IDS, "visitor": "9", "id": 1}

    async def two() -> list[int]:
        async with httpx.AsyncClient(timeout=120) as client:

            async def send(body: Any) -> asyncio.Task:
                """Comes back when it is being painted, or was turned away."""
                task = asyncio.create_task(client.post(f"{url}{DRAW_URL}", json=body))
                while not task.done() and not drawer.began.acquire(blocking=False):
                    await asyncio.sleep(0.01)
                return task

            bodies = {"none": [sharper], "before": [other, sharper], "after": [sharper, other]}
            tasks = [await send(body) for body in bodies[others]]
            if others != "none":
                assert (await tasks[bodies[others].index(sharper)]).status_code == 204
            drawer.let_go.set()
            return [(await task).status_code for task in tasks]

    expected = {"none": [200], "before": [200, 204], "after": [204, 200]}
    assert run_apart(two()) == expected[others]


def test_when_too_many_wait_the_next_one_hears_so_at_once(patient: tuple[str, Patient]) -> None:
    url, drawer = patient

    async def crowd() -> tuple[httpx.Response, list[httpx.Response]]:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(timeout=120, limits=limits) as client:

            def send(number: int) -> asyncio.Task:
                body = {"ids": IDS, "visitor": str(number), "id": 1}
                return asyncio.create_task(client.post(f"{url}{DRAW_URL}", json=body))

            waiting = [send(number) for number in range(33)]
            await asyncio.to_thread(drawer.began.acquire)
            # One that can wait is turned away with 204 while others wait, and never waits itself
            knock = {"ids": IDS, "format": "jpeg", "large": True}
            refused = await client.post(f"{url}{DRAW_URL}", json=knock)
            while refused.status_code == 204:
                await asyncio.sleep(0.02)
                refused = await client.post(f"{url}{DRAW_URL}", json=knock)
            drawer.let_go.set()
            return refused, await asyncio.gather(*waiting)

    refused, answers = run_apart(crowd())
    assert refused.status_code == 503
    assert "32 others are waiting" in refused.json()["error"]
    assert {answer.status_code for answer in answers} == {200}


class Failing(PaletteDrawer):
    calls = 0

    def draw(self, label_map: np.ndarray, *more: Any) -> np.ndarray:
        self.calls += 1
        if self.calls == 2:
            raise RuntimeError("secret path /home/x")
        notify("The GPU's memory is full; \u00fcber")
        return super().draw(label_map, *more)


def test_a_failure_is_told_without_its_insides_and_a_notice_comes_along(upload_folder: Any) -> None:
    for url in serve(Failing(), SepiaColorizer()):
        failed = ask(url, {"ids": IDS})
        assert failed.status_code == 500
        assert "RuntimeError" in failed.json()["error"]
        assert "secret" not in failed.text
        made = ask(url, {"ids": IDS})
        assert made.status_code == 200
        assert made.headers["x-notice"] == "The%20GPU%27s%20memory%20is%20full%3B%20%C3%BCber"
