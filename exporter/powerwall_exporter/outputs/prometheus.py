"""The snapshots as Prometheus metrics: read when scraped, without ever touching a gateway.

No timestamps and no created times: Prometheus would go on showing a series that is gone, and would count a
lifetime of energy as the increase of one scrape (measured).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, exposition
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from powerwall_exporter.catalogue import names
from powerwall_exporter.model import Kind, Metric, Snapshot

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
FORMATS = (TEXT, OPENMETRICS)

MetricFamily = CounterMetricFamily | GaugeMetricFamily


class SnapshotCollector(Collector):
    """Shows what is fresh in all snapshots."""

    def __init__(self, snapshots: Callable[[], Iterable[Snapshot]], metrics: Iterable[Metric]) -> None:
        self._snapshots = snapshots
        self._metrics = tuple(metrics)

    def describe(self) -> Iterator[MetricFamily]:
        """Yield every family there may be, empty, so that `name[]` can pick one."""
        return (_family(metric, ()) for metric in self._metrics)

    def collect(self) -> Iterator[MetricFamily]:
        """Yield the families that have samples now, in the order of the catalogue."""
        families: dict[Metric, MetricFamily] = {}
        for snapshot in self._snapshots():
            gateway = () if snapshot.gateway is None else (snapshot.gateway,)
            for reading in snapshot:
                for sample in reading.samples:
                    family = families.get(sample.metric)
                    if family is None:
                        family = families[sample.metric] = _family(sample.metric, ("gateway",) if gateway else ())
                    family.add_metric((*gateway, *sample.labels), sample.value)
        return (families[metric] for metric in self._metrics if metric in families)


def _family(metric: Metric, before: tuple[str, ...]) -> MetricFamily:
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    return kind(names.prometheus(metric), metric.help, labels=(*before, *metric.labels))


class Page:
    """The exposition of all snapshots and of this process."""

    def __init__(self, snapshots: Callable[[], Iterable[Snapshot]], metrics: Iterable[Metric]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(SnapshotCollector(snapshots, metrics))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def render(self, content_type: str, wanted: Iterable[str] = ()) -> bytes:
        """Return the page in one of the formats, restricted to the wanted names if there are any."""
        chosen: Any = self._registry
        if names_wanted := list(wanted):
            chosen = self._registry.restricted_registry(names_wanted)
        generate: Callable[[Any], bytes] = (
            openmetrics.generate_latest if content_type == OPENMETRICS else exposition.generate_latest
        )
        return generate(chosen)
