"""A fake gateway as one object: give it a password, start it, point a client at it, make it fail."""

import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Self

from .access import Access, LoginLimit
from .application import Application
from .clock import Clock, RunningClock
from .device import Device
from .exchange import Delivery, Record, Reply, Request
from .faults import Action, Fault, FaultBook
from .payloads import ENDPOINTS
from .profile import DEFAULT_PROFILE, PROFILES, Profile
from .server import Server
from .spelling import Json, json_bytes
from .tls import CERTIFICATES, fingerprint, server_context
from .truth import Truth


class FakeGateway:
    """A Tesla energy gateway on a port of this machine; a context manager that starts and stops it.

    `speed` is simulated seconds per real second, `start` the moment at which the simulation begins (now, if not
    given); `clock` stands in for both, e.g. a `SteppedClock`. Port 0 takes any free one; a restart keeps it.
    """

    def __init__(
        self,
        *,
        password: str = "password",  # noqa: S107 - everybody's password of a fake
        host: str = "127.0.0.1",
        port: int = 0,
        firmware: str = DEFAULT_PROFILE,
        seed: int = 1,
        speed: float = 1.0,
        start: datetime | None = None,
        clock: Clock | None = None,
        login_limit: LoginLimit | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._clock = clock or _running_clock(start, speed)
        self._device = Device(_profile(firmware), seed, self._clock)
        self._access = Access(password, self._clock, login_limit or LoginLimit(), secrets.token_bytes)
        self._faults = FaultBook(seed)
        self._application = Application(self._device, self._access, self._faults, self._actions())
        self._server = Server(self)
        self._lock = threading.Lock()
        self._certificate = 0
        self._connections = 0

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

    def clear(self) -> None:
        """Take all faults out of force."""
        self._faults.clear()

    def reboot(self) -> None:
        """Forget all tokens and begin the uptime anew; connections stay."""
        self._access.forget_tokens()
        self._device.reboot()

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
        decoded: Json = json.loads(json_bytes(ENDPOINTS[path].body(self._device.view())))
        return decoded

    def greet(self) -> ssl.SSLContext | None:
        """Return the TLS identity for a new connection, None to keep silent (called by the server)."""
        actions = {fault.action for fault in self._faults.meet_connection()}
        if Action.CHANGE_CERTIFICATE in actions:
            self.change_certificate()
        return None if Action.HANG_HANDSHAKE in actions else server_context(CERTIFICATES[self._certificate])

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
        }


def _running_clock(start: datetime | None, speed: float) -> Clock:
    """Make the default clock; ValueError for a start without zone or a speed that is not positive."""
    if start is not None and start.tzinfo is None:
        raise ValueError("start has no time zone; give an aware datetime")
    if not speed > 0:
        raise ValueError(f"speed {speed} is not positive; 1.0 is real time")
    return RunningClock(time.time() if start is None else start.timestamp(), speed)


def _profile(firmware: str) -> Profile:
    if firmware not in PROFILES:
        raise ValueError(f"firmware {firmware!r} is unknown; use one of {', '.join(PROFILES)}")
    return PROFILES[firmware]
