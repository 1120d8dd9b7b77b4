"""The shape of the catalogue: a family of metrics that one payload feeds, a line each.

A family says which endpoints feed it and how a payload splits into rows; a field says what one line reads
from a row. Knows no metric by name.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from math import isfinite
from typing import NamedTuple

from powerwall_exporter.catalogue import values
from powerwall_exporter.model import Json, Kind, Metric, Sample

W, VAR, VA, J, V, A, HZ, CELSIUS, S, RATIO = "W", "var", "VA", "J", "V", "A", "Hz", "Cel", "s", "1"
NO_UNIT = ""

WATT_HOUR = 3600.0
"""Joules."""
KILO = 1e3

MOST_ROWS = 100
"""Rows that one payload may bring; a gateway has at most ten packs and a handful of meters."""

Node = Mapping[str, Json]
Found = Iterable[tuple[tuple[str, ...], float]]
Read = Callable[[Node, float], Found]
Convert = Callable[[Json], float | None]


class Row(NamedTuple):
    """A part of a payload with the label values that tell it from its siblings."""

    labels: tuple[str, ...]
    node: Node


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the catalogue: a metric, and what it reads from a row as (further label values, value).

    `read` takes the row and the Unix time in seconds at which the payload arrived.
    """

    metric: Metric
    read: Read


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics that come from the same rows of the same payloads."""

    endpoints: tuple[str, ...]
    rows: Callable[[Json], Iterable[Row]]
    fields: tuple[Field, ...]
    labels: tuple[str, ...] = ()

    def labelled(self) -> "Family":
        """Return the family with its labels put before those of each metric."""
        fields = tuple(
            replace(line, metric=replace(line.metric, labels=self.labels + line.metric.labels)) for line in self.fields
        )
        return replace(self, fields=fields)

    def samples(self, payload: Json, arrived: float) -> Iterator[Sample]:
        """Yield what a payload that arrived at that Unix time says, each series once."""
        seen: set[tuple[str, tuple[str, ...]]] = set()
        for row in islice(self.rows(payload), MOST_ROWS):
            for line in self.fields:
                for extra, value in line.read(row.node, arrived):
                    labels = row.labels + extra
                    # A number near the largest there is becomes infinite by its unit.
                    if isfinite(value) and (line.metric.id, labels) not in seen:
                        seen.add((line.metric.id, labels))
                        yield Sample(line.metric, labels, value)


def whole(payload: Json) -> Iterator[Row]:
    """Yield the payload itself as the only row."""
    if isinstance(payload, dict):
        yield Row((), payload)


def _single(key: str, convert: Convert, scale: float) -> Read:
    def single(node: Node, arrived: float) -> Found:
        value = convert(node.get(key))
        if value is not None:
            yield (), value * scale

    return single


def gauge(
    metric_id: str, unit: str, key: str, help_text: str, *, scale: float = 1.0, convert: Convert = values.number
) -> Field:
    """Return a line for a value that goes up and down; `scale` turns the payload's unit into `unit`."""
    return Field(Metric(metric_id, unit, Kind.GAUGE, help_text, path=key), _single(key, convert, scale))


def counter(metric_id: str, unit: str, key: str, help_text: str, *, scale: float = 1.0) -> Field:
    """Return a line for a lifetime total; `scale` turns the payload's unit into `unit`."""
    return Field(Metric(metric_id, unit, Kind.COUNTER, help_text, path=key), _single(key, values.number, scale))


def flag(metric_id: str, key: str, help_text: str) -> Field:
    """Return a line for a bool: 1 is true, 0 is false."""
    return gauge(metric_id, NO_UNIT, key, help_text, convert=values.flag)


def timestamp(metric_id: str, key: str, help_text: str) -> Field:
    """Return a line for a time, in Unix seconds; the gateway's zero time is no time."""
    return gauge(metric_id, S, key, help_text, convert=values.unix_time)


def states(metric_id: str, key: str, known: tuple[str, ...], help_text: str, *, label: str = "state") -> Field:
    """Return a line for a state set: every known state is 0 or 1, an unknown one appears as itself."""

    def state_set(node: Node, arrived: float) -> Found:
        current = values.word(node.get(key))
        if current is not None:
            for state in known if current in known else (*known, current):
                yield (state,), float(state == current)

    return Field(Metric(metric_id, NO_UNIT, Kind.GAUGE, help_text, (label,), known, path=key), state_set)


def info(metric_id: str, keys: Mapping[str, str], help_text: str) -> Field:
    """Return a line for words that describe a thing: labels by name, each from its key, the value is always 1."""

    def words(node: Node, arrived: float) -> Found:
        found = tuple(values.word(node.get(key)) or "" for key in keys.values())
        if any(found):
            yield found, 1.0

    return Field(Metric(metric_id, NO_UNIT, Kind.GAUGE, help_text, tuple(keys), path=", ".join(keys.values())), words)


def computed(
    metric_id: str, unit: str, help_text: str, value_of: Callable[[Node, float], float | None], *, path: str
) -> Field:
    """Return a line for a gauge that takes more than one key of the row, or the time of arrival."""

    def compute(node: Node, arrived: float) -> Found:
        value = value_of(node, arrived)
        if value is not None:
            yield (), value

    return Field(Metric(metric_id, unit, Kind.GAUGE, help_text, path=path), compute)


def present(metric_id: str, help_text: str, *, path: str) -> Field:
    """Return a line that is 1 for each row there is, and absent afterwards."""
    return computed(metric_id, NO_UNIT, help_text, lambda node, arrived: 1.0, path=path)
