"""What the end-to-end tests share: a gateway in whose world it stays noon, and the exporter as its users start it."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from tests.e2e.peers import ask
from tests.e2e.programs import Peer, free_ports, started

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import names
from powerwall_exporter.gateway.endpoints import READABLE
from powerwall_fake_gateway import FakeGateway, SteppedClock
from spelled import Series, labelled

TELEGRAF = Path(__file__).parents[2] / "telegraf"
NOON = datetime(2026, 6, 21, 19, 0, tzinfo=UTC)
NAME = "home"
AGGREGATES = "/api/meters/aggregates"

Environment = dict[str, str]


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    """A gateway whose clock stands still: what it answers now is what it answered before."""
    with FakeGateway(clock=SteppedClock(NOON)) as running:
        yield running


@pytest.fixture
def environment(gateway: FakeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The variables that describe the gateway to the exporter; whatever else it would listen to is taken away."""
    for name in list(os.environ):
        if name.startswith(("POWERWALL_", "OTEL_")) and name != "POWERWALL_PEERS":
            monkeypatch.delenv(name)
    password = tmp_path / "password"
    password.write_text("password\n")
    return {
        "POWERWALL_HOST": gateway.address,
        "POWERWALL_PASSWORD_FILE": str(password),
        "POWERWALL_STATE_DIR": str(tmp_path / "state"),
    }


def rewritten(text: str, **options: object) -> str:
    """Return a configuration of Telegraf in which options have other values, wherever they are set."""
    for name, value in options.items():
        pattern = re.compile(rf"^( *{name} = )(?:\[[^\]]*\]|.*)$", re.MULTILINE)
        assert pattern.search(text), f"no option {name} in the sample"
        spelled = json.dumps(value)
        text = pattern.sub(lambda found, spelled=spelled: found[1] + spelled, text)  # type: ignore[misc]  # bound early
    return text


Sample = Callable[..., str]
"""Takes the name of a file in telegraf/ and options with other values; returns its text for the gateway of a test."""


@pytest.fixture
def sample(environment: Environment) -> Sample:
    """A sample configuration of Telegraf, with this machine's path of the program and the gateway of the test."""

    def for_this_test(file: str, **options: object) -> str:
        return rewritten(
            (TELEGRAF / file).read_text(),
            command=[sys.executable, "-m", "powerwall_exporter", "telegraf"],
            environment=[f"{name}={value}" for name, value in environment.items()],
            **options,
        )

    return for_this_test


@dataclass(frozen=True)
class Exporter:
    """A running `powerwall-exporter run`, and where its page is, as host:port."""

    peer: Peer
    address: str

    def page(self, content_type: str = "text/plain") -> str:
        """Return the page of metrics in a format."""
        answer = ask("GET", f"http://{self.address}/metrics", accept=content_type)
        assert answer.ok
        assert answer.headers["Content-Type"].startswith(content_type.partition(";")[0])
        return answer.text


Run = Callable[..., AbstractContextManager[Exporter]]
"""Takes a text of settings, if any, and variables; runs the exporter until its page has data of the gateway."""


@pytest.fixture
def run_exporter(tmp_path: Path, environment: Environment) -> Run:
    """The command `run`, with the gateway of the test from the environment."""
    return partial(_exporter, tmp_path, environment)


@contextmanager
def _exporter(folder: Path, environment: Environment, settings: str = "", **variables: str) -> Iterator[Exporter]:
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    command = ["-m", "powerwall_exporter", "run", "--web.listen-address", address]
    if settings:
        file = folder / "powerwall.toml"
        file.write_text(settings)
        command += ["--config", str(file)]
    with started(sys.executable, *command, folder=folder, environment=environment | variables) as peer:
        peer.until(lambda: ask("GET", f"http://{address}/-/ready").ok, "data of the gateway on the page")
        yield Exporter(peer, address)


def expected(gateway: FakeGateway, status_ns: int) -> Series:
    """Return every series that the gateway's answers are, by the Prometheus name and the labels.

    `status_ns` is when /api/status was answered: the start of the gateway is told from it.
    """
    return {
        (
            names.prometheus(sample.metric),
            labelled(gateway=NAME, **dict(zip(sample.metric.labels, sample.labels, strict=True))),
        ): sample.value
        for path in READABLE
        for sample in catalogue.read(path, gateway.payload(path), status_ns)
    }


def answered(gateway: FakeGateway) -> int:
    """Return how many times the gateway told the power of its meters."""
    return sum(record.path == AGGREGATES and record.status == 200 for record in gateway.requests)
