"""How many workers a cluster gets, without a cluster."""

import socket

import pytest

from pix2pix.inference.ray_pool import Workers, check_address, plan_workers


@pytest.mark.parametrize(
    ("nodes", "count", "cores", "workers"),
    [
        ([{"CPU": 5}, {"CPU": 8}, {}], None, None, Workers(6, 2)),
        ([{"CPU": 5}, {"CPU": 8}], 3, 4, Workers(3, 4)),
        ([{"CPU": 1}], None, None, Workers(1, 1)),
        ([{"CPU": 32, "GPU": 4}, {"CPU": 64, "GPU": 4}, {"CPU": 16}], None, None, Workers(8, 8, 1)),
        ([{"CPU": 32, "GPU": 4}], 2, 3, Workers(2, 3, 1)),
    ],
)
def test_a_worker_gets_a_gpu_or_some_cores(nodes, count, cores, workers) -> None:
    assert plan_workers(nodes, count, cores) == workers


@pytest.mark.parametrize(
    ("count", "cores", "reason"),
    [
        (5, None, "has cores for 4 workers, got --ray-workers 5"),
        (None, 9, "at most 8 cores for a worker, expected at least 9"),
    ],
)
def test_workers_that_do_not_fit_are_refused(
    count: int | None, cores: int | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        plan_workers([{"CPU": 8}], count, cores)


def test_an_address_where_nothing_listens_is_found_at_once() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        server.listen()
        check_address(f"ray://127.0.0.1:{port}")
    with pytest.raises(OSError):
        check_address(f"127.0.0.1:{port}")
