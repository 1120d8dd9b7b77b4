"""Single values out of a payload: each gives the value, or None where nothing was said.

Absence is not zero: what is missing, null, of another type, not finite or a known placeholder is None.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime

from powerwall_exporter.model import Json

LONGEST_WORD = 200
"""Characters; longer words than any gateway's are cut, so that no label grows without bound."""

_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|μs|ns)")
_GO_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def node(value: Json) -> Mapping[str, Json]:
    """Return the object itself, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def nodes(value: Json) -> list[Mapping[str, Json]]:
    """Return the objects of a list, and nothing for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def number(value: Json) -> float | None:
    """Return a finite number; a bool, a text or an infinity is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def nonzero(value: Json) -> float | None:
    """Return a number other than zero, for quantities whose zero means "not measured"."""
    return number(value) or None


def percent(value: Json) -> float | None:
    """Return the ratio of a percentage."""
    return _divided(value, 1e2)


def milliseconds(value: Json) -> float | None:
    """Return the seconds of a time in milliseconds."""
    return _divided(value, 1e3)


def nanoseconds(value: Json) -> float | None:
    """Return the seconds of a time in nanoseconds."""
    return _divided(value, 1e9)


def _divided(value: Json, divisor: float) -> float | None:
    # Divided rather than multiplied by 0.01, so that 57 % is 0.57 and not 0.5700000000000001.
    whole = number(value)
    return None if whole is None else whole / divisor


def flag(value: Json) -> float | None:
    """Return 1 or 0 for a bool."""
    return float(value) if isinstance(value, bool) else None


def word(value: Json) -> str | None:
    """Return a non-empty text in one line, cut to a bounded length."""
    if not isinstance(value, str):
        return None
    return _UNPRINTABLE.sub(" ", value).strip()[:LONGEST_WORD] or None


def unix_time(value: Json) -> float | None:
    """Return Unix seconds of an RFC 3339 time; the zero time 0001-01-01 means "never"."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.timestamp() if moment.tzinfo and moment.year > 1 else None
    except (ValueError, OverflowError):
        return None


def go_duration(value: Json) -> float | None:
    """Return seconds of a duration as Go prints it, such as `230h55m59.9s` or `45.2s`."""
    if not isinstance(value, str):
        return None
    parts = _GO_DURATION.findall(value)
    if not parts or "".join(amount + unit for amount, unit in parts) != value:
        return None
    return sum(float(amount) * _GO_UNIT_SECONDS[unit] for amount, unit in parts)


def usable(raw_ratio: float) -> float:
    """Return a ratio of Tesla's app for a raw one: the app hides the lowest 5 percent."""
    return max(0.0, (raw_ratio - 0.05) / 0.95)
