"""What each output says, read back by another program's parser, as {(Prometheus name, labels): value}."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import line_protocol_parser
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.resources import Resource
from prometheus_client.metrics_core import Metric as Metrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import names
from powerwall_exporter.model import Metric, Reading, Snapshot
from powerwall_exporter.outputs import influx
from powerwall_exporter.outputs.otlp import Translator
from powerwall_exporter.outputs.prometheus import OPENMETRICS, TEXT, Page

Labels = frozenset[tuple[str, str]]
Series = dict[tuple[str, Labels], float]

BY_PROMETHEUS_NAME = {names.prometheus(metric): metric for metric in catalogue.METRICS}


class Point(NamedTuple):
    """A line of line protocol, decoded."""

    measurement: str
    tags: Labels
    fields: dict[str, float]
    time_ns: int


def labelled(**labels: str) -> Labels:
    """Return labels; those that are empty are none."""
    return frozenset((name, word) for name, word in labels.items() if word)


def prometheus(snapshots: Iterable[Snapshot], content_type: str = TEXT) -> Series:
    """Return the page of these snapshots as its own parser reads it."""
    page = Page(lambda: snapshots, catalogue.METRICS).render(content_type).decode()
    parse: Callable[[str], Iterable[Metrics]] = openmetrics_families if content_type == OPENMETRICS else text_families
    families = parse(page)
    samples = chain.from_iterable(family.samples for family in families)
    return {
        (sample.name, labelled(**sample.labels)): sample.value
        for sample in samples
        if sample.name in BY_PROMETHEUS_NAME
    }


def points(gateway: str | None, readings: Sequence[Reading]) -> list[Point]:
    """Return the line protocol of these readings as an InfluxDB parser reads it."""
    return [
        Point(
            line["measurement"],
            labelled(**line["tags"]),
            {k: float(v) for k, v in line["fields"].items()},
            line["time"],
        )
        for line in map(line_protocol_parser.parse_line, influx.lines(gateway, readings).decode().splitlines())
    ]


def influx_series(gateway: str | None, readings: Sequence[Reading]) -> Series:
    """Return the line protocol of these readings under the Prometheus names that their places stand for."""
    places = _places(gateway, readings)
    return {
        places[point.measurement, point.tags, field]: value
        for point in points(gateway, readings)
        for field, value in point.fields.items()
    }


def _places(gateway: str | None, readings: Sequence[Reading]) -> dict[tuple[str, Labels, str], tuple[str, Labels]]:
    """Return which series each (measurement, tags, field) stands for, worked out without the encoder."""
    known: dict[tuple[str, Labels, str], tuple[str, Labels]] = {}
    for sample in chain.from_iterable(reading.samples for reading in readings):
        labels = dict(zip(sample.metric.labels, sample.labels, strict=True))
        place = names.influx(sample.metric, sample.labels)
        of_gateway = {"gateway": gateway} if gateway is not None else {}
        tags = labelled(**{name: labels[name] for name in place.tags}, **of_gateway)
        known[place.measurement, tags, place.field] = (
            names.prometheus(sample.metric),
            labelled(**labels, **of_gateway),
        )
    return known


def otlp(gateway: str | None, readings: Sequence[Reading]) -> dict[tuple[str, Labels], tuple[float, int]]:
    """Return the OTLP request of these readings, decoded from its bytes, as {(name, labels): (value, time)}."""
    translator = Translator(Resource({}))
    request = encode_metrics(translator.metrics_data((gateway, reading) for reading in readings))
    again = type(request).FromString(request.SerializeToString())
    found = {}
    for metric in again.resource_metrics[0].scope_metrics[0].metrics:
        data = metric.sum if metric.HasField("sum") else metric.gauge
        for point in data.data_points:
            attributes = {attribute.key: attribute.value.string_value for attribute in point.attributes}
            found[metric.name, labelled(**attributes)] = (point.as_double, point.time_unix_nano)
    return found


def otlp_series(gateway: str | None, readings: Sequence[Reading]) -> Series:
    """Return the OTLP request of these readings under the Prometheus names of its metrics."""
    spelled = {names.otlp(metric): names.prometheus(metric) for metric in catalogue.METRICS}
    return {(spelled[name], labels): value for (name, labels), (value, _) in otlp(gateway, readings).items()}


def metric(prometheus_name: str) -> Metric:
    """Return the metric of that name."""
    return BY_PROMETHEUS_NAME[prometheus_name]
