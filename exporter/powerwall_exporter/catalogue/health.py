"""The exporter's own account of each gateway and of itself; the poller and the outputs fill these in."""

from powerwall_exporter.errors import GATEWAY_ERRORS
from powerwall_exporter.model import Kind, Metric

REASONS = tuple(error.reason for error in GATEWAY_ERRORS)
ENDPOINT_STATES = ("ok", "unsupported", "forbidden", "unavailable", "failing")
OUTPUT_RESULTS = ("delivered", "failed", "dropped")


def _gauge(metric_id: str, unit: str, help_text: str, *labels: str, states: tuple[str, ...] = ()) -> Metric:
    return Metric(metric_id, unit, Kind.GAUGE, help_text, labels, states)


def _counter(metric_id: str, unit: str, help_text: str, *labels: str) -> Metric:
    return Metric(metric_id, unit, Kind.COUNTER, help_text, labels)


UP = _gauge("up", "", "1 if the last poll of the gateway brought data of at least one fast endpoint, else 0.")
POLLS = _counter("polls", "{poll}", "Polls of the gateway.")
POLL_DURATION = _gauge("poll.duration", "s", "How long the last poll took.")
POLL_ERRORS = _counter("poll.errors", "{error}", "Failed requests of data, by reason.", "reason")
LAST_SUCCESS = _gauge("poll.last_success.timestamp", "s", "When a poll last brought data, Unix time.")
ENDPOINT_STATE = _gauge(
    "endpoint.state",
    "",
    "What became of the last request to an endpoint: unsupported by this firmware or hardware, forbidden to this"
    " role, unavailable while the site controller is stopped, or failing.",
    "endpoint",
    "state",
    states=ENDPOINT_STATES,
)
ENDPOINT_DURATION = _gauge("endpoint.duration", "s", "How long the last request to an endpoint took.", "endpoint")
ENDPOINT_LAST_SUCCESS = _gauge(
    "endpoint.last_success.timestamp", "s", "When an endpoint last gave data, Unix time.", "endpoint"
)
LOGINS = _counter("logins", "{login}", "Logins at the gateway, by result.", "result")
BUILD_INFO = _gauge("exporter.build.info", "", "Version of this exporter and of Python.", "version", "python")
OUTPUT_READINGS = _counter(
    "exporter.output.readings",
    "{reading}",
    "Readings handed to an output that pushes: delivered or dropped in the end, failed at each try before.",
    "output",
    "result",
)

GATEWAY_METRICS = (
    UP,
    POLLS,
    POLL_DURATION,
    POLL_ERRORS,
    LAST_SUCCESS,
    ENDPOINT_STATE,
    ENDPOINT_DURATION,
    ENDPOINT_LAST_SUCCESS,
    LOGINS,
)
EXPORTER_METRICS = (BUILD_INFO, OUTPUT_READINGS)
