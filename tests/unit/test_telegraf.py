"""The plugin as a process: what Telegraf does to its children, and what they answer."""

import logging
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import line_protocol_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from execd import environment, plugin
from powerwall_exporter.model import Kind, Metric, Reading, Sample
from powerwall_exporter.outputs import influx, telegraf
from powerwall_fake_gateway import FakeGateway
from powerwall_fake_gateway.faults import HangBeforeHeader, Status

# The lines that Telegraf's default parser accepts, written from its grammar (facts measured against the parser).
_NAME = r"(?:[^\t\n\v\f\r ,\\]|\\[^\t\n\v\f\r])"
_MEASUREMENT = rf"(?:[^\t\n\v\f\r ,\\#]|\\[^\t\n\v\f\r]){_NAME}*"
_TAG = r"(?:[^\t\n\v\f\r ,=\\]|\\[^\t\n\v\f\r\\]|\\(?=\\))+"
_KEY = r"(?:[^\t\n\v\f\r ,=\\]|\\[^\t\n\v\f\r])+"
_FLOAT = r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+\-]?\d+)?"
LINE = re.compile(rf"{_MEASUREMENT}(?:,{_TAG}={_TAG})* {_KEY}={_FLOAT}(?:,{_KEY}={_FLOAT})* -?\d{{1,19}}\n", re.ASCII)

QUICK = ("from powerwall_exporter.gateway import endpoints as e", "e.FLOOR_SECONDS[e.Pace.FAST] = 0.01")
"""Lets a gateway be asked as often as a test likes."""

POWER = b"site_power_watts="
UP = b"up="


def assert_line_protocol(lines: list[bytes]) -> None:
    assert lines
    assert [line for line in lines if not LINE.fullmatch(line.decode())] == []


def test_a_prompt_is_answered_by_a_poll_and_the_end_of_stdin_ends_it(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path)) as child:
        child.prompt()
        child.until(UP)
        assert child.end() == 0
        assert child.errors == []
        assert not any(UP in line for line in child.rest())


def test_nothing_leaves_by_stdout_but_line_protocol(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path), code=['print("stray")']) as child:
        child.prompt()
        assert child.end() == 0
        stray, *lines = child.rest()
        assert stray == b"stray\n"  # printed before the plugin took stdout
        assert_line_protocol(lines)
        assert any(POWER in line for line in lines)


def test_a_stray_print_goes_to_stderr(fake: FakeGateway, tmp_path: Path) -> None:
    wrapped = 'plugin.live = lambda *a, **k: (print("stray"), live(*a, **k))[1]'
    code = ["from powerwall_exporter import plugin", "live = plugin.live", wrapped]
    with plugin(environment(fake, tmp_path), code=code) as child:
        child.prompt()
        assert child.end() == 0
        assert_line_protocol(child.rest())
        assert child.errors == [b"stray\n"]


def test_a_prompt_that_comes_with_the_end_is_still_answered(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path)) as child:
        child.prompt()
        assert child.end() == 0
        assert any(POWER in line for line in child.rest())


def test_many_prompts_at_once_are_one_or_two_polls(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path)) as child:
        for _ in range(200):
            child.prompt()
        assert child.end() == 0
        assert len([line for line in child.rest() if POWER in line]) == 1
        assert len([record for record in fake.requests if record.path == "/api/meters/aggregates"]) <= 2


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_the_other_signals_of_execd_are_prompts_too(fake: FakeGateway, tmp_path: Path, name: str) -> None:
    with plugin(environment(fake, tmp_path), code=QUICK) as child:
        child.prompt()
        child.until(UP)
        child.process.send_signal(getattr(signal, name))
        child.until(UP)
        assert child.end() == 0


def test_term_ends_it_with_what_was_polled_delivered(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path)) as child:
        child.prompt()
        child.until(POWER)
        child.process.terminate()
        assert child.wait() == 0
        assert any(UP in line for line in child.rest())


def test_ctrl_c_in_telegrafs_terminal_is_left_to_telegraf(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path), code=QUICK) as child:
        child.prompt()
        child.until(UP)
        child.process.send_signal(signal.SIGINT)
        child.prompt()
        child.until(UP)
        assert child.end() == 0


def test_it_ends_though_the_gateway_hangs(fake: FakeGateway, tmp_path: Path) -> None:
    fake.add(HangBeforeHeader())
    with plugin(environment(fake, tmp_path)) as child:
        child.prompt()
        assert child.end() == 0  # the hung request alone would take its 10 s


def test_a_reader_that_is_gone_ends_it_with_one_line(fake: FakeGateway, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "powerwall_exporter", "telegraf"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(fake, tmp_path),
    ) as process:
        os.close(writer)
        os.close(reader)
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.wait(20) == 1
        assert process.stderr is not None
        assert process.stderr.read() == b"E! stdout was closed\n"


@pytest.mark.parametrize("password", ["password", "wrong-canary"])
def test_it_stays_alive_whatever_the_gateway_does(fake: FakeGateway, tmp_path: Path, password: str) -> None:
    if password == "password":
        fake.add(Status(500, match="/api/[!l]*"))
    with plugin(environment(fake, tmp_path, POWERWALL_PASSWORD=password), code=QUICK) as child:
        child.prompt()
        assert b"up=0.0" in child.until(UP)
        child.prompt()
        assert b"up=0.0" in child.until(UP)
        assert child.end() == 0
        assert child.errors
        assert all(line.startswith(b"W! ") for line in child.errors)
        assert b"canary" not in b"".join(child.errors)


def test_prompts_closer_than_a_gateway_bears_are_one_poll_and_nothing_twice(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path)) as child:
        child.prompt()
        child.until(UP)
        child.prompt()
        child.prompt()
        assert child.end() == 0
        assert not any(UP in line or POWER in line for line in child.rest())
    assert len([record for record in fake.requests if record.path == "/api/meters/aggregates"]) == 2  # 403, then 200


def test_an_interval_replaces_prompts(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path), "--interval", "5s") as child:
        child.until(POWER)
        assert child.end() == 0


def test_once_prints_a_poll_and_ends(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path), "--once") as child:
        assert child.wait() == 0
        lines = child.rest()
        assert_line_protocol(lines)
        assert any(POWER in line for line in lines)
        assert child.errors == []


def test_once_says_down_where_the_gateway_is_away(tmp_path: Path) -> None:
    with FakeGateway() as gone:
        pass
    with plugin(environment(gone, tmp_path), "--once") as child:
        assert child.wait() == 0
        lines = child.rest()
        assert_line_protocol(lines)
        assert any(b"up=0.0" in line for line in lines)
        assert not any(POWER in line for line in lines)


def test_unusable_settings_are_a_line_each_and_exit_2(fake: FakeGateway, tmp_path: Path) -> None:
    with plugin(environment(fake, tmp_path, POWERWALL_TLS="maybe", POWERWALL_PASSWORD="@{store:key}")) as child:
        assert child.wait() == 2
        assert [line.split(b":")[0] for line in child.errors] == [b"E! POWERWALL_PASSWORD", b"E! POWERWALL_TLS"]
        assert child.rest() == []


def test_once_is_refused_where_each_call_would_log_in_anew(fake: FakeGateway, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with plugin(environment(fake, tmp_path / "file" / "state"), "--once") as child:
        assert child.wait() == 2
        (line,) = child.errors
        assert b"POWERWALL_STATE_DIR" in line
    assert fake.logins == 0


def test_what_has_answered_leaves_though_the_poll_never_ends(fake: FakeGateway, tmp_path: Path) -> None:
    fake.add(HangBeforeHeader(match="/api/system_status"))
    with plugin(environment(fake, tmp_path)) as child:
        child.prompt()
        child.until(b"grid_connected=")
        child.process.kill()


def test_several_gateways_answer_one_prompt(fake: FakeGateway, tmp_path: Path) -> None:
    with FakeGateway() as other:
        file = tmp_path / "two.toml"
        file.write_text(
            f'[[gateway]]\nname = "a"\nhost = "{fake.address}"\npassword = "password"\ntls = "insecure"\n'
            f'[[gateway]]\nname = "b c"\nhost = "{other.address}"\npassword = "password"\ntls = "insecure"\n'
        )
        with plugin(environment(fake, tmp_path), "--config", str(file)) as child:
            child.prompt()
            assert child.end() == 0
            lines = child.rest()
    assert_line_protocol(lines)
    assert {line.split(b" site_power_watts")[0] for line in lines if POWER in line} == {
        b"powerwall,gateway=a",
        b"powerwall,gateway=b\\ c",
    }


@given(st.lists(st.integers(1, 6000), max_size=30))
def test_a_pipe_is_given_whole_lines_in_chunks_that_it_takes_whole(lengths: list[int]) -> None:
    batch = b"".join(b"x" * (length - 1) + b"\n" for length in lengths)
    chunks = list(telegraf.whole_lines(batch))
    assert b"".join(chunks) == batch
    assert all(chunk.endswith(b"\n") for chunk in chunks)
    assert all(len(chunk) <= select.PIPE_BUF or chunk.count(b"\n") == 1 for chunk in chunks)


def test_a_stdout_that_nobody_reads_stops_no_poll_and_what_is_dropped_is_counted() -> None:
    counted: list[tuple[str, str, int]] = []
    writer = telegraf.Writer(-1, lambda: None, lambda *found: counted.append(found))
    reading = Reading("/api", 1, 0.0, (Sample(Metric("up", "", Kind.GAUGE, ""), (), 1.0),))
    for _ in range(telegraf.MOST_BATCHES + 5):
        writer.put("home", [reading])
    assert counted == [("influx", "dropped", 1)] * 5


def test_a_log_line_is_short_single_and_has_its_level(capfd: pytest.CaptureFixture[str]) -> None:
    handler = telegraf.LogHandler()
    handler.handle(logging.makeLogRecord({"levelno": logging.WARNING, "msg": "two\nlines"}))
    handler.handle(logging.makeLogRecord({"levelno": logging.ERROR, "msg": "x" * 100_000}))
    short, long = capfd.readouterr().err.splitlines()
    assert short == "W! two | lines"
    assert long.startswith("E! xxx")
    assert len(long) == telegraf.LONGEST_LOG_LINE


def test_telegrafs_service_manager_is_not_ours_to_talk_to(fake: FakeGateway, tmp_path: Path) -> None:
    told = "live = plugin.live; plugin.live = lambda *a, **k: (print(*os.environ), live(*a, **k))[1]"
    code = ["import os", "from powerwall_exporter import plugin", told]
    with plugin(environment(fake, tmp_path, NOTIFY_SOCKET="/run/x", WATCHDOG_USEC="1"), code=code) as child:
        assert child.end() == 0
    assert b"POWERWALL_HOST" in child.errors[0]
    assert b"NOTIFY_SOCKET" not in child.errors[0]
    assert b"WATCHDOG" not in child.errors[0]


WORDS = st.text(max_size=20)


@given(
    WORDS.filter(bool),
    WORDS,
    WORDS,
    st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
    st.integers(0, 2**62),
)
def test_any_word_and_any_number_are_read_back_as_sent(
    gateway: str, block: str, state: str, value: float, time_ns: int
) -> None:
    metric = Metric("block.inverter_state", "", Kind.GAUGE, "", ("block", "state"), ("A",))
    line = influx.lines(gateway, [Reading("/api", time_ns, 0.0, (Sample(metric, (block, state), value),))])
    assert LINE.fullmatch(line.decode())
    point = line_protocol_parser.parse_line(line.decode())
    assert point["fields"] == {"value": value}
    assert point["time"] == time_ns
    wanted = {"gateway": gateway, "block": block, "state": state}
    assert point["tags"] == {key: told for key, word in wanted.items() if (told := readable(word))}


def readable(word: str) -> str:
    """Return what is left of a word: controls become a space, a backslash a slash, lone surrogates a question mark."""
    plain = re.sub(r"[\x00-\x1f\x7f]", " ", word).replace("\\", "/")
    return re.sub(r"[\ud800-\udfff]", "?", plain)
