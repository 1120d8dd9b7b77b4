"""When a poller polls: at its own due times, or whenever somebody asks."""

import threading
from collections.abc import Callable
from typing import Protocol

from powerwall_exporter.model import Clock


class Pollable(Protocol):
    """What is polled."""

    @property
    def due(self) -> float:
        """The monotonic time of the next poll."""
        ...

    def poll(self) -> None:
        """Ask what is due."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class Prompt:
    """A request for one poll; requests that come while one is served are one request."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asked = 0
        self._served = 0
        self._over = False

    def ask(self) -> None:
        """Ask for a poll."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()

    def end(self) -> None:
        """Let whoever serves end after the poll it is at."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def serve(self, poll: Callable[[], None]) -> None:
        """Poll once for whatever was asked before, again and again until the end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._asked > self._served)
                if self._over:
                    return
                asked = self._asked
            poll()
            with self._changed:
                self._served = asked
                self._changed.notify_all()

    def settle(self, timeout_seconds: float) -> bool:
        """Wait until everything asked is served; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._served >= self._asked, timeout_seconds)


def poll_when_due(pollable: Pollable, clock: Clock, stop: threading.Event) -> None:
    """Poll at every due time until told to stop."""
    while not stop.wait(max(0.0, pollable.due - clock.monotonic())):
        pollable.poll()
    pollable.close()


def start(name: str, target: Callable[[], None]) -> threading.Thread:
    """Start a thread that does not keep the process alive."""
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
