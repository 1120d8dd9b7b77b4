"""The login of one gateway: its token, and when another may be asked for.

Owners were locked out of their own gateways by monitors that logged in too often. So a token is kept as long
as the gateway takes it, over restarts too; a refused password is tried again after 5 minutes, doubling to an
hour; and two logins are never closer than half a minute.
"""

import logging
from collections import Counter
from collections.abc import Callable

from powerwall_exporter.errors import BadShape, GatewayError, LoginRejected, Throttled
from powerwall_exporter.gateway.store import Store
from powerwall_exporter.model import Clock, Json, Secret, doubled

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 300.0
LONGEST_PAUSE_SECONDS = 3600.0
SPACING_SECONDS = 30.0
USER = "customer"

Post = Callable[[dict[str, Json]], Json]
"""Sends the body of a login and returns the answer; raises GatewayError."""


class Login:
    """The token of one gateway and the rules for renewing it."""

    def __init__(self, password: Secret, store: Store, clock: Clock) -> None:
        self._password = password
        self._store = store
        self._clock = clock
        self._refusals = 0
        self._not_before = float("-inf")
        self._results = Counter({"ok": 0, "rejected": 0, "throttled": 0, "failed": 0})

    def counts(self) -> dict[str, int]:
        """Return the logins so far by result: ok, rejected, throttled, failed."""
        return dict(self._results)

    @property
    def token(self) -> str | None:
        """The token to send, if there is one."""
        return self._store.get("token")

    def renew(self, post: Post) -> None:
        """Replace a token that the gateway refused; raises LoginRejected while a pause lasts."""
        wait_seconds = self._not_before - self._clock.monotonic()
        if wait_seconds > 0:
            raise LoginRejected("waiting before the next login", wait_seconds)
        self._store.put(token=None)
        self._not_before = self._clock.monotonic() + SPACING_SECONDS
        token = self._asked(post)
        self._results["ok"] += 1
        self._refusals = 0
        self._store.put(token=token)

    def refused(self, message: str) -> LoginRejected:
        """Return the error for a refusal, after lengthening the pause."""
        pause_seconds = doubled(FIRST_PAUSE_SECONDS, self._refusals, LONGEST_PAUSE_SECONDS)
        self._refusals += 1
        self._not_before = self._clock.monotonic() + pause_seconds
        return LoginRejected(f"{message}; next login in {pause_seconds / 60:.0f} min", pause_seconds)

    def _asked(self, post: Post) -> str:
        body: dict[str, Json] = {
            "username": USER,
            "password": self._password.reveal(),
            "email": "",
            "force_sm_off": False,
        }
        try:
            answer = post(body)
        except LoginRejected:
            self._results["rejected"] += 1
            raise
        except Throttled:
            self._results["throttled"] += 1
            raise
        except GatewayError:
            self._results["failed"] += 1
            raise
        token = answer.get("token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            self._results["failed"] += 1
            raise BadShape("the login was answered without a token")
        return token
