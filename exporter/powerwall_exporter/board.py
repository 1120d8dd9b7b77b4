"""Where the newest readings of every gateway hang, and who is told of new ones.

A snapshot is swapped whole, so a reader never sees half an answer; sinks are told on the publisher's thread and
must not block. Knows no metric.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from powerwall_exporter.model import Clock, Reading, Snapshot

Sink = Callable[[str | None, Sequence[Reading]], None]


class Board:
    """The snapshots of all gateways, and of the exporter itself under None."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._snapshots: dict[str | None, Snapshot] = {}
        self._sinks: list[Sink] = []

    def subscribe(self, sink: Sink) -> None:
        """Tell this sink of every reading published from now on."""
        self._sinks.append(sink)

    def publish(self, gateway: str | None, readings: Sequence[Reading]) -> None:
        """Replace the readings of their sources by these, and tell the sinks."""
        with self._lock:
            before = self._snapshots.get(gateway, Snapshot(gateway))
            self._snapshots[gateway] = before.updated(readings)
        for sink in self._sinks:
            sink(gateway, readings)

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return what is fresh, by gateway."""
        now = self._clock.monotonic()
        with self._lock:
            snapshots = tuple(self._snapshots.values())
        return tuple(snapshot.fresh(now) for snapshot in snapshots)


class Tally:
    """Counts that several threads add to and one reads: readings by (output, result)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def start(self, output: str, results: Iterable[str]) -> None:
        """Begin an output's counts at 0, so that a first failure is a step and not a new series."""
        with self._lock:
            self._counts.update({(output, result): 0 for result in results})

    def add(self, output: str, result: str, count: int) -> None:
        """Count readings of an output that met with this result."""
        with self._lock:
            self._counts[output, result] += count

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the counts so far."""
        with self._lock:
            return dict(self._counts)
