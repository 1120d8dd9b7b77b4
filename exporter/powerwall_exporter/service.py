"""Polls, serves the page and pushes, until told to stop: the command `run`."""

import html
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

from powerwall_exporter import __version__, assembly, catalogue
from powerwall_exporter.board import Board, Tally
from powerwall_exporter.catalogue import health
from powerwall_exporter.config import Otlp, Settings
from powerwall_exporter.gateway.endpoints import Pace
from powerwall_exporter.model import Clock
from powerwall_exporter.outputs.web import Answer, Request, Server, plain
from powerwall_exporter.pacing import poll_when_due, start

log = logging.getLogger(__name__)

LAST_POLL_SECONDS = 1.0
"""How long polls under way may take to end, so that what they read is pushed too."""
STOP_SECONDS = 3.0
"""How long the last push may take."""


def serve(settings: Settings, servers: Sequence[Server], clock: Clock, stop: threading.Event) -> None:
    """Run everything that the settings turn on until `stop` is set; returns within seconds after that."""
    board, tally = Board(clock), Tally()
    stop_pushing = _push(settings, board, tally) if settings.otlp else None
    for server in servers:
        _show(server, board, settings)
    polling = [
        start("poller", partial(poll_when_due, poller, clock, stop))
        for poller in assembly.pollers(settings, board.publish, clock, prompted=False)
    ]
    own_interval = assembly.intervals(settings.polling, prompted=False)[Pace.FAST]
    board.publish(None, [assembly.own_reading(tally, clock)])
    while not stop.wait(own_interval):
        board.publish(None, [assembly.own_reading(tally, clock)])
    for server in servers:
        server.shutdown()
        server.server_close()
    if stop_pushing is not None:
        end = clock.monotonic() + LAST_POLL_SECONDS
        for thread in polling:
            thread.join(max(0.0, end - clock.monotonic()))
        stop_pushing(STOP_SECONDS)


def _show(server: Server, board: Board, settings: Settings) -> None:
    from powerwall_exporter.outputs import prometheus  # imports its library: only for those who have a page

    page = prometheus.Page(board.snapshots, catalogue.METRICS)

    def metrics(request: Request) -> Answer:
        content_type = request.preferred(prometheus.FORMATS)
        return Answer(HTTPStatus.OK, content_type, page.render(content_type, request.query.get("name[]", ())))

    def ready(request: Request) -> Answer:
        if _has_data(board):
            return plain("ready\n")
        return plain("no fresh data of any gateway\n", HTTPStatus.SERVICE_UNAVAILABLE)

    server.routes = {
        "/": lambda request: _landing(settings),
        "/metrics": metrics,
        "/-/healthy": lambda request: plain("healthy\n"),
        "/-/ready": ready,
    }
    start("page", server.serve_forever)
    log.info("page: http://%s/metrics", server.address)


def _has_data(board: Board) -> bool:
    """Tell whether there is fresh data of any gateway."""
    return any(
        reading.source.startswith("/") for snapshot in board.snapshots() if snapshot.gateway for reading in snapshot
    )


def _landing(settings: Settings) -> Answer:
    names = "".join(f"<li>{html.escape(gateway.name)}</li>" for gateway in settings.gateways)
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Powerwall exporter</title><style>body{font-family:sans-serif;max-width:40em;margin:2em auto}</style>"
        f"<h1>Powerwall exporter</h1><p>Version {__version__}</p><p>Gateways:</p><ul>{names}</ul>"
        "<ul><li><a href='/metrics'>Metrics</a></li><li><a href='/-/ready'>Ready?</a></li>"
        "<li><a href='/-/healthy'>Healthy?</a></li></ul></html>"
    )
    return Answer(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())


def _push(settings: Settings, board: Board, tally: Tally) -> Callable[[float], None]:
    """Start to push what is published; return what stops it."""
    # OpenTelemetry takes a fifth of a second to import: only for those who push.
    from powerwall_exporter.outputs import otlp

    target: Otlp = settings.otlp or Otlp("")
    headers = {name: secret.reveal() for name, secret in target.headers.items()}
    exporter = otlp.StrictExporter(target.endpoint, target.timeout_seconds, headers)
    tally.start("otlp", health.OUTPUT_RESULTS)
    sender = otlp.Sender(exporter, otlp.Translator(otlp.resource(_instance(settings))), tally.add)
    board.subscribe(sender.put)
    start("otlp", sender.run)
    log.info("OTLP: pushing to %s", urlsplit(target.endpoint).netloc.rpartition("@")[2])
    return sender.stop


def _instance(settings: Settings) -> str:
    """Return a name of this process that is the same at its next start."""
    host = socket.gethostname()
    return f"{host}:{settings.page.listen[0].port}" if settings.page.listen else host
