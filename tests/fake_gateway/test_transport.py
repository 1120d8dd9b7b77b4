"""Connections: server names, certificates, keep-alive, and ends that come at once."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from importlib.resources import files

import pytest
import requests

from powerwall_fake_gateway import FakeGateway, RunningClock
from powerwall_fake_gateway.faults import HangHandshake


def trusting(name: str = "first.pem") -> ssl.SSLContext:
    """Return a context that trusts one certificate of the fake, but checks no name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(str(files("powerwall_fake_gateway") / "certificates" / name))
    return context


@contextmanager
def connected(gateway: FakeGateway, server_name: str | None = None) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain,
        trusting().wrap_socket(plain, server_hostname=server_name) as secured,
    ):
        yield secured


def talk(secured: ssl.SSLSocket, text: str) -> bytes:
    """Send a request and return everything until the gateway closes."""
    secured.sendall(text.encode())
    answer = b""
    while chunk := secured.recv(65_536):
        answer += chunk
    return answer


def ends(connection: socket.socket) -> bool:
    """Tell whether the next thing to come is the end; one never accepted may be reset."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("name", [None, "teg", "powerwall", "powerpack"])
def test_no_server_name_and_the_three_known_ones_are_accepted(gateway: FakeGateway, name: str | None) -> None:
    with connected(gateway, name) as secured:
        assert talk(secured, "GET /api/status HTTP/1.1\r\nconnection: close\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("name", ["gateway.home.lan", "localhost", "powerwall.local"])
def test_any_other_server_name_aborts_the_handshake(gateway: FakeGateway, name: str) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"), connected(gateway, name):
        pass
    assert gateway.connections == 0


def test_the_fingerprint_is_that_of_the_certificate_and_outlives_a_restart(gateway: FakeGateway) -> None:
    with connected(gateway) as secured:
        leaf = secured.getpeercert(binary_form=True)
    assert leaf is not None
    assert gateway.fingerprint == sha256(leaf).hexdigest() == FakeGateway().fingerprint


@pytest.mark.parametrize("name", ["first.pem", "second.pem"])
@pytest.mark.parametrize("strict", [False, True])
def test_both_certificates_verify_under_the_name_powerwall_even_strictly(
    gateway: FakeGateway, name: str, strict: bool
) -> None:
    if name == "second.pem":
        gateway.change_certificate()
    context = trusting(name)
    context.check_hostname = True
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | (ssl.VERIFY_X509_STRICT if strict else 0)
    with (
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="powerwall") as secured,
    ):
        assert secured.getpeercert()


def test_another_certificate_is_seen_by_new_connections_only(gateway: FakeGateway) -> None:
    with connected(gateway) as old:
        before = gateway.fingerprint
        gateway.change_certificate()
        assert gateway.fingerprint != before
        assert talk(old, "GET /api/status HTTP/1.1\r\nconnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
    with pytest.raises(ssl.SSLCertVerificationError), connected(gateway):
        pass


def test_a_connection_is_kept_and_counted_once(gateway: FakeGateway, member: requests.Session) -> None:
    for _ in range(5):
        assert member.get(f"{gateway.url}/api/system_status/soe", timeout=5).status_code == 200
    assert gateway.connections == 1
    assert {record.connection for record in gateway.requests} == {1}
    assert [record.path for record in gateway.requests] == ["/api/login/Basic"] + ["/api/system_status/soe"] * 5


def test_a_silent_client_delays_nobody(gateway: FakeGateway, client: requests.Session) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5):
        assert client.get(f"{gateway.url}/api/status", timeout=5).status_code == 200


def test_a_path_that_is_not_there_is_404_in_plain_text(gateway: FakeGateway, member: requests.Session) -> None:
    answer = member.get(f"{gateway.url}/api/nowhere", timeout=5)
    assert (answer.status_code, answer.content) == (404, b"404 page not found\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_headers_are_those_of_a_gateway(gateway: FakeGateway, member: requests.Session) -> None:
    answer = member.get(f"{gateway.url}/api/system_status/soe", timeout=5)
    assert answer.headers["cache-control"] == "no-cache, no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["date"] == "Sun, 21 Jun 2026 19:00:00 GMT"
    refused = member.get(f"{gateway.url}/api/powerwalls/phase_usages", timeout=5)
    assert refused.status_code == 500
    assert member.get(f"{gateway.url}/api/networks", timeout=5).headers["content-type"].startswith("text/plain")


def test_what_is_served_is_what_payload_tells(gateway: FakeGateway, member: requests.Session) -> None:
    for path in ("/api/meters/aggregates", "/api/system_status", "/api/status", "/api/powerwalls"):
        assert member.get(gateway.url + path, timeout=5).json() == gateway.payload(path)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("nonsense\r\n\r\n", b"400"),
        ("GET /api/status HTTP/2.0\r\n\r\n", b"400"),
        ("GET api/status HTTP/1.1\r\n\r\n", b"400"),
        ("GET /api/status HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        ("POST /api/login/Basic HTTP/1.1\r\ncontent-length: -1\r\n\r\n", b"400"),
        ("POST /api/login/Basic HTTP/1.1\r\ncontent-length: 9999999\r\n\r\n", b"413"),
        ("POST /api/login/Basic HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", b"411"),
        ("GET /" + "x" * 9_000 + " HTTP/1.1\r\n\r\n", b"431"),
        ("GET /api/status HTTP/1.1\r\n" + "a: b\r\n" * 101 + "\r\n", b"431"),
        ("GET /api/status?x=1 HTTP/1.0\r\n\r\n", b"200"),
        ("HEAD /api/status HTTP/1.1\r\nconnection: close\r\n\r\n", b"403"),
    ],
)
def test_requests_are_read_within_limits(gateway: FakeGateway, text: str, status: bytes) -> None:
    with connected(gateway) as secured:
        assert talk(secured, text).split()[1] == status


def test_it_speaks_to_many_at_once(gateway: FakeGateway) -> None:
    answers: list[bytes] = []

    def ask() -> None:
        with connected(gateway) as secured:
            answers.append(talk(secured, "GET /api/status HTTP/1.1\r\nconnection: close\r\n\r\n"))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bodies = [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in answers]
    assert bodies == [gateway.payload("/api/status")] * 20
    assert gateway.connections == 20


def test_stopping_ends_idle_silent_and_hung_connections() -> None:
    gateway = FakeGateway()
    with gateway, connected(gateway) as idle, socket.create_connection(("127.0.0.1", gateway.port)) as silent:
        gateway.add(HangHandshake())
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as hung:
            gateway.stop()
            assert [ends(connection) for connection in (idle, silent, hung)] == [True, True, True]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fake-gateway")]


def test_a_port_in_use_is_an_error_and_leaves_nothing_behind(gateway: FakeGateway) -> None:
    second = FakeGateway(port=gateway.port)
    with pytest.raises(OSError, match="in use"):
        second.start()
    second.stop()


def test_a_restart_keeps_the_port_and_forgets_nothing(client: requests.Session) -> None:
    gateway = FakeGateway()
    gateway.start()
    url = gateway.url
    gateway.stop()
    with pytest.raises(requests.ConnectionError):
        client.get(f"{url}/api/status", timeout=5)
    with gateway:
        assert gateway.url == url
        assert client.get(f"{url}/api/status", timeout=5).status_code == 200


def test_addresses_are_spelled_for_both_families() -> None:
    assert FakeGateway(port=8443).url == "https://127.0.0.1:8443"
    assert FakeGateway(host="::1", port=8443).address == "[::1]:8443"


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="gw2-split"):
        FakeGateway(firmware="unheard-of")
    with pytest.raises(ValueError, match="time zone"):
        FakeGateway(start=datetime(2026, 6, 21))
    with pytest.raises(ValueError, match="positive"):
        FakeGateway(speed=0)


def test_time_runs_at_its_speed_from_its_start() -> None:
    real = iter((100.0, 100.0, 101.5))
    clock = RunningClock(1_000.0, speed=60.0, monotonic=lambda: next(real))
    assert (clock.now(), clock.now()) == (1_000.0, 1_090.0)
