"""The catalogue for readers: as a table, as Markdown, as JSON; what the docs show is made here."""

import json
from collections.abc import Iterator
from typing import Any

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import health, names
from powerwall_exporter.model import Metric

FORMATS = ("table", "markdown", "json")


def rendered(form: str) -> str:
    """Return the reference in one of the formats."""
    return {"table": _table, "markdown": _markdown, "json": _json}[form]()


def entries() -> Iterator[dict[str, Any]]:
    """Yield what there is to know of each metric, as plain data."""
    for family in catalogue.FAMILIES:
        for line in family.fields:
            yield _entry(line.metric, ", ".join(family.endpoints))
    for metric in (*health.GATEWAY_METRICS, *health.EXPORTER_METRICS):
        yield _entry(metric, "")


def _entry(metric: Metric, source: str) -> dict[str, Any]:
    own = [] if metric in health.EXPORTER_METRICS else ["gateway"]
    place = names.influx(metric, tuple(f"<{label}>" for label in metric.labels))
    return {
        "id": metric.id,
        "otlp": names.otlp(metric),
        "prometheus": names.prometheus(metric),
        "influx": {"measurement": place.measurement, "field": place.field, "tags": [*own, *place.tags]},
        "kind": metric.kind.value,
        "unit": metric.unit,
        "labels": list(metric.labels),
        "states": list(metric.states),
        "help": metric.help,
        "source": source,
        "path": metric.path,
    }


def _json() -> str:
    return json.dumps(list(entries()), indent=2)


def _table() -> str:
    rows = [(entry["prometheus"], entry["kind"], ",".join(entry["labels"]), entry["help"]) for entry in entries()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{name:{widths[0]}}  {kind:{widths[1]}}  {labels:{widths[2]}}  {text}" for name, kind, labels, text in rows
    )


def _markdown() -> str:
    return "\n".join(_markdown_lines())


def _markdown_lines() -> Iterator[str]:
    source = None
    for entry in entries():
        if entry["source"] != source:
            source = entry["source"]
            yield f"\n## {f'From `{source}`' if source else 'The exporter itself'}\n"
            yield "| Prometheus | OTLP, unit | Influx: measurement, field | Labels | Meaning |"
            yield "|---|---|---|---|---|"
        labels = ", ".join(f"`{label}`" for label in entry["labels"])
        unit = f", `{entry['unit']}`" if entry["unit"] else ""
        influx = f"`{entry['influx']['measurement']}`, `{entry['influx']['field']}`"
        yield f"| `{entry['prometheus']}` | `{entry['otlp']}`{unit} | {influx} | {labels} | {entry['help']} |"
