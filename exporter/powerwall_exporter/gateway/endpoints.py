"""The only paths that are ever requested, and how often; some GETs of this API stop the battery."""

from dataclasses import dataclass
from enum import StrEnum

LOGIN = "/api/login/Basic"


class Pace(StrEnum):
    """How often an endpoint is worth asking."""

    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"


FLOOR_SECONDS = {Pace.FAST: 5.0, Pace.MEDIUM: 30.0, Pace.SLOW: 60.0}
"""The shortest interval that a gateway bears in the long run, by pace (owners report faults from faster ones)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path that may be read, and its pace."""

    path: str
    pace: Pace


ENDPOINTS = (
    Endpoint("/api/meters/aggregates", Pace.FAST),
    Endpoint("/api/system_status/soe", Pace.FAST),
    Endpoint("/api/system_status/grid_status", Pace.FAST),
    Endpoint("/api/system_status", Pace.MEDIUM),
    Endpoint("/api/sitemaster", Pace.MEDIUM),
    Endpoint("/api/meters/site", Pace.MEDIUM),
    Endpoint("/api/meters/solar", Pace.MEDIUM),
    Endpoint("/api/status", Pace.SLOW),
    Endpoint("/api/operation", Pace.SLOW),
    Endpoint("/api/site_info", Pace.SLOW),
    Endpoint("/api/powerwalls", Pace.SLOW),
)
READABLE = frozenset(endpoint.path for endpoint in ENDPOINTS)
OPEN = frozenset({"/api/status"})
"""What every firmware answers without a login, so that it says nothing of a token."""
