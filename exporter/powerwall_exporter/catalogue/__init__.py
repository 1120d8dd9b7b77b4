"""What a payload means: every metric is a line in a family here, and all outputs follow from it."""

from collections.abc import Iterable, Iterator

from powerwall_exporter.catalogue import battery, health, meters, site
from powerwall_exporter.catalogue.family import Family
from powerwall_exporter.errors import BadShape
from powerwall_exporter.model import Json, Metric, Sample

FAMILIES: tuple[Family, ...] = tuple(
    family.labelled() for family in (*meters.FAMILIES, *battery.FAMILIES, *site.FAMILIES)
)
DEVICE_METRICS: tuple[Metric, ...] = tuple(line.metric for family in FAMILIES for line in family.fields)
METRICS: tuple[Metric, ...] = (*DEVICE_METRICS, *health.GATEWAY_METRICS, *health.EXPORTER_METRICS)

_LISTS_METERS = frozenset(meters.DEVICES)
"""Endpoints that answer with a list, or with null where there is no such meter."""


def families_of(endpoint: str) -> tuple[Family, ...]:
    """Return the families that an endpoint feeds."""
    return tuple(family for family in FAMILIES if endpoint in family.endpoints)


def read(endpoint: str, payload: Json, time_ns: int) -> tuple[Sample, ...]:
    """Return the samples of a payload that arrived at `time_ns`.

    Raises BadShape if the payload is not of this endpoint's shape, or nothing known is in it.
    """
    if endpoint in _LISTS_METERS:
        if payload is not None and not isinstance(payload, list):
            raise BadShape(f"{endpoint}: {_described(payload)}, not a list of meters")
    elif not isinstance(payload, dict):
        raise BadShape(f"{endpoint}: {_described(payload)}, not an object")
    samples = tuple(_samples(endpoint, payload, time_ns / 1e9))
    if not samples and payload not in (None, []):
        raise BadShape(f"{endpoint}: nothing known in {_described(payload)}")
    return samples


def _samples(endpoint: str, payload: Json, arrived: float) -> Iterator[Sample]:
    for family in families_of(endpoint):
        yield from family.samples(payload, arrived)


def _described(payload: Json) -> str:
    if isinstance(payload, dict):
        return "an object with " + (", ".join(sorted(payload)[:3]) or "no keys")
    return {list: "a list", str: "a text", type(None): "null"}.get(type(payload), "a number")


def unknown_words(samples: Iterable[Sample]) -> set[tuple[Metric, str]]:
    """Return the states among these samples that the catalogue does not know, for the log."""
    return {
        (sample.metric, sample.labels[-1])
        for sample in samples
        if sample.metric.states and sample.value and sample.labels[-1] not in sample.metric.states
    }
