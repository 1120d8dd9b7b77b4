"""Real captures of gateway answers, read in place where they are; they are never part of the project."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from powerwall_exporter.gateway.endpoints import READABLE
from powerwall_exporter.model import Json

FOLDER = Path(os.environ.get("POWERWALL_PAYLOADS") or Path(__file__).parents[3] / "shared" / "payloads")

_OTHER_SPELLINGS = {
    "soe": "/api/system_status/soe",
    "api-meters-site": "/api/meters/site",
    "api-meters-solar": "/api/meters/solar",
    "api-powerwalls": "/api/powerwalls",
    "api_meters_aggregates": "/api/meters/aggregates",
    "sitemaster.running": "/api/sitemaster",
    "sitemaster.stopped": "/api/sitemaster",
}


class Capture(NamedTuple):
    """One captured answer."""

    name: str
    endpoint: str
    payload: Json


def captures() -> Iterator[Capture]:
    """Yield the captured answers of the endpoints that are polled."""
    for file in sorted(FOLDER.rglob("*.json")):
        endpoint = _OTHER_SPELLINGS.get(file.stem, "/api/" + file.stem.replace(".", "/"))
        if endpoint in READABLE:
            yield Capture(str(file.relative_to(FOLDER)), endpoint, json.loads(file.read_text(encoding="utf-8")))


def each_capture() -> pytest.MarkDecorator:
    """Parametrise a test by capture; skip it with the reason where there are none."""
    found = list(captures())
    if not found:
        absent = pytest.param(None, marks=pytest.mark.skip(f"no captures in {FOLDER.name}; set POWERWALL_PAYLOADS"))
        return pytest.mark.parametrize("capture", [absent])
    return pytest.mark.parametrize("capture", found, ids=[capture.name for capture in found])
