"""The page: what a scraper may ask, and what it gets."""

import gzip
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus

import pytest

from clocks import SteppedClock
from powerwall_exporter import catalogue
from powerwall_exporter.board import Board
from powerwall_exporter.catalogue import health
from powerwall_exporter.model import Reading, Sample
from powerwall_exporter.outputs import web
from powerwall_exporter.outputs.prometheus import FORMATS, OPENMETRICS, TEXT, Page
from powerwall_exporter.outputs.web import Answer, Request, Server, plain

PROMETHEUS_ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
    "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.fixture
def server() -> Iterator[Server]:
    board = Board(SteppedClock())
    board.publish('quoted "name"\\', [Reading("poll", 0, 1e9, (Sample(health.UP, (), 1.0),))])
    page = Page(board.snapshots, catalogue.METRICS)

    def metrics(request: Request) -> Answer:
        content_type = request.preferred(FORMATS)
        return Answer(HTTPStatus.OK, content_type, page.render(content_type, request.query.get("name[]", ())))

    server = Server("127.0.0.1", 0)
    server.routes = {"/metrics": metrics, "/": lambda request: plain("hello\n")}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def connected(server: Server) -> "closing[http.client.HTTPConnection]":
    return closing(http.client.HTTPConnection(server.address, timeout=20))


def got(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    with connected(server) as connection:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html,*/*;q=0.8", TEXT),
        ("text/plain", TEXT),
        ("text/*", TEXT),
        (PROMETHEUS_ACCEPT, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text;version=99.9", OPENMETRICS),
        ("application/openmetrics-text;q=0.1,text/plain;q=0.9", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("text/plain;version=abc", TEXT),
        (";;;q=,,q=x;text/plain;q=nan", TEXT),
        ("application/openmetrics-text;q=1e999", OPENMETRICS),
    ],
)
def test_the_format_is_the_one_that_the_client_likes_best(server: Server, accept: str, content_type: str) -> None:
    response, body = got(server, "/metrics", Accept=accept)
    assert response.status == 200
    assert response.getheader("Content-Type") == content_type
    assert body.endswith(b"# EOF\n") is (content_type == OPENMETRICS)
    assert b'powerwall_up{gateway="quoted \\"name\\"\\\\"} 1.0' in body


@pytest.mark.parametrize(("header", "zipped"), [("gzip", True), ("gzip;q=0", False), ("", False), ("br, gzip", True)])
def test_gzip_for_those_who_take_it(server: Server, header: str, zipped: bool) -> None:
    response, body = got(server, "/metrics", Accept_Encoding=header)
    assert response.getheader("Content-Encoding") == ("gzip" if zipped else None)
    assert b"powerwall_up" in (gzip.decompress(body) if zipped else body)


def test_a_name_picks_its_family(server: Server) -> None:
    _, body = got(server, "/metrics?name[]=powerwall_up")
    assert b"powerwall_up" in body
    assert b"process_" not in body


def test_head_is_get_without_a_body(server: Server) -> None:
    head, nothing = got(server, "/", "HEAD")
    whole, body = got(server, "/")
    assert nothing == b""
    assert head.getheader("Content-Length") == whole.getheader("Content-Length") == str(len(body))


@pytest.mark.parametrize("path", ["/nowhere", "/metrics/", "/../etc/passwd", "/metrics%00"])
def test_other_paths_are_not_found(server: Server, path: str) -> None:
    assert got(server, path)[0].status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_other_methods_are_refused(server: Server, method: str) -> None:
    assert got(server, "/", method)[0].status == 501


def test_a_page_that_fails_says_so_and_the_next_one_is_served(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.routes = {**server.routes, "/broken": lambda request: plain(str(1 // 0))}
    assert got(server, "/broken")[0].status == 500
    assert "ZeroDivisionError" in caplog.text
    assert got(server, "/")[0].status == 200


def test_a_place_is_given_back_after_each_connection(server: Server) -> None:
    for _ in range(3 * web.MOST_CONNECTIONS):
        assert got(server, "/")[0].status == 200


def test_one_connection_serves_many_scrapes(server: Server) -> None:
    with connected(server) as connection:
        for _ in range(3):
            connection.request("GET", "/metrics")
            assert connection.getresponse().read()
            assert connection.sock is not None


def test_silent_connections_do_not_keep_a_scrape_from_being_served(server: Server) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(web.MOST_CONNECTIONS - 2)]
    try:
        assert got(server, "/metrics")[0].status == 200
    finally:
        for connection in silent:
            connection.close()


def test_a_request_that_is_none_is_answered_and_the_next_one_served(server: Server) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.server_port))) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert b"400" in connection.recv(1000)
    assert got(server, "/")[0].status == 200


def test_the_page_is_empty_of_what_has_expired() -> None:
    clock = SteppedClock()
    board = Board(clock)
    board.publish("home", [Reading("/api", 0, 30.0, (Sample(health.UP, (), 1.0),))])
    page = Page(board.snapshots, catalogue.METRICS)
    assert b"powerwall_up" in page.render(TEXT)
    clock.step(30)
    assert b"powerwall_up" not in page.render(TEXT)


def test_no_timestamps_and_no_created_times() -> None:
    board = Board(SteppedClock())
    board.publish("home", [Reading("poll", 5, 1e9, (Sample(health.POLLS, (), 3.0),))])
    page = Page(board.snapshots, catalogue.METRICS).render(OPENMETRICS, ["powerwall_polls_total"]).decode()
    assert page == (
        "# HELP powerwall_polls Polls of the gateway.\n"
        "# TYPE powerwall_polls counter\n"
        'powerwall_polls_total{gateway="home"} 3.0\n'
        "# EOF\n"
    )
