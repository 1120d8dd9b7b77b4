"""The poller alone: what is due, what each failure causes, what the account says; the clock is stepped."""

import logging
from collections.abc import Sequence

import pytest

from clocks import SteppedClock
from powerwall_exporter import errors
from powerwall_exporter.board import Board
from powerwall_exporter.catalogue import health, names
from powerwall_exporter.errors import GATEWAY_ERRORS, GatewayError, LoginRejected, Throttled
from powerwall_exporter.gateway.endpoints import ENDPOINTS, Pace
from powerwall_exporter.model import Json, Reading
from powerwall_exporter.poller import REACTIONS, Poller
from powerwall_fake_gateway import FakeGateway

FAST = ["/api/meters/aggregates", "/api/system_status/soe", "/api/system_status/grid_status"]
INTERVALS = {Pace.FAST: 10.0, Pace.MEDIUM: 30.0, Pace.SLOW: 300.0}
PAYLOADS = {endpoint.path: FakeGateway().payload(endpoint.path) for endpoint in ENDPOINTS}


class Source:
    """Answers by script: a payload, or what a failure says."""

    def __init__(self, clock: SteppedClock) -> None:
        self.clock = clock
        self.asked: list[tuple[float, str]] = []
        self.failures: dict[str, Exception | None] = {}
        self.takes_seconds = 0.0

    def get(self, path: str) -> Json:
        self.asked.append((self.clock.monotonic(), path))
        self.clock.step(self.takes_seconds)
        failure = self.failures.get(path, self.failures.get("*"))
        if failure is not None:
            raise failure
        return PAYLOADS[path]

    def close(self) -> None:
        pass

    def times(self, path: str) -> list[float]:
        return [when for when, asked in self.asked if asked == path]


class Bench:
    """A poller with its source, its clock and its board."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.source = Source(self.clock)
        self.board = Board(self.clock)
        self.published: list[Sequence[Reading]] = []
        self.board.subscribe(lambda gateway, readings: self.published.append(readings))
        self.poller = Poller("home", self.source, self.board.publish, intervals=INTERVALS, clock=self.clock)

    def run(self, seconds: float) -> None:
        """Poll at every due time of the next so many seconds."""
        end = self.clock.monotonic() + seconds
        while (due := self.poller.due) <= end:
            self.clock.step(max(0.0, due - self.clock.monotonic()))
            self.poller.poll()
        self.clock.step(max(0.0, end - self.clock.monotonic()))

    def value(self, name: str, *labels: str) -> float | None:
        """Return the fresh value of a series."""
        (snapshot,) = self.board.snapshots()
        found = [
            sample.value
            for reading in snapshot
            for sample in reading.samples
            if names.prometheus(sample.metric) == name and sample.labels == labels
        ]
        return found[0] if found else None


@pytest.fixture
def bench() -> Bench:
    return Bench()


def made(kind: type[GatewayError]) -> GatewayError:
    return kind("said", 300.0) if issubclass(kind, LoginRejected | Throttled) else kind("said")


def test_the_first_poll_asks_everything_once(bench: Bench) -> None:
    bench.poller.poll()
    assert [path for _, path in bench.source.asked] == [endpoint.path for endpoint in ENDPOINTS]


def test_each_endpoint_keeps_its_pace(bench: Bench) -> None:
    bench.run(600)
    assert bench.source.times("/api/meters/aggregates") == [10.0 * tick for tick in range(61)]
    assert bench.source.times("/api/system_status") == [30.0 * tick for tick in range(21)]
    assert bench.source.times("/api/status") == [0.0, 300.0, 600.0]


def test_slow_answers_do_not_let_the_schedule_drift(bench: Bench) -> None:
    bench.source.takes_seconds = 0.3
    bench.run(600)
    assert [when % 10 for when in bench.source.times("/api/meters/aggregates")] == pytest.approx([0.0] * 61)


def test_missed_ticks_are_left_out_not_made_up_for(bench: Bench) -> None:
    bench.poller.poll()
    bench.clock.step(8 * 3600)
    bench.poller.poll()
    bench.poller.poll()
    assert len(bench.source.times("/api/meters/aggregates")) == 2


def test_prompts_that_jitter_still_count(bench: Bench) -> None:
    for moment in (0.0, 9.95, 20.02, 29.9, 40.0):
        bench.clock.step(moment - bench.clock.monotonic())
        bench.poller.poll()
    assert len(bench.source.times("/api/meters/aggregates")) == 5
    assert bench.source.times("/api/system_status") == [0.0, 29.9]


def test_prompts_in_between_ask_nothing_and_tell_nothing_twice(bench: Bench) -> None:
    bench.poller.poll()
    published = len(bench.published)
    bench.clock.step(2)
    bench.poller.poll()
    assert len(bench.source.asked) == len(ENDPOINTS)
    assert len(bench.published) == published


def test_while_the_gateway_is_left_alone_every_prompt_tells_that_it_is_down(bench: Bench) -> None:
    bench.source.failures["*"] = Throttled("429")
    bench.poller.poll()
    bench.clock.step(10)
    bench.poller.poll()
    assert len(bench.source.asked) == 1
    assert [reading.source for reading in bench.published[-1]] == ["poll"]
    assert bench.value("powerwall_up") == 0


def test_the_account_of_an_endpoint_is_told_when_it_was_asked(bench: Bench) -> None:
    bench.poller.poll()
    bench.published.clear()
    bench.clock.step(10)
    bench.poller.poll()
    told = [[reading.source for reading in readings] for readings in bench.published]
    assert told == [*([path, f"account of {path}"] for path in FAST), ["poll"]]


def test_a_fast_endpoint_that_is_missing_is_a_warning_and_asked_again_soon(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.source.failures["*"] = errors.Unsupported("404")
    bench.run(1000)
    assert bench.source.times(FAST[0]) == pytest.approx([0, 300, 600, 900], abs=10)
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == len(FAST)


def test_a_refused_login_is_told_once_for_all_endpoints(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "powerwall_exporter")
    bench.source.failures["*"] = LoginRejected("the gateway refused the password", 300.0)
    bench.source.failures["/api/status"] = None
    bench.run(700)
    bench.source.failures.clear()
    bench.run(400)
    assert [record.getMessage() for record in caplog.records] == [
        "home: failing: the gateway refused the password",
        "home: the login is well again",
    ]


def test_every_failure_has_a_reaction_and_a_reason_of_its_own() -> None:
    assert set(REACTIONS) == set(GATEWAY_ERRORS)
    assert len(set(health.REASONS)) == len(GATEWAY_ERRORS)
    assert {reaction.state for reaction in REACTIONS.values()} <= set(health.ENDPOINT_STATES)


@pytest.mark.parametrize("kind", [kind for kind in GATEWAY_ERRORS if kind is not errors.Defect], ids=lambda k: k.reason)
def test_a_failure_everywhere_is_down_with_its_reason_and_no_data(bench: Bench, kind: type[GatewayError]) -> None:
    bench.source.failures["*"] = made(kind)
    bench.poller.poll()
    assert bench.value("powerwall_up") == 0
    assert bench.value("powerwall_poll_errors_total", kind.reason)
    assert bench.value("powerwall_meter_power_watts", "site") is None
    assert bench.value("powerwall_poll_last_success_timestamp_seconds") is None


@pytest.mark.parametrize("kind", [kind for kind in GATEWAY_ERRORS if not REACTIONS[kind].whole], ids=lambda k: k.reason)
def test_a_failed_endpoint_costs_its_own_samples_only(bench: Bench, kind: type[GatewayError]) -> None:
    bench.source.failures["/api/system_status/soe"] = made(kind)
    bench.poller.poll()
    assert bench.value("powerwall_up") == 1
    assert bench.value("powerwall_battery_charge_ratio") is None
    assert bench.value("powerwall_meter_power_watts", "site") is not None
    assert bench.value("powerwall_endpoint_state", "/api/system_status/soe", REACTIONS[kind].state) == 1
    assert bench.value("powerwall_endpoint_state", "/api/system_status/soe", "ok") == 0


@pytest.mark.parametrize("kind", [kind for kind in GATEWAY_ERRORS if REACTIONS[kind].whole], ids=lambda k: k.reason)
def test_a_failure_of_the_whole_gateway_ends_the_poll(bench: Bench, kind: type[GatewayError]) -> None:
    bench.source.failures["*"] = made(kind)
    bench.poller.poll()
    assert len(bench.source.asked) == 1


@pytest.mark.parametrize("path", ["/api/meters/aggregates", "/api/system_status", "/api/status"])
@pytest.mark.parametrize("kind", [errors.TimedOut, errors.Busy, errors.TlsFailed], ids=lambda k: k.reason)
def test_one_endpoint_that_does_not_answer_starves_no_other(bench: Bench, path: str, kind: type[GatewayError]) -> None:
    bench.source.failures[path] = kind("said")
    bench.run(600)
    others = [endpoint for endpoint in ENDPOINTS if endpoint.path != path]
    for endpoint in others:
        asked = len(bench.source.times(endpoint.path))
        assert asked >= 0.8 * 600 / INTERVALS[endpoint.pace], endpoint.path
    assert len(bench.source.times(path)) <= 12
    assert bench.value("powerwall_up") == 1
    assert bench.value("powerwall_battery_charge_ratio") is not None


def test_an_endpoints_own_trouble_is_told_as_its_own(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "powerwall_exporter")
    bench.source.failures["/api/status"] = errors.TimedOut("/api/status: timed out")
    bench.run(3600)
    bench.source.failures.clear()
    bench.run(1200)
    bench.source.failures["/api/status"] = errors.NotJson("/api/status: an HTML page")
    bench.run(300)
    assert [record.getMessage() for record in caplog.records] == [
        "home: failing: /api/status: timed out",
        "home: /api/status is well again",
        "home: failing: /api/status: an HTML page",
    ]


def test_an_absent_gateway_is_tried_less_and_less_often_down_to_once_a_minute(bench: Bench) -> None:
    bench.source.failures["*"] = errors.Unreachable("refused")
    bench.run(400)
    gaps = [
        later - earlier for (earlier, _), (later, _) in zip(bench.source.asked, bench.source.asked[1:], strict=False)
    ]
    assert gaps[:4] == pytest.approx([10, 20, 40, 60])
    assert gaps[3:] == pytest.approx([60] * len(gaps[3:]))


def test_a_gateway_may_be_away_for_days(bench: Bench) -> None:
    bench.source.failures["*"] = errors.Unreachable("refused")
    bench.run(2 * 86400)
    assert bench.value("powerwall_up") == 0
    bench.source.failures.clear()
    bench.run(61)
    assert bench.value("powerwall_up") == 1


def test_after_a_recovery_the_first_pause_is_short_again(bench: Bench) -> None:
    bench.source.failures["*"] = errors.Unreachable("refused")
    bench.run(600)
    bench.source.failures.clear()
    bench.run(120)
    bench.source.failures["*"] = errors.Unreachable("refused")
    bench.source.asked.clear()
    bench.run(40)
    assert len(bench.source.asked) >= 3


def test_a_gateway_that_comes_back_is_up_at_the_next_try(bench: Bench) -> None:
    bench.source.failures["*"] = errors.Unreachable("refused")
    bench.run(120)
    bench.source.failures.clear()
    bench.run(61)
    assert bench.value("powerwall_up") == 1
    assert bench.value("powerwall_meter_power_watts", "site") is not None


@pytest.mark.parametrize(
    ("failure", "pause_seconds"),
    [
        (Throttled("429"), 300),
        (Throttled("429", 900.0), 900),
        (Throttled("429", 20.0), 300),
        (Throttled("429", 1e9), 3600),
        (errors.Busy("503"), 60),
        (errors.CertificateChanged("another"), 60),
    ],
    ids=str,
)
def test_the_whole_gateway_is_left_alone_for_as_long_as_is_polite(
    bench: Bench, failure: GatewayError, pause_seconds: float
) -> None:
    bench.source.failures["*"] = failure
    bench.poller.poll()
    bench.source.failures.clear()
    bench.source.asked.clear()
    bench.run(pause_seconds + 1)
    assert bench.source.asked[0][0] == pytest.approx(pause_seconds)


def test_a_missing_endpoint_is_asked_again_after_an_hour(bench: Bench) -> None:
    bench.source.failures["/api/powerwalls"] = errors.Unsupported("404")
    bench.run(2 * 3600 + 600)
    gaps = [
        b - a
        for a, b in zip(bench.source.times("/api/powerwalls"), bench.source.times("/api/powerwalls")[1:], strict=False)
    ]
    assert gaps
    assert all(3600 <= gap <= 3600 + 300 for gap in gaps)


def test_what_is_no_longer_fresh_is_withdrawn(bench: Bench) -> None:
    bench.poller.poll()
    bench.source.failures["*"] = errors.Unreachable("refused")
    bench.run(29)
    assert bench.value("powerwall_meter_power_watts", "site") is not None
    assert bench.value("powerwall_up") == 0
    bench.run(2)
    assert bench.value("powerwall_meter_power_watts", "site") is None
    assert bench.value("powerwall_battery_blocks") is not None
    bench.run(60)
    assert bench.value("powerwall_battery_blocks") is None
    assert bench.value("powerwall_up") == 0


def test_a_defect_costs_an_answer_and_not_the_thread(bench: Bench) -> None:
    bench.source.failures["/api/status"] = RuntimeError("a bug")
    bench.poller.poll()
    assert bench.value("powerwall_poll_errors_total", "internal") == 1
    assert bench.value("powerwall_operation_mode", "self_consumption") is not None


def test_the_log_tells_changes_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "powerwall_exporter")
    bench.source.failures["*"] = errors.Unreachable("refused")
    bench.run(600)
    bench.source.failures.clear()
    bench.run(120)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "home: failing: refused"),
        ("INFO", "home: the gateway is well again"),
    ]


def test_an_endpoint_that_this_gateway_does_not_have_is_no_warning(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "powerwall_exporter")
    for path in set(PAYLOADS) - set(FAST):
        bench.source.failures[path] = errors.Unsupported(f"{path}: HTTP 404")
    bench.run(3 * 3600)
    assert {record.levelno for record in caplog.records} == {logging.INFO}
    assert len(caplog.records) == len(PAYLOADS) - len(FAST)
    assert bench.value("powerwall_up") == 1


def test_an_unknown_state_is_logged_once(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "powerwall_exporter")
    monkeypatch.setitem(PAYLOADS, "/api/system_status/grid_status", {"grid_status": "SystemDreaming"})
    bench.run(100)
    assert [record.getMessage() for record in caplog.records] == [
        "home: grid.state says 'SystemDreaming', which this version does not know"
    ]


@pytest.mark.parametrize("jump", [3600.0, -3600.0, -1_600_000_000.0])
def test_a_jump_of_the_wall_clock_disturbs_nothing(bench: Bench, jump: float) -> None:
    bench.run(100)
    bench.clock._start_ns += int(jump * 1e9)
    bench.source.asked.clear()
    bench.run(100)
    assert len(bench.source.times("/api/meters/aggregates")) == 10
    assert bench.value("powerwall_meter_power_watts", "site") is not None
