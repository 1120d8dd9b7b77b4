"""Virtual time: the one clock everything in a fake gateway reads. Seconds are Unix seconds of that time."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells what time it is in the gateway's world."""

    def now(self) -> float:
        """Return Unix seconds; never less than before."""


class RunningClock:
    """Time that runs by itself from a start moment, at `speed` simulated seconds per real second."""

    def __init__(
        self, start_unix_seconds: float, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._start_unix_seconds = start_unix_seconds
        self._speed = speed
        self._monotonic = monotonic
        self._origin_seconds = monotonic()

    def now(self) -> float:
        """Return the start moment plus the real time since construction, times the speed."""
        return self._start_unix_seconds + (self._monotonic() - self._origin_seconds) * self._speed

    def step(self, seconds: float) -> None:
        """Go forward at once; ValueError for a negative step."""
        self._start_unix_seconds += _forward(seconds)


class SteppedClock:
    """Time that stands still until somebody steps it."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("start has no time zone; give an aware datetime")
        self._now_unix_seconds = start.timestamp()
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return Unix seconds as last stepped."""
        return self._now_unix_seconds

    def step(self, seconds: float) -> None:
        """Go forward; ValueError for a negative step, as time never runs back."""
        with self._lock:
            self._now_unix_seconds += _forward(seconds)


def _forward(seconds: float) -> float:
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"cannot step {seconds} seconds; time only goes forward")
    return seconds
