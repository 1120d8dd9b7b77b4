"""What Go writes, we write: JSON numbers, moments, durations."""

import json
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powerwall_fake_gateway.spelling import Json, boot_moment, duration, http_date, json_bytes, moment

values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "-0"),
        (5_000.0, "5000"),
        (0.1, "0.1"),
        (1e21, "1e+21"),
        (2_411 * 0.1, "241.10000000000002"),
        ({"a": [True, None, "x"]}, '{"a":[true,null,"x"]}'),
        ("<a & b>", '"\\u003ca \\u0026 b\\u003e"'),
        ('Müller "X"', '"Müller \\"X\\""'),
    ],
)
def test_json_is_spelled_as_go_spells_it(value: Json, text: str) -> None:
    assert json_bytes(value).decode() == text


@given(values)
def test_any_json_survives(value: Json) -> None:
    assert json.loads(json_bytes(value)) == value


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        json_bytes(number)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0000015, "1.5µs"),
        (0.85, "850ms"),
        (45.2, "45.2s"),
        (302.1, "5m2.1s"),
        (3_600, "1h0m0s"),
        (831_359.25, "230h55m59.25s"),
    ],
)
def test_durations_are_spelled_as_go_spells_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_moments_carry_nanoseconds_and_the_local_offset() -> None:
    zone = timezone(timedelta(hours=-7))
    assert moment(1_718_000_000.25, zone) == "2024-06-09T23:13:20.25-07:00"
    assert moment(1_718_000_000, zone) == "2024-06-09T23:13:20-07:00"
    assert moment(1_718_000_000, timezone(timedelta(hours=5, minutes=45))) == "2024-06-10T11:58:20+05:45"


def test_the_start_time_lies_about_its_offset() -> None:
    assert boot_moment(1_718_000_000, timezone(timedelta(hours=-7))) == "2024-06-09 23:13:20 +0800"
    assert boot_moment(1_718_000_000, UTC) == "2024-06-10 06:13:20 +0800"


def test_dates_of_http_are_english_and_gmt() -> None:
    assert http_date(1_718_000_000.9) == "Mon, 10 Jun 2024 06:13:20 GMT"
