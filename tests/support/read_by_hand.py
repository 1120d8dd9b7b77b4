"""What a reader of a gateway's answer expects to see, written down without the catalogue.

A second reading of the same protocol (facts about fields, units and signs typed again, by output name), so that
a typo in the catalogue cannot agree with itself.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from spelled import Series, labelled

GATEWAY = "site one"

_SITE_WORDS = ("country", "state", "utility", "distributor", "retailer", "region", "grid_code")

Found = Iterator[tuple[str, dict[str, str], Any]]


def expected(endpoint: str, payload: Any, arrived: float) -> Series:
    """Return every series that this answer should become."""
    return {
        (name, labelled(gateway=GATEWAY, **labels)): float(value)
        for name, labels, value in READERS[endpoint](payload, arrived)
        if value is not None
    }


def scaled(value: Any, factor: float) -> float | None:
    """Return a number in another unit."""
    return None if value is None else value * factor


def seen_at(text: str | None) -> float | None:
    """Return the Unix time of one that is not the zero time."""
    return None if text is None or text.startswith("0001") else datetime.fromisoformat(text).timestamp()


def app(percentage: float) -> float:
    """Return the percentage as a ratio of Tesla's app: 5 % raw are 0, 100 % raw are 1."""
    return max(0.0, (percentage - 5) / 95)


def state_set(name: str, labels: dict[str, str], label: str, current: str | None, known: str) -> Found:
    """Yield one state at 1 and the other known ones at 0."""
    if current:
        for state in {*known.split(), current}:
            yield name, {**labels, label: state}, state == current


GRID = (
    "SystemGridConnected SystemIslandedActive SystemIslandedReady SystemTransitionToGrid SystemTransitionToIsland"
    " SystemMicroGridFaulted SystemWaitForUser"
)


def readings(prefix: str, labels: dict[str, str], node: Mapping[str, Any]) -> Found:
    """Yield what an aggregate and a physical meter have in common."""
    yield f"{prefix}_power_watts", labels, node.get("instant_power")
    yield f"{prefix}_reactive_power_var", labels, node.get("instant_reactive_power")
    yield f"{prefix}_apparent_power_VA", labels, node.get("instant_apparent_power")
    yield f"{prefix}_frequency_hertz", labels, node.get("frequency") or None
    yield f"{prefix}_average_voltage_volts", labels, node.get("instant_average_voltage")
    yield f"{prefix}_energy_imported_joules_total", labels, scaled(node.get("energy_imported"), 3600)
    yield f"{prefix}_energy_exported_joules_total", labels, scaled(node.get("energy_exported"), 3600)
    yield f"{prefix}_timeout_seconds", labels, scaled(node.get("timeout"), 1e-9)
    for key, what in (("", "communication"), ("phase_voltage_", ""), ("phase_power_", ""), ("phase_energy_", "")):
        name = f"{prefix}_last_{what or key.rstrip('_')}_timestamp_seconds"
        yield name, labels, seen_at(node.get(f"last_{key}communication_time"))


def aggregates(payload: Any, arrived: float) -> Found:
    for meter, node in payload.items():
        if seen_at(node["last_communication_time"]) is None:
            continue
        labels = {"meter": meter}
        yield from readings("powerwall_meter", labels, node)
        yield "powerwall_meter_devices", labels, node.get("num_meters_aggregated")
        if meter == "battery":
            yield "powerwall_battery_dc_current_amperes", {}, node.get("instant_total_current")
        else:
            yield "powerwall_meter_average_current_amperes", labels, node.get("instant_average_current")
            yield "powerwall_meter_total_current_amperes", labels, node.get("instant_total_current")


def devices(payload: Any, arrived: float) -> Found:
    for device in payload:
        labels = {"meter": device["location"], "device": device["type"]}
        if device["type"].startswith("neurio"):
            serial = device["connection"]["device_serial"]
            labels["device"] += "-" + hashlib.sha256(serial.encode()).hexdigest()[:6]
        node = device["Cached_readings"]
        yield from readings("powerwall_device", labels, node)
        yield "powerwall_device_average_current_amperes", labels, node.get("instant_average_current")
        yield "powerwall_device_total_current_amperes", labels, node.get("instant_total_current")
        yield "powerwall_device_connected", labels, device["connection"].get("neurio_connected")
        yield "powerwall_device_info", {**labels, "kind": device["type"], "version": node["version"]}, 1
        for number, phase in enumerate("abc", start=1):
            of_phase = {**labels, "phase": phase}
            yield "powerwall_phase_voltage_volts", of_phase, node.get(f"v_l{number}n")
            yield "powerwall_phase_power_watts", of_phase, node.get(f"real_power_{phase}")
            yield "powerwall_phase_reactive_power_var", of_phase, node.get(f"reactive_power_{phase}")
            if any(node.get(f"i_{letter}_current") for letter in "abc") and f"v_l{number}n" in node:
                yield "powerwall_phase_current_amperes", of_phase, node[f"i_{phase}_current"]
            for direction in ("imported", "exported"):
                energy = scaled(node.get(f"energy_{direction}_{phase}"), 3600)
                yield f"powerwall_phase_energy_{direction}_joules_total", of_phase, energy
        for index, (used, inverted) in enumerate(zip(device["cts"], device["inverted"], strict=True), start=1):
            yield "powerwall_ct_used", {**labels, "ct": str(index)}, used
            yield "powerwall_ct_inverted", {**labels, "ct": str(index)}, inverted


def soe(payload: Any, arrived: float) -> Found:
    yield "powerwall_battery_charge_ratio", {}, payload["percentage"] / 100
    yield "powerwall_battery_charge_usable_ratio", {}, app(payload["percentage"])


def grid_status(payload: Any, arrived: float) -> Found:
    yield from state_set("powerwall_grid_state", {}, "state", payload["grid_status"], GRID)
    yield "powerwall_grid_connected", {}, payload["grid_status"] == "SystemGridConnected"
    yield "powerwall_grid_services_active", {}, payload.get("grid_services_active")


def system_status(payload: Any, arrived: float) -> Found:
    for name, key in {
        "battery_power_target_watts": "battery_target_power",
        "battery_reactive_power_target_var": "battery_target_reactive_power",
        "battery_power_charge_limit_watts": "max_charge_power",
        "battery_power_discharge_limit_watts": "max_discharge_power",
        "battery_apparent_power_limit_VA": "max_apparent_power",
        "battery_power_instantaneous_charge_limit_watts": "instantaneous_max_charge_power",
        "battery_power_instantaneous_discharge_limit_watts": "instantaneous_max_discharge_power",
        "battery_apparent_power_instantaneous_limit_VA": "instantaneous_max_apparent_power",
        "battery_power_hardware_charge_limit_watts": "hardware_capability_charge_power",
        "battery_power_hardware_discharge_limit_watts": "hardware_capability_discharge_power",
        "battery_charger_blocks_available": "available_charger_blocks",
        "battery_inverter_power_usable_watts": "inverter_nominal_usable_power",
        "battery_frequency_response_power_high_watts": "ffr_power_availability_high",
        "battery_frequency_response_power_low_watts": "ffr_power_availability_low",
        "battery_load_charge_constraint_watts": "load_charge_constraint",
        "battery_auxiliary_load_watts": "auxiliary_load",
        "battery_ramp_rate_limit_watts_per_second": "max_sustained_ramp_rate",
        "battery_blocks_available": "available_blocks",
        "battery_blocks_controlled": "blocks_controlled",
        "grid_services_power_watts": "grid_services_power",
        "system_smart_inverter_power_delta_watts": "smart_inv_delta_p",
        "system_smart_inverter_reactive_power_delta_var": "smart_inv_delta_q",
        "system_score": "score",
        "system_primary": "primary",
        "system_enable_lines_high": "all_enable_lines_high",
    }.items():
        yield f"powerwall_{name}", {}, payload.get(key)
    for name, key in {
        "remaining": "nominal_energy_remaining",
        "capacity": "nominal_full_pack_energy",
        "expected_remaining": "expected_energy_remaining",
        "max_power_remaining": "max_power_energy_remaining",
        "max_power_to_be_charged": "max_power_energy_to_be_charged",
    }.items():
        yield f"powerwall_battery_energy_{name}_joules", {}, payload[key] * 3600
    yield "powerwall_battery_blocks", {}, len(payload["battery_blocks"])
    yield "powerwall_grid_faults", {}, len(payload["grid_faults"])
    yield "powerwall_system_last_toggle_timestamp_seconds", {}, seen_at(payload["last_toggle_timestamp"])
    yield "powerwall_system_command_source", {"source": payload["command_source"]}, 1
    yield from state_set("powerwall_grid_island_state", {}, "state", payload["system_island_state"], GRID)
    for block in payload["battery_blocks"]:
        yield from pack(block, {"block": block["PackageSerialNumber"]})


def pack(block: Any, labels: dict[str, str]) -> Found:
    remaining, capacity = block["nominal_energy_remaining"], block["nominal_full_pack_energy"]
    yield "powerwall_block_energy_remaining_joules", labels, remaining * 3600
    yield "powerwall_block_energy_capacity_joules", labels, capacity * 3600
    yield "powerwall_block_charge_ratio", labels, remaining / capacity
    yield "powerwall_block_energy_charged_joules_total", labels, block["energy_charged"] * 3600
    yield "powerwall_block_energy_discharged_joules_total", labels, block["energy_discharged"] * 3600
    yield "powerwall_block_power_watts", labels, block["p_out"]
    yield "powerwall_block_reactive_power_var", labels, block["q_out"]
    yield "powerwall_block_voltage_volts", labels, block["v_out"]
    yield "powerwall_block_frequency_hertz", labels, block["f_out"]
    yield "powerwall_block_dc_current_amperes", labels, block["i_out"]
    for flag in ("off_grid", "vf_mode", "wobble_detected", "charge_power_clamped", "backup_ready"):
        yield f"powerwall_block_{flag}", labels, block[flag]
    yield "powerwall_block_disabled", labels, bool(block["disabled_reasons"])
    inverter, grid = "PINV_GridFollowing PINV_GridForming PINV_Off", "Grid_Compliant Grid_Qualifying Grid_Uncompliant"
    yield from state_set("powerwall_block_inverter_state", labels, "state", block["pinv_state"], inverter)
    yield from state_set("powerwall_block_grid_state", labels, "state", block["pinv_grid_state"], grid)
    yield from state_set("powerwall_block_sequence_state", labels, "state", block["OpSeqState"], "Active Standby")
    words = {"part_number": block["PackagePartNumber"], "version": block["version"]}
    yield "powerwall_block_info", {**labels, **words}, 1


def sitemaster(payload: Any, arrived: float) -> Found:
    yield "powerwall_sitemaster_running", {}, payload["running"]
    yield "powerwall_sitemaster_connected_to_tesla", {}, payload["connected_to_tesla"]
    yield "powerwall_sitemaster_power_supply_mode", {}, payload.get("power_supply_mode")
    yield from state_set("powerwall_sitemaster_state", {}, "state", payload.get("status"), "StatusUp StatusDown")
    if hindrance := payload.get("can_reboot"):
        yield "powerwall_sitemaster_can_reboot", {}, hindrance == "Yes"
        for state in {"Yes", "Power flow is too high", hindrance}:
            yield "powerwall_sitemaster_reboot_state", {"state": state}, state == hindrance


def status(payload: Any, arrived: float) -> Found:
    hours, _, rest = payload["up_time_seconds"].rstrip("s").partition("h")
    minutes, _, seconds = rest.partition("m")
    uptime = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    yield "powerwall_gateway_uptime_seconds", {}, uptime
    yield "powerwall_gateway_start_time_seconds", {}, round(arrived - uptime)
    yield "powerwall_gateway_commissions", {}, payload.get("commission_count")
    yield "powerwall_gateway_is_new", {}, payload["is_new"]
    yield "powerwall_gateway_cellular_disabled", {}, payload.get("cellular_disabled")
    yield "powerwall_gateway_can_reboot", {}, payload.get("can_reboot")
    names = ("version", "git_hash", "device_type", "teg_type", "sync_type")
    yield "powerwall_gateway_info", {name: payload.get(name, "") for name in names}, 1


def operation(payload: Any, arrived: float) -> Found:
    modes = "self_consumption autonomous backup scheduler site_control"
    yield from state_set("powerwall_operation_mode", {}, "mode", payload["real_mode"], modes)
    yield "powerwall_backup_reserve_ratio", {}, payload["backup_reserve_percent"] / 100
    yield "powerwall_backup_reserve_usable_ratio", {}, app(payload["backup_reserve_percent"])
    yield "powerwall_operation_load_shed_charge_ratio", {}, payload["freq_shift_load_shed_soe"] / 100
    delta = payload["freq_shift_load_shed_delta_f"]
    yield "powerwall_operation_load_shed_frequency_delta_hertz", {}, delta


def site_info(payload: Any, arrived: float) -> Found:
    yield "powerwall_site_energy_nominal_joules", {}, payload["nominal_system_energy_kWh"] * 3.6e6
    yield "powerwall_site_power_nominal_watts", {}, payload["nominal_system_power_kW"] * 1000
    yield "powerwall_site_energy_max_joules", {}, scaled(payload.get("max_system_energy_kWh"), 3.6e6)
    yield "powerwall_site_power_max_watts", {}, scaled(payload.get("max_system_power_kW"), 1000)
    code = payload["grid_code"] if isinstance(payload["grid_code"], dict) else payload
    yield "powerwall_site_voltage_nominal_volts", {}, code["grid_voltage_setting"]
    yield "powerwall_site_frequency_nominal_hertz", {}, code["grid_freq_setting"]
    yield "powerwall_site_panel_current_max_amperes", {}, payload.get("panel_max_current")
    yield "powerwall_site_frequency_measured_hertz", {}, payload.get("measured_frequency")
    words = {name: code.get(name, "") for name in _SITE_WORDS}
    words |= {"site_name": payload["site_name"], "timezone": payload["timezone"], "phases": code["grid_phase_setting"]}
    yield "powerwall_site_info", words, 1


def powerwalls(payload: Any, arrived: float) -> Found:
    yield "powerwall_inventory_blocks", {}, len(payload["powerwalls"])
    for name, key in {
        "enumerating": "enumerating",
        "updating": "updating",
        "checking_off_grid": "checking_if_offgrid",
        "running_phase_detection": "running_phase_detection",
        "phase_detection_unavailable": "phase_detection_not_available",
        "bubble_shedding": "bubble_shedding",
        "grid_qualifying": "grid_qualifying",
        "grid_code_validating": "grid_code_validating",
    }.items():
        yield f"powerwall_commissioning_{name}", {}, payload.get(key)
    if payload.get("sync"):
        yield "powerwall_commissioning_sync_updating", {}, payload["sync"]["updating"]
    for item in payload["powerwalls"]:
        labels = {"block": item["PackageSerialNumber"]}
        yield "powerwall_block_updating", labels, item["updating"]
        yield "powerwall_block_in_config", labels, item.get("in_config")
        yield "powerwall_block_under_phase_detection", labels, item["under_phase_detection"]
        yield "powerwall_block_grid_reconnection_time_seconds", labels, item["grid_reconnection_time_seconds"]
        words = {"part_number": item["PackagePartNumber"], "kind": item["type"]}
        yield "powerwall_block_inventory_info", {**labels, **words}, 1


READERS: dict[str, Callable[[Any, float], Found]] = {
    "/api/meters/aggregates": aggregates,
    "/api/meters/site": devices,
    "/api/meters/solar": devices,
    "/api/system_status/soe": soe,
    "/api/system_status/grid_status": grid_status,
    "/api/system_status": system_status,
    "/api/sitemaster": sitemaster,
    "/api/status": status,
    "/api/operation": operation,
    "/api/site_info": site_info,
    "/api/powerwalls": powerwalls,
}
