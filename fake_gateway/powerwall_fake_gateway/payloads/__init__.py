"""What each endpoint answers, as data: one row per path, from a view of the house to JSON."""

from collections.abc import Mapping

from . import meters, powerwalls, site, system
from .view import TEXT_TYPE, Endpoint, View, plain, refused


def _endpoints() -> Mapping[str, Endpoint]:
    """Lay out the table; `GET` only. A path that is not here is not on this gateway."""
    none = plain(lambda view: None)
    table: dict[str, Endpoint] = {
        "/api/meters/aggregates": plain(meters.aggregates),
        "/api/meters/site": plain(meters.site),
        "/api/meters/solar": plain(meters.solar),
        "/api/meters": plain(meters.inventory),
        "/api/meters/readings": plain(meters.readings),
        "/api/meters/status": plain(lambda view: {"status": "", "errors": None}),
        "/api/system_status": plain(system.system_status),
        "/api/system_status/soe": plain(system.soe),
        "/api/system_status/grid_status": plain(system.grid_status),
        "/api/system_status/grid_faults": plain(system.grid_faults),
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
        "/api/config": plain(site.config),
        "/api/networks": plain(site.networks, content_type=TEXT_TYPE),
        "/api/customer/registration": plain(site.registration, needs_token=False),
        "/api/generators": plain(lambda view: {"disconnect_type": "None", "generators": []}),
        "/api/troubleshooting/problems": plain(lambda view: {"problems": []}),
        "/api/auth/toggle/supported": plain(lambda view: {"toggle_auth_supported": True}, needs_token=False),
    }
    table |= dict.fromkeys((f"/api/meters/{name}" for name in meters.UNMETERED), none)
    return table


ENDPOINTS = _endpoints()
"""How each path answers a GET."""

__all__ = ["ENDPOINTS", "Endpoint", "View"]
