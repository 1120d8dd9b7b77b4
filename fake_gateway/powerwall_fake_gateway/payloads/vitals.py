"""The vitals of every device, `/api/devices/vitals` up to 23.36: a list of devices, spelled as protobuf.

As data a device is an object of `din`, `parent`, `ecu`, `firmware`, `heard_unix_seconds`, `vitals` (name to value)
and `alerts` (names).
Units follow the names as on real gateways: PINV_Pout is kW, energies are Wh, everything else W, V, A, Hz.
"""

from collections.abc import Sequence

from powerwall_fake_gateway import protobuf
from powerwall_fake_gateway.spelling import Json
from powerwall_fake_gateway.truth import PackTruth, line_volts

from .meters import amperes
from .strings import STRINGS, strings_of, usual_pvs_alerts
from .view import View

_GATEWAY, _THC, _POD, _PINV, _SYNC, _PVAC, _PVS = 207, 224, 226, 253, 259, 296, 297
_INVALID_DEGREES = -256.0


def vitals(view: View) -> Json:
    """Answer /api/devices/vitals, before it is spelled."""
    devices: list[Json] = [
        _device(view, f"STSTSM--{view.din}", "", _GATEWAY, {}, ["SystemConnectedToGrid"]),
        _sync(view),
    ]
    for position, pack in enumerate(view.truth.packs):
        devices += _pack(view, position, pack)
        if position < 1 and view.profile.strings:
            devices += _inverter(view, position)
    return devices


def encode(devices: Json) -> bytes:
    """Spell devices as the gateway does: field 1 of a message, each with its vitals and alerts."""
    if not isinstance(devices, list):
        return b""
    return b"".join(protobuf.message(1, _item(device)) for device in devices if isinstance(device, dict))


def _item(device: dict[str, Json]) -> bytes:
    din, parent = str(device["din"]), str(device["parent"])
    *_, part, serial = din.split("--")
    named = {1: din, 2: part, 3: serial, 4: "TESLA", 6: parent, 7: str(device["firmware"])}
    inner = b"".join(protobuf.message(field, protobuf.text(1, value)) for field, value in named.items() if value)
    inner += protobuf.message(9, protobuf.integer(1, int(float(str(device["heard_unix_seconds"])))))
    inner += protobuf.message(11, protobuf.message(1, protobuf.integer(1, int(str(device["ecu"])))))
    values = device["vitals"] if isinstance(device["vitals"], dict) else {}
    alerts = device["alerts"] if isinstance(device["alerts"], list) else []
    return (
        protobuf.message(1, protobuf.message(1, inner))
        + b"".join(protobuf.message(2, _vital(name, value)) for name, value in values.items())
        + b"".join(protobuf.text(3, str(alert)) for alert in alerts)
    )


def _vital(name: str, value: Json) -> bytes:
    head = protobuf.text(1, name)
    if isinstance(value, bool):
        return head + protobuf.integer(6, value)
    if isinstance(value, int):
        return head + protobuf.integer(3, value)
    return head + (protobuf.double(4, value) if isinstance(value, float) else protobuf.text(5, str(value)))


def _device(view: View, din: str, parent: str, ecu: int, values: dict[str, Json], alerts: Sequence[str]) -> Json:
    return {
        "din": din,
        "parent": parent,
        "ecu": ecu,
        "firmware": view.profile.git_hash[:14],
        "heard_unix_seconds": view.truth.time_unix_seconds,
        "vitals": values,
        "alerts": list(alerts),
    }


def _sync(view: View) -> Json:
    """Return the synchroniser: both sides of the contactor, and the grid's clamps."""
    truth = view.truth
    values: dict[str, Json] = {
        "ISLAND_GridConnected": truth.on_grid,
        "ISLAND_GridState": "ISLAND_GridState_Grid_Compliant",
    }
    for row, leg in enumerate(truth.legs, start=1):
        volts = round(leg.voltage_volts, 1)
        values |= {
            f"ISLAND_VL{row}N_Main": volts if truth.on_grid else 0.0,
            f"ISLAND_VL{row}N_Load": volts,
            f"ISLAND_FreqL{row}_Main": round(truth.frequency_hertz, 2) if truth.on_grid else 0.0,
            f"ISLAND_FreqL{row}_Load": round(truth.frequency_hertz, 2),
            f"METER_X_VL{row}N": volts,
            f"METER_X_CT{'ABC'[row - 1]}_InstRealPower": float(leg.site_power_watts),
        }
    values["ISLAND_PhaseL1_Main_Load"] = 0.0 if truth.on_grid else _INVALID_DEGREES
    return _device(
        view, f"TESYNC--1493315-01-F--{view.identity.gateway_serial}", f"STSTSM--{view.din}", _SYNC, values, []
    )


def _pack(view: View, position: int, pack: PackTruth) -> list[Json]:
    """Return the three devices of a pack: its controller, the cells, the inverter."""
    name = f"{view.profile.pack_part_number}--{view.identity.pack_serial(position)}"
    parent = f"TETHC--{name}"
    remaining, full = round(pack.remaining_watt_hours), round(pack.full_watt_hours)
    cells: dict[str, Json] = {
        "POD_nom_full_pack_energy": full,
        "POD_nom_energy_remaining": remaining,
        "POD_nom_energy_to_be_charged": full - remaining,
        "POD_available_charge_power": float(view.truth.pack_limit_watts),
        "POD_available_dischg_power": float(view.truth.pack_limit_watts),
        "POD_state": "POD_ACTIVE",
        "POD_ActiveHeating": False,
        "POD_ChargeComplete": remaining >= full,
        "POD_DischargeComplete": remaining <= 0,
        "POD_PersistentlyFaulted": False,
        "POD_enable_line": True,
    }
    controller: dict[str, Json] = {"THC_State": "THC_STATE_AUTONOMOUSCONTROL", "THC_AmbientTemp": 21.5}
    gone = not pack.enabled
    return [
        _device(view, parent, f"STSTSM--{view.din}", _THC, controller, ["THC_w042_POD_MIA"] if gone else []),
        _device(view, f"TEPOD--{name}", parent, _POD, {} if gone else cells, ["POD_w024_HW_Fault_Asserted"] * 2 * gone),
        _device(view, f"TEPINV--{name}", parent, _PINV, {} if gone else _pack_inverter(view, pack), []),
    ]


def _pack_inverter(view: View, pack: PackTruth) -> dict[str, Json]:
    volts = round(pack.voltage_volts, 1)
    return {
        "PINV_Pout": pack.power_watts / 1_000,
        "PINV_Qout": pack.reactive_power_var / 1_000,
        "PINV_Vout": volts,
        "PINV_VSplit1": round(view.truth.legs[0].voltage_volts, 1),
        "PINV_VSplit2": round(view.truth.legs[-1].voltage_volts, 1),
        "PINV_Fout": round(view.truth.frequency_hertz, 3),
        "PINV_EnergyCharged": int(pack.charged_watt_hours),
        "PINV_EnergyDischarged": int(pack.discharged_watt_hours),
        "PINV_State": "PINV_GridFollowing" if view.truth.on_grid else "PINV_GridForming",
        "PINV_GridState": "Grid_Compliant" if view.truth.on_grid else "Grid_Uncompliant",
        "PINV_PllLocked": view.truth.on_grid,
        "PINV_ReadyForGridForming": True,
    }


def _inverter(view: View, position: int) -> list[Json]:
    """Return the solar inverter of a Powerwall+ and its string switch."""
    name = f"1538100-00-F--{view.identity.pack_serial(position)}"
    solar, volts = view.truth.solar, round(line_volts(view.truth.legs), 1)
    values: dict[str, Json] = {
        "PVAC_Pout": float(solar.power_watts),
        "PVAC_Qout": float(solar.reactive_power_var),
        "PVAC_Vout": volts,
        "PVAC_Fout": round(view.truth.frequency_hertz, 3),
        "PVAC_Iout": round(amperes(solar.power_watts, volts), 2),
        "PVAC_LifetimeEnergyPV_Total": int(solar.exported_watt_hours),
    }
    switch: dict[str, Json] = {"PVS_vLL": volts, "PVS_State": "PVS_Active", "PVS_EnableOutput": True}
    for letter, string in zip(STRINGS, strings_of(view), strict=True):
        values |= {
            f"PVAC_PVCurrent_{letter}": string.amperes,
            f"PVAC_PVMeasuredVoltage_{letter}": string.volts,
            f"PVAC_PVMeasuredPower_{letter}": string.watts,
            f"PVAC_PvState_{letter}": "PV_Active" if string.connected else "PV_Disabled",
        }
        switch[f"PVS_String{letter}_Connected"] = string.connected
    alerts = [f"PVS_{alert}" for alert in usual_pvs_alerts(view)]
    return [
        _device(view, f"PVAC--{name}", f"STSTSM--{view.din}", _PVAC, values, []),
        _device(view, f"PVS--{name}", f"PVAC--{name}", _PVS, switch, alerts),
    ]
