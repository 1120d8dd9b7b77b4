"""The command: it says where it is, ends when told to, and complains in lines that help."""

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from powerwall_fake_gateway import cli
from powerwall_fake_gateway.cli import ArgumentsError, Options, read_options
from powerwall_fake_gateway.faults import Delay, Status

SOURCE = Path(cli.__file__).resolve().parents[1]
COMMAND = (sys.executable, "-m", "powerwall_fake_gateway")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_stop(number: signal.Signals, client: requests.Session) -> None:
    arguments = ["--listen", "127.0.0.1:0", "--seed", "7", "--fault", "status=503,match=/api/config"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        try:
            assert process.stdout is not None
            first, second = process.stdout.readline(), process.stdout.readline()
            url = first.split(" on ")[1].split(",")[0]
            address = url.removeprefix("https://")
            assert first.startswith("gw2-split-23.28 on https://127.0.0.1:")
            assert "password password" in first
            assert second == f"try: POWERWALL_HOST={address} POWERWALL_PASSWORD=password powerwall-exporter run\n"
            assert client.get(f"{url}/api/status", timeout=5).json()["din"].endswith("TG120000070000")
            assert client.get(f"{url}/api/config", timeout=5).status_code == 503
            process.send_signal(number)
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_a_scenario_is_told_in_words() -> None:
    arguments = ["--listen", "127.0.0.1:0", "--scenario", "outage", "--speed", "60"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(4)]
        finally:
            process.kill()
    assert lines[2].startswith("outage: An evening outage of two hours")
    assert lines[3].startswith("Sun 21 Jun 18:3")
    assert " kW, house " in lines[3]


def test_it_ends_quietly_when_nobody_reads_its_words() -> None:
    arguments = ["--listen", "127.0.0.1:0", "--scenario", "outage", "--speed", "6000"]
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, *arguments], stdout=pipe, stderr=pipe, env=ENVIRONMENT, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.wait(30) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""
        finally:
            process.kill()


def test_many_gateways_and_a_control_port_are_introduced(client: requests.Session) -> None:
    arguments = ["--listen", "127.0.0.1:0", "--gateways", "3", "--control", "127.0.0.1:0", "--packs", "4"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        try:
            assert process.stdout is not None
            first, _, control = (process.stdout.readline() for _ in range(3))
            assert "(3 gateways)" in first
            told = requests.get(control.removeprefix("control: ").strip(), timeout=5).json()["gateways"]
            for row in told:
                assert client.get(f"{row['url']}/api/status", timeout=5).status_code == 200
        finally:
            process.kill()
    assert len(told) == 3


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--packs", "11"], "--packs: '11' is not a number of Powerwalls; write 1 to 10"),
        (["--packs", "1", "--firmware", "gw2-disabled-pack-23.28"], "1 packs are impossible; give 2 to 10"),
        (["--gateways", "0"], "--gateways: '0' is not a number from 1 to 10000; write e.g. 3"),
        (["--gateways", "2", "--listen", "127.0.0.1:65535"], "--gateways: 2 ports from 65535 on do not exist"),
        (["--gateways", "2", "--listen", "localhost:1", "--by-address"], "--gateways: 'localhost' is not an address"),
        (["--scenario", "odd"], "--scenario: scenario 'odd' is unknown; use one of firmware-update"),
        (["--replay", "nowhere"], "--replay: nowhere cannot be read"),
        (["--control", "8080"], "--control: '8080' is not HOST:PORT"),
    ],
)
def test_what_cannot_be_had_is_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"powerwall-fake-gateway: {complaint}")


def test_a_control_port_in_use_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        assert cli.main(["--listen", "127.0.0.1:0", "--control", place]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--control: cannot listen on {place}: Address already in use" in line


def test_a_password_of_ones_own_is_not_printed() -> None:
    arguments = ["--listen", "127.0.0.1:0", "--password", "hush-hush"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        try:
            assert process.stdout is not None
            lines = process.stdout.readline() + process.stdout.readline()
        finally:
            process.kill()
    assert "POWERWALL_PASSWORD=..." in lines
    assert "hush-hush" not in lines


def test_a_port_in_use_is_one_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = subprocess.run(
            [*COMMAND, "--listen", place], env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False
        )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert f"cannot listen on {place}: Address already in use; choose another address or port" in line
    assert ended.stdout == ""


def test_all_problems_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"listen": "8443", "firmware": "odd", "seed": "-1", "speed": "fast", "start": "soon", "fault": "quake"}
    assert cli.main([f"--{name}={text}" for name, text in given.items()]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == [f"--{name}" for name in given]
    assert all("; write " in line or "; use " in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--what"], "unrecognized arguments: --what; see powerwall-fake-gateway --help"),
        (["--listen", "host:70000"], "is not HOST:PORT"),
        (["--speed", "0"], "is not a number from above 0"),
        (["--speed", "nan"], "is not a number from above 0"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(arguments: list[str], complaint: str) -> None:
    with pytest.raises(ArgumentsError, match=complaint):
        read_options(arguments)


def test_arguments_are_read() -> None:
    text = (
        "--listen [::1]:9000 --password p --firmware gw2-plus-23.28 --seed 7 --speed 60 "
        "--start 2026-06-21T06:00:00+00:00 --fault status=503,times=1 --fault delay=2"
    )
    assert read_options(text.split()) == Options(
        host="::1",
        port=9000,
        password="p",
        firmware="gw2-plus-23.28",
        seed=7,
        speed=60.0,
        start=datetime(2026, 6, 21, 6, tzinfo=UTC),
        faults=(Status(503, times=1), Delay(2)),
    )


def test_without_arguments_it_is_the_gateway_of_the_readme() -> None:
    options = read_options([])
    assert (options.host, options.port, options.password) == ("127.0.0.1", 8443, "password")
    assert (options.firmware, options.speed, options.start, options.faults) == ("gw2-split-23.28", 1.0, None, ())
