"""How each output spells a metric; every spelling is derived from the metric's id and unit, none is typed.

The Prometheus name is the official OTLP-to-Prometheus translation of the OTLP name and unit (OpenTelemetry
specification, compatibility/prometheus_and_openmetrics.md), so that a scrape and a push give the same series.
"""

import re
from typing import NamedTuple

from powerwall_exporter.model import Kind, Metric

PREFIX = "powerwall"

_UNIT_WORDS = {
    "W": "watts",
    "J": "joules",
    "V": "volts",
    "A": "amperes",
    "Hz": "hertz",
    "Cel": "celsius",
    "s": "seconds",
}
_PER_WORDS = {"s": "second"}
_BREAKS = re.compile(r"[^a-zA-Z0-9]+")


class InfluxName(NamedTuple):
    """Where a sample stands in line protocol; `meter` is the label value that became part of the field."""

    measurement: str
    field: str
    tags: tuple[str, ...]


def otlp(metric: Metric) -> str:
    """Return the OpenTelemetry name, such as `powerwall.meter.energy.imported`."""
    return f"{PREFIX}.{metric.id}"


def prometheus(metric: Metric) -> str:
    """Return the Prometheus name, such as `powerwall_meter_energy_imported_joules_total`."""
    parts = _BREAKS.split(otlp(metric))
    parts += [word for word in _unit_words(metric.unit) if word not in parts]
    if metric.kind is Kind.COUNTER:
        parts = [part for part in parts if part != "total"] + ["total"]
    elif metric.unit == "1":
        parts = [part for part in parts if part != "ratio"] + ["ratio"]
    return "_".join(parts)


def _unit_words(unit: str) -> list[str]:
    main, _, per = unit.partition("/")
    words = [] if main in ("", "1") or "{" in main else [_UNIT_WORDS.get(main, main)]
    return words + ([f"per_{_PER_WORDS[per]}"] if per else [])


def influx(metric: Metric, labels: tuple[str, ...]) -> InfluxName:
    """Return measurement, field and tag names of a sample with these label values.

    Values of a gateway and of its meters share one wide measurement, because InfluxQL cannot calculate across
    tags or measurements; countable things have a measurement of their own, with their labels as tags.
    """
    name = prometheus(metric).removeprefix(f"{PREFIX}_").removesuffix("_total")
    if not metric.labels:
        return InfluxName(PREFIX, name, ())
    if metric.labels == ("meter",):
        return InfluxName(PREFIX, f"{labels[0]}_{name.removeprefix('meter_')}", ())
    if metric.states or metric.id.endswith("info"):
        return InfluxName(f"{PREFIX}_{_SHORT.get(name, name)}", "value", metric.labels)
    thing = metric.id.partition(".")[0]
    return InfluxName(f"{PREFIX}_{thing}", name.removeprefix(f"{thing}_"), metric.labels)


_SHORT = {"gateway_info": "info"}
"""The one measurement whose name is shorter than the rule's: the firmware of a gateway, `powerwall_info`."""
