"""Prometheus metrics of one app, on an address of their own.

Labels come from fixed sets: routes of the tables, statuses, lanes. Nothing in them is a visitor's:
no address, no key, no session, no name of a file, no path that a client made up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sized

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pix2pix.app.server.allowed_routes import match_inner_route
from pix2pix.app.server.answers import LEAVING_HEADER, RequestError
from pix2pix.app.server.model_queue import JobTimes, Lane
from pix2pix.app.server.studio_api import API_URL, StudioApi

UNKNOWN = "unknown"  # a path or method that the app does not have
CLIENT_LEFT = 499  # nginx's status for a client that closed before the answer began
# Seconds: a drawing takes 0.02 to 0.3 on a CPU, a whole photo up to a minute.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LEAVING = LEAVING_HEADER.encode()
REASONS = {429: "client_share", 408: "too_slow", 413: "too_large", 421: "host", 403: "origin"}


class Metrics:
    """The metrics of the app behind `studio`. Jobs are measured from now on."""

    def __init__(self, studio: StudioApi, prefix: str = "", has_mcp: bool = False) -> None:
        self._studio, self._prefix, self._has_mcp = studio, prefix, has_mcp
        self.registry = CollectorRegistry()
        self.connections: Sized = ()  # open ones
        self._requests = Counter(
            "pix2pix_requests",
            "Answered requests.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._rejected = Counter(
            "pix2pix_rejected",
            "Requests that were refused, by reason: busy (the queue is full), leaving (the server "
            "drains or stops), client_share, too_large, too_slow, host, origin.",
            ["reason"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "pix2pix_request_seconds",
            "From the first line of a request to the end of its answer, without open streams.",
            ["method", "route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._waited, self._ran, self._model = (
            Histogram(
                f"pix2pix_{name}_seconds", text, ["lane"], buckets=BUCKETS, registry=self.registry
            )
            for name, text in (
                ("job_wait", "How long a job waited for its turn."),
                ("job", "How long a job ran: decoding, models, encoding."),
                ("model", "How long one run of a model took within a job."),
            )
        )
        ProcessCollector(registry=self.registry)
        self.registry.register(_Gauges(self, studio))
        studio.queue.on_done = self._note_job

    def around(self, app: ASGIApp) -> ASGIApp:
        """The app with its requests measured."""

        async def measured(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            method, route, is_stream = self._label(scope)
            has_begun = False

            async def note(message: Message) -> None:
                nonlocal has_begun
                if message["type"] == "http.response.start":
                    has_begun = True
                    self._requests.labels(method, route, str(message["status"])).inc()
                    self._note_rejection(route, message)
                await send(message)

            start = time.perf_counter()
            try:
                await app(scope, receive, note)
            finally:
                if not has_begun:
                    self._requests.labels(method, route, str(CLIENT_LEFT)).inc()
                if not is_stream:
                    self._seconds.labels(method, route).observe(time.perf_counter() - start)

        return measured

    def _note_rejection(self, route: str, answer: Message) -> None:
        status = answer["status"]
        if status == 503 and route != "health":
            is_leaving = any(name.lower() == _LEAVING for name, _ in answer["headers"])
            self._rejected.labels("leaving" if is_leaving else "busy").inc()
        elif status in REASONS:
            self._rejected.labels(REASONS[status]).inc()

    def _label(self, scope: Scope) -> tuple[str, str, bool]:
        """Method and route of a request as labels; whether it is a stream."""
        method = scope["method"]
        try:
            route, _, path = match_inner_route(method, scope["path"], self._prefix, self._has_mcp)
        except RequestError:
            return UNKNOWN, UNKNOWN, False
        label = route.label
        if path.startswith(f"/{API_URL}/"):
            tab, action = path.split("/")[2:4]
            if not self._studio.has(tab, action):
                return method, UNKNOWN, False
            label = f"{tab}/{action}"
        return method, label, route.is_stream(method)

    def _note_job(self, times: JobTimes) -> None:
        lane = times.lane.value
        self._waited.labels(lane).observe(times.waited_s)
        self._ran.labels(lane).observe(times.ran_s)
        for seconds in times.model_s:
            self._model.labels(lane).observe(seconds)

    def serve(self, host: str, port: int) -> int:
        """Serves them at http://HOST:PORT/metrics to the end of the process; the port.

        Raises OSError if it cannot listen there.
        """
        server, _ = start_http_server(port, host, self.registry)
        return int(server.server_port)


class _Gauges(Collector):
    """What is read when it is asked for: queues, photos, connections, the phase."""

    def __init__(self, metrics: Metrics, studio: StudioApi) -> None:
        self._metrics, self._studio = metrics, studio

    def collect(self) -> Iterator[GaugeMetricFamily]:
        running = GaugeMetricFamily("pix2pix_jobs_running", "Jobs that run.", labels=["lane"])
        waiting = GaugeMetricFamily("pix2pix_jobs_waiting", "Jobs that wait.", labels=["lane"])
        for lane in Lane:
            jobs = self._studio.queue.jobs(lane)
            running.add_metric([lane.value], min(jobs, 1))
            waiting.add_metric([lane.value], max(jobs - 1, 0))
        yield from (running, waiting)
        photos, state = self._studio.photos, self._studio.state
        for name, text, value in (
            ("photos", "Photos of visitors in memory.", len(photos)),
            ("photo_bytes", "Bytes of photos of visitors in memory.", photos.weight),
            ("requests_running", "Requests that run, without open streams.", state.requests),
            ("connections", "Open connections.", len(self._metrics.connections)),
            ("ready", "1 if new visitors are taken.", state.is_ready),
            ("leaving", "1 if it drains or stops.", state.is_leaving),
        ):
            yield GaugeMetricFamily(f"pix2pix_{name}", text, value=float(value))
