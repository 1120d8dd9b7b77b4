"""The pack inventory. While the site controller runs, its grid states and checks are meaningless, as on real ones."""

from powerwall_fake_gateway.spelling import Json

from .system import pack_grid_state
from .view import View

_REFUSAL = (
    "Cannot perform this action with site controller running. "
    'From landing page, either "STOP SYSTEM" or "RUN WIZARD" to proceed.'
)
_CHECK_SECONDS = 0.0000098
_PACK_CHECKS = ("CAN connectivity", "Enable switch", "Internal communications", "Firmware up-to-date")
_PACK_UPDATES = ("Powerwall firmware", "Battery firmware", "Inverter firmware", "Grid code")
_SYNC_CHECKS = ("CAN connectivity", "Firmware up-to-date")
_SYNC_UPDATES = ("Synchronizer firmware", "Islanding configuration", "Grid code")


def status(view: View) -> Json:
    """Answer /api/powerwalls/status: the head of /api/powerwalls."""
    return _head(view)


def powerwalls(view: View) -> Json:
    """Answer /api/powerwalls."""
    count = len(view.truth.packs)
    return _head(view) | {
        "powerwalls": [_pack(view, position) for position in range(count)],
        "gateway_din": view.din,
        "sync": {
            "updating": False,
            "commissioning_diagnostic": _commissioning(view, _SYNC_CHECKS, 10 * count, "pass"),
            "update_diagnostic": _update(_SYNC_UPDATES),
        },
        "msa": None,
        "states": None,
    }


def _head(view: View) -> dict[str, Json]:
    early = view.profile.release.open_reads
    checked = "on grid check not run" if view.running else ""
    return {
        "enumerating": False,
        "updating": False,
        "checking_if_offgrid": False,
        "running_phase_detection": False,
        "phase_detection_last_error": "phase detection not run" if early else "no phase information",
        "bubble_shedding": False,
        "on_grid_check_error": checked,
        "grid_qualifying": False,
        "grid_code_validating": False,
        "phase_detection_not_available": True,
    }


def _pack(view: View, position: int) -> Json:
    return {
        "Type": "",
        "PackagePartNumber": view.profile.pack_part_number,
        "PackageSerialNumber": view.identity.pack_serial(position),
        "type": view.profile.pack_type,
        "grid_state": "Grid_Uncompliant" if view.running else pack_grid_state(view),
        "grid_reconnection_time_seconds": 0,
        "under_phase_detection": False,
        "updating": False,
        "commissioning_diagnostic": _commissioning(view, _PACK_CHECKS, 10 * position),
        "update_diagnostic": _update(_PACK_UPDATES),
        "bc_type": None,
        "in_config": True,
    }


def _commissioning(view: View, names: tuple[str, ...], order: int, resting: str = "running") -> Json:
    """Return checks, one after the other within microseconds: all failed, or `resting` while the controller rests."""
    checks: list[Json] = []
    for row, name in enumerate(names):
        begin, end = (view.moment(-0.01 + _CHECK_SECONDS * (order + row + part)) for part in (0.0, 0.5))
        check: dict[str, Json] = {"name": name, "status": "fail" if view.running else resting, "start_time": begin}
        check |= {"end_time": None if check["status"] == "running" else end}
        check |= {"message": _REFUSAL} if view.running else {}
        results = _versions(view) if check["status"] == "pass" and name == _SYNC_CHECKS[-1] else {}
        checks.append(check | {"results": results, "debug": {}, "checks": None})
    return _diagnostic("Commissioning", False, checks)


def _versions(view: View) -> Json:
    commit = view.profile.git_hash
    return {"/etc/commit": commit, "SYNC.git_hash": commit[:14], "readyForFWUpdate": True}


def _update(names: tuple[str, ...]) -> Json:
    """Return checks that never ran."""
    checks: list[Json] = [
        {
            "name": name,
            "status": "not_run",
            "start_time": None,
            "end_time": None,
            "progress": 0,
            "results": None,
            "debug": None,
            "checks": None,
        }
        for name in names
    ]
    return _diagnostic("Firmware Update", True, checks)


def _diagnostic(name: str, disruptive: bool, checks: list[Json]) -> Json:
    return {
        "name": name,
        "category": "InternalComms",
        "disruptive": disruptive,
        "inputs": None,
        "checks": checks,
        "alert": False,
    }
