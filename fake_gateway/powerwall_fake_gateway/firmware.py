"""Firmware as data: what each release lacks, adds or spells otherwise, compared with the next newer one.

The payloads of this package are those of 23.28; older releases are lists of edits to them.
"""

from dataclasses import dataclass, replace

from . import keypath
from .spelling import Json


@dataclass(frozen=True)
class Edit:
    """One difference: a key of one endpoint that is not there, or that is and holds this value."""

    path: str
    key: str
    present: bool = False
    value: Json = None

    def apply(self, payload: Json) -> None:
        """Make the difference."""
        if self.present:
            keypath.put(payload, self.key, self.value)
        else:
            keypath.edit(payload, self.key, keypath.drop)


@dataclass(frozen=True)
class Release:
    """One firmware: its number, and in what it differs from 23.28."""

    number: str
    edits: tuple[Edit, ...] = ()
    absent: tuple[str, ...] = ("/tedapi/din",)
    """Paths that are answered 404."""
    energy_step_watt_hours: int = 1
    open_reads: bool = False
    """Whether most reads need no token, as before 20.49."""
    login_time: bool = True
    flat_site_info: bool = False
    seven_categories: bool = False
    plain_netmasks: bool = False
    password_hours: float | None = None
    """After how long the customer password is forgotten, while granted tokens live on."""


OPEN_BEFORE_20_49 = (
    "/api/meters",
    "/api/meters/*",
    "/api/system_status/soe",
    "/api/system_status/grid_status",
    "/api/sitemaster",
    "/api/powerwalls",
    "/api/powerwalls/status",
    "/api/site_info",
    "/api/site_info/site_name",
)
"""Patterns of what needed no token then."""


def _older(newer: Release, number: str, edits: tuple[Edit, ...], absent: tuple[str, ...] = ()) -> Release:
    """Return a release that lacks what the newer one lacks, and these."""
    return replace(newer, number=number, edits=newer.edits + edits, absent=newer.absent + absent)


def _without(path: str, *keys: str) -> tuple[Edit, ...]:
    return tuple(Edit(path, key) for key in keys)


_AGGREGATES = "/api/meters/aggregates"
_METERS = ("/api/meters/site", "/api/meters/solar")
_STATUS = "/api/status"
_SYSTEM = "/api/system_status"
_UPDATE = "/api/system/update/status"
_POWERWALLS = "/api/powerwalls"

R23_28 = Release("23.28.2")
R23_12 = replace(R23_28, number="23.12.2")
R23_44 = replace(R23_28, number="23.44.0", absent=("/tedapi/din", "/api/devices/vitals"))
R24_12 = replace(R23_44, number="24.12.6")
R24_36 = replace(R23_44, number="24.36.2", password_hours=6.0)
R24_44 = replace(R23_44, number="24.44.0")
R25_10 = Release("25.10.1", absent=())
R21_44 = _older(
    replace(R23_28, energy_step_watt_hours=10, plain_netmasks=True),
    "21.44",
    (
        *_without(_STATUS, "teg_type", "can_reboot"),
        Edit(_STATUS, "leader", present=True, value=""),
        Edit(_STATUS, "followers", present=True),
        *_without(_SYSTEM, "instantaneous_max_apparent_power", "hardware_capability_*", "available_charger_blocks"),
        *_without("/api/site_info", "panel_max_current"),
        Edit("/api/site_info", "grid_code.distributor", present=True, value="*"),
    ),
    ("/api/solar_powerwall",),
)
R21_39 = _older(
    R21_44,
    "21.39.1",
    (
        *_without(_AGGREGATES, "*.last_phase_energy_communication_time"),
        *(Edit(path, "*.Cached_readings.last_phase_energy_communication_time") for path in _METERS),
        Edit(_UPDATE, "state", present=True, value="/update_unknown"),
    ),
)
R20_49 = _older(
    R21_39,
    "20.49.0",
    (
        *_without(_AGGREGATES, "*.instant_average_current", "*.num_meters_aggregated", "*.last_phase_*"),
        *(Edit(path, "*.Cached_readings.instant_average_current") for path in _METERS),
        *(Edit(path, "*.Cached_readings.last_phase_*") for path in _METERS),
        *_without(_STATUS, "leader", "followers", "cellular_disabled"),
    ),
    (_SYSTEM, "/api/meters/status", "/api/troubleshooting/problems", "/api/devices/vitals"),
)
R1_50 = _older(
    replace(R20_49, open_reads=True, login_time=False),
    "1.50.1",
    (
        *_without(_STATUS, "din"),
        *_without("/api/site_info", "grid_code.distributor"),
        *(Edit(path, "*.Cached_readings.re*_power_*") for path in _METERS),
    ),
)
R1_40 = _older(
    replace(R1_50, flat_site_info=True, seven_categories=True),
    "1.40.2",
    (
        *_without(_STATUS, "commission_count", "device_type", "sync_type"),
        *_without("/api/site_info", "max_system_*"),
        Edit("/api/site_info", "distributor", present=True, value="*"),
        *_without(_AGGREGATES, "*.timeout"),
        *(Edit(path, "*.Cached_readings.timeout") for path in _METERS),
        *_without("/api/system_status/grid_status", "grid_services_active"),
        *_without("/api/sitemaster", "power_supply_mode", "can_reboot"),
        *_without(_UPDATE, "last_status_time", "version", "offline_*", "estimated_bytes_per_second"),
        *_without(_POWERWALLS, "phase_detection_not_available", "gateway_din", "msa"),
        *_without(_POWERWALLS, "powerwalls.*.Type", "powerwalls.*.bc_type", "powerwalls.*.in_config"),
        *_without(_POWERWALLS, "*.*.*_diagnostic.inputs", "*.*.*_diagnostic.alert", "*.*_diagnostic.inputs"),
        *_without(_POWERWALLS, "*.*_diagnostic.alert", "*.*.*_diagnostic.checks.*.debug"),
        *_without(_POWERWALLS, "*.*_diagnostic.checks.*.debug", "*.*_diagnostic.checks.*.checks"),
        *_without(_POWERWALLS, "*.*.*_diagnostic.checks.*.checks"),
        Edit(_POWERWALLS, "has_sync", present=True, value=True),
        Edit(_POWERWALLS, "states", present=True, value=[]),
        Edit(_POWERWALLS, "phase_detection_attempt", present=True, value=0),
        *_without("/api/powerwalls/status", "phase_detection_not_available"),
    ),
)
