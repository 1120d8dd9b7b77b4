"""The faults in force: which of them meet a request or a connection, and how often they still will."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .base import Fault


@dataclass
class _Entry:
    fault: Fault
    left: int | None


class FaultBook:
    """Holds faults in the order in which they were added; safe to use from any thread."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force until it is used up or cleared."""
        with self._lock:
            self._entries.append(_Entry(fault, fault.times))

    def clear(self) -> None:
        """Take all faults out of force."""
        with self._lock:
            self._entries.clear()

    def meet_request(self, method: str, path: str) -> tuple[Fault, ...]:
        """Return the faults that meet a request, and count them."""
        return self._meet(
            lambda fault: not fault.on_connect and fnmatchcase(path, fault.match) and fnmatchcase(method, fault.method)
        )

    def meet_connection(self) -> tuple[Fault, ...]:
        """Return the faults that meet a new connection, and count them."""
        return self._meet(lambda fault: fault.on_connect)

    def _meet(self, meets: Callable[[Fault], bool]) -> tuple[Fault, ...]:
        with self._lock:
            met = [entry for entry in self._entries if meets(entry.fault) and self._strikes(entry.fault)]
            for entry in met:
                if entry.left is not None:
                    entry.left -= 1
            self._entries = [entry for entry in self._entries if entry.left is None or entry.left > 0]
            return tuple(entry.fault for entry in met)

    def _strikes(self, fault: Fault) -> bool:
        return fault.probability >= 1.0 or self._random.random() < fault.probability
