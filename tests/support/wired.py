"""The exporter's own parts, put together against a gateway as the commands do it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from clocks import SteppedClock
from powerwall_exporter import assembly
from powerwall_exporter.board import Board
from powerwall_exporter.config import Gateway, Polling, Settings, Tls
from powerwall_exporter.gateway.client import Client
from powerwall_exporter.gateway.login import Login
from powerwall_exporter.model import Reading, Secret, Snapshot
from powerwall_exporter.poller import Poller
from powerwall_fake_gateway import FakeGateway

NAME = "site one"


def settings(fake: FakeGateway, state: Path, *, password: str = "password", total_seconds: float = 5.0) -> Settings:
    """Return settings for one gateway whose certificate is pinned."""
    gateway = Gateway(NAME, fake.url, Secret(password), Tls(fingerprint=fake.fingerprint))
    polling = Polling(total_seconds=total_seconds, connect_seconds=2.0)
    return Settings((gateway,), polling=polling, state_directory=state)


@dataclass
class Wired:
    """A poller and its board, driven by a clock that a test steps."""

    fake: FakeGateway
    state: Path
    password: str = "password"
    total_seconds: float = 5.0
    clock: SteppedClock = field(default_factory=SteppedClock)
    board: Board = field(init=False)
    poller: Poller = field(init=False)

    def __post_init__(self) -> None:
        self.board = Board(self.clock)
        given = settings(self.fake, self.state, password=self.password, total_seconds=self.total_seconds)
        (self.poller,) = assembly.pollers(given, self.board.publish, self.clock, prompted=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.poller.close()

    def poll_until(self, seconds: float) -> None:
        """Poll at every due time of the next so many seconds."""
        end = self.clock.monotonic() + seconds
        while (due := self.poller.due) <= end:
            self.clock.step(max(0.0, due - self.clock.monotonic()))
            self.poller.poll()
        self.clock.step(end - self.clock.monotonic())

    @property
    def snapshot(self) -> Snapshot:
        """What is fresh of the gateway."""
        (snapshot,) = self.board.snapshots()
        return snapshot

    @property
    def readings(self) -> list[Reading]:
        """The fresh readings of the gateway."""
        return list(self.snapshot)


def client(fake: FakeGateway, state: Path, clock: SteppedClock, **given: object) -> tuple[Client, Login]:
    """Return a client with its login."""
    made = settings(fake, state, **given)  # type: ignore[arg-type]  # passed on as they are
    return assembly.client(made.gateways[0], made.polling, state, clock)
