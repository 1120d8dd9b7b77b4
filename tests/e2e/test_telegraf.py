"""A real Telegraf with our sample configuration: every value arrives, none is lost, and its log stays clean."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import line_protocol_parser
import pytest
from tests.e2e.conftest import NAME, Environment, Sample, answered, expected
from tests.e2e.peers import telegraf, telegraf_errors
from tests.e2e.programs import Peer, run

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import names
from powerwall_exporter.model import Metric
from powerwall_fake_gateway import FakeGateway
from powerwall_fake_gateway.faults import Delay
from spelled import BY_PROMETHEUS_NAME, Labels, labelled

pytestmark = pytest.mark.e2e

SOON = {"interval": "200ms", "flush_interval": "200ms", "files": ["points"]}
CYCLES = 10
WATT_HOUR_JOULES = 3600


class Value(NamedTuple):
    """A field of a point."""

    measurement: str
    tags: Labels
    field: str
    value: float
    time_ns: int


def written(folder: Path) -> list[Value]:
    """Return what Telegraf has written to its file so far, but for a line that it is still writing."""
    file = folder / "points"
    text = file.read_text() if file.exists() else ""
    return list(decoded(line for line in text.splitlines(keepends=True) if line.endswith("\n")))


def decoded(lines: Iterator[str]) -> Iterator[Value]:
    for line in lines:
        point = line_protocol_parser.parse_line(line)
        for field, value in point["fields"].items():
            assert type(value) is float, f"{field} is no float: {line}"
            yield Value(point["measurement"], labelled(**point["tags"]), field, value, point["time"])


def wide(folder: Path, field: str) -> list[float]:
    """Return the values of a field of the wide measurement, in the order in which they were written."""
    return [each.value for each in written(folder) if (each.measurement, each.field) == ("powerwall", field)]


def place(metric: Metric, labels: Labels) -> tuple[str, Labels, str]:
    """Return measurement, tags and field that a series of Prometheus has in line protocol."""
    words = dict(labels)
    name = names.influx(metric, tuple(words.get(label, "") for label in metric.labels))
    return name.measurement, labelled(gateway=NAME, **{tag: words.get(tag, "") for tag in name.tags}), name.field


def stop(peer: Peer) -> None:
    """Stop Telegraf, which must have nothing to complain about, and must have started the exporter once."""
    assert peer.stop() == 0
    assert telegraf_errors(peer.log()) == []
    assert peer.log().count("Starting process") == 1


def test_telegraf_writes_every_value_of_the_gateway(tmp_path: Path, gateway: FakeGateway, sample: Sample) -> None:
    began_ns = time.time_ns()
    with telegraf(tmp_path, sample("telegraf.conf", **SOON)) as peer:
        peer.until(lambda: 1.0 in wide(tmp_path, "up"), "the end of a poll")
        stop(peer)
    own, values = split(written(tmp_path))
    assert {(each.measurement, each.field) for each in own} == {
        ("powerwall_exporter_build_info", "value"),
        ("powerwall_exporter", "output_readings"),
    }
    found = {each[:3]: each.value for each in values}
    series = expected(gateway, next(each.time_ns for each in values if each.field == "gateway_uptime_seconds"))
    assert {key: value for key, value in found.items() if not tells_of_polls(*key)} == {
        place(BY_PROMETHEUS_NAME[name], labels): value for (name, labels), value in series.items()
    }
    assert all(began_ns < each.time_ns < time.time_ns() for each in values)
    assert {dict(each.tags)["gateway"] for each in values} == {NAME}
    assert "host" not in {tag for each in values for tag, _ in each.tags}


def split(values: list[Value]) -> tuple[list[Value], list[Value]]:
    """Return what the exporter says of itself, without a gateway, and the rest."""
    own = [each for each in values if each.measurement.startswith("powerwall_exporter")]
    return own, [each for each in values if each not in own]


def tells_of_polls(measurement: str, tags: Labels, field: str) -> bool:
    """Tell whether a field is the exporter's own account and nothing that the gateway said."""
    account = [metric for metric in catalogue.METRICS if metric not in catalogue.DEVICE_METRICS]
    return (measurement, tags, field) in {place(metric, tags) for metric in account}


def test_telegraf_writes_what_is_so_in_the_house(tmp_path: Path, gateway: FakeGateway, sample: Sample) -> None:
    with telegraf(tmp_path, sample("telegraf.conf", **SOON)) as peer:
        peer.until(lambda: wide(tmp_path, "backup_reserve_ratio"), "the last poll of the first prompt")
        stop(peer)
    truth = gateway.truth()
    for meter in ("site", "battery", "load", "solar"):
        so = getattr(truth, meter)
        assert wide(tmp_path, f"{meter}_power_watts")[0] == so.power_watts
        for direction in ("imported", "exported"):
            joules = getattr(so, f"{direction}_watt_hours") * WATT_HOUR_JOULES
            assert wide(tmp_path, f"{meter}_energy_{direction}_joules")[0] == pytest.approx(joules)
    assert wide(tmp_path, "battery_charge_ratio")[0] == pytest.approx(truth.charge_ratio, abs=1e-4)
    assert wide(tmp_path, "backup_reserve_ratio")[0] == pytest.approx(truth.reserve_ratio)


@pytest.mark.parametrize("variable", ["POWERWALL_PASSWORD", "CREDENTIALS_DIRECTORY"])
def test_the_password_may_come_from_the_environment_of_telegraf_or_from_a_credential(
    tmp_path: Path, environment: Environment, sample: Sample, variable: str
) -> None:
    password = Path(environment.pop("POWERWALL_PASSWORD_FILE"))
    password.rename(tmp_path / "telegraf.powerwall_password")
    inherited = {"POWERWALL_PASSWORD": "password", "CREDENTIALS_DIRECTORY": str(tmp_path)}[variable]
    with telegraf(tmp_path, sample("telegraf.conf", **SOON), {variable: inherited}) as peer:
        peer.until(lambda: 1.0 in wide(tmp_path, "up"), "the end of a poll")
        stop(peer)


def test_no_batch_is_lost_when_telegraf_stops_during_a_poll(
    tmp_path: Path, gateway: FakeGateway, sample: Sample
) -> None:
    gateway.add(Delay(0.03))
    for cycle in range(CYCLES):
        stop_during_a_poll(tmp_path, gateway, sample, requests=1 + cycle)
        assert len(wide(tmp_path, "site_power_watts")) == answered(gateway) > cycle
    assert gateway.logins == 1, "the token did not survive"
    assert gateway.forbidden_calls == []


def stop_during_a_poll(folder: Path, gateway: FakeGateway, sample: Sample, requests: int) -> None:
    """Start Telegraf, and stop it as soon as its first poll has sent so many requests."""
    before = len(gateway.requests)
    with telegraf(folder, sample("telegraf.conf", **SOON)) as peer:
        peer.until(lambda: len(gateway.requests) >= before + requests, "the poll has come so far")
        stop(peer)


def test_a_wrong_password_is_a_point_and_no_error_of_telegraf(
    tmp_path: Path, gateway: FakeGateway, sample: Sample
) -> None:
    gateway.set_password("another")
    with telegraf(tmp_path, sample("telegraf.conf", **SOON)) as peer:
        peer.until(lambda: len(wide(tmp_path, "up")) > 5, "points")
        stop(peer)
        assert "refused the password" in peer.log()
    assert set(wide(tmp_path, "up")) == {0.0}
    assert wide(tmp_path, "site_power_watts") == []
    assert gateway.logins == 1


def test_a_gateway_that_is_away_is_a_point_until_it_comes_back(
    tmp_path: Path, gateway: FakeGateway, sample: Sample
) -> None:
    gateway.stop()
    with telegraf(tmp_path, sample("telegraf.conf", **SOON)) as peer:
        peer.until(lambda: len(wide(tmp_path, "up")) > 5, "points")
        assert set(wide(tmp_path, "up")) == {0.0}
        gateway.start()
        peer.until(lambda: 1.0 in wide(tmp_path, "up"), "the gateway is back")
        stop(peer)
    assert len(wide(tmp_path, "site_power_watts")) == answered(gateway) > 0


def test_telegraf_tests_the_sample_by_printing_a_poll(tmp_path: Path, gateway: FakeGateway, sample: Sample) -> None:
    file = tmp_path / "telegraf.conf"
    file.write_text(sample("telegraf.conf"))
    printed = run("telegraf", "--config", file, "--test")
    assert (printed.returncode, telegraf_errors(printed.stderr)) == (0, [])
    values = list(decoded(line.removeprefix("> ") for line in printed.stdout.splitlines()))
    assert gateway.truth().site.power_watts in {each.value for each in values if each.field == "site_power_watts"}
