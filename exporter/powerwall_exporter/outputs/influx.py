"""Influx line protocol, in the subset that Telegraf's default parser, its upstream one and InfluxDB 1.x read alike.

Fields are floats, words are tags, times are nanoseconds. Control characters become a space and a backslash
becomes a slash: each of the three readers takes them otherwise (measured).
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from powerwall_exporter.catalogue import names
from powerwall_exporter.model import Metric, Reading

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def lines(gateway: str | None, readings: Sequence[Reading]) -> bytes:
    """Return the readings as lines, each with the time at which its payload arrived."""
    return b"".join(_reading_lines(gateway, reading) for reading in readings)


def _reading_lines(gateway: str | None, reading: Reading) -> bytes:
    points: dict[str, dict[str, float]] = {}
    for sample in reading.samples:
        series, field = _place(gateway, sample.metric, sample.labels)
        points.setdefault(series, {})[field] = sample.value
    return "".join(
        f"{series} {','.join(f'{field}={value!r}' for field, value in fields.items())} {reading.time_ns}\n"
        for series, fields in points.items()
    ).encode()


@lru_cache(maxsize=65536)
def _place(gateway: str | None, metric: Metric, labels: tuple[str, ...]) -> tuple[str, str]:
    """Return the series (measurement and sorted tags) and the field of a sample, escaped."""
    name = names.influx(metric, labels)
    tags = dict(zip(name.tags, labels, strict=True)) if name.tags else {}
    if gateway is not None:
        tags["gateway"] = gateway
    pairs = ((escaped(key), escaped(value)) for key, value in sorted(tags.items()))
    series = "".join([name.measurement, *(f",{key}={value}" for key, value in pairs if value)])
    return series, escaped(name.field)


def escaped(text: str) -> str:
    """Return a key or a tag value as it is written; of measurements, which may hold `=`, there are only plain ones."""
    clean = _SURROGATE.sub("?", _CONTROL.sub(" ", text)).replace("\\", "/")
    return clean.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
