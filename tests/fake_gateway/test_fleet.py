"""Many gateways in one process: on consecutive ports or addresses, each its own house."""

import socket
import threading
from datetime import UTC, datetime

import pytest
import requests

from powerwall_fake_gateway import FakeGateway, SteppedClock
from powerwall_fake_gateway.acceptor import Acceptor
from powerwall_fake_gateway.faults import Status
from powerwall_fake_gateway.fleet import Fleet, places

NOON = datetime(2026, 6, 21, 19, tzinfo=UTC)


def make(number: int, host: str, port: int, acceptor: Acceptor) -> FakeGateway:
    return FakeGateway(host=host, port=port, seed=1 + number, acceptor=acceptor, clock=SteppedClock(NOON))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_each_is_a_gateway_of_its_own(client: requests.Session) -> None:
    with Fleet(places("127.0.0.1", 0, 5), make) as fleet:
        fleet.gateways[2].add(Status(503))
        answers = [client.get(f"{gateway.url}/api/status", timeout=5) for gateway in fleet.gateways]
        assert [answer.status_code for answer in answers] == [200, 200, 503, 200, 200]
        dins = {answer.json()["din"] for answer in answers if answer.status_code == 200}
        accepting = [thread for thread in threading.enumerate() if thread.name == "fake-gateway-accept"]
    assert len(dins) == 4
    assert len(accepting) == 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fake-gateway")]


def test_one_can_stop_and_start_while_the_others_go_on(client: requests.Session) -> None:
    with Fleet(places("127.0.0.1", 0, 2), make) as fleet:
        first, second = fleet.gateways
        first.stop()
        with pytest.raises(requests.ConnectionError):
            client.get(f"{first.url}/api/status", timeout=5)
        assert client.get(f"{second.url}/api/status", timeout=5).status_code == 200
        first.start()
        assert client.get(f"{first.url}/api/status", timeout=5).status_code == 200


def test_they_can_have_one_port_on_addresses_of_their_own(client: requests.Session) -> None:
    port = free_port()
    with Fleet(places("127.0.0.5", port, 3, by_address=True), make) as fleet:
        assert [gateway.address for gateway in fleet.gateways] == [f"127.0.0.{row}:{port}" for row in (5, 6, 7)]
        assert client.get(f"https://127.0.0.7:{port}/api/status", timeout=5).status_code == 200


def test_all_or_none_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fleet = Fleet([("127.0.0.1", 0), ("127.0.0.1", port)], make)
        with pytest.raises(OSError, match="in use"):
            fleet.start()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", fleet.gateways[0].port), timeout=5)


def test_places_are_consecutive() -> None:
    assert places("127.0.0.1", 8443, 3) == [("127.0.0.1", 8443), ("127.0.0.1", 8444), ("127.0.0.1", 8445)]
    assert places("127.0.0.255", 8443, 2, by_address=True) == [("127.0.0.255", 8443), ("127.0.1.0", 8443)]


@pytest.mark.parametrize(
    ("host", "port", "count", "by_address", "complaint"),
    [
        ("127.0.0.1", 65_535, 2, False, "2 ports from 65535 on do not exist"),
        ("localhost", 8443, 2, True, "'localhost' is not an address"),
        ("255.255.255.255", 8443, 2, True, "is not an address with 1 more"),
    ],
)
def test_places_that_do_not_exist_are_refused(
    host: str, port: int, count: int, by_address: bool, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        places(host, port, count, by_address=by_address)
