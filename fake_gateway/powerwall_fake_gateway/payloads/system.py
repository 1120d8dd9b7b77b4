"""The system: charge, grid, battery blocks, operation, site controller, device and updater."""

from powerwall_fake_gateway.spelling import Json, boot_moment, duration, json_bytes, moment
from powerwall_fake_gateway.truth import GridFault, PackTruth

from .meters import block_amperes, block_energy, block_frequency, block_volts
from .view import View

_QUIET_WATTS = 300


def soe(view: View) -> Json:
    """Answer /api/system_status/soe: percent of the raw scale, exactly from the figures of system_status."""
    return {"percentage": 100 * _remaining(view) / _full(view) if _full(view) else 0}


def grid_status(view: View) -> Json:
    """Answer /api/system_status/grid_status."""
    return {"grid_status": view.truth.grid_state, "grid_services_active": False}


def grid_faults(view: View) -> Json:
    """Answer /api/system_status/grid_faults: none on a healthy grid; those of an outage linger for a day."""
    return [_grid_fault(view, fault) for fault in view.truth.grid_faults]


def _grid_fault(view: View, fault: GridFault) -> Json:
    """Return one fault; what was measured is JSON in a string, and the raw value beyond 2^53."""
    decoded: Json = [
        {"name": "PINV_alertID", "value": fault.name},
        {"name": "PINV_alertType", "value": "Warning"},
        {"name": fault.quantity, "value": fault.value, "units": fault.unit},
    ]
    return {
        "timestamp": int(fault.time_unix_seconds * 1_000),
        "alert_name": fault.name,
        "alert_is_fault": False,
        "decoded_alert": json_bytes(decoded).decode(),
        "alert_raw": 432_406_325_129_904_128,
        "git_hash": view.profile.git_hash[:14],
        "site_uid": view.din,
        "ecu_type": "TEPINV",
        "ecu_package_part_number": view.profile.pack_part_number,
        "ecu_package_serial_number": view.identity.pack_serial(0),
    }


def system_status(view: View) -> Json:
    """Answer /api/system_status."""
    truth, count = view.truth, len(view.truth.working)
    limit_watts = truth.pack_limit_watts * count
    return {
        "command_source": "Configuration",
        "battery_target_power": truth.battery_target_watts,
        "battery_target_reactive_power": 0,
        "nominal_full_pack_energy": _full(view),
        "nominal_energy_remaining": _remaining(view),
        "max_power_energy_remaining": 0,
        "max_power_energy_to_be_charged": 0,
        **_power_limits(limit_watts, count),
        "grid_services_power": -0.0,
        "system_island_state": truth.grid_state,
        "available_blocks": count,
        "available_charger_blocks": 0,
        "battery_blocks": [
            (_block if pack.enabled else _disabled_block)(view, position, pack)
            for position, pack in enumerate(truth.packs)
        ],
        "ffr_power_availability_high": limit_watts * 1.16,
        "ffr_power_availability_low": limit_watts * 1.16,
        "load_charge_constraint": 0,
        "max_sustained_ramp_rate": 1_250_000 * count,
        "grid_faults": grid_faults(view),
        "can_reboot": _can_reboot(view),
        "smart_inv_delta_p": 0,
        "smart_inv_delta_q": 0,
        "last_toggle_timestamp": moment(view.boot_unix_seconds + 62.683707425, view.zone),
        "solar_real_power_limit": truth.solar.power_watts if truth.curtailed_watts else -1,
        "score": 10_000,
        "blocks_controlled": count,
        "primary": True,
        "auxiliary_load": 0,
        "all_enable_lines_high": True,
        "inverter_nominal_usable_power": 5_850 * count,
        "expected_energy_remaining": 0,
    }


def _power_limits(limit_watts: int, count: int) -> dict[str, Json]:
    return {
        "max_charge_power": limit_watts,
        "max_discharge_power": limit_watts,
        "max_apparent_power": limit_watts,
        "instantaneous_max_discharge_power": 12_000 * count,
        "instantaneous_max_charge_power": 7_000 * count,
        "instantaneous_max_apparent_power": 11_520 * count,
        "hardware_capability_charge_power": 0,
        "hardware_capability_discharge_power": 0,
    }


def operation(view: View) -> Json:
    """Answer /api/operation; the reserve is percent of the raw scale."""
    return {
        "real_mode": view.truth.mode,
        "backup_reserve_percent": 100 * view.truth.reserve_ratio,
        "freq_shift_load_shed_soe": 65,
        "freq_shift_load_shed_delta_f": -0.32,
    }


def sitemaster(view: View) -> Json:
    """Answer /api/sitemaster: it answers while the site controller is stopped, too."""
    running = view.running and not view.follows
    return {
        "status": "StatusUp" if running else "StatusDown",
        "running": running,
        "connected_to_tesla": True,
        "power_supply_mode": False,
        "can_reboot": _can_reboot(view) if running else "",
    }


def status(view: View) -> Json:
    """Answer /api/status, which is open to anybody."""
    profile = view.profile
    return {
        "din": view.din,
        "start_time": boot_moment(view.boot_unix_seconds, view.zone),
        "up_time_seconds": duration(view.truth.time_unix_seconds - view.boot_unix_seconds),
        "is_new": False,
        "version": profile.version,
        "git_hash": profile.git_hash,
        "commission_count": 2,
        "device_type": profile.device_type,
        "teg_type": "unknown",
        "sync_type": profile.sync_type,
        "cellular_disabled": False,
        "can_reboot": _can_reboot(view) == "Yes",
    }


def update_status(view: View) -> Json:
    """Answer /api/system/update/status; times in ms of the gateway's clock."""
    return {
        "state": "/update_succeeded",
        "info": {"status": ["nonactionable"]},
        "current_time": int(view.truth.time_unix_seconds * 1_000),
        "last_status_time": int(view.truth.time_unix_seconds // 3_600 * 3_600_000 + 218_659),
        "version": view.profile.version,
        "offline_updating": False,
        "offline_update_error": "",
        "estimated_bytes_per_second": None,
    }


def pack_grid_state(view: View) -> str:
    """Return what packs think of the grid: it must be well for minutes before they trust it again."""
    if view.truth.on_grid:
        return "Grid_Compliant"
    return "Grid_Qualifying" if view.truth.grid_present else "Grid_Uncompliant"


def _block(view: View, position: int, pack: PackTruth) -> dict[str, Json]:
    return {
        "Type": "",
        "PackagePartNumber": view.profile.pack_part_number,
        "PackageSerialNumber": view.identity.pack_serial(position),
        "disabled_reasons": [],
        "pinv_state": "PINV_GridFollowing" if view.truth.on_grid else "PINV_GridForming",
        "pinv_grid_state": pack_grid_state(view),
        "nominal_energy_remaining": round(pack.remaining_watt_hours),
        "nominal_full_pack_energy": round(pack.full_watt_hours),
        "p_out": pack.power_watts,
        "q_out": pack.reactive_power_var,
        "v_out": block_volts(pack),
        "f_out": block_frequency(view),
        "i_out": block_amperes(pack),
        "energy_charged": block_energy(view, pack.charged_watt_hours),
        "energy_discharged": block_energy(view, pack.discharged_watt_hours),
        "off_grid": not view.truth.on_grid,
        "vf_mode": not view.truth.on_grid,
        "wobble_detected": False,
        "charge_power_clamped": False,
        "backup_ready": True,
        "OpSeqState": "Active",
        "version": view.profile.git_hash[:14],
    }


def _disabled_block(view: View, position: int, pack: PackTruth) -> Json:
    """Return the block of a pack that takes no part: nulls where nothing is measured."""
    block = _block(view, position, pack)
    nulls: dict[str, Json] = dict.fromkeys(
        ("p_out", "q_out", "v_out", "f_out", "i_out", "energy_charged", "energy_discharged")
    )
    blanks: dict[str, Json] = {
        "disabled_reasons": ["DisabledExcessiveVoltageDrop"],
        "pinv_state": "",
        "pinv_grid_state": "",
        "nominal_energy_remaining": 0,
        "backup_ready": False,
        "OpSeqState": "Standby",
    }
    return block | nulls | blanks


def _remaining(view: View) -> int:
    return sum(round(pack.remaining_watt_hours) for pack in view.truth.working)


def _full(view: View) -> int:
    return sum(round(pack.full_watt_hours) for pack in view.truth.working)


def _can_reboot(view: View) -> str:
    return "Yes" if abs(view.truth.battery.power_watts) < _QUIET_WATTS else "Power flow is too high"
