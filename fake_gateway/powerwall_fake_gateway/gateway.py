"""A fake gateway as one object: give it a password, start it, point a client at it, make it fail."""

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

from . import scenarios
from .acceptor import Acceptor
from .access import Access, LoginLimit
from .application import RECORDS_KEPT, Application
from .clock import Clock, RunningClock, SteppedClock
from .device import Device, Plan
from .exchange import Delivery, Record, Reply, Request
from .faults import Action, Fault, FaultBook
from .island import Island
from .narrator import Happening
from .payloads import endpoints_of
from .profile import Profile
from .profiles import DEFAULT_PROFILE, PROFILES
from .replay import load as load_replay
from .scenarios import Event, Scenario
from .server import DROPPED, SILENT, Greeting, Server
from .spelling import Json, json_bytes
from .tls import CERTIFICATES, broken_context, fingerprint, server_context
from .truth import Truth

MOST_PACKS = 10


class FakeGateway:
    """A Tesla energy gateway on a port of this machine; a context manager that starts and stops it.

    `firmware` names a profile, `scenario` a story that happens to it, `replay` a folder or zip of recorded answers.
    `speed` is simulated seconds per real second, `start` the moment at which the simulation begins (now, if not
    given); `clock` stands in for both, e.g. a `SteppedClock`. Port 0 takes any free one; a restart keeps it.
    """

    def __init__(
        self,
        *,
        password: str = "password",  # noqa: S107 - everybody's password of a fake
        host: str = "127.0.0.1",
        port: int = 0,
        firmware: str | None = None,
        packs: int | None = None,
        seed: int = 1,
        speed: float = 1.0,
        start: datetime | None = None,
        clock: Clock | None = None,
        login_limit: LoginLimit | None = None,
        scenario: str | Scenario | None = None,
        replay: str | Path | None = None,
        acceptor: Acceptor | None = None,
        records_kept: int = RECORDS_KEPT,
    ) -> None:
        story = scenarios.load(scenario) if isinstance(scenario, str) else scenario
        profile = _profile(firmware or (story.firmware if story else DEFAULT_PROFILE), packs, story)
        self._host = host
        self._port = port
        self._clock = clock or _running_clock(start or (story.begin(profile.zone()) if story else None), speed)
        self._access = Access(password, self._clock, login_limit or LoginLimit(), secrets.token_bytes)
        if profile.release.password_hours is not None:
            self._access.forget_password(profile.release.password_hours * 3_600.0)
        self._device = Device(profile, seed, self._clock, self._access.forget_tokens)
        self._faults = FaultBook(seed, self._clock.now)
        self._application = Application(
            self._device,
            load_replay(Path(replay)) if replay else endpoints_of(profile),
            self._access,
            self._faults,
            self._actions(),
            headless=bool(profile.only or replay),
            records_kept=records_kept,
        )
        self._replaying = replay is not None
        self._server = Server(self, acceptor)
        self._lock = threading.Lock()
        self._certificate = 0
        self._connections = 0
        if story:
            self._device.plan(self._plan(event, self._clock.now()) for event in story.events)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to listen; OSError if the address cannot be had."""
        self._port = self._server.start(self._host, self._port)

    def stop(self) -> None:
        """End every connection, even hung ones, and stop listening; `start` may follow."""
        self._server.stop()

    @property
    def port(self) -> int:
        """Return the port listened on; 0 before the first start if any was allowed."""
        return self._port

    @property
    def address(self) -> str:
        """Return `host:port`."""
        return f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"

    @property
    def url(self) -> str:
        """Return the base of every URL."""
        return f"https://{self.address}"

    @property
    def fingerprint(self) -> str:
        """Return SHA-256 of the certificate shown to new connections, in lower-case hex."""
        return fingerprint(CERTIFICATES[self._certificate])

    @property
    def requests(self) -> list[Record]:
        """Return what was asked, in order; the newest 100,000."""
        return list(self._application.records)

    @property
    def forbidden_calls(self) -> list[Record]:
        """Return the requests that no monitor may ever send."""
        return [record for record in self.requests if record.forbidden]

    @property
    def logins(self) -> int:
        """Return how many logins were tried, good or bad."""
        return self._application.logins

    @property
    def connections(self) -> int:
        """Return how many connections finished their handshake."""
        return self._connections

    def add(self, *faults: Fault) -> None:
        """Put faults in force, after those already there."""
        for fault in faults:
            self._faults.add(fault)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Return the faults in force, or still to come into force."""
        return self._faults.faults()

    def clear(self) -> None:
        """Take all faults out of force."""
        self._faults.clear()

    def reboot(self, *, slowly: bool = False) -> None:
        """Forget all tokens and begin the uptime anew; slowly through minutes of not answering, then of zeros."""
        self._device.reboot(slowly=slowly)

    def stop_controller(self) -> None:
        """Stop the site controller: power, charge and grid are an empty 502 from now on."""
        self._device.running = False

    def start_controller(self) -> None:
        """Let the site controller run again."""
        self._device.running = True

    def set_house(self, **conditions: object) -> None:
        """Change conditions of the house, e.g. `grid=False`, `storm=True`, `mode="backup"`, `cloudiness=1.0`.

        The names are those of `Conditions`; TypeError for another, ValueError for a value that cannot be.
        """
        self._device.set_house(**conditions)

    def step(self, seconds: float) -> None:
        """Move this gateway's clock forward; ValueError for a negative step, or a clock that cannot be moved."""
        if not isinstance(self._clock, RunningClock | SteppedClock):
            raise ValueError("this clock cannot be stepped")
        self._clock.step(seconds)

    def expire_tokens(self) -> None:
        """Refuse all granted tokens from now on."""
        self._access.expire_tokens()

    def set_password(self, password: str) -> None:
        """Take another password from now on; granted tokens live on."""
        self._access.set_password(password)

    def change_certificate(self) -> None:
        """Show the other certificate to connections from now on."""
        self._certificate = (self._certificate + 1) % len(CERTIFICATES)

    def truth(self) -> Truth:
        """Return the model's own numbers now."""
        return self._device.truth()

    def payload(self, path: str) -> Json:
        """Return what a client would decode from a GET now, without faults; KeyError for a path that is a 404."""
        decoded: Json = json.loads(json_bytes(self._application.endpoints[path].payload(self._device.view())))
        return decoded

    def states(self) -> list[Island]:
        """Return how the house stood to the grid so far, the newest last."""
        return self._device.states()

    def happenings(self) -> list[Happening]:
        """Return what happened so far of the scenario, in words."""
        self._device.catch_up()
        return list(self._device.happenings)

    @property
    def zone(self) -> tzinfo:
        """Return the time zone of the site."""
        return self._device.profile.zone()

    def update_firmware(self, name: str) -> None:
        """Have the firmware of another profile from now on, without a restart; ValueError for an unknown one."""
        self._device.flash(_profile(name, None, None))
        if not self._replaying:
            self._application.endpoints = endpoints_of(self._device.profile)

    def greet(self) -> Greeting:
        """Return how a new connection is met (called by the server)."""
        stage = self._device.stage()
        actions = {fault.action for fault in self._faults.meet_connection()}
        if Action.CHANGE_CERTIFICATE in actions:
            self.change_certificate()
        if stage.connects == "no" or Action.DROP_CONNECTION in actions:
            return DROPPED
        if stage.connects == "silent" or Action.HANG_HANDSHAKE in actions:
            return SILENT
        if Action.BREAK_HANDSHAKE in actions:
            return Greeting(broken_context())
        return Greeting(server_context(CERTIFICATES[self._certificate]))

    def connected(self) -> int:
        """Count a connection and return its number (called by the server)."""
        with self._lock:
            self._connections += 1
            return self._connections

    def answer(self, request: Request) -> tuple[Reply, Delivery]:
        """Return what to send and how (called by the server)."""
        return self._application.answer(request)

    def _actions(self) -> dict[Action, Callable[[], None]]:
        return {
            Action.EXPIRE_TOKENS: self.expire_tokens,
            Action.FORGET_PASSWORD: self._access.forget_password,
            Action.LOCK_OUT: self._access.lock_out,
            Action.REBOOT: self.reboot,
            Action.BOOT: lambda: self.reboot(slowly=True),
            Action.STOP_CONTROLLER: self.stop_controller,
        }

    def _plan(self, event: Event, begin_unix_seconds: float) -> Plan:
        """Return what an event of a scenario will do."""

        def deed(moment: float) -> None:
            for fault in event.faults:
                self._faults.add(fault, moment)
            if event.update:
                self.update_firmware(event.update)
            for name in event.do:
                self._do(name, moment)

        return Plan(begin_unix_seconds + event.at_seconds, deed, event.house, event.say)

    def _do(self, name: str, moment: float) -> None:
        """Carry out one of the deeds of scenarios."""
        {
            "reboot": lambda: self._device.reboot(slowly=True, at_unix_seconds=moment),
            "clear-faults": self.clear,
            "expire-tokens": self.expire_tokens,
            "forget-password": self._access.forget_password,
            "lock-out": self._access.lock_out,
            "change-certificate": self.change_certificate,
            "stop-controller": self.stop_controller,
            "start-controller": self.start_controller,
        }[name]()


def _running_clock(start: datetime | None, speed: float) -> Clock:
    """Make the default clock; ValueError for a start without zone or a speed that is not positive."""
    if start is not None and start.tzinfo is None:
        raise ValueError("start has no time zone; give an aware datetime")
    if not speed > 0:
        raise ValueError(f"speed {speed} is not positive; 1.0 is real time")
    return RunningClock(time.time() if start is None else start.timestamp(), speed)


def _profile(firmware: str, packs: int | None, story: Scenario | None) -> Profile:
    """Find a profile, give it so many packs, and set it as a scenario wants it; ValueError for what there is not."""
    if firmware not in PROFILES:
        raise ValueError(f"firmware {firmware!r} is unknown; use one of {', '.join(PROFILES)}")
    profile = PROFILES[firmware]
    plant = replace(profile.plant, **story.plant) if story else profile.plant  # type: ignore[arg-type]  # checked
    if packs is not None:
        if not plant.disabled_packs < packs <= MOST_PACKS:
            raise ValueError(f"{packs} packs are impossible; give {plant.disabled_packs + 1} to {MOST_PACKS}")
        plant = replace(plant, packs=packs)
    return replace(profile, plant=plant)
