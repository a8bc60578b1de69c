"""A visitor's newest request wins, in whatever order they arrive."""

from pix2pix.app.server.latest_request import Newest


def test_a_newer_request_stops_the_older_and_only_of_its_visitor() -> None:
    newest = Newest()
    first = newest.enter("ada", 1)
    other = newest.enter("bob", 7)
    assert not first()
    second = newest.enter("ada", 2)
    assert first() and not second() and not other()


def test_one_that_was_overtaken_on_the_way_does_not_stop_the_newer() -> None:
    newest = Newest()
    second = newest.enter("ada", 2)
    first = newest.enter("ada", 1)
    assert first() and not second()


def test_visitors_are_forgotten_in_the_end() -> None:
    newest = Newest(most_visitors=2)
    stops = [newest.enter(name, 5) for name in ("ada", "bob", "eve")]
    assert len(newest._numbers) == 2
    assert not any(stop() for stop in stops)
    assert not newest.enter("ada", 1)(), "comes anew"
