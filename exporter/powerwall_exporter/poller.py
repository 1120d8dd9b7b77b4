"""Polls one gateway: what is due, what a failure causes, and the account of it all.

Knows the paces and the reactions; knows neither HTTP nor what a payload means.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, inf
from typing import Protocol

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import health
from powerwall_exporter.catalogue.counters import Counters
from powerwall_exporter.errors import (
    BadShape,
    BrokenAnswer,
    Busy,
    CertificateChanged,
    ControllerStopped,
    Defect,
    Forbidden,
    GatewayError,
    LoginRejected,
    NotJson,
    Redirected,
    ServerFailed,
    Throttled,
    TimedOut,
    TlsFailed,
    TooLarge,
    Unreachable,
    Unsupported,
)
from powerwall_exporter.gateway.endpoints import ENDPOINTS, Endpoint, Pace
from powerwall_exporter.model import Clock, Json, Metric, Reading, Sample, doubled

log = logging.getLogger(__name__)

MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a failure causes: the state of the endpoint, and how long it or the whole gateway is left alone.

    `pause_seconds` 0 leaves the endpoint at its usual pace. `whole` ends the poll, since no other endpoint
    would fare better, and pauses the gateway; `unless_others_answer` takes it for the endpoint's own trouble where
    another one has answered in the same poll. `backs_off` lets the pause grow while it lasts. `told_of` is whose
    trouble it is for the log where all endpoints share it, so that it is told once.
    """

    state: str
    pause_seconds: float = 0.0
    whole: bool = False
    unless_others_answer: bool = False
    backs_off: bool = False
    told_of: str = ""


GATEWAY, LOGIN = "the gateway", "the login"

_AWAY = Reaction("failing", whole=True, unless_others_answer=True, backs_off=True, told_of=GATEWAY)

REACTIONS: Mapping[type[GatewayError], Reaction] = {
    Unreachable: _AWAY,
    TimedOut: _AWAY,
    TlsFailed: _AWAY,
    CertificateChanged: Reaction("failing", MINUTE, whole=True, told_of=GATEWAY),
    Throttled: Reaction("failing", 5 * MINUTE, whole=True, told_of=GATEWAY),
    Busy: Reaction("failing", MINUTE, whole=True, unless_others_answer=True, told_of=GATEWAY),
    LoginRejected: Reaction("failing", told_of=LOGIN),
    BrokenAnswer: Reaction("failing"),
    TooLarge: Reaction("failing", MINUTE),
    Redirected: Reaction("failing", MINUTE),
    NotJson: Reaction("failing"),
    BadShape: Reaction("failing"),
    ServerFailed: Reaction("failing"),
    Defect: Reaction("failing"),
    ControllerStopped: Reaction("unavailable"),
    Forbidden: Reaction("forbidden", HOUR),
    Unsupported: Reaction("unsupported", HOUR),
}

LONGEST_PAUSE_SECONDS = HOUR
"""However long a gateway asks to wait: its clock may be wrong by years."""
LONGEST_BACK_OFF_SECONDS = MINUTE
"""While a gateway is away it is tried at intervals that double from the fast one up to this."""
LONGEST_ENDPOINT_BACK_OFF_SECONDS = 10 * MINUTE
"""The same for an endpoint that does not answer while others do: each try holds them up."""
FAST_PAUSE_SECONDS = 5 * MINUTE
"""The same for a fast endpoint by itself: every gateway has them, so without one something is wrong for a while."""
FRESH_INTERVALS = 3
"""After this many intervals without news the samples of an endpoint are withdrawn."""
MOST_STRANGE_WORDS = 100
"""After so many unknown states no more are logged: it is not a gateway that speaks."""
EARLY = 0.1
"""Part of the fast interval by which anything may be early: prompts jitter, and neighbours share a poll."""


_FAST = frozenset(endpoint.path for endpoint in ENDPOINTS if endpoint.pace is Pace.FAST)


class Source(Protocol):
    """Where payloads come from."""

    def get(self, path: str) -> Json:
        """Return the payload of an endpoint; raises GatewayError."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


@dataclass(slots=True)
class Slot:
    """An endpoint of one gateway: its interval, when it is due, and what became of the last request."""

    endpoint: Endpoint
    interval_seconds: float
    due: float
    state: str | None = None
    duration_seconds: float = 0.0
    last_success: float | None = None
    trouble: str | None = None
    """Whose trouble keeps it from being read, as it was told in the log."""
    failures: int = 0
    """Failures in a row that a gateway as a whole may have."""

    def move_on(self, now: float, pause_seconds: float) -> None:
        """Set the next time on the endpoint's own grid, leaving out the ticks that were missed."""
        missed = max(0, floor((now - self.due) / self.interval_seconds))
        self.due = max(self.due + (missed + 1) * self.interval_seconds, now + pause_seconds)


@dataclass(slots=True)
class Account:
    """What the polls of a gateway came to."""

    up: bool = False
    polls: int = 0
    duration_seconds: float = 0.0
    last_success: float | None = None
    errors: Counter[str] = field(default_factory=Counter)
    resume: float = -inf
    """Monotonic time before which the gateway is left alone."""
    polls_away: int = 0
    """Polls in a row to which it did not answer."""


class Poller:
    """The polls of one gateway, one request at a time; for one thread."""

    def __init__(
        self,
        gateway: str,
        source: Source,
        publish: Callable[[str, Sequence[Reading]], None],
        *,
        intervals: Mapping[Pace, float],
        clock: Clock,
        logins: Callable[[], Mapping[str, int]] = dict,
        first_due: float = -inf,
    ) -> None:
        self._gateway = gateway
        self._source = source
        self._publish = publish
        self._clock = clock
        self._logins = logins
        self._back_off_seconds = intervals[Pace.FAST]
        self._early_seconds = EARLY * intervals[Pace.FAST]
        start = max(first_due, clock.monotonic())
        self._slots = [Slot(endpoint, intervals[endpoint.pace], start) for endpoint in ENDPOINTS]
        self._account = Account()
        self._said: dict[str, str] = {}
        self._counters = Counters()
        self._strange: set[tuple[Metric, str]] = set()

    @property
    def due(self) -> float:
        """The monotonic time of the next poll."""
        return max(self._account.resume, min(slot.due for slot in self._slots))

    def poll(self) -> None:
        """Ask every endpoint that is due and publish what came of it, with the account; never raises.

        Where nothing may be asked, that is told of a gateway that is down, and nothing of one that is up: its newest
        readings are out already.
        """
        started = self._clock.monotonic()
        by = started + self._early_seconds
        due = [slot for slot in self._slots if slot.due <= by] if by >= self._account.resume else []
        if due:
            # As they come: a poll may take long, and who stops meanwhile keeps what has answered.
            for readings in self._round(due):
                self._publish(self._gateway, readings)
            self._account.polls += 1
            self._account.duration_seconds = self._clock.monotonic() - started
            self._publish(self._gateway, [self._health()])
        elif not self._account.up:
            self._publish(self._gateway, [self._health()])

    def close(self) -> None:
        """Hang up; the next poll connects anew."""
        self._source.close()

    def _round(self, due: Sequence[Slot]) -> Iterator[Sequence[Reading]]:
        """Yield what each of these endpoints says and what became of it, up to a failure of the whole gateway."""
        answered: set[Pace] = set()
        # What failed last comes last: it must not keep the others from being asked.
        for slot in sorted(due, key=lambda slot: slot.failures > 0):
            started = self._clock.monotonic()
            outcome = self._outcome(slot)
            slot.duration_seconds = self._clock.monotonic() - started
            over = False
            if isinstance(outcome, Reading):
                self._note_success(slot, outcome)
                answered.add(slot.endpoint.pace)
            else:
                over = self._note_failure(slot, outcome, alone=bool(answered))
            source = f"account of {slot.endpoint.path}"
            account = Reading(source, self._clock.time_ns(), inf, tuple(_slot_samples(slot)))
            yield [outcome, account] if isinstance(outcome, Reading) else [account]
            if over:
                break
        self._note_round(due, answered)

    def _outcome(self, slot: Slot) -> Reading | GatewayError:
        path = slot.endpoint.path
        try:
            payload = self._source.get(path)
            time_ns, now = self._clock.time_ns(), self._clock.monotonic()
            samples = catalogue.read(path, payload, time_ns)
        except GatewayError as error:
            return error
        except Exception as error:  # the one broad catch: a defect costs an answer, never the thread
            log.debug("%s: %s", self._gateway, path, exc_info=True)
            return Defect(f"{path}: {type(error).__name__} in this program; please report it")
        self._report_strange(samples)
        samples = self._counters.honest(samples, now)
        return Reading(path, time_ns, now + FRESH_INTERVALS * slot.interval_seconds, samples)

    def _note_success(self, slot: Slot, reading: Reading) -> None:
        slot.state = "ok"
        slot.last_success = reading.time_ns / 1e9
        slot.move_on(self._clock.monotonic(), 0.0)
        slot.failures = self._account.polls_away = 0
        for thing in (GATEWAY, slot.endpoint.path, slot.trouble):
            self._recovered(thing)
        slot.trouble = None

    def _note_failure(self, slot: Slot, error: GatewayError, *, alone: bool) -> bool:
        """React to a failure; return whether it ends the poll. `alone` tells that other endpoints have answered."""
        reaction, now = REACTIONS[type(error)], self._clock.monotonic()
        whole = reaction.whole and not (alone and reaction.unless_others_answer)
        self._account.errors[error.reason] += 1
        slot.state = reaction.state
        pause_seconds = self._pause_seconds(slot, reaction, error, whole=whole)
        slot.failures += reaction.whole
        slot.move_on(now, pause_seconds)
        if whole:
            self._account.polls_away += 1
            self._account.resume = now + pause_seconds
            self._account.up = False
        shared = whole or reaction.told_of == LOGIN
        slot.trouble = reaction.told_of if shared else slot.endpoint.path
        self._broken(slot.trouble, reaction.state, error)
        return whole

    def _pause_seconds(self, slot: Slot, reaction: Reaction, error: GatewayError, *, whole: bool) -> float:
        if reaction.backs_off and whole:
            return doubled(self._back_off_seconds, self._account.polls_away, LONGEST_BACK_OFF_SECONDS)
        if reaction.backs_off:
            return doubled(slot.interval_seconds, slot.failures, LONGEST_ENDPOINT_BACK_OFF_SECONDS)
        longest = FAST_PAUSE_SECONDS if slot.endpoint.path in _FAST and not whole else LONGEST_PAUSE_SECONDS
        return min(max(reaction.pause_seconds, error.retry_seconds or 0.0), longest)

    def _note_round(self, due: Sequence[Slot], answered: set[Pace]) -> None:
        if any(slot.endpoint.pace is Pace.FAST for slot in due):
            self._account.up = Pace.FAST in answered
        if answered:
            self._account.last_success = self._clock.time_ns() / 1e9

    def _broken(self, thing: str, state: str, error: GatewayError) -> None:
        """Log what breaks, once until it recovers or breaks otherwise."""
        if self._said.get(thing) != error.reason:
            self._said[thing] = error.reason
            expected = state == "unsupported" and thing not in _FAST
            log.log(logging.INFO if expected else logging.WARNING, "%s: %s: %s", self._gateway, state, error)

    def _recovered(self, thing: str | None) -> None:
        if thing is not None and self._said.pop(thing, None) is not None:
            log.info("%s: %s is well again", self._gateway, thing)

    def _report_strange(self, samples: Sequence[Sample]) -> None:
        for metric, word in catalogue.unknown_words(samples) - self._strange:
            if len(self._strange) >= MOST_STRANGE_WORDS:
                return
            self._strange.add((metric, word))
            log.info("%s: %s says %r, which this version does not know", self._gateway, metric.id, word)

    def _health(self) -> Reading:
        return Reading("poll", self._clock.time_ns(), inf, tuple(self._health_samples()))

    def _health_samples(self) -> Iterator[Sample]:
        account = self._account
        yield Sample(health.UP, (), float(account.up))
        yield Sample(health.POLLS, (), float(account.polls))
        yield Sample(health.POLL_DURATION, (), account.duration_seconds)
        if account.last_success is not None:
            yield Sample(health.LAST_SUCCESS, (), account.last_success)
        for reason in health.REASONS:
            yield Sample(health.POLL_ERRORS, (reason,), float(account.errors[reason]))
        for result, count in self._logins().items():
            yield Sample(health.LOGINS, (result,), float(count))


def _slot_samples(slot: Slot) -> Iterator[Sample]:
    path = slot.endpoint.path
    for state in health.ENDPOINT_STATES:
        yield Sample(health.ENDPOINT_STATE, (path, state), float(state == slot.state))
    yield Sample(health.ENDPOINT_DURATION, (path,), slot.duration_seconds)
    if slot.last_success is not None:
        yield Sample(health.ENDPOINT_LAST_SUCCESS, (path,), slot.last_success)
