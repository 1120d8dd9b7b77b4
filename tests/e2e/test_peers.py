"""Each real peer starts, does the one thing that the tests need of it, and is gone afterwards."""

import os
from pathlib import Path
from select import select

import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from tests.e2e.peers import collector, influxdb, page, prometheus, telegraf, telegraf_errors
from tests.e2e.programs import Peer, find, require, run, started

pytestmark = pytest.mark.e2e

OTEL = Path(__file__).parents[2] / "otel"

GOOD_PAGE = """\
# HELP house_power_watts Power of the house.
# TYPE house_power_watts gauge
house_power_watts{room="attic"} 42.5
"""

EXECD_PROGRAM = """\
#!/bin/sh
while read -r prompt; do
  echo 'house,room=attic power_watts=42.5 1700000000000000000'
done
exec >&- 2>&-; sleep 0.1
"""

TELEGRAF_CONFIG = """\
[agent]
  interval = "200ms"
  flush_interval = "200ms"
  omit_hostname = true

[[inputs.execd]]
  command = ["sh", "./program"]
  signal = "STDIN"

[[outputs.file]]
  files = ["points"]
"""

PROMETHEUS_CONFIG = """\
scrape_configs:
  - job_name: house
    scrape_interval: 200ms
    scrape_timeout: 200ms
    static_configs:
      - targets: ["{target}"]
"""


def test_telegraf_delivers_what_an_execd_program_prints_and_stops_without_an_error(tmp_path: Path) -> None:
    (tmp_path / "program").write_text(EXECD_PROGRAM)
    points = tmp_path / "points"
    with telegraf(tmp_path, TELEGRAF_CONFIG) as peer:
        line = peer.until(lambda: points.read_text(), "a point in the file").splitlines()[0]
        assert peer.stop() == 0
    assert line == "house,room=attic power_watts=42.5 1700000000000000000"
    assert telegraf_errors(peer.log()) == []


def test_telegraf_shows_a_program_that_fails_as_an_error(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("exit 1\n")
    with telegraf(tmp_path, TELEGRAF_CONFIG) as peer:
        peer.until(lambda: any("exit status 1" in line for line in telegraf_errors(peer.log())), "the exit as an error")


def test_prometheus_scrapes_a_page_and_answers_a_query(tmp_path: Path) -> None:
    with page(GOOD_PAGE) as target, prometheus(tmp_path, PROMETHEUS_CONFIG.format(target=target)) as server:
        (series,) = server.until("house_power_watts")
        assert (series.labels["room"], series.value) == ("attic", 42.5)
        assert server.query("no_such_metric") == []


def test_promtool_accepts_a_good_page() -> None:
    assert run("promtool", "check", "metrics", stdin=GOOD_PAGE).returncode == 0


def test_promtool_refuses_a_page_with_a_unit_that_is_not_a_base_unit() -> None:
    verdict = run("promtool", "check", "metrics", stdin=GOOD_PAGE.replace("watts", "milliseconds"))
    assert verdict.returncode == 3
    assert "milliseconds" in verdict.stderr


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_collector_writes_what_it_receives(tmp_path: Path, protocol: str) -> None:
    with collector(tmp_path, (OTEL / "collector.yaml").read_text()) as receiver:
        send(receiver.http if protocol == "http" else receiver.grpc, protocol)
        (point,) = receiver.until("house.power")
        assert (point.unit, point.attributes, point.value) == ("W", {"room": "attic"}, 42.5)
        assert receiver.peer.stop() == 0


def send(endpoint: str, protocol: str) -> None:
    exporter: OTLPMetricExporter | GrpcExporter
    if protocol == "http":
        exporter = OTLPMetricExporter(f"{endpoint}/v1/metrics")
    else:
        exporter = GrpcExporter(endpoint, insecure=True)
    provider = MeterProvider([PeriodicExportingMetricReader(exporter)])
    provider.get_meter("house").create_gauge("house.power", "W").set(42.5, {"room": "attic"})
    provider.shutdown()


def test_influxdb_returns_what_was_written(tmp_path: Path) -> None:
    with influxdb(tmp_path) as server:
        server.create("house")
        server.write("house", "house,room=attic power_watts=42.5 1700000000000000001\n")
        rows = server.query("SELECT * FROM house", "house")
        assert rows == [{"time": 1700000000000000001, "room": "attic", "power_watts": 42.5}]
        with pytest.raises(AssertionError, match="unable to parse"):
            server.write("house", "house power_watts=42.5 tomorrow\n")


STUBBORN = "trap '' TERM; sleep 600 & echo child $!; wait"


def child_of(peer: Peer) -> int:
    """Return a descriptor that becomes readable when the child of the program has ended."""
    return os.pidfd_open(int(peer.until(lambda: peer.log().split()[1:], "the child's number")[0]))


def test_a_failure_shows_the_log_and_leaves_no_process(tmp_path: Path) -> None:
    def fail() -> None:
        with started("sh", "-c", STUBBORN, folder=tmp_path) as peer:
            children.append(child_of(peer))
            raise ZeroDivisionError

    children: list[int] = []
    with pytest.raises(ZeroDivisionError) as failure:
        fail()
    assert "child" in "".join(failure.value.__notes__)
    assert select(children, [], [], 5)[0] == children, "the child of the program is still there"
    os.close(children[0])


def test_a_program_that_ignores_term_fails_the_test(tmp_path: Path) -> None:
    def fail() -> None:
        with started("sh", "-c", STUBBORN, folder=tmp_path) as peer:
            peer.until(lambda: "child" in peer.log(), "the trap is set")
            peer.stop(seconds=0.2)

    with pytest.raises(pytest.fail.Exception, match="did not stop"):
        fail()


def test_waiting_for_a_program_that_has_ended_fails_at_once(tmp_path: Path) -> None:
    with (
        pytest.raises(pytest.fail.Exception, match="sh ended with 3 before: a miracle"),
        started("sh", "-c", "exit 3", folder=tmp_path) as peer,
    ):
        peer.until(lambda: False, "a miracle")


def test_an_absent_program_skips_the_test_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no-such-peer is not on this machine; \.ci/peers brings it"):
        require("no-such-peer")


def test_an_absent_program_fails_the_test_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"\.ci/peers"):
        require("no-such-peer")


def test_a_program_of_the_cache_comes_before_one_of_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "sh"
    program.parent.mkdir()
    program.symlink_to("/bin/true")
    monkeypatch.setenv("POWERWALL_PEERS", str(tmp_path))
    assert find("sh") == str(program)
