"""The login of one gateway: its token, and when another may be asked for.

Owners were locked out of their own gateways by monitors that logged in too often. So a token is kept until another
one is there, over restarts too; a login that brought no token that works is followed by a pause of 5 minutes,
doubling to an hour, and that is kept over restarts as well; two logins are never closer than half a minute.
"""

import hashlib
import hmac
import os
from collections import Counter
from collections.abc import Callable

from powerwall_exporter.errors import (
    BadShape,
    Busy,
    GatewayError,
    LoginRejected,
    Throttled,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from powerwall_exporter.gateway.store import Store
from powerwall_exporter.model import Clock, Json, Secret, doubled

FIRST_PAUSE_SECONDS = 300.0
LONGEST_PAUSE_SECONDS = 3600.0
SPACING_SECONDS = 30.0
USER = "customer"

Post = Callable[[dict[str, Json]], Json]
"""Sends the body of a login and returns the answer; raises GatewayError."""

_NOT_OF_THE_LOGIN = (Unreachable, TimedOut, TlsFailed, Throttled, Busy)
"""Failures that say nothing of the login itself; the poller leaves the gateway alone after them."""


class Login:
    """The token of one gateway and the rules for renewing it."""

    def __init__(self, password: Secret, store: Store, clock: Clock) -> None:
        self._password = password
        self._store = store
        self._clock = clock
        self._refusals = 0
        self._not_before: float | None = None
        self._marked: tuple[str, str] | None = None
        self._results = Counter({"ok": 0, "rejected": 0, "throttled": 0, "failed": 0})
        self.proven = False
        """Whether the present token opened an endpoint that was shut before the login."""

    def counts(self) -> dict[str, int]:
        """Return the logins so far by result: ok, rejected, throttled, failed."""
        return dict(self._results)

    @property
    def token(self) -> str | None:
        """The token to send, if there is one."""
        token = self._store.get("token")
        return token if token and _is_token(token) else None

    def renew(self, post: Post) -> None:
        """Replace the token by another; raises LoginRejected while a pause lasts, or if there is none to be had."""
        wait_seconds = self._due() - self._clock.monotonic()
        if wait_seconds > 0:
            raise LoginRejected(f"waiting {wait_seconds / 60:.0f} min before the next login", wait_seconds)
        self._not_before = self._clock.monotonic() + SPACING_SECONDS
        token = self._asked(post)
        self._results["ok"] += 1
        self.proven = False
        self._store.put(token=token)

    def prove(self) -> None:
        """Note that the new token opens what was shut; whatever it does not open is forbidden to this user."""
        self.proven = True
        self._refusals = 0
        self._store.put(login_refusals=None, login_not_before=None, login_password=None, forbidden=None)

    def forbid(self, path: str) -> None:
        """Note an endpoint that a login does not open, so that it never causes another."""
        self._store.put(forbidden=" ".join(sorted({*(self._store.get("forbidden") or "").split(), path})))

    def forbids(self, path: str) -> bool:
        """Tell whether a login did not open this endpoint."""
        return path in (self._store.get("forbidden") or "").split()

    def refused(self, message: str) -> LoginRejected:
        """Return the error for a login that was of no use, after lengthening the pause."""
        self._due()
        pause_seconds = doubled(FIRST_PAUSE_SECONDS, self._refusals, LONGEST_PAUSE_SECONDS)
        self._refusals += 1
        self._not_before = self._clock.monotonic() + pause_seconds
        self._store.put(
            login_refusals=str(self._refusals),
            login_not_before=str(int(self._clock.time_ns() / 1e9 + pause_seconds)),
            login_password=self._known_again_by(),
        )
        return LoginRejected(f"{message}; next login in {pause_seconds / 60:.0f} min", pause_seconds)

    def _known_again_by(self) -> str:
        word = self._password.reveal()
        if self._marked is None or self._marked[0] != word:
            self._marked = (word, _mark(self._password, os.urandom(16)))
        return self._marked[1]

    def _due(self) -> float:
        """Return the monotonic time of the next login; a pause of an earlier run counts for the same password."""
        if self._not_before is None:
            self._not_before = self._clock.monotonic() + self._remembered_pause()
        return self._not_before

    def _remembered_pause(self) -> float:
        refusals, until = self._store.get("login_refusals") or "", self._store.get("login_not_before") or ""
        if not (refusals.isdecimal() and until.isdecimal() and _matches(self._password, self._store)):
            return 0.0
        self._refusals = int(refusals[:6])
        # The wall clock may have jumped in between: never longer than any pause is.
        return min(max(0.0, int(until) - self._clock.time_ns() / 1e9), LONGEST_PAUSE_SECONDS)

    def _asked(self, post: Post) -> str:
        body: dict[str, Json] = {
            "username": USER,
            "password": self._password.reveal(),
            "email": "",
            "force_sm_off": False,
        }
        try:
            answer = post(body)
            token = answer.get("token") if isinstance(answer, dict) else None
            if not isinstance(token, str) or not _is_token(token):
                raise BadShape("the login was answered without a token")
        except LoginRejected:
            self._results["rejected"] += 1
            raise
        except _NOT_OF_THE_LOGIN as error:
            self._results["throttled" if isinstance(error, Throttled) else "failed"] += 1
            raise
        except GatewayError as error:
            self._results["failed"] += 1
            raise self.refused(f"the login fails: {error}") from error
        return token


def _is_token(text: str) -> bool:
    """Tell what can stand in a header."""
    return 0 < len(text) <= 4096 and text.isascii() and text.isprintable() and " " not in text


def _mark(password: Secret, salt: bytes) -> str:
    """Return by what a password is known again, without giving it away: a new one need not wait for the old."""
    return f"{salt.hex()}${hashlib.scrypt(password.reveal().encode(), salt=salt, n=2**14, r=8, p=1).hex()}"


def _matches(password: Secret, store: Store) -> bool:
    mark = store.get("login_password") or ""
    try:
        salt = bytes.fromhex(mark.partition("$")[0])
    except ValueError:
        return False
    return bool(salt) and hmac.compare_digest(_mark(password, salt), mark)
