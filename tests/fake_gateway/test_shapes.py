"""The answers have the keys and JSON types of recorded ones, but for listed differences with their reasons.

The recordings are not part of the project: POWERWALL_PAYLOADS names their folder, else it lies beside the checkout.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from powerwall_fake_gateway import FakeGateway, SteppedClock

CAPTURES = Path(
    os.environ.get("POWERWALL_PAYLOADS") or Path(__file__).resolve().parents[2].parent / "shared" / "payloads"
)
pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="recorded payloads absent: set POWERWALL_PAYLOADS")

SINCE_23 = "added by firmware 22 to 23.28"
GONE_BY_23 = "only in firmware 21 to 22"
NOT_NEURIO = "a Neurio meter's; this site has synchrometers"
NEWER = "newer spelling of an address and its mask"

# path of the difference -> reason; `*` stands for any member
ALLOWED = {
    "/api/status": {
        "+ .teg_type": SINCE_23,
        "+ .can_reboot": SINCE_23,
        "- .leader": GONE_BY_23,
        "- .followers": GONE_BY_23,
    },
    "/api/system_status": {
        "+ .instantaneous_max_apparent_power": SINCE_23,
        "+ .hardware_capability_charge_power": SINCE_23,
        "+ .hardware_capability_discharge_power": SINCE_23,
        "+ .available_charger_blocks": SINCE_23,
    },
    "/api/site_info": {
        "+ .panel_max_current": SINCE_23,
        "- .grid_code.distributor": "absent on 23.28",
    },
    "/api/networks": {
        "+ .*.iface_network_info.ip_networks.*.IP": NEWER,
        "+ .*.iface_network_info.ip_networks.*.Mask": NEWER,
        "- .*.iface_network_info.ip_networks.*.ip": NEWER,
        "- .*.iface_network_info.ip_networks.*.mask": NEWER,
    },
    "/api/meters/site": {
        "- .*.connection.ip_address": NOT_NEURIO,
        "- .*.connection.port": NOT_NEURIO,
        "- .*.connection.neurio_connected": NOT_NEURIO,
        "- .*.Cached_readings.energy_exported_a": NOT_NEURIO,
        "- .*.Cached_readings.energy_exported_b": NOT_NEURIO,
        "- .*.Cached_readings.energy_imported_a": NOT_NEURIO,
        "- .*.Cached_readings.energy_imported_b": NOT_NEURIO,
    },
    "/api/meters/solar": {
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

CASES = [
    ("21.44/running/meters.aggregates.json", "/api/meters/aggregates"),
    ("21.44/running/meters.json", "/api/meters"),
    ("21.44/running/meters.readings.json", "/api/meters/readings"),
    ("21.44/running/meters.status.json", "/api/meters/status"),
    ("21.44/running/system_status.json", "/api/system_status"),
    ("21.44/running/system_status.soe.json", "/api/system_status/soe"),
    ("21.44/running/system_status.grid_status.json", "/api/system_status/grid_status"),
    ("21.44/running/system_status.grid_faults.json", "/api/system_status/grid_faults"),
    ("21.44/running/sitemaster.json", "/api/sitemaster"),
    ("21.44/running/operation.json", "/api/operation"),
    ("21.44/running/powerwalls.json", "/api/powerwalls"),
    ("21.44/running/powerwalls.status.json", "/api/powerwalls/status"),
    ("21.44/running/site_info.json", "/api/site_info"),
    ("21.44/running/site_info.site_name.json", "/api/site_info/site_name"),
    ("21.44/running/solars.json", "/api/solars"),
    ("21.44/running/networks.json", "/api/networks"),
    ("21.44/running/status.json", "/api/status"),
    ("21.44/running/system.update.status.json", "/api/system/update/status"),
    ("mixed-2018-2023/system_status.json", "/api/system_status"),
    ("mixed-2018-2023/meters.site.json", "/api/meters/site"),
    ("mixed-2018-2023/meters.solar.json", "/api/meters/solar"),
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


@pytest.mark.parametrize(("capture", "path"), CASES, ids=[capture for capture, _ in CASES])
def test_an_answer_has_the_shape_of_the_recorded_one(capture: str, path: str) -> None:
    gateway = FakeGateway(clock=SteppedClock(datetime(2026, 6, 21, 19, tzinfo=UTC)))
    recorded = json.loads((CAPTURES / capture).read_text(encoding="utf-8"))

    found = differences(recorded, gateway.payload(path))
    allowed = set(ALLOWED.get(path, {}))
    if capture.startswith("21.44") or "meters" in capture:
        assert found == allowed
    else:
        assert found <= allowed


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
