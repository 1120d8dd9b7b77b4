"""The meters: aggregates by category, physical meters with their phases, inventory and raw readings.

Two kinds of meter: synchrometers (current clamps of the gateway; 0 Hz, average voltage sqrt(3) x mean of the phases)
and inverters (packs and Tesla solar inverters; real frequency, voltage from line to line).
"""

import math

from powerwall_fake_gateway.spelling import ZERO_TIME, Json
from powerwall_fake_gateway.truth import LegTruth, MeterTruth, PackTruth, line_volts

from .view import View

UNMETERED = ("battery", "load", "busway", "generator", "frequency")
"""Categories without a physical meter of their own: their path answers null."""

_TIMEOUT_NANOSECONDS = 1_500_000_000
_INVERTER_TIMEOUT_NANOSECONDS = 1_000_000_000
_BUSY = "run sitemanager flag enabled, sitemanager process is running"
_SITE, _BATTERY, _SOLAR = range(3)


def aggregates(view: View) -> Json:
    """Answer /api/meters/aggregates; the load is computed from the other three, as the gateway does."""
    truth = view.truth
    site = _site_category(view)
    battery = _battery_category(view)
    solar = _solar_category(view)
    consumed = _net(site) - _net(battery) - _net(solar)
    volts = _synchrometer_volts(truth.legs)
    load = _category(view.heard(_SITE), truth.load, volts, amperes(truth.load.power_watts, volts))
    load |= {"energy_exported": 0, "energy_imported": consumed}
    categories: dict[str, Json] = {"site": site, "battery": battery, "load": load}
    if view.profile.solar_meter:
        categories["solar"] = solar
    if view.profile.release.seven_categories:
        categories |= {name: _absent() for name in ("busway", "frequency", "generator")}
    return categories


def site(view: View) -> Json:
    """Answer /api/meters/site: one synchrometer, phase by phase."""
    return [_physical(view, 0, "site", "synchrometerX", _site_category(view), _site_flows(view))]


def solar(view: View) -> Json:
    """Answer /api/meters/solar: null where a Tesla inverter reports instead of a meter."""
    if view.profile.solar_meter != "synchrometer":
        return None
    return [_physical(view, 1, "solar", "synchrometerY", _solar_category(view), _solar_flows(view))]


def inventory(view: View) -> Json:
    """Answer /api/meters; the order is not stable on real gateways, so it changes from second to second here."""
    kinds = {"synchrometerX": "site", "synchrometerY": "solar" if view.profile.solar_meter == "synchrometer" else ""}
    meters: list[Json] = [_inventory_row(view, kind, location) for kind, location in kinds.items()]
    return meters if int(view.truth.time_unix_seconds) % 2 else meters[::-1]


def readings(view: View) -> Json:
    """Answer /api/meters/readings: synchrometers refuse while the site controller runs, with zeros."""
    serial = view.identity.gateway_serial
    if view.running:
        data: Json = {"firmwareVersion": "", "cts": [_clamp(0)] * 4}
        return {serial + kind: {"error": _BUSY, "data": data} for kind in ("synchrometerX", "synchrometerY")}
    solar = _solar_flows(view) if view.profile.solar_meter == "synchrometer" else []
    return {
        serial + "synchrometerX": _read(view, _site_flows(view)),
        serial + "synchrometerY": _read(view, solar),
    }


def _read(view: View, flows: list[tuple[int, int]]) -> Json:
    """Return what a synchrometer reads; the energies stay 0 and unused clamps are numbered 0."""
    legs = zip(view.truth.legs, flows, strict=False)
    cts: list[Json] = [_clamp(row, _leg_volts(leg), *flow) for row, (leg, flow) in enumerate(legs, start=1)]
    blank: list[Json] = [_clamp(0)]
    data: Json = {"firmwareVersion": view.profile.git_hash[:14], "cts": cts + blank * (4 - len(cts))}
    return {"error": "", "data": data}


def _clamp(number: int, volts: float = 0, watts: int = 0, var: int = 0) -> Json:
    return {"ct": number, "v_V": volts, "p_W": watts, "q_VAR": var, "eExp_Ws": 0, "eImp_Ws": 0}


def block_energy(view: View, watt_hours: float) -> int:
    """Return a pack's counter at its resolution of 1 Wh (10 Wh before 22.x)."""
    step = view.profile.release.energy_step_watt_hours
    return int(watt_hours // step) * step


def block_frequency(view: View) -> float:
    """Return Hz as packs measure it, in steps of 1 mHz."""
    return round(view.truth.frequency_hertz * 1_000) * 0.001


def block_volts(pack: PackTruth) -> float:
    """Return V as packs measure it, in steps of 0.1 V."""
    return round(pack.voltage_volts * 10) * 0.1


def block_amperes(pack: PackTruth) -> float:
    """Return A on the battery side, positive while charging, in steps of 0.1 A."""
    return round(pack.current_amperes * 10) * 0.1


def amperes(power: float, volts: float) -> float:
    """Return the current of a power in W or VA; none without voltage."""
    return power / volts if volts else 0.0


def _net(category: dict[str, Json]) -> float:
    """Return imported minus exported energy of a category in Wh."""
    imported, exported = category["energy_imported"], category["energy_exported"]
    if not isinstance(imported, int | float) or not isinstance(exported, int | float):
        raise TypeError("energies are numbers")
    return imported - exported


def _category(heard: str, meter: MeterTruth, volts: float, current: float) -> dict[str, Json]:
    """Return one aggregate category as a synchrometer gives it, in the gateway's order of keys."""
    return {
        "last_communication_time": heard,
        "instant_power": meter.power_watts,
        "instant_reactive_power": meter.reactive_power_var,
        "instant_apparent_power": meter.apparent_power_volt_amperes,
        "frequency": 0,
        "energy_exported": meter.exported_watt_hours,
        "energy_imported": meter.imported_watt_hours,
        "instant_average_voltage": volts,
        "instant_average_current": current,
        "i_a_current": 0,
        "i_b_current": 0,
        "i_c_current": 0,
        "last_phase_voltage_communication_time": ZERO_TIME,
        "last_phase_power_communication_time": ZERO_TIME,
        "last_phase_energy_communication_time": ZERO_TIME,
        "timeout": _TIMEOUT_NANOSECONDS,
        "instant_total_current": current,
    }


def _absent() -> Json:
    """Return the category of a meter that is not there: all zero, never heard."""
    return _category(ZERO_TIME, MeterTruth(0, 0, 0, 0), 0, 0)


def _metered(category: dict[str, Json], meters: int) -> dict[str, Json]:
    """Add how many devices stand behind a category, just before the total current."""
    total = category.pop("instant_total_current")
    return {**category, "num_meters_aggregated": meters, "instant_total_current": total}


def _site_category(view: View) -> dict[str, Json]:
    legs = view.truth.legs
    total = sum(_leg_amperes(leg, *flow) for leg, flow in zip(legs, _site_flows(view), strict=True))
    return _metered(_category(view.heard(_SITE), view.truth.site, _synchrometer_volts(legs), total), 1)


def _battery_category(view: View) -> dict[str, Json]:
    packs = view.truth.working
    volts = sum(block_volts(pack) for pack in packs) / max(1, len(packs))
    total = sum(block_amperes(pack) for pack in packs)
    category = _category(view.heard(_BATTERY), view.truth.battery, volts, total)
    return _metered(category, len(packs)) | {
        "frequency": block_frequency(view),
        "energy_exported": sum(block_energy(view, pack.discharged_watt_hours) for pack in packs),
        "energy_imported": sum(block_energy(view, pack.charged_watt_hours) for pack in packs),
    }


def _solar_category(view: View) -> dict[str, Json]:
    truth = view.truth
    if view.profile.solar_meter == "inverter":
        volts = round(line_volts(truth.legs) * 10) * 0.1
        category = _category(view.heard(_SOLAR), truth.solar, volts, amperes(truth.solar.power_watts, volts))
        return _metered(category, 1) | {
            "frequency": block_frequency(view),
            "timeout": _INVERTER_TIMEOUT_NANOSECONDS,
        }
    total = sum(_leg_amperes(leg, *flow) for leg, flow in zip(truth.legs, _solar_flows(view), strict=True))
    return _metered(_category(view.heard(_SOLAR), truth.solar, _synchrometer_volts(truth.legs), total), 1)


def _synchrometer_volts(legs: tuple[LegTruth, ...]) -> float:
    """Return sqrt(3) x mean of the phase voltages, which is what synchrometers call the average."""
    return math.sqrt(3.0) * sum(_leg_volts(leg) for leg in legs) / len(legs)


def _leg_volts(leg: LegTruth) -> float:
    return round(leg.voltage_volts, 2)


def _leg_amperes(leg: LegTruth, power_watts: int, reactive_power_var: int) -> float:
    return round(amperes(math.hypot(power_watts, reactive_power_var), leg.voltage_volts) * 2_000) / 2_000


def _site_flows(view: View) -> list[tuple[int, int]]:
    return [(leg.site_power_watts, leg.site_reactive_power_var) for leg in view.truth.legs]


def _solar_flows(view: View) -> list[tuple[int, int]]:
    return [(leg.solar_power_watts, leg.solar_reactive_power_var) for leg in view.truth.legs]


def _physical(
    view: View, number: int, location: str, kind: str, category: dict[str, Json], flows: list[tuple[int, int]]
) -> Json:
    """Return one row of /api/meters/site or /solar; the per-phase keys exist for wired phases only."""
    legs = view.truth.legs
    currents = [_leg_amperes(leg, *flow) for leg, flow in zip(legs, flows, strict=True)]
    heard = category["last_communication_time"]
    reading: dict[str, Json] = {key: category[key] for key in list(category)[:9]}
    reading |= {f"i_{name}_current": currents[leg] if leg < len(legs) else 0 for leg, name in enumerate("abc")}
    reading["last_phase_voltage_communication_time"] = view.heard(number + 10)
    reading |= {f"v_l{leg}n": _leg_volts(truth) for leg, truth in enumerate(legs, start=1)}
    reading["last_phase_power_communication_time"] = heard
    reading |= {f"real_power_{name}": flow[0] for name, flow in zip("abc", flows, strict=False)}
    reading |= {f"reactive_power_{name}": flow[1] for name, flow in zip("abc", flows, strict=False)}
    reading |= {
        "last_phase_energy_communication_time": ZERO_TIME,
        "serial_number": view.identity.gateway_serial,
        "version": view.profile.git_hash[:14],
        "timeout": _TIMEOUT_NANOSECONDS,
        "instant_total_current": category["instant_total_current"],
    }
    connection: Json = {
        "short_id": view.din,
        "device_serial": view.identity.gateway_serial + kind,
        "https_conf": {},
    }
    return {
        "id": number,
        "location": location,
        "type": kind,
        "cts": [leg < len(legs) for leg in range(4)],
        "inverted": [False] * 4,
        "connection": connection,
        "Cached_readings": reading,
    }


def _inventory_row(view: View, kind: str, location: str) -> Json:
    """Return one row of /api/meters; a synchrometer without clamps has no `cts`."""
    row: dict[str, Json] = {"serial": view.identity.gateway_serial + kind, "short_id": view.din, "type": kind}
    if location:
        valid: Json = [leg < len(view.truth.legs) for leg in range(4)]
        row["cts"] = [{"type": location, "valid": valid, "inverted": [False] * 4, "real_power_scale_factor": 1}]
    return row
