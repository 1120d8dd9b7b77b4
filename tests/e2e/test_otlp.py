"""A real OpenTelemetry Collector receives what the gateway said, when it was said, even if it comes late."""

import socket
import time
from pathlib import Path

import pytest
from tests.e2e.conftest import Exporter, Run, answered, expected
from tests.e2e.peers import Collector, Point, collector
from tests.e2e.programs import free_ports

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import names
from powerwall_fake_gateway import FakeGateway
from spelled import labelled

pytestmark = pytest.mark.e2e

SAMPLE = (Path(__file__).parents[2] / "otel" / "collector.yaml").read_text()
FAST_POLLS = '[poll]\nfast = "5s"\n'
METRICS = {names.otlp(metric): metric for metric in catalogue.METRICS}
POLLS = 'powerwall_polls_total{gateway="home"}'
FAILED = 'powerwall_exporter_output_readings_total{output="otlp",result="failed"}'
DEVICE = {names.otlp(metric) for metric in catalogue.DEVICE_METRICS}


def times(points: list[Point], name: str) -> list[int]:
    """Return the times at which a metric was told, each once."""
    return sorted({point.time_ns for point in points if point.name == name})


def test_the_collector_receives_every_value_with_its_unit_kind_and_time(
    tmp_path: Path, run_exporter: Run, gateway: FakeGateway
) -> None:
    began_ns = time.time_ns()
    with (
        collector(tmp_path, SAMPLE) as receiver,
        run_exporter(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.http) as exporter,
    ):
        receiver.until("powerwall.up")
        points = receiver.points()
        assert exporter.peer.stop() == 0
        identity = {"service.name": "powerwall-exporter", "service.instance.id": instance(exporter)}
    device = [point for point in points if point.name in DEVICE]
    found = {(names.prometheus(METRICS[each.name]), labelled(**each.attributes)): each.value for each in device}
    (status_ns,) = times(points, "powerwall.gateway.uptime")
    assert found == expected(gateway, status_ns)
    assert len(device) == len(found), "a point came twice"
    spelled = {name: (metric.unit, metric.kind.value) for name, metric in METRICS.items()}
    assert all(spelled[point.name] == (point.unit, point.kind) for point in points)
    assert all(began_ns < point.time_ns < time.time_ns() for point in points)
    assert all(identity.items() <= point.resource.items() for point in points)


def instance(exporter: Exporter) -> str:
    return f"{socket.gethostname()}:{exporter.address.rpartition(':')[2]}"


def test_counters_begin_at_their_first_point(tmp_path: Path, run_exporter: Run) -> None:
    with (
        collector(tmp_path, SAMPLE) as receiver,
        run_exporter(FAST_POLLS, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.http),
    ):
        receiver.peer.until(lambda: len(meter_times(receiver)) > 1, "two polls")
        points = receiver.points()
    energies = [point for point in points if point.name == "powerwall.meter.energy.imported"]
    assert {(point.unit, point.kind) for point in energies} == {("J", "counter")}
    assert {point.start_ns for point in energies} == {min(point.time_ns for point in energies)}
    assert {point.start_ns for point in points if point.kind == "gauge"} == {0}


def test_what_a_collector_missed_comes_when_it_is_there_with_its_own_time(
    tmp_path: Path, run_exporter: Run, gateway: FakeGateway
) -> None:
    ports = free_ports(2)
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{ports[1]}",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1000",
    }
    with run_exporter(FAST_POLLS, **variables) as exporter:
        exporter.peer.until(lambda: count(exporter, POLLS) > 1 and count(exporter, FAILED) > 1, "polls not delivered")
        began_ns = time.time_ns()
        with collector(tmp_path, SAMPLE, ports) as receiver:
            receiver.peer.until(lambda: len(meter_times(receiver)) == answered(gateway), "every poll")
            assert meter_times(receiver)[1] < began_ns
            assert exporter.peer.stop() == 0


def count(exporter: Exporter, series: str) -> float:
    """Return the value of a series on the exporter's page."""
    return next(float(line.split()[-1]) for line in exporter.page().splitlines() if line.startswith(series))


def meter_times(receiver: Collector) -> list[int]:
    """Return the times at which the power of the meters was told, each once."""
    return times(receiver.points(), "powerwall.meter.power")
