"""The OTLP output: points as the readings were, counters that begin honestly, a queue that loses nothing by itself."""

import threading
from collections.abc import Callable

import pytest
from opentelemetry.sdk.metrics.export import Gauge, MetricsData, NumberDataPoint, Sum
from opentelemetry.sdk.resources import Resource
from requests_mock import Mocker

from powerwall_exporter.catalogue import health
from powerwall_exporter.model import Kind, Metric, Reading, Sample
from powerwall_exporter.outputs import otlp
from powerwall_exporter.outputs.otlp import Outcome, Sender, StrictExporter, Translator

ENERGY = Metric("meter.energy.imported", "J", Kind.COUNTER, "Energy.", ("meter",))
POWER = Metric("meter.power", "W", Kind.GAUGE, "Power.", ("meter",))


def reading(second: int, *samples: Sample) -> Reading:
    return Reading("/api", second * 10**9, float("inf"), samples)


def energy(joules: float) -> Sample:
    return Sample(ENERGY, ("site",), joules)


def points(data: MetricsData) -> list[NumberDataPoint]:
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert isinstance(metric.data, Sum | Gauge)
    return list(metric.data.data_points)


def test_a_counter_begins_at_its_first_point_and_anew_where_it_falls() -> None:
    translator = Translator(Resource({}))
    data = translator.metrics_data(
        [
            ("home", reading(second, energy(value)))
            for second, value in ((1, 5e9), (2, 5e9), (3, 6e9), (4, 10.0), (5, 20.0))
        ]
    )
    starts = [point.start_time_unix_nano // 10**9 for point in points(data)]
    assert starts == [1, 1, 1, 4, 4]
    (after,) = points(translator.metrics_data([("home", reading(6, energy(30.0)))]))
    assert after.start_time_unix_nano == 4 * 10**9


def test_counters_of_two_gateways_begin_apart() -> None:
    data = Translator(Resource({})).metrics_data([("a", reading(1, energy(9.0))), ("b", reading(2, energy(1.0)))])
    assert [(dict(point.attributes or {}), point.start_time_unix_nano) for point in points(data)] == [
        ({"meter": "site", "gateway": "a"}, 10**9),
        ({"meter": "site", "gateway": "b"}, 2 * 10**9),
    ]


def test_a_counter_is_a_monotonic_cumulative_sum_and_a_gauge_has_no_start() -> None:
    data = Translator(Resource({})).metrics_data([("home", reading(1, energy(1.0), Sample(POWER, ("site",), -5.0)))])
    sum_, gauge = data.resource_metrics[0].scope_metrics[0].metrics
    assert (sum_.name, sum_.unit, sum_.description) == ("powerwall.meter.energy.imported", "J", "Energy.")
    assert isinstance(sum_.data, Sum)
    assert sum_.data.is_monotonic
    assert sum_.data.aggregation_temporality.name == "CUMULATIVE"
    assert isinstance(gauge.data, Gauge)
    assert gauge.data.data_points[0].value == -5.0


def test_empty_words_are_no_attributes_and_the_exporter_itself_has_no_gateway() -> None:
    data = Translator(Resource({})).metrics_data([(None, reading(1, Sample(health.BUILD_INFO, ("1.0", ""), 1.0)))])
    assert [dict(point.attributes or {}) for point in points(data)] == [{"version": "1.0"}]


def test_the_standard_variables_win_over_what_we_call_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    own = otlp.resource("host:9871").attributes
    assert own["service.name"] == "powerwall-exporter"
    assert own["service.instance.id"] == "host:9871"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "solar")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "site=barn,service.instance.id=seven")
    told = otlp.resource("host:9871").attributes
    assert (told["service.name"], told["service.instance.id"], told["site"]) == ("solar", "seven", "barn")


class Script:
    """An exporter that follows a script of successes and failures, and keeps what it delivered."""

    def __init__(self, *results: bool | Outcome) -> None:
        self.results = list(results)
        self.delivered: list[MetricsData] = []
        self.tries = 0
        self.tried = threading.Condition()

    def export(self, metrics_data: MetricsData) -> Outcome:
        with self.tried:
            self.tries += 1
            result = self.results.pop(0) if self.results else True
            outcome = result if isinstance(result, Outcome) else Outcome.DELIVERED if result else Outcome.FAILED
            if outcome is Outcome.DELIVERED:
                self.delivered.append(metrics_data)
            self.tried.notify_all()
            return outcome

    def shutdown(self) -> None:
        self.results.clear()

    def until(self, condition: Callable[[], bool]) -> None:
        with self.tried:
            assert self.tried.wait_for(condition, 20)

    @property
    def values(self) -> list[float]:
        return [point.value for data in self.delivered for point in points(data)]


class Counts(dict[tuple[str, str], int]):
    def __call__(self, output: str, result: str, count: int, /) -> None:
        self[output, result] = self.get((output, result), 0) + count


@pytest.fixture(autouse=True)
def without_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "GATHER_SECONDS", 0.0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "LONGEST_PAUSE_SECONDS", 0.01)


def started(script: Script) -> tuple[Sender, Counts, threading.Thread]:
    counts = Counts()
    sender = Sender(script, Translator(Resource({})), counts)
    thread = threading.Thread(target=sender.run, daemon=True)
    thread.start()
    return sender, counts, thread


@pytest.mark.usefixtures("impatient")
def test_what_could_not_be_delivered_is_delivered_later_once_and_in_order() -> None:
    script = Script(False, False, False, True)
    sender, counts, thread = started(script)
    for second in range(10):
        sender.put("home", [reading(second, energy(float(second)))])
    script.until(lambda: len(script.values) == 10)
    sender.stop(20)
    thread.join(20)
    assert script.values == [float(second) for second in range(10)]
    assert counts["otlp", "delivered"] == 10
    assert counts["otlp", "failed"] >= 3
    assert ("otlp", "dropped") not in counts


@pytest.mark.usefixtures("impatient")
def test_what_is_older_than_an_hour_is_dropped_and_counted() -> None:
    script = Script(*[False] * 1000)
    sender, counts, thread = started(script)
    sender.put("home", [reading(0, energy(0.0))])
    script.until(lambda: script.tries > 0)
    for second in range(60, 7200, 60):
        sender.put("home", [reading(second, energy(float(second)))])
    with script.tried:
        script.results.clear()
    script.until(lambda: bool(script.values) and script.values[-1] == 7140.0)
    sender.stop(20)
    thread.join(20)
    assert script.values == [float(second) for second in range(3540, 7200, 60)]
    assert counts["otlp", "dropped"] == len(range(0, 3540, 60))


def test_the_answers_of_a_poll_go_in_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "GATHER_SECONDS", 60.0)
    script = Script()
    sender, _, thread = started(script)
    for second in range(12):
        sender.put("home", [reading(second, energy(float(second)))])
    sender.stop(20)
    thread.join(20)
    assert [len(points(data)) for data in script.delivered] == [12]


def test_what_a_collector_refuses_for_good_is_dropped_and_holds_up_nothing() -> None:
    script = Script(Outcome.REFUSED)
    sender, counts, thread = started(script)
    sender.put("home", [reading(1, energy(1.0))])
    script.until(lambda: script.tries == 1)
    sender.put("home", [reading(2, energy(2.0))])
    sender.stop(20)
    thread.join(20)
    assert script.values == [2.0]
    assert counts == {("otlp", "dropped"): 1, ("otlp", "delivered"): 1}


def test_what_is_too_large_is_sent_in_parts() -> None:
    script = Script(Outcome.TOO_LARGE, Outcome.TOO_LARGE)
    sender, counts, thread = started(script)
    sender.put("home", [reading(second, energy(float(second))) for second in range(8)])
    sender.stop(20)
    thread.join(20)
    assert script.values == [float(second) for second in range(8)]
    assert [len(points(data)) for data in script.delivered] == [2, 2, 4]
    assert counts == {("otlp", "delivered"): 8}


def test_a_single_reading_that_is_too_large_is_dropped() -> None:
    script = Script(Outcome.TOO_LARGE)
    sender, counts, thread = started(script)
    sender.put("home", [reading(1, energy(1.0))])
    sender.stop(20)
    thread.join(20)
    assert counts == {("otlp", "dropped"): 1}


def test_a_queue_that_is_full_drops_its_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "MOST_WAITING", 3)
    script, counts = Script(), Counts()
    sender = Sender(script, Translator(Resource({})), counts)
    for second in range(5):
        sender.put("home", [reading(second, energy(float(second)))])
    sender.stop(0)
    sender.run()
    assert script.values == [2.0, 3.0, 4.0]
    assert counts["otlp", "dropped"] == 2


@pytest.mark.usefixtures("impatient")
def test_a_collector_may_be_away_for_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "LONGEST_PAUSE_SECONDS", 0.0)
    script = Script(*[False] * 3000)
    sender, _, thread = started(script)
    sender.put("home", [reading(1, energy(1.0))])
    script.until(lambda: script.values == [1.0])
    sender.stop(20)
    thread.join(20)
    assert script.tries == 3001


def test_stopping_delivers_what_is_queued() -> None:
    script = Script()
    sender, _, thread = started(script)
    sender.put("home", [reading(1, energy(1.0))])
    sender.stop(20)
    thread.join(20)
    assert script.values == [1.0]


def test_stopping_gives_up_where_nobody_takes_it() -> None:
    script = Script(*[False] * 1000)
    sender, _, thread = started(script)
    sender.put("home", [reading(1, energy(1.0))])
    script.until(lambda: script.tries > 0)
    sender.stop(20)
    thread.join(20)
    assert not thread.is_alive()
    assert script.values == []


def test_an_outage_is_told_once_and_its_end_too(impatient: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "powerwall_exporter")
    script = Script(False, False, False, True)
    sender, _, thread = started(script)
    sender.put("home", [reading(1, energy(1.0))])
    script.until(lambda: bool(script.values))
    sender.stop(20)
    thread.join(20)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Outcome.DELIVERED),
        (302, Outcome.REFUSED),
        (400, Outcome.REFUSED),
        (404, Outcome.REFUSED),
        (413, Outcome.TOO_LARGE),
        (500, Outcome.REFUSED),
    ],
)
def test_only_a_success_is_one_and_only_what_may_be_tried_again_is(status: int, result: Outcome) -> None:
    exporter = StrictExporter("http://collector/v1/metrics", 1.0, {})
    data = Translator(Resource({})).metrics_data([("home", reading(1, energy(1.0)))])
    with Mocker() as answers:
        answers.post("http://collector/v1/metrics", status_code=status, headers={"Location": "http://elsewhere/"})
        assert exporter.export(data) is result
        assert {request.hostname for request in answers.request_history} == {"collector"}
    exporter.shutdown()


def test_headers_of_the_settings_are_sent_and_netrc_is_not() -> None:
    exporter = StrictExporter("http://collector/v1/metrics", 1.0, {"Authorization": "Bearer canary"})
    data = Translator(Resource({})).metrics_data([("home", reading(1, energy(1.0)))])
    with Mocker() as answers:
        answers.post("http://collector/v1/metrics")
        exporter.export(data)
        assert answers.last_request.headers["Authorization"] == "Bearer canary"
    exporter.shutdown()
