"""The HTTP page: a small server on the standard library that one slow client cannot block.

A thread per connection up to a cap, a time limit on every read, keep-alive, gzip; knows no metric.
"""

import gzip
import logging
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 32
READ_SECONDS = 5.0


class Answer(NamedTuple):
    """What a path answers."""

    status: HTTPStatus
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """What the routes see of a request."""

    query: Mapping[str, list[str]]
    accept: str

    def preferred(self, offers: Sequence[str]) -> str:
        """Return the offered content type that the client likes best; the first where it does not care."""

        def liking(offer: str) -> float:
            kind = offer.partition(";")[0]
            return _quality(self.accept, kind, kind.partition("/")[0] + "/*", "*/*")

        return max(offers, key=liking)


Route = Callable[[Request], Answer]


def plain(text: str, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """Return a short text."""
    return Answer(status, "text/plain; charset=utf-8", text.encode())


def _quality(header: str, *wanted: str) -> float:
    """Return the q of the first of these words that a header such as Accept names; 0 where it names none."""
    given: dict[str, float] = {}
    for entry in header.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        given[name] = max(given.get(name, 0.0), _q(parameters))
    return next((given[word] for word in wanted if word in given), 0.0)


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = READ_SECONDS
    wbufsize = -1
    disable_nagle_algorithm = True
    server_version = "powerwall-exporter"
    sys_version = ""
    server: "Server"

    def do_GET(self) -> None:
        """Answer a path."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer a path without its body."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        url = urlsplit(self.path)
        request = Request(parse_qs(url.query), self.headers.get("Accept", ""))
        route = self.server.routes.get(url.path)
        answer = self._routed(route, request) if route else plain("not found\n", HTTPStatus.NOT_FOUND)
        body = answer.body
        zipped = _quality(self.headers.get("Accept-Encoding", ""), "gzip") > 0
        if zipped:
            body = gzip.compress(body, compresslevel=1)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _routed(self, route: Route, request: Request) -> Answer:
        try:
            return route(request)
        except Exception as error:  # a defect costs a page, and says so to both sides
            log.error("%s: %s: %s", self.path, type(error).__name__, error)
            log.debug("where it failed", exc_info=True)
            return plain("internal error\n", HTTPStatus.INTERNAL_SERVER_ERROR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Log requests for debugging only."""
        log.debug("%s %s", self.address_string(), format % args)


class Server(ThreadingHTTPServer):
    """A server that is bound when made, and serves when started."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.routes: Mapping[str, Route] = {}
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__((host, port), _Handler)

    @property
    def address(self) -> str:
        """Where it listens, as host:port."""
        host, port = str(self.server_address[0]), int(self.server_address[1])
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def server_bind(self) -> None:
        """Bind without looking up the machine's name, which may take long."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a thread of its own, or close it where there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place back afterwards."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a broken connection for debugging only."""
        log.debug("%s: connection broken: %r", client_address, sys.exception())
