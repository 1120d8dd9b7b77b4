"""Counters: the incidents that made other exporters count a lifetime of energy twice."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powerwall_exporter.catalogue.counters import MOST_SERIES, STEP_BACK_JOULES, ZERO_SECONDS, Counters
from powerwall_exporter.model import Kind, Metric, Sample

ENERGY = Metric("meter.energy.imported", "J", Kind.COUNTER, "", ("meter",))
POWER = Metric("meter.power", "W", Kind.GAUGE, "", ("meter",))
KWH = 3.6e6


def told(values: list[float], metric: Metric = ENERGY, every_seconds: float = 10.0) -> list[float | None]:
    """Return what is passed on of a series of values."""
    counters = Counters()
    found: list[float | None] = []
    for index, value in enumerate(values):
        samples = counters.honest([Sample(metric, ("load",), value)], index * every_seconds)
        found.append(samples[0].value if samples else None)
    return found


def test_a_zero_after_boot_is_left_out() -> None:
    assert told([5 * KWH, 0.0, 0.0, 5.1 * KWH]) == [5 * KWH, None, None, 5.1 * KWH]


def test_a_zero_at_the_first_look_may_be_a_gateway_that_boots_with_us() -> None:
    assert told([0.0, 0.0, 9.6e10, 9.6e10]) == [None, None, 9.6e10, 9.6e10]


def test_a_counter_that_stays_at_zero_is_zero_after_a_while() -> None:
    steps = int(ZERO_SECONDS / 10) + 1
    assert told([0.0] * steps + [3.0])[-2:] == [0.0, 3.0]


def test_a_zero_beside_a_counter_that_counts_is_zero_at_once() -> None:
    exported = Metric("meter.energy.exported", "J", Kind.COUNTER, "", ("meter",))
    said = [Sample(ENERGY, ("load",), 5 * KWH), Sample(exported, ("load",), 0.0)]
    assert Counters().honest(said, 0.0) == tuple(said)


def test_a_zero_after_a_negative_total_is_left_out_too() -> None:
    assert told([-5 * KWH, 0.0, -5 * KWH]) == [-5 * KWH, None, -5 * KWH]


def test_names_without_end_are_not_remembered_without_end() -> None:
    counters = Counters()
    for number in range(3 * MOST_SERIES):
        counters.honest([Sample(ENERGY, (str(number),), 1.0)], 0.0)
    assert len(counters._seen) <= MOST_SERIES + 1


def test_a_zero_that_stays_is_a_real_reset() -> None:
    steps = int(ZERO_SECONDS / 10) + 2
    assert told([5 * KWH] + [0.0] * steps)[-1] == 0.0


def test_a_tenth_of_a_kilowatt_hour_backwards_is_held() -> None:
    assert told([37170.1 * KWH, 37169.95 * KWH, 37170.2 * KWH]) == pytest.approx(
        [37170.1 * KWH, 37170.1 * KWH, 37170.2 * KWH]
    )


def test_a_replaced_meter_is_passed_on() -> None:
    assert told([5000 * KWH, 12 * KWH, 13 * KWH]) == [5000 * KWH, 12 * KWH, 13 * KWH]


def test_totals_that_are_negative_from_the_start_are_passed_on() -> None:
    assert told([-6983.9 * KWH, -6983.0 * KWH]) == [-6983.9 * KWH, -6983.0 * KWH]


def test_gauges_go_where_they_like() -> None:
    assert told([5.0, 0.0, -3.0], POWER) == [5.0, 0.0, -3.0]


def test_watt_hours_are_exact_beyond_single_precision() -> None:
    assert told([27_290_482.57 * 3600, 27_290_483.57 * 3600]) == [27_290_482.57 * 3600, 27_290_483.57 * 3600]


@given(st.lists(st.floats(min_value=-1e12, max_value=1e12), min_size=1))
def test_what_is_passed_on_never_falls_by_a_little(values: list[float]) -> None:
    passed = [value for value in told(values) if value is not None]
    assert all(
        later >= earlier or earlier - later > STEP_BACK_JOULES or later == 0 for earlier, later in pairwise(passed)
    )
