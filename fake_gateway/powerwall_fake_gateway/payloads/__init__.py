"""What each endpoint answers, as data: one row per path, from a view of the house to an answer."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from powerwall_fake_gateway.firmware import OPEN_BEFORE_20_49, Edit
from powerwall_fake_gateway.profile import Profile
from powerwall_fake_gateway.spelling import Json

from . import meters, powerwalls, site, strings, system, vitals
from .view import BINARY_TYPE, TEXT_TYPE, Endpoint, View, plain, refused


def _endpoints() -> Mapping[str, Endpoint]:
    """Lay out the table; `GET` only. A path that is not here is on no gateway."""
    none = plain(lambda view: None)
    table: dict[str, Endpoint] = {
        "/api/meters/aggregates": plain(meters.aggregates, needs_controller=True),
        "/api/meters/site": plain(meters.site),
        "/api/meters/solar": plain(meters.solar),
        "/api/meters": plain(meters.inventory),
        "/api/meters/readings": plain(meters.readings),
        "/api/meters/status": plain(lambda view: {"status": "", "errors": None}),
        "/api/system_status": plain(system.system_status, needs_controller=True),
        "/api/system_status/soe": plain(system.soe, needs_controller=True),
        "/api/system_status/grid_status": plain(system.grid_status, needs_controller=True),
        "/api/system_status/grid_faults": plain(system.grid_faults, needs_controller=True),
        "/api/operation": plain(system.operation),
        "/api/sitemaster": plain(system.sitemaster),
        "/api/status": plain(system.status, needs_token=False),
        "/api/system/update/status": plain(system.update_status),
        "/api/powerwalls": plain(powerwalls.powerwalls),
        "/api/powerwalls/status": plain(powerwalls.status),
        "/api/powerwalls/phase_usages": refused(
            500, "no phase information", "Failed getting phase detection information"
        ),
        "/api/synchrometer/ct_voltage_references/options": refused(
            400,
            "run sitemanager flag enabled, sitemanager process is running",
            "Failed to read Synchrometer Y CT available pairings. Please try again or reboot Gateway",
        ),
        "/api/site_info": plain(site.site_info),
        "/api/site_info/site_name": plain(site.site_name),
        "/api/solars": plain(site.solars),
        "/api/solar_powerwall": plain(strings.solar_powerwall),
        "/api/devices/vitals": Endpoint(vitals.vitals, content_type=BINARY_TYPE, encode=vitals.encode),
        "/api/config": plain(site.config),
        "/api/networks": plain(site.networks, content_type=TEXT_TYPE),
        "/api/customer/registration": plain(site.registration, needs_token=False),
        "/api/generators": plain(lambda view: {"disconnect_type": "None", "generators": []}),
        "/api/troubleshooting/problems": plain(lambda view: {"problems": []}),
        "/api/auth/toggle/supported": plain(lambda view: {"toggle_auth_supported": view.running}, needs_token=False),
        "/tedapi/din": Endpoint(lambda view: view.din, content_type=TEXT_TYPE, encode=lambda din: str(din).encode()),
    }
    table |= dict.fromkeys((f"/api/meters/{name}" for name in meters.UNMETERED), none)
    return table


ENDPOINTS = _endpoints()
"""How each path answers a GET on 23.28."""


def endpoints_of(profile: Profile) -> Mapping[str, Endpoint]:
    """Return the table of one gateway: what it does not have is left out, the rest is spelled as its firmware does."""
    return {path: _spelled(path, endpoint, profile) for path, endpoint in ENDPOINTS.items() if _is_there(path, profile)}


def _is_there(path: str, profile: Profile) -> bool:
    if path == "/api/solar_powerwall" and not profile.strings:
        return False
    return path not in profile.release.absent and (not profile.only or path in profile.only)


def _spelled(path: str, endpoint: Endpoint, profile: Profile) -> Endpoint:
    release = profile.release
    opened = release.open_reads and any(fnmatchcase(path, pattern) for pattern in OPEN_BEFORE_20_49)
    edits = tuple(edit for edit in release.edits if edit.path == path)
    body = _edited(endpoint.body, edits) if edits else endpoint.body
    return replace(endpoint, body=body, needs_token=endpoint.needs_token and not opened)


def _edited(body: Callable[[View], Json], edits: tuple[Edit, ...]) -> Callable[[View], Json]:
    def answer(view: View) -> Json:
        payload = body(view)
        for edit in edits:
            edit.apply(payload)
        return payload

    return answer


__all__ = ["ENDPOINTS", "Endpoint", "View", "endpoints_of"]
