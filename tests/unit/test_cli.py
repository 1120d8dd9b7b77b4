"""The commands as a person meets them: exit codes, one line per problem, output to build on."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from execd import environment
from powerwall_exporter import catalogue
from powerwall_exporter.cli import main
from powerwall_fake_gateway import FakeGateway
from powerwall_fake_gateway.faults import Status

BARE = {
    name: value for name, value in os.environ.items() if not name.startswith(("POWERWALL_", "OTEL_", "CREDENTIALS"))
}


def ran(*arguments: str, variables: Mapping[str, str] = BARE) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "powerwall_exporter", *arguments]
    return subprocess.run(command, env=dict(variables), capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def running(*arguments: str, variables: Mapping[str, str] = BARE) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "powerwall_exporter", *arguments]
    with subprocess.Popen(
        command, env=dict(variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def page_of(process: "subprocess.Popen[str]") -> str:
    """Return the URL that a running exporter says it serves."""
    assert process.stderr is not None
    for line in process.stderr:
        if match := re.search(r"page: (http://\S+)", line):
            return match[1]
    raise AssertionError(f"no page; exit code {process.wait()}")


def until(url: str, part: str) -> str:
    """Scrape until the page has this part."""
    while True:
        with urllib.request.urlopen(url, timeout=20) as response:  # noqa: S310 - our own page on loopback
            page: str = response.read().decode()
        if part in page:
            return page


def test_nothing_configured_names_both_variables_and_exits_2() -> None:
    result = ran("run", "--web.listen-address", "127.0.0.1:0")
    assert result.returncode == 2
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["POWERWALL_HOST", "POWERWALL_PASSWORD"]
    assert result.stdout == ""


def test_every_problem_is_told_the_port_in_use_among_them(tmp_path: Path) -> None:
    file = tmp_path / "powerwall.toml"
    file.write_text('[[gateway]]\nhots = "a"\npassword_file = "/nowhere"\n[poll]\nfast = 3\n')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = ran("run", "--config", str(file), "--web.listen-address", f"127.0.0.1:{port}")
    assert result.returncode == 2
    said = result.stderr.splitlines()
    assert [line.split(": ")[:2] for line in said] == [
        ["powerwall.toml", "gateway[1].host"],
        ["powerwall.toml", "gateway[1].password_file"],
        ["powerwall.toml", "gateway[1].hots"],
        ["powerwall.toml", "poll.fast"],
        ["--web.listen-address", f"127.0.0.1:{port} cannot be listened on"],
    ]
    assert all(";" in line for line in said)


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["run", "--colour"], ["telegraf", "--password", "x"], ["demo", "--duration", "long"]]
)
def test_arguments_that_are_none_exit_2(arguments: list[str]) -> None:
    assert ran(*arguments).returncode == 2


def test_without_any_output_there_is_nothing_to_run(tmp_path: Path) -> None:
    file = tmp_path / "powerwall.toml"
    file.write_text('[[gateway]]\nhost = "a"\npassword = "b"\n[prometheus]\nenabled = false\n')
    result = ran("run", "--config", str(file))
    assert result.returncode == 2
    assert result.stderr == "no output is on; enable [prometheus] or give [otlp] an endpoint\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_serves_the_page_and_ends_when_asked(fake: FakeGateway, tmp_path: Path, number: int) -> None:
    variables = environment(fake, tmp_path)
    with running("run", "--web.listen-address", "127.0.0.1:0", variables=variables) as process:
        url = page_of(process)
        page = until(url, 'powerwall_up{gateway="home"} 1.0')
        assert 'powerwall_meter_power_watts{gateway="home",meter="site"}' in page
        assert "powerwall_exporter_build_info" in page
        assert until(url.replace("/metrics", "/-/ready"), "ready")
        assert until(url.replace("/metrics", "/-/healthy"), "healthy")
        assert "home" in until(url.replace("/metrics", "/"), "Powerwall exporter")
        process.send_signal(number)
        assert process.wait(20) == 0


def test_run_lives_while_the_gateway_is_away(tmp_path: Path) -> None:
    with FakeGateway() as gone:
        pass
    with running("run", "--web.listen-address", "127.0.0.1:0", variables=environment(gone, tmp_path)) as process:
        url = page_of(process)
        page = until(url, 'powerwall_up{gateway="home"} 0.0')
        assert 'powerwall_poll_errors_total{gateway="home",reason="unreachable"} 1.0' in page
        with pytest.raises(urllib.error.HTTPError, match="503") as raised:
            until(url.replace("/metrics", "/-/ready"), "ready")
        raised.value.close()


def test_demo_needs_no_settings_and_ends_by_itself() -> None:
    with running("demo", "--web.listen-address", "127.0.0.1:0", "--duration", "3") as process:
        assert process.stdout is not None
        shown = list(iter(process.stdout.readline, "Ctrl-C ends it.\n"))
        url = next(match[0] for line in shown if (match := re.search(r"http://\S+/metrics", line)))
        page = until(url, 'powerwall_up{gateway="demo"} 1.0')
        own = ("powerwall_poll", "powerwall_endpoint", "powerwall_logins", "powerwall_exporter", "powerwall_up")
        device = [line for line in page.splitlines() if line.startswith("powerwall_") and not line.startswith(own)]
        assert len(device) >= 120
        assert any("telegraf" in line for line in shown)
        assert any("OTLP" in line for line in shown)
        assert process.wait(30) == 0


def test_check_tells_each_endpoint_and_exits_0_on_a_healthy_gateway(fake: FakeGateway, tmp_path: Path) -> None:
    result = ran("check", variables=environment(fake, tmp_path))
    assert result.returncode == 0
    assert "home: /api/meters/aggregates: ok: " in result.stdout
    found = json.loads(ran("check", "--json", variables=environment(fake, tmp_path)).stdout)
    assert {finding["result"] for finding in found} == {"ok"}


def test_check_tells_the_remedy_of_a_wrong_password(fake: FakeGateway, tmp_path: Path) -> None:
    result = ran("check", variables=environment(fake, tmp_path, POWERWALL_PASSWORD="wrong-canary"))
    assert result.returncode == 1
    assert "last five characters" in result.stdout
    assert "canary" not in result.stdout + result.stderr


def test_check_does_not_take_anything_that_answers_for_a_gateway(fake: FakeGateway, tmp_path: Path) -> None:
    fake.add(Status(404, match="/api/[!l]*"))
    result = ran("check", variables=environment(fake, tmp_path))
    assert result.returncode == 1
    assert result.stdout.endswith("home: no data at all; is this the address of a Powerwall gateway?\n")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m powerwall_exporter metrics | head -1"
    result = subprocess.run(command, shell=True, env=BARE, capture_output=True, text=True, check=False)  # noqa: S602 - a pipe
    assert result.stdout.startswith("powerwall_meter_power_watts")
    assert result.stderr == ""


def test_metrics_lists_every_metric(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in listed] == [metric.id for metric in catalogue.METRICS]
    assert all(entry["help"] and entry["prometheus"] and entry["otlp"] and entry["influx"]["field"] for entry in listed)
    assert main(["metrics"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(listed)


def test_telegraf_mode_imports_neither_opentelemetry_nor_prometheus(fake: FakeGateway, tmp_path: Path) -> None:
    code = (
        "import sys, os; from powerwall_exporter import plugin, cli;"
        "plugin.live = lambda *a, **k: (os.write(2, ' '.join(sys.modules).encode()), True)[1]; cli.main(['telegraf'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(fake, tmp_path), capture_output=True, text=True, check=False
    )
    assert "requests" in result.stderr.split()
    assert not {"opentelemetry", "prometheus_client", "grpc"} & set(result.stderr.split())


def test_a_page_alone_imports_no_opentelemetry(fake: FakeGateway, tmp_path: Path) -> None:
    code = (
        "import sys; from powerwall_exporter import service, cli;"
        "service.serve = lambda *a, **k: print(*sys.modules); cli.main(['run', '--web.listen-address', '127.0.0.1:0'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(fake, tmp_path), capture_output=True, text=True, check=False
    )
    assert "requests" in result.stdout.split()
    assert not {"opentelemetry", "grpc"} & set(result.stdout.split())


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"powerwall-exporter \d+\.\d+\.\d+\n", ran("--version").stdout)


def test_a_thread_that_ends_by_a_defect_ends_the_process(fake: FakeGateway, tmp_path: Path) -> None:
    code = (
        "from powerwall_exporter import cli, poller; poller.Poller._health = lambda self: 1 / 0;"
        "raise SystemExit(cli.main(['run', '--web.listen-address', '127.0.0.1:0']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(fake, tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    assert "died: ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr
