"""The faults in force: which of them meet a request or a connection, and how often they still will."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from powerwall_fake_gateway.payloads.view import View

from .base import Fault


@dataclass
class Force:
    """A fault in force: how often it still strikes, since when it is there, and what it first met."""

    fault: Fault
    left: int | None
    since_unix_seconds: float
    first: View | None = None

    def bend(self, view: View) -> View:
        """Let the fault bend what the gateway believes."""
        if self.first is None:
            self.first = view
        return self.fault.bend(view, self.first)


class FaultBook:
    """Holds faults in the order in which they were added; safe to use from any thread."""

    def __init__(self, seed: int, now: Callable[[], float] = lambda: 0.0) -> None:
        self._now = now
        self._random = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self._lock = threading.Lock()
        self._entries: list[Force] = []

    def add(self, fault: Fault, since_unix_seconds: float | None = None) -> None:
        """Put a fault in force, from now or some other moment on, until it is used up, over or cleared."""
        since = self._now() if since_unix_seconds is None else since_unix_seconds
        with self._lock:
            self._entries.append(Force(fault, fault.times, since))

    def clear(self) -> None:
        """Take all faults out of force."""
        with self._lock:
            self._entries.clear()

    def faults(self) -> tuple[Fault, ...]:
        """Return the faults in force, or still to come into force."""
        with self._lock:
            self._entries = [entry for entry in self._entries if not self._is_over(entry)]
            return tuple(entry.fault for entry in self._entries)

    def meet_request(self, method: str, path: str) -> tuple[Force, ...]:
        """Return the faults that meet a request, and count them."""
        return self._meet(
            lambda fault: not fault.on_connect and fnmatchcase(path, fault.match) and fnmatchcase(method, fault.method)
        )

    def meet_connection(self) -> tuple[Fault, ...]:
        """Return the faults that meet a new connection, and count them."""
        return tuple(force.fault for force in self._meet(lambda fault: fault.on_connect))

    def _meet(self, meets: Callable[[Fault], bool]) -> tuple[Force, ...]:
        if not self._entries:
            return ()
        with self._lock:
            met = [entry for entry in self._entries if meets(entry.fault) and self._strikes(entry)]
            for entry in met:
                if entry.left is not None:
                    entry.left -= 1
            self._entries = [entry for entry in self._entries if entry.left is None or entry.left > 0]
            return tuple(met)

    def _strikes(self, entry: Force) -> bool:
        fault = entry.fault
        if self._now() < entry.since_unix_seconds + fault.after_seconds or self._is_over(entry):
            return False
        return fault.probability >= 1.0 or self._random.random() < fault.probability

    def _is_over(self, entry: Force) -> bool:
        fault = entry.fault
        end = float("inf") if fault.for_seconds is None else fault.after_seconds + fault.for_seconds
        return self._now() >= entry.since_unix_seconds + end
