"""A running fake gateway on a stepped clock, and a client that trusts its certificate."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
import requests
from requests.adapters import DEFAULT_POOLBLOCK, HTTPAdapter

from powerwall_fake_gateway import FakeGateway, LoginLimit, SteppedClock


class GatewayAdapter(HTTPAdapter):
    """Checks the certificate against the name `powerwall`, whatever address the URL gives."""

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = DEFAULT_POOLBLOCK, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, assert_hostname="powerwall", **pool_kwargs)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(datetime(2026, 6, 21, 19, 0, tzinfo=UTC))


@pytest.fixture
def gateway(clock: SteppedClock) -> Iterator[FakeGateway]:
    limit = LoginLimit(attempts=4, window_seconds=300, lock_seconds=600)
    with FakeGateway(clock=clock, login_limit=limit) as running:
        yield running


@pytest.fixture
def client() -> Iterator[requests.Session]:
    """A session that knows the first certificate and takes nothing from the environment."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(files("powerwall_fake_gateway") / "certificates" / "first.pem")
        session.mount("https://", GatewayAdapter())
        yield session


@pytest.fixture
def member(client: requests.Session, gateway: FakeGateway) -> requests.Session:
    """The client, logged in by its cookie."""
    login = {"username": "customer", "password": "password"}
    client.post(f"{gateway.url}/api/login/Basic", json=login, timeout=5).raise_for_status()
    return client
