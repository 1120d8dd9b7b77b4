"""The answers have the keys and JSON types of recorded ones, but for listed differences with their reasons.

The recordings are not part of the project: POWERWALL_PAYLOADS names their folder, else it lies beside the checkout.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from powerwall_fake_gateway import PROFILES, FakeGateway, SteppedClock
from powerwall_fake_gateway.payloads import endpoints_of

CAPTURES = Path(
    os.environ.get("POWERWALL_PAYLOADS") or Path(__file__).resolve().parents[2].parent / "shared" / "payloads"
)
pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="recorded payloads absent: set POWERWALL_PAYLOADS")

NOT_NEURIO = "a Neurio meter's; this site has synchrometers"
ONE_OF_TWO = "in one of two recordings"

# capture -> path of the difference -> reason; `*` stands for any member
ALLOWED = {
    "21.39.1/running/site_info.json": {"- .measured_frequency": "of a stopped controller, seen once while running"},
    "21.39.1/stopped/powerwalls.json": {"- .is_on_grid": ONE_OF_TWO},
    "21.39.1/stopped/powerwalls.status.json": {"- .is_on_grid": ONE_OF_TWO},
    "mixed-2018-2023/meters.site.json": {
        "- .*.connection.ip_address": NOT_NEURIO,
        "- .*.connection.port": NOT_NEURIO,
        "- .*.connection.neurio_connected": NOT_NEURIO,
        "- .*.Cached_readings.energy_exported_a": NOT_NEURIO,
        "- .*.Cached_readings.energy_imported_a": NOT_NEURIO,
        "- .*.Cached_readings.energy_exported_b": NOT_NEURIO,
        "- .*.Cached_readings.energy_imported_b": NOT_NEURIO,
    },
    "mixed-2018-2023/meters.solar.json": {
        "- .*.connection.ip_address": NOT_NEURIO,
        "- .*.connection.port": NOT_NEURIO,
        "- .*.connection.neurio_connected": NOT_NEURIO,
        "- .*.Cached_readings.energy_exported_a": NOT_NEURIO,
        "- .*.Cached_readings.energy_imported_a": NOT_NEURIO,
        "+ .*.Cached_readings.v_l2n": "one clamp there, two here",
        "+ .*.Cached_readings.real_power_b": "one clamp there, two here",
        "+ .*.Cached_readings.reactive_power_b": "one clamp there, two here",
    },
}

_SAME_IN_BOTH = (
    "meters",
    "meters.readings",
    "meters.status",
    "sitemaster",
    "operation",
    "powerwalls",
    "powerwalls.status",
    "site_info",
    "site_info.site_name",
    "solars",
    "networks",
    "status",
    "system.update.status",
)
_RUNNING = (
    "meters.aggregates",
    "system_status",
    "system_status.soe",
    "system_status.grid_status",
    "system_status.grid_faults",
)


def _path(name: str) -> str:
    return "/api/" + name.replace(".", "/")


# capture, firmware of the fake, endpoint
CASES = [
    *(
        (f"{version}/{state}/{name}.json", f"gw2-split-{version[:5]}", _path(name))
        for version in ("21.39.1", "21.44")
        for state, names in (("running", _SAME_IN_BOTH + _RUNNING), ("stopped", _SAME_IN_BOTH))
        for name in names
    ),
    ("mixed-2018-2023/system_status.json", "gw2-split-21.44", "/api/system_status"),
    ("mixed-2018-2023/meters.site.json", "gw2-split-23.28", "/api/meters/site"),
    ("mixed-2018-2023/meters.solar.json", "gw2-split-23.28", "/api/meters/solar"),
    ("mixed-2018-2023/site_info.json", "gw1-single-1.50", "/api/site_info"),
    ("mixed-2018-2023/operation.json", "gw2-split-23.28", "/api/operation"),
    ("mixed-2018-2023/powerwalls.status.non-offgrid-capable.json", "gw1-single-1.50", "/api/powerwalls/status"),
    ("mixed-2018-2023/api-powerwalls.json", "gw1-split-1.40", "/api/powerwalls"),
    ("mixed-2018-2023/system.update.status.json", "gw1-split-1.40", "/api/system/update/status"),
    ("mixed-2018-2023/api_meters_aggregates.json", "gw1-split-1.40", "/api/meters/aggregates"),
    ("early-2018-2019/status.json", "gw1-split-1.40", "/api/status"),
    ("early-2018-2019/site_info.json", "gw1-split-1.40", "/api/site_info"),
    ("early-2018-2019/site_info.site_name.json", "gw1-split-1.40", "/api/site_info/site_name"),
    ("early-2018-2019/soe.json", "gw1-split-1.40", "/api/system_status/soe"),
    ("early-2018-2019/system.update.status.json", "gw1-split-1.40", "/api/system/update/status"),
]

ERRORS = [
    ("powerwalls.phase_usages.err", "/api/powerwalls/phase_usages"),
    ("synchrometer.ct_voltage_references.options.err", "/api/synchrometer/ct_voltage_references/options"),
    ("meters.METER_SERIALsynchrometerX.ct_config.err", "/api/meters/TG120000010000synchrometerX/ct_config"),
    ("meters.METER_SERIALsynchrometerY.ct_config.err", "/api/meters/TG120000010000synchrometerY/ct_config"),
]


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every place of a payload with its JSON type; all members of an array and all serials are one place."""
    if isinstance(value, dict):
        yield path, "object"
        for key, member in value.items():
            yield from shape(member, f"{path}.{'*' if 'synchrometer' in key else key}")
    elif isinstance(value, list):
        yield path, "array"
        for member in value:
            yield from shape(member, f"{path}.*")
    else:
        names = {bool: "flag", int: "number", float: "number", str: "string", type(None): "null"}
        yield path, names[type(value)]


def differences(recorded: Any, answered: Any) -> set[str]:
    """Return places that only one side has, and places whose types differ."""
    old, new = set(shape(recorded)), set(shape(answered))
    old_paths, new_paths = {path for path, _ in old}, {path for path, _ in new}
    lost = {f"- {path}" for path in old_paths - new_paths}
    added = {f"+ {path}" for path in new_paths - old_paths}
    both = old_paths & new_paths
    changed = {f"! {path} {kind}" for path, kind in old ^ new if path in both}
    return lost | added | changed


@pytest.mark.parametrize(("capture", "firmware", "path"), CASES, ids=[capture for capture, *_ in CASES])
def test_an_answer_has_the_shape_of_the_recorded_one(capture: str, firmware: str, path: str) -> None:
    gateway = FakeGateway(clock=SteppedClock(datetime(2026, 6, 21, 19, tzinfo=UTC)), firmware=firmware)
    if "/stopped/" in capture:
        gateway.stop_controller()
    recorded = json.loads((CAPTURES / capture).read_text(encoding="utf-8"))

    assert differences(recorded, gateway.payload(path)) == set(ALLOWED.get(capture, {}))


@pytest.mark.parametrize("name", _RUNNING)
def test_a_stopped_controller_answers_the_recorded_502(
    gateway: FakeGateway, member: requests.Session, name: str
) -> None:
    head, _, body = (CAPTURES / "21.44" / "stopped" / f"{name}.err").read_bytes().partition(b"\r\n\r\n")
    gateway.stop_controller()
    answer = member.get(gateway.url + _path(name), timeout=5)
    assert (answer.status_code, answer.content) == (int(head.split()[1]), body) == (502, b"")
    recorded = {line.split(b":")[0].decode() for line in head.splitlines()[1:]}
    assert {header.lower() for header in answer.headers} == recorded


def test_a_granted_login_has_the_shape_of_the_recorded_one(gateway: FakeGateway, client: requests.Session) -> None:
    recorded = json.loads((CAPTURES / "mixed-2018-2023" / "api-login-basic.json").read_text(encoding="utf-8"))
    login = {"username": "customer", "password": "password"}
    answer = client.post(f"{gateway.url}/api/login/Basic", json=login, timeout=5).json()
    assert differences(recorded, answer) == set()


@pytest.mark.parametrize(("capture", "path"), ERRORS, ids=[capture for capture, _ in ERRORS])
def test_a_refusal_is_the_recorded_one(gateway: FakeGateway, member: requests.Session, capture: str, path: str) -> None:
    head, _, body = (CAPTURES / "21.44" / "running" / capture).read_bytes().partition(b"\r\n\r\n")
    answer = member.get(gateway.url + path, timeout=5)
    assert answer.status_code == int(head.split()[1])
    assert answer.json() == json.loads(body)


# --- every profile against 21.44 ------------------------------------------------------------------------------------

REFERENCE = CAPTURES / "21.44" / "running"
BEFORE_20 = ("gw1-split-1.40", "gw1-single-1.50")
BEFORE_21 = (*BEFORE_20, "gw2-split-20.49")
IN_21 = ("gw2-split-21.39", "gw2-split-21.44")
SINCE_23 = tuple(name for name in PROFILES if name not in (*BEFORE_21, *IN_21, "pw3-25.10"))


class Allowed(NamedTuple):
    """Differences of some profiles: everything that begins so."""

    profiles: tuple[str, ...]
    endpoint: str
    begins: tuple[str, ...]
    reason: str


BY_PROFILE = (
    Allowed(("gw1-split-1.40",), "/api/meters/aggregates", ("+ .busway", "+ .frequency", "+ .generator"), "up to 1.4x"),
    Allowed(
        BEFORE_21,
        "/api/meters/aggregates",
        tuple(
            f"- .{meter}.{key}"
            for meter in ("site", "battery", "load", "solar")
            for key in ("instant_average_current", "last_phase_")
        ),
        "since 21",
    ),
    Allowed(
        BEFORE_21,
        "/api/meters/aggregates",
        tuple(f"- .{meter}.num_meters_aggregated" for meter in ("site", "battery", "solar")),
        "since 21, and never of the load",
    ),
    Allowed(
        ("gw1-split-1.40",),
        "/api/meters/aggregates",
        tuple(f"- .{meter}.timeout" for meter in ("site", "battery", "load", "solar")),
        "absent in 2018",
    ),
    Allowed(
        ("gw2-split-21.39",),
        "/api/meters/aggregates",
        tuple(f"- .{meter}.last_phase_energy" for meter in ("site", "battery", "load", "solar")),
        "since 21.44",
    ),
    Allowed(("gw2-no-solar-24.12",), "/api/meters/aggregates", ("- .solar",), "no solar"),
    Allowed(("gw2-no-solar-24.12",), "/api/solars", ("- .*",), "no solar"),
    Allowed(
        SINCE_23,
        "/api/networks",
        tuple(
            f"{change} .*.iface_network_info.ip_networks.*.{key}"
            for change, keys in (("+", ("IP", "Mask")), ("-", ("ip", "mask")))
            for key in keys
        ),
        "newer spelling of an address and its mask",
    ),
    Allowed(SINCE_23, "/api/site_info", ("+ .panel_max_current",), "since 22 or 23"),
    Allowed((*SINCE_23, *BEFORE_20), "/api/site_info", ("- .grid_code.distributor",), "may be absent"),
    Allowed(
        ("gw1-single-1.50", "gw2-single-24.44"),
        "/api/site_info",
        ("- .grid_code.utility", "- .grid_code.retailer"),
        "absent in the United Kingdom",
    ),
    Allowed(
        ("gw1-split-1.40",),
        "/api/site_info",
        (
            "! .grid_code",
            "- .grid_code.",
            "- .max_system_",
            *(f"+ .{key}" for key in ("country", "state", "distributor", "utility", "retailer", "region")),
            *(f"+ .grid_{key}_setting" for key in ("voltage", "freq", "phase")),
        ),
        "flat up to 1.46",
    ),
    Allowed(SINCE_23, "/api/status", ("+ .can_reboot", "+ .teg_type"), "since 22 or 23"),
    Allowed((*SINCE_23, *BEFORE_21), "/api/status", ("- .leader", "- .followers"), "only in 21 and 22"),
    Allowed(BEFORE_21, "/api/status", ("- .cellular_disabled",), "since 21"),
    Allowed(BEFORE_20, "/api/status", ("- .din",), "since 20"),
    Allowed(
        ("gw1-split-1.40",), "/api/status", ("- .commission_count", "- .device_type", "- .sync_type"), "absent in 1.40"
    ),
    Allowed(
        SINCE_23,
        "/api/system_status",
        ("+ .available_charger_blocks", "+ .hardware_capability_", "+ .instantaneous_max_apparent_power"),
        "since 22 or 23",
    ),
    Allowed(
        ("gw2-disabled-pack-23.28",),
        "/api/system_status",
        (
            "+ .battery_blocks.*.disabled_reasons.*",
            *(f"! .battery_blocks.*.{key}" for key in ("energy_", "f_out null")),
        ),
        "a disabled pack has reasons and nulls",
    ),
    Allowed(
        ("gw2-disabled-pack-23.28",),
        "/api/system_status",
        tuple(f"! .battery_blocks.*.{letter}_out null" for letter in "fipqv"),
        "a disabled pack has nulls",
    ),
    Allowed(("gw2-follower-24.12",), "/api/system_status", ("- .battery_blocks.*",), "a follower sees no packs"),
    Allowed(("gw2-follower-24.12",), "/api/powerwalls", ("- .powerwalls.*",), "a follower sees no packs"),
    Allowed(("gw2-stopped-23.28",), "/api/site_info", ("+ .measured_frequency",), "measured while stopped"),
    Allowed(
        ("gw2-stopped-23.28",),
        "/api/powerwalls",
        (
            "! .powerwalls.*.commissioning_diagnostic.checks.*.end_time",
            "- .powerwalls.*.commissioning_diagnostic.checks.*.message",
            "- .sync.commissioning_diagnostic.checks.*.message",
            "+ .sync.commissioning_diagnostic.checks.*.results.",
        ),
        "checks run while stopped, as recorded in 21.44/stopped",
    ),
    Allowed(
        ("gw1-split-1.40",),
        "/api/powerwalls",
        ("! .states", "+ .has_sync", "+ .phase_detection_attempt", "- ."),
        "as recorded in 2019",
    ),
    Allowed(
        ("gw1-split-1.40",), "/api/powerwalls/status", ("- .phase_detection_not_available",), "as recorded in 2019"
    ),
    Allowed(("gw1-split-1.40",), "/api/sitemaster", ("- .can_reboot", "- .power_supply_mode"), "absent then"),
    Allowed(("gw1-split-1.40",), "/api/system_status/grid_status", ("- .grid_services_active",), "absent in 2019"),
    Allowed(
        ("gw1-split-1.40",),
        "/api/system/update/status",
        ("- .estimated_bytes", "- .last_status_time", "- .offline_update_error", "- .offline_updating", "- .version"),
        "as recorded in 1.40",
    ),
)


@cache
def found(profile: str, endpoint: str) -> frozenset[str]:
    """Return the differences of one answer from the recorded one."""
    gateway = FakeGateway(firmware=profile, clock=SteppedClock(datetime(2026, 6, 21, 19, tzinfo=UTC)))
    file = REFERENCE / f"{endpoint.removeprefix('/api/').replace('/', '.')}.json"
    recorded: Any = json.loads(file.read_text(encoding="utf-8"))
    return frozenset(differences(recorded, gateway.payload(endpoint)))


def answers() -> Iterator[tuple[str, str]]:
    """Yield profiles and those of their endpoints that were recorded."""
    for file in sorted(REFERENCE.glob("*.json")):
        endpoint = "/api/" + file.stem.replace(".", "/")
        yield from ((name, endpoint) for name, profile in PROFILES.items() if endpoint in endpoints_of(profile))


@pytest.mark.parametrize(("profile", "endpoint"), list(answers()))
def test_a_profile_differs_only_as_listed(profile: str, endpoint: str) -> None:
    rows = [row for row in BY_PROFILE if profile in row.profiles and row.endpoint == endpoint]
    begins = tuple(begin for row in rows for begin in row.begins)
    assert {
        difference for difference in found(profile, endpoint) if not difference.startswith(begins or ("?",))
    } == set()


@pytest.mark.parametrize("row", BY_PROFILE, ids=lambda row: f"{row.endpoint} {row.reason}")
def test_a_listed_difference_is_there(row: Allowed) -> None:
    seen = {difference for profile in row.profiles for difference in found(profile, row.endpoint)}
    assert [begin for begin in row.begins if not any(difference.startswith(begin) for difference in seen)] == []
