"""Jobs of models run one at a time in a lane, and a visitor's newest request wins."""

import asyncio
import threading
import time
from typing import Any

import anyio
import pytest
from helpers.own_loop import run_apart

from pix2pix.app.server.answers import RequestError
from pix2pix.app.server.model_queue import Lane, LatestRequests, ModelQueue
from pix2pix.inference import InferenceCancelledError
from pix2pix.runtime.user_warnings import notify


async def until(holds: Any) -> None:
    while not holds():
        await asyncio.sleep(0.005)


def test_jobs_of_a_lane_run_one_after_the_other_in_their_order() -> None:
    order: list[int] = []
    at_once: list[int] = []

    async def crowd() -> None:
        queue, running = ModelQueue(), [0]

        def work(number: int) -> None:
            running[0] += 1
            at_once.append(running[0])
            order.append(number)
            running[0] -= 1

        await asyncio.gather(*(queue.run(lambda n=n: work(n)) for n in range(20)))  # type: ignore[misc]
        assert queue.is_idle

    run_apart(crowd())
    assert order == list(range(20)) and set(at_once) == {1}


def test_a_drawing_does_not_wait_for_a_whole_file() -> None:
    async def both() -> tuple[Any, Any]:
        queue, drawn = ModelQueue(), threading.Event()
        file = asyncio.create_task(queue.run(lambda: drawn.wait(60), Lane.FILES))
        await until(lambda: queue.jobs(Lane.FILES))
        await queue.run(drawn.set, Lane.DRAWINGS)
        return await file

    assert run_apart(both()).result is True


def test_a_full_queue_rejects_at_once_in_words() -> None:
    async def crowd() -> RequestError:
        queue, let_go = ModelQueue(max_waiting=2), threading.Event()
        tasks = [asyncio.create_task(queue.run(lambda: let_go.wait(60))) for _ in range(3)]
        await until(lambda: queue.jobs(Lane.FILES) == 3)
        with pytest.raises(RequestError) as refused:
            await queue.run(lambda: None)
        let_go.set()
        await asyncio.gather(*tasks)
        await queue.run(lambda: None)  # there is room again
        return refused.value

    refused = run_apart(crowd())
    assert refused.status == 503 and "2 others are waiting" in refused.reason


def test_a_replaced_job_never_starts_and_a_failed_one_leaves_the_lane() -> None:
    async def some() -> None:
        queue = ModelQueue()
        with pytest.raises(InferenceCancelledError):
            await queue.run(lambda: pytest.fail("it ran"), stop=lambda: True)
        with pytest.raises(ZeroDivisionError):
            await queue.run(lambda: 1 // 0)
        assert queue.is_idle

    run_apart(some())


def test_notices_come_with_the_result_of_their_job_alone() -> None:
    async def two() -> list[Any]:
        queue = ModelQueue()
        return [await queue.run(lambda: notify("On the CPU.")), await queue.run(lambda: 7)]

    told, silent = run_apart(two())
    assert told.notices == ("On the CPU.",) and silent == (7, ())


def test_a_newer_request_stops_the_older_and_only_of_its_visitor() -> None:
    latest = LatestRequests()
    first = latest.enter("ada", 1)
    other = latest.enter("bob", 7)
    assert not first()
    second = latest.enter("ada", 2)
    assert first() and not second() and not other()


def test_one_that_was_overtaken_on_the_way_does_not_stop_the_newer() -> None:
    latest = LatestRequests()
    second = latest.enter("ada", 2)
    first = latest.enter("ada", 1)
    assert first() and not second()


def test_visitors_are_forgotten_in_the_end() -> None:
    latest = LatestRequests(max_visitors=2)
    stops = [latest.enter(name, 5) for name in ("ada", "bob", "eve")]
    assert len(latest._numbers) == 2
    assert not any(stop() for stop in stops)
    assert not latest.enter("ada", 1)(), "a new visitor again"


# ---- clients ----------------------------------------------------------------------------


def test_clients_take_turns_in_the_queue() -> None:
    done: list[str] = []
    is_there = threading.Event()  # the visitor

    async def many() -> None:
        queue = ModelQueue(max_waiting=32)

        async def ask(client: str) -> None:
            def work() -> None:
                assert len(done) < 5 or is_there.wait(60)
                done.append(client)

            await queue.run(work, client=client)

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(ask, "attacker")
            await until(lambda: len(done) == 5 and queue.jobs(Lane.FILES) == 15)
            tasks.start_soon(ask, "visitor")
            await until(lambda: queue.jobs(Lane.FILES) == 16)
            is_there.set()

    run_apart(many())
    assert len(done) == 21 and done.index("visitor") < 7, done


def test_another_client_waits_for_the_running_job_alone() -> None:
    done: list[str] = []
    go_on = threading.Event()

    async def many() -> None:
        queue = ModelQueue(max_waiting=32)

        async def ask(client: str) -> None:
            def work() -> None:
                go_on.wait()
                done.append(client)

            await queue.run(work, client=client)

        async with anyio.create_task_group() as tasks:
            for client in [*["attacker"] * 5, "visitor"]:
                tasks.start_soon(ask, client)
            await until(lambda: queue.jobs(Lane.FILES) == 6)
            go_on.set()

    run_apart(many())
    assert done == ["attacker", "visitor", *["attacker"] * 4]


def test_one_client_leaves_places_in_the_queue() -> None:
    async def many() -> list[int]:
        queue = ModelQueue(8, 4)
        statuses: list[int] = []

        async def ask(client: str) -> None:
            try:
                await queue.run(lambda: time.sleep(0.05), Lane.DRAWINGS, client=client)
            except RequestError as error:
                statuses.append(error.status)

        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(ask, "attacker")
            tasks.start_soon(ask, "visitor")
        assert queue.is_idle
        return statuses

    assert run_apart(many()) == [429, 429]


def test_a_job_that_is_cancelled_while_it_waits_leaves_the_queue() -> None:
    async def run() -> None:
        queue, go_on = ModelQueue(8), threading.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: queue.run(lambda: go_on.wait(60), client="a"))
            await until(lambda: queue.jobs(Lane.FILES) == 1)
            async with anyio.create_task_group() as others:
                others.start_soon(lambda: queue.run(lambda: None, client="b"))
                await until(lambda: queue.jobs(Lane.FILES) == 2)
                others.cancel_scope.cancel()
            assert queue.jobs(Lane.FILES) == 1
            go_on.set()
        with anyio.fail_after(60):
            await queue.run(lambda: None, client="b")
        assert queue.is_idle

    run_apart(run())
