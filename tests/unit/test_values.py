"""Single values: what is said is given, what is not said is None and never zero."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powerwall_exporter.catalogue import values
from powerwall_exporter.model import Json


@pytest.mark.parametrize(
    ("given_value", "number"),
    [(0, 0.0), (-0.0, -0.0), (1, 1.0), (9200.000000000002, 9200.000000000002), (2**63, 2.0**63), (5e-324, 5e-324)],
)
def test_a_number_is_taken_as_it_is(given_value: Json, number: float) -> None:
    assert values.number(given_value) == number


@pytest.mark.parametrize("nothing", [None, True, False, "72", "", {}, [], math.nan, math.inf, -math.inf, 10**400])
def test_what_is_no_finite_number_says_nothing(nothing: Json) -> None:
    assert values.number(nothing) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("230h55m59.932079901s", 230 * 3600 + 55 * 60 + 59.932079901),
        ("1541h38m20.998412744s", 1541 * 3600 + 38 * 60 + 20.998412744),
        ("5m2.1s", 302.1),
        ("45.2s", 45.2),
        ("12s", 12.0),
        ("1h0m0s", 3600.0),
        ("350ms", 0.35),
        ("1.5µs", 1.5e-6),
        ("0s", 0.0),
    ],
)
def test_go_durations(text: str, seconds: float) -> None:
    assert values.go_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["802459s,", "log:", "", "12", "h5m", "5m x", "-5m", None, 12])
def test_what_is_no_go_duration_says_nothing(text: Json) -> None:
    assert values.go_duration(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2021-12-26T13:09:22.321056599-07:00", 1640549362.321056),
        ("2024-06-01T12:00:00Z", 1717243200.0),
        ("0001-01-01T00:00:00Z", None),
        ("2024-06-01T12:00:00", None),
        ("yesterday", None),
        ("", None),
        (1717243200, None),
        (None, None),
    ],
)
def test_times(text: Json, seconds: float | None) -> None:
    assert values.unix_time(text) == (None if seconds is None else pytest.approx(seconds, abs=1e-6))


@pytest.mark.parametrize(
    ("raw", "app"), [(0.05, 0.0), (0.145, 0.1), (0.24, 0.2), (0.3825, 0.35), (0.62, 0.6), (1.0, 1.0), (0.0, 0.0)]
)
def test_the_apps_scale_hides_the_lowest_five_percent(raw: float, app: float) -> None:
    assert values.usable(raw) == pytest.approx(app)


@pytest.mark.parametrize("percentage", range(101))
def test_a_percentage_is_the_nearest_ratio(percentage: int) -> None:
    assert values.percent(percentage) == percentage / 100


@given(st.text())
def test_a_word_is_one_line_of_bounded_length_or_nothing(text: str) -> None:
    word = values.word(text)
    assert word is None or (word == word.strip() and len(word) <= values.LONGEST_WORD and "\n" not in word)
    assert word is None or word.encode()


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_nothing_a_gateway_may_say_raises(value: Json) -> None:
    for convert in (values.number, values.flag, values.unix_time, values.go_duration, values.percent, values.nonzero):
        found = convert(value)
        assert found is None or math.isfinite(found)
