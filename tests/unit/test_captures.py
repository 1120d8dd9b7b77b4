"""Real answers in, whole output out: what each of the three outputs says is what a reader of the answer expects."""

import math

import pytest

import spelled
from captures import Capture, each_capture
from powerwall_exporter import catalogue
from powerwall_exporter.model import Reading, Snapshot
from powerwall_fake_gateway import FakeGateway
from read_by_hand import GATEWAY, READERS, expected

ARRIVED_NS = 1_640_549_363_123_456_789


@pytest.fixture
def reading(capture: Capture) -> Reading:
    samples = catalogue.read(capture.endpoint, capture.payload, ARRIVED_NS)
    return Reading(capture.endpoint, ARRIVED_NS, math.inf, samples)


def assert_same(said: spelled.Series, wanted: spelled.Series) -> None:
    assert {"missing": set(wanted) - set(said), "too much": set(said) - set(wanted)} == {
        "missing": set(),
        "too much": set(),
    }
    assert said == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("endpoint", sorted(READERS))
def test_a_reader_of_newer_firmware_expects_the_same(endpoint: str) -> None:
    payload = FakeGateway(seed=5).payload(endpoint)
    said = Reading(endpoint, ARRIVED_NS, math.inf, catalogue.read(endpoint, payload, ARRIVED_NS))
    assert_same(spelled.prometheus([Snapshot(GATEWAY).updated([said])]), expected(endpoint, payload, ARRIVED_NS / 1e9))


@each_capture()
def test_the_page_says_what_a_reader_expects(capture: Capture, reading: Reading) -> None:
    snapshot = Snapshot(GATEWAY).updated([reading])
    assert_same(spelled.prometheus([snapshot]), expected(capture.endpoint, capture.payload, ARRIVED_NS / 1e9))


@each_capture()
def test_line_protocol_says_what_a_reader_expects(capture: Capture, reading: Reading) -> None:
    said = spelled.influx_series(GATEWAY, [reading])
    assert_same(said, expected(capture.endpoint, capture.payload, ARRIVED_NS / 1e9))
    assert {point.time_ns for point in spelled.points(GATEWAY, [reading])} == {ARRIVED_NS}


@each_capture()
def test_otlp_says_what_a_reader_expects(capture: Capture, reading: Reading) -> None:
    said = spelled.otlp_series(GATEWAY, [reading])
    assert_same(said, expected(capture.endpoint, capture.payload, ARRIVED_NS / 1e9))
    assert {time_ns for _, time_ns in spelled.otlp(GATEWAY, [reading]).values()} == {ARRIVED_NS}
