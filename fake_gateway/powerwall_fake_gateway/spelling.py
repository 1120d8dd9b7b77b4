"""How the gateway's Go code writes JSON, moments and durations. Seconds are Unix seconds."""

import json
import math
from datetime import UTC, datetime, tzinfo
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

ZERO_TIME = "0001-01-01T00:00:00Z"
"""How Go writes a moment that was never set."""

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def json_bytes(value: Json) -> bytes:
    """Encode as Go's encoder does: compact, whole floats without fraction, negative zero as -0."""
    return _json_text(value).encode()


def _json_text(value: Json) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_string(key)}:{_json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json_text(item) for item in value) + "]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_HTML)


def _float(number: float) -> str:
    """Spell a float; ValueError for NaN and infinities, which Go refuses, too."""
    if number.is_integer() and abs(number) < 1e21:
        return f"{number:.0f}"
    return json.dumps(number, allow_nan=False)


def moment(unix_seconds: float, zone: tzinfo) -> str:
    """Write RFC 3339 with up to nine fraction digits and the local offset, e.g. 2024-06-01T12:00:00.123456789-07:00."""
    seconds = math.floor(unix_seconds)
    nanoseconds = min(999_999_999, round((unix_seconds - seconds) * 1e9))
    local = datetime.fromtimestamp(seconds, zone)
    fraction = f".{nanoseconds:09d}".rstrip("0").rstrip(".")
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{offset[:3]}:{offset[3:5]}"


def boot_moment(unix_seconds: float, zone: tzinfo) -> str:
    """Write a start time as the gateway does: the local wall clock, with an offset that is always a lie."""
    return f"{datetime.fromtimestamp(unix_seconds, zone):%Y-%m-%d %H:%M:%S} +0800"


def http_date(unix_seconds: float) -> str:
    """Write the value of an HTTP Date header."""
    at = datetime.fromtimestamp(unix_seconds, UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day}, {at.day:02d} {months[at.month - 1]} {at:%Y %H:%M:%S} GMT"


def duration(seconds: float) -> str:
    """Write a Go duration, e.g. 230h55m59.932079901s, 5m2.1s, 45.2s, 850ms; hours are the largest unit."""
    nanoseconds = round(seconds * 1e9)
    if nanoseconds == 0:
        return "0s"
    for unit, size in (("ns", 1), ("\u00b5s", 1_000), ("ms", 1_000_000)):
        if nanoseconds < size * 1_000:
            return _trimmed(nanoseconds, size) + unit
    minutes, rest = divmod(nanoseconds, 60_000_000_000)
    text = _trimmed(rest, 1_000_000_000) + "s"
    if minutes:
        text = f"{minutes % 60}m{text}"
    return f"{minutes // 60}h{text}" if minutes >= 60 else text


def _trimmed(amount: int, size: int) -> str:
    """Write amount / size exactly, without trailing zeros; size is a power of ten."""
    whole, rest = divmod(amount, size)
    digits = len(str(size)) - 1
    fraction = f"{rest:0{digits}d}".rstrip("0") if digits else ""
    return f"{whole}.{fraction}" if fraction else f"{whole}"
