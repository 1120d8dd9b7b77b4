"""OTLP push: readings as `MetricsData`, sent by a thread of its own through the SDK's exporter.

Instruments are not used: they stamp the time of collection, add duplicates and lose failed batches (measured).
Points carry the time at which their payload arrived, so what could not be sent is sent later as it was.
"""

import logging
import random
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Protocol

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import Metric as OtlpMetric
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from powerwall_exporter import __version__
from powerwall_exporter.catalogue import names
from powerwall_exporter.model import Kind, Metric, Reading, Sample, doubled

log = logging.getLogger(__name__)

KEEP_SECONDS = 3600.0
"""How old a reading may get while it cannot be delivered."""
MOST_WAITING = 1_000_000
"""Samples that may wait; some 90 MB, an hour of ten gateways."""
BATCH_READINGS = 200
"""Readings in one request: some thousand points, far below a collector's limit of 4 MiB."""
GATHER_SECONDS = 1.0
"""How long to wait for the other answers of a poll, so that they go in one request."""
LONGEST_PAUSE_SECONDS = 60.0
MOST_SERIES = 100_000
"""Counters whose beginning is remembered."""

Entry = tuple[str | None, Reading]


class Outcome(Enum):
    """What became of a request."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """To be tried again."""
    TOO_LARGE = "too large"
    """To be tried again in parts."""
    REFUSED = "refused"
    """Not to be tried again (OpenTelemetry protocol specification, "failures")."""


class Exporter(Protocol):
    """What delivers."""

    def export(self, metrics_data: MetricsData) -> Outcome:
        """Deliver, or say what hinders it."""
        ...

    def shutdown(self) -> None:
        """Give up what is being delivered."""
        ...


class Count(Protocol):
    """Where results are counted."""

    def __call__(self, output: str, result: str, count: int, /) -> None:
        """Count readings with this result."""
        ...


class Translator:
    """Turns readings into MetricsData; remembers when each counter began."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._scope = InstrumentationScope("powerwall_exporter", __version__)
        self._starts: dict[tuple[str | None, Metric, tuple[str, ...]], tuple[int, float]] = {}

    def metrics_data(self, entries: Iterable[Entry]) -> MetricsData:
        """Return the entries, which come in the order of their times, grouped by metric."""
        points: dict[Metric, list[NumberDataPoint]] = {}
        for gateway, reading in entries:
            for sample in reading.samples:
                points.setdefault(sample.metric, []).append(self._point(gateway, reading, sample))
        metrics = [_metric(metric, series) for metric, series in points.items()]
        return MetricsData([ResourceMetrics(self._resource, [ScopeMetrics(self._scope, metrics, "")], "")])

    def _point(self, gateway: str | None, reading: Reading, sample: Sample) -> NumberDataPoint:
        attributes = {name: word for name, word in zip(sample.metric.labels, sample.labels, strict=True) if word}
        if gateway is not None:
            attributes["gateway"] = gateway
        counts = sample.metric.kind is Kind.COUNTER
        start = self._start(gateway, reading.time_ns, sample) if counts else None
        return NumberDataPoint(attributes, start, reading.time_ns, sample.value)  # type: ignore[arg-type]  # gauges have no start; the SDK's own do the same

    def _start(self, gateway: str | None, time_ns: int, sample: Sample) -> int:
        """Return when this sequence of a counter began: at its first point, and anew where it fell.

        OpenTelemetry specification, metrics data model, "handling unknown start time".
        """
        key = (gateway, sample.metric, sample.labels)
        start, last = self._starts.get(key, (time_ns, sample.value))
        start = time_ns if sample.value < last else start
        if len(self._starts) > MOST_SERIES:
            self._starts.clear()  # only a gateway that makes up names gets here
        self._starts[key] = (start, sample.value)
        return start


def _metric(metric: Metric, points: list[NumberDataPoint]) -> OtlpMetric:
    counts = metric.kind is Kind.COUNTER
    data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True) if counts else Gauge(points)
    return OtlpMetric(names.otlp(metric), metric.help, metric.unit, data)


def resource(instance: str) -> Resource:
    """Return who sends; what the standard variables say wins.

    The instance is stable: a random one would begin new series at each start.
    """
    own = {
        "service.name": "powerwall-exporter",
        "service.version": __version__,
        "service.instance.id": instance,
        "telemetry.sdk.language": "python",
    }
    return Resource(own).merge(OTELResourceDetector().detect())


class LastWords(logging.Handler):
    """Keeps what the SDK's exporter logs, to say it once instead of four times a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first message of a failure: it names the cause, the later ones that it was given up."""
        self.said = self.said or record.getMessage()


_RETRYABLE = (429, 502, 503, 504)


class StrictExporter:
    """The SDK's http/protobuf exporter, for which a redirect is no success and the environment no trap."""

    def __init__(self, endpoint: str, timeout_seconds: float, headers: Mapping[str, str]) -> None:
        self._status = 0
        session = requests.Session()
        session.trust_env = False  # netrc would replace the headers, CURL_CA_BUNDLE the certificate (measured)
        session.hooks["response"].append(self._note)
        self._exporter = OTLPMetricExporter(
            endpoint=endpoint, timeout=timeout_seconds, headers=dict(headers) or None, session=session
        )

    def export(self, metrics_data: MetricsData) -> Outcome:
        """Deliver, or say what hinders it."""
        self._status = 0
        result = self._exporter.export(metrics_data)
        if 300 <= self._status < 400:
            logging.getLogger("opentelemetry.exporter").warning("redirected (%d); give the final URL", self._status)
        elif result is MetricExportResult.SUCCESS:
            return Outcome.DELIVERED
        if self._status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Outcome.TOO_LARGE
        return Outcome.FAILED if self._status in (0, *_RETRYABLE) else Outcome.REFUSED

    def shutdown(self) -> None:
        """Give up what is being delivered."""
        self._exporter.shutdown()

    def _note(self, response: requests.Response, *args: object, **kwargs: object) -> None:
        self._status = response.status_code


class Sender:
    """The queue of readings to deliver, and the thread's work on it."""

    def __init__(self, exporter: Exporter, translator: Translator, count: Count) -> None:
        self._exporter = exporter
        self._translator = translator
        self._count = count
        self._waiting: deque[Entry] = deque()
        self._samples = 0
        self._newest_ns = 0
        self._batch_readings = BATCH_READINGS
        self._changed = threading.Condition()
        self._stopping = False
        self._ended = threading.Event()
        self._failures = 0
        self._last_words = LastWords()

    def put(self, gateway: str | None, readings: Sequence[Reading]) -> None:
        """Queue readings; where the queue is full or too old, its oldest are dropped and counted."""
        with self._changed:
            self._waiting.extend((gateway, reading) for reading in readings)
            self._samples += sum(len(reading.samples) for reading in readings)
            self._newest_ns = max((self._newest_ns, *(reading.time_ns for reading in readings)))
            dropped = self._drop_old()
            self._changed.notify_all()
        if dropped:
            self._count("otlp", "dropped", dropped)

    def _drop_old(self) -> int:
        dropped = 0
        while self._waiting and (self._samples > MOST_WAITING or self._is_old(self._waiting[0])):
            self._take()
            dropped += 1
        return dropped

    def _is_old(self, entry: Entry) -> bool:
        return entry[1].time_ns < self._newest_ns - KEEP_SECONDS * 1e9

    def _take(self) -> Entry:
        entry = self._waiting.popleft()
        self._samples -= len(entry[1].samples)
        return entry

    def run(self) -> None:
        """Deliver what is queued until stopped; the last batch gets one try."""
        sdk = logging.getLogger("opentelemetry.exporter")
        sdk.propagate = False
        sdk.addHandler(self._last_words)
        try:
            while batch := self._next():
                if not self._deliver(batch):
                    return
        finally:
            self._ended.set()

    def stop(self, timeout_seconds: float) -> None:
        """Let `run` deliver what is queued and end, or give up at the timeout."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._ended.wait(timeout_seconds)
        self._exporter.shutdown()

    def _deliver(self, batch: list[Entry]) -> bool:
        """Deliver a batch, trying again while that makes sense; return whether to go on."""
        data = self._translator.metrics_data(batch)
        while (outcome := self._tried(data)) is Outcome.FAILED:
            self._count("otlp", "failed", len(batch))
            if self._pause():
                return False
            if self._is_old(batch[-1]):
                outcome = Outcome.REFUSED
                break
        if outcome is Outcome.TOO_LARGE and len(batch) > 1:
            self._batch_readings = len(batch) // 2
            return all(self._deliver(part) for part in (batch[: len(batch) // 2], batch[len(batch) // 2 :]))
        self._count("otlp", "delivered" if outcome is Outcome.DELIVERED else "dropped", len(batch))
        return True

    def _next(self) -> list[Entry]:
        """Return the next batch; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            self._changed.wait_for(lambda: self._stopping or len(self._waiting) >= self._batch_readings, GATHER_SECONDS)
            batch = [self._take() for _ in range(min(self._batch_readings, len(self._waiting)))]
            self._changed.notify_all()
            return batch

    def _tried(self, data: MetricsData) -> Outcome:
        """Return what came of one request, and log where that changes."""
        outcome = self._exporter.export(data)
        success = outcome is Outcome.DELIVERED
        if success and self._failures:
            log.info("OTLP: delivered again after %d failures", self._failures)
        if not success and not self._failures:
            kept = "kept and tried again for an hour" if outcome is Outcome.FAILED else "which no further try mends"
            log.warning("OTLP: not delivered, %s: %s", kept, self._last_words.said or "no reason given")
        self._failures = 0 if success else self._failures + 1
        self._last_words.said = ""
        return outcome

    def _pause(self) -> bool:
        """Wait before the next try, longer each time; return whether to end instead."""
        pause_seconds = doubled(1.0, self._failures, LONGEST_PAUSE_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        with self._changed:
            return self._changed.wait_for(lambda: self._stopping, pause_seconds)
