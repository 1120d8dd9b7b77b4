"""A real Prometheus and its promtool take the page as it is, and lose nothing but what is no longer known."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text
from tests.e2e.conftest import Run, expected
from tests.e2e.peers import Prometheus, prometheus
from tests.e2e.programs import run

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import names
from powerwall_exporter.gateway.endpoints import ENDPOINTS, Pace
from powerwall_exporter.outputs.prometheus import OPENMETRICS
from powerwall_fake_gateway import FakeGateway
from spelled import Series, labelled

pytestmark = pytest.mark.e2e

strict: Callable[[str], Iterable[Metric]] = openmetrics.text_string_to_metric_families

FAST_POLLS = '[poll]\nfast = "5s"\n'
FAST = {endpoint.path for endpoint in ENDPOINTS if endpoint.pace is Pace.FAST}
STATUS_ARRIVED = 'powerwall_endpoint_last_success_timestamp_seconds{endpoint="/api/status"}'
WITHDRAWN_SECONDS = 60

SCRAPE = """\
scrape_configs:
  - job_name: powerwall
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs:
      - targets: ["{target}"]
"""


def test_promtool_has_nothing_to_say_about_the_page(run_exporter: Run) -> None:
    with run_exporter() as exporter:
        verdict = run("promtool", "check", "metrics", stdin=exporter.page())
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


def test_the_strict_parser_takes_the_openmetrics_page(run_exporter: Run) -> None:
    with run_exporter() as exporter:
        page, plain = exporter.page(OPENMETRICS), exporter.page()
    device = {names.prometheus(metric) for metric in catalogue.DEVICE_METRICS}
    samples = [sample for family in strict(page) for sample in family.samples if sample.name in device]
    assert samples == [sample for family in text(plain) for sample in family.samples if sample.name in device]
    assert len(samples) >= 120


def test_prometheus_scrapes_every_value_of_the_gateway(tmp_path: Path, run_exporter: Run, gateway: FakeGateway) -> None:
    with run_exporter() as exporter, prometheus(tmp_path, SCRAPE.format(target=exporter.address)) as server:
        server.until('powerwall_up{gateway="home"} == 1')
        assert len(server.query("up == 1")) == 1
        (status,) = server.query(STATUS_ARRIVED)
        found = device_series(server)
        meters = [
            sample for family in text(exporter.page()) for sample in family.samples if "meter_power" in sample.name
        ]
        assert exporter.peer.stop() == 0
    assert found == expected(gateway, round(status.value * 1e9))
    assert len(found) >= 120
    assert len(meters) == 4
    assert all(found[meter.name, labelled(**meter.labels)] == meter.value for meter in meters)


def device_series(server: Prometheus) -> Series:
    """Return the series of an instant query for everything that gateways said."""
    device = {names.prometheus(metric) for metric in catalogue.DEVICE_METRICS}
    found = {}
    for labels, value in server.query('{job="powerwall"}'):
        own = {name: word for name, word in labels.items() if name not in ("__name__", "job", "instance")}
        if labels["__name__"] in device:
            found[labels["__name__"], labelled(**own)] = value
    return found


def test_what_is_no_longer_known_is_gone(tmp_path: Path, run_exporter: Run, gateway: FakeGateway) -> None:
    fast = {
        names.prometheus(line.metric) for path in FAST for each in catalogue.families_of(path) for line in each.fields
    }
    anything = f'{{__name__=~"{"|".join(fast)}"}}'
    with run_exporter(FAST_POLLS) as exporter, prometheus(tmp_path, SCRAPE.format(target=exporter.address)) as server:
        assert len(server.until(anything)) > 50
        gateway.stop()
        server.until('powerwall_up{gateway="home"} == 0')
        server.until(f"absent({anything})", WITHDRAWN_SECONDS)
        assert len(server.query("up == 1")) == 1
