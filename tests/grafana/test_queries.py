"""Every query of every dashboard, asked of a real Prometheus that scrapes the exporter at two fake gateways."""

import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from grafana_dashboards import promql
from grafana_dashboards.dashboards import Dashboard, Panel
from grafana_dashboards.generate import DASHBOARDS
from grafana_dashboards.queries import PROMETHEUS, PromQL
from tests.e2e.peers import Prometheus, Series, answer, page, prometheus
from tests.e2e.programs import free_ports, started

from powerwall_fake_gateway import FakeGateway

pytestmark = pytest.mark.e2e

GATEWAYS = ("north", "south")
MORNING = datetime(2026, 6, 21, 18, 0, tzinfo=UTC)
"""In California; the sun feeds the home and charges the batteries."""
SPEED = 600.0
SCRAPE_SECONDS = 1
DAY_SECONDS = 86_400
RANGES = {"": DAY_SECONDS, "now/d": DAY_SECONDS, "30d": 30 * DAY_SECONDS}
STEPS = {"": 120, "1m": 60, "1d": DAY_SECONDS}

EXPORTER_CONFIG = """\
state_directory = "{folder}/state"
[poll]
fast = "5s"
[prometheus]
listen_address = "{page}"
"""
GATEWAY_CONFIG = """\
[[gateway]]
name = "{name}"
host = "{host}"
password = "password"
tls = "insecure"
"""
PROMETHEUS_CONFIG = f"""\
scrape_configs:
  - job_name: powerwall
    scrape_interval: {SCRAPE_SECONDS}s
    scrape_timeout: {SCRAPE_SECONDS}s
    static_configs:
      - targets: ["{{target}}"]
"""
ENERGY_FLOWS = ("imported_joules_total{meter='load'}", "exported_joules_total{meter='solar'}")
FILLED = " and ".join(
    f"(count(increase(powerwall_meter_energy_{flow}[10m]) > 0) == {len(GATEWAYS)})" for flow in ENERGY_FLOWS
)


@dataclass(frozen=True)
class Question:
    """A query of a panel."""

    dashboard: Dashboard
    panel: Panel
    query: PromQL

    def __str__(self) -> str:
        return f"{self.dashboard.topic}: {self.panel.title}: {self.query.legend}"

    def expression(self, gateway: str = ".*") -> str:
        """Return the expression as Grafana sends it."""
        step, span = STEPS[self.panel.least_step], RANGES[self.panel.since]
        macros = {
            "$__rate_interval": f"{max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s",
            "$__interval": f"{step}s",
            "$__range": f"{span}s",
            "$gateway": gateway,
        }
        text = self.query.expression
        for macro, value in macros.items():
            text = text.replace(macro, value)
        assert "$" not in text
        return text


QUESTIONS = [
    Question(dashboard, panel, query)
    for dashboard in DASHBOARDS
    for panel in dashboard.panels
    for query in panel.queries[PROMETHEUS.name]
    if isinstance(query, PromQL)
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has seen the energy of both gateways grow."""
    folder = tmp_path_factory.mktemp("dashboards")
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    with (
        FakeGateway(seed=1, speed=SPEED, start=MORNING) as north,
        FakeGateway(seed=2, speed=SPEED, start=MORNING) as south,
    ):
        hosts = zip(GATEWAYS, (north.address, south.address), strict=True)
        gateways = "".join(GATEWAY_CONFIG.format(name=name, host=host) for name, host in hosts)
        config = folder / "powerwall.toml"
        config.write_text(EXPORTER_CONFIG.format(folder=folder, page=address) + gateways)
        # By way of env, because a program is found by its plain name.
        exporter = ("env", sys.executable, "-m", "powerwall_exporter", "run", "--config", config)
        with (
            prometheus(folder, PROMETHEUS_CONFIG.format(target=address)) as running,
            started(*exporter, folder=folder),
        ):
            running.until(FILLED, seconds=60)
            yield running


def now_at(server: Prometheus, expression: str, moment: float) -> list[Series]:
    result = answer("GET", f"{server.url}/api/v1/query", query=expression, time=str(moment))["data"]["result"]
    return [Series(each["metric"], float(each["value"][1])) for each in result]


def over_range(server: Prometheus, question: Question) -> list[float]:
    step, span, end = STEPS[question.panel.least_step], RANGES[question.panel.since], time.time()
    if step == DAY_SECONDS:
        end -= end % step  # Grafana puts the steps on midnight.
    times = {"start": str(end - span // step * step), "end": str(end), "step": str(step)}
    found = answer("GET", f"{server.url}/api/v1/query_range", query=question.expression(), **times)["data"]["result"]
    return [float(value) for series in found for _, value in series["values"]]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_a_query_is_answered_with_numbers(server: Prometheus, question: Question) -> None:
    if question.query.instant:
        values = [series.value for series in now_at(server, question.expression(), time.time())]
    else:
        values = over_range(server, question)
    assert question.query.may_be_empty or any(map(math.isfinite, values)), question.expression()


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.topic)
def test_an_annotation_is_understood(server: Prometheus, dashboard: Dashboard) -> None:
    for annotation in dashboard.annotations:
        (query,) = annotation.queries[PROMETHEUS.name]
        assert isinstance(query, PromQL)
        assert server.query(query.expression.replace("$gateway", ".*")) == [], "nobody is off grid"


def test_the_gateways_to_choose_from_are_those_polled(server: Prometheus) -> None:
    assert PROMETHEUS.gateways_definition == "label_values(powerwall_up, gateway)"
    values = answer("GET", f"{server.url}/api/v1/label/gateway/values", **{"match[]": "powerwall_up"})["data"]
    assert values == list(GATEWAYS)


ADDED_UP = [
    question
    for question in QUESTIONS
    if question.panel.type == "stat" and question.panel.defaults["unit"] in ("watt", "kwatth")
]


@pytest.mark.parametrize("question", ADDED_UP, ids=str)
def test_several_gateways_are_added_up(server: Prometheus, question: Question) -> None:
    moment = time.time()

    def value(gateway: str) -> float:
        (series,) = now_at(server, question.expression(gateway), moment)
        return series.value

    assert value(".*") == pytest.approx(sum(map(value, GATEWAYS)), rel=1e-9, abs=1e-9)
    assert value("(north|south)") == value(".*")


def test_there_are_ten_numbers_to_add_up() -> None:
    assert len(ADDED_UP) == 10


def test_the_charge_of_several_gateways_is_weighted_by_capacity(server: Prometheus) -> None:
    moment = time.time()

    def by_gateway(metric: str) -> dict[str, float]:
        return {series.labels["gateway"]: series.value for series in now_at(server, metric, moment)}

    ratios = by_gateway("powerwall_battery_charge_usable_ratio")
    capacities = by_gateway("powerwall_battery_energy_capacity_joules")
    assert ratios.keys() == capacities.keys() == set(GATEWAYS)
    expected = sum(ratios[each] * capacities[each] for each in GATEWAYS) / sum(capacities.values())
    (found,) = now_at(server, promql.charge().replace("$gateway", ".*"), moment)
    assert found.value == pytest.approx(expected)


STATES = {"on": 1, "returning": 2, "off": 3, "faulted": 3, "strange": 4}
WORDS = {
    "on": "SystemGridConnected",
    "returning": "SystemTransitionToGrid",
    "off": "SystemIslandedActive",
    "faulted": "SystemMicroGridFaulted",
    "strange": "SystemSomethingNew",
}


def test_grid_states_become_the_numbers_that_the_panels_colour(tmp_path: Path) -> None:
    words = {*promql.ON_GRID, *promql.SWITCHING, *promql.OFF_GRID, *WORDS.values()}
    text = "".join(
        f'powerwall_grid_state{{gateway="{gateway}",state="{word}"}} {int(WORDS[gateway] == word)}\n'
        for gateway, word in product(WORDS, sorted(words))
    )
    with page(text) as target, prometheus(tmp_path, PROMETHEUS_CONFIG.format(target=target)) as server:
        server.until(f"count(powerwall_grid_state) == {len(WORDS) * len(words)}")
        for window in ("", "1m"):
            found = server.query(promql.grid_state(window).replace("$gateway", ".*"))
            assert {series.labels["gateway"]: series.value for series in found} == STATES
        off = server.query(f"{promql.off_grid()} == 1".replace("$gateway", ".*"))
        assert {series.labels["gateway"] for series in off} == {"off", "faulted"}
