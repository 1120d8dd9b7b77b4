"""The words all layers share: metric, sample, reading, snapshot; clock and secret.

Knows nothing of a gateway's payloads and nothing of an output's spelling.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""What `json.loads` gives; it stops in the catalogue."""


class Kind(StrEnum):
    """How a metric behaves over time."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric: what it means, never how an output spells it; each is one object, compared by identity.

    `id` is lower case with dots; `unit` is UCUM, empty for flags, states and infos; `labels` are the names
    besides `gateway`; `states` lists the known values of the last label of a state set.
    """

    id: str
    unit: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    path: str = ""
    """Where in the payload the value stands, for the documentation."""


class Sample(NamedTuple):
    """A value of a metric; `labels` are the values in the order of `metric.labels`."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source said at one moment.

    `time_ns` is the Unix time at which the payload arrived; `expires` is the monotonic time in seconds after
    which nobody may pass it on as news.
    """

    source: str
    time_ns: int
    expires: float
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest reading of each source of one gateway; of the exporter itself where `gateway` is None."""

    gateway: str | None
    readings: Mapping[str, Reading] = field(default_factory=dict)

    def updated(self, readings: Iterable[Reading]) -> "Snapshot":
        """Return a snapshot in which these readings replace the older ones of their sources."""
        return replace(self, readings={**self.readings, **{reading.source: reading for reading in readings}})

    def fresh(self, now: float) -> "Snapshot":
        """Return a snapshot without what has expired at the monotonic time `now`."""
        return replace(
            self, readings={source: reading for source, reading in self.readings.items() if now < reading.expires}
        )

    def __iter__(self) -> Iterator[Reading]:
        return iter(self.readings.values())


class Clock(Protocol):
    """The two clocks: one to schedule by, one to stamp with."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        ...

    def time_ns(self) -> int:
        """Return nanoseconds since 1970."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()

    def time_ns(self) -> int:
        """Return nanoseconds since 1970."""
        return time.time_ns()


def doubled(first_seconds: float, times: int, longest_seconds: float) -> float:
    """Return a pause that doubles with each failure up to the longest, however many there were."""
    # The exponent is bounded first: after a day of failures the power alone would overflow.
    return min(first_seconds * 2.0 ** min(times, 32), longest_seconds)


class Secret:
    """A word that only `reveal()` shows."""

    __slots__ = ("_word",)

    def __init__(self, word: str) -> None:
        self._word = word

    def reveal(self) -> str:
        """Return the word itself; for the one place that sends it."""
        return self._word

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._word == self._word

    def __hash__(self) -> int:
        return hash(self._word)


class FileSecret(Secret):
    """A word in a file, read anew each time: its owner may correct it while we run."""

    __slots__ = ("_file",)

    def __init__(self, word: str, file: Path) -> None:
        super().__init__(word)
        self._file = file

    def reveal(self) -> str:
        """Return the word that is in the file now; the one before where it cannot be read."""
        with suppress(OSError, UnicodeDecodeError):
            self._word = self._file.read_text(encoding="utf-8-sig").strip() or self._word
        return self._word
