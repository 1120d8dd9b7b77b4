"""The strings of panels of a Powerwall+ and its inverter: `/api/solar_powerwall`."""

from dataclasses import dataclass

from powerwall_fake_gateway.spelling import Json
from powerwall_fake_gateway.truth import line_volts

from .meters import amperes
from .view import View

STRINGS = "ABCD"
_SUN_WATTS = 20
_OPEN_VOLTS = (-1.6, 3.1, 12.4, 0.8)
_PVAC_ALERTS = (
    "a001_inv_L1_HW_overcurrent",
    "a002_inv_L2_HW_overcurrent",
    "a003_inv_HVBus_HW_overvoltage",
    "a008_inv_HVBus_undervoltage",
    "a009_SwAppBoot",
    "a010_inv_AC_overvoltage",
    "a011_inv_AC_undervoltage",
    "a012_inv_AC_overfrequency",
    "a013_inv_AC_underfrequency",
    "a014_PVS_disabled_relay",
    "a019_ambient_overtemperature",
    "a020_dsp_overtemperature",
    "a024_PVACrx_Command_mia",
    "a025_PVS_Status_mia",
    "a030_fan_faulted",
    "a031_VFCheck_OV",
    "a032_VFCheck_UV",
    "a033_VFCheck_OF",
    "a034_VFCheck_UF",
    "a035_VFCheck_RoCoF",
    "a043_fan_speed_mismatch_detected",
)
_PVS_ALERTS = (
    "a001_WatchdogReset",
    "a002_SW_App_Boot",
    "a010_PvIsolationTotal",
    "a017_MciStringA",
    "a018_MciStringB",
    "a019_MciStringC",
    "a020_MciStringD",
    "a021_RapidShutdown",
    "a026_Mci1PvVoltage",
    "a027_Mci2PvVoltage",
    "a031_Mci3PvVoltage",
    "a032_Mci4PvVoltage",
    "a035_PvArcDetected",
    "a036_PvArcLockout",
    "a059_MciOpen",
    "a060_MciClose",
)


@dataclass(frozen=True)
class StringTruth:
    """One input of the inverter; an open one floats at a few volts."""

    connected: bool
    volts: float
    amperes: float
    watts: float


def strings_of(view: View) -> tuple[StringTruth, ...]:
    """Share the sun's power among the connected strings of the first inverter; A and B are connected."""
    connected = view.profile.strings
    watts = max(0.0, view.truth.solar.power_watts / max(1, connected))
    volts = 318.0 if watts >= _SUN_WATTS else 24.0
    return tuple(
        StringTruth(True, volts - 9.0 * row, round(watts / (volts - 9.0 * row), 2), round(watts, 1))
        if row < connected
        else StringTruth(False, _OPEN_VOLTS[row], 0.0, 0.0)
        for row in range(len(STRINGS))
    )


def solar_powerwall(view: View) -> Json:
    """Answer /api/solar_powerwall: the alerts of unused strings and of closed contactors are normal."""
    truth = view.truth
    watts = max(0.0, float(truth.solar.power_watts))
    volts = round(line_volts(truth.legs), 1)
    active = watts >= _SUN_WATTS
    return {
        "pvac_status": {
            "state": "PVAC_Active" if active else "PVAC_Wait_for_Sun",
            "disabled": False,
            "disabled_reasons": [],
            "grid_state": "Grid_Compliant",
            "inv_state": "INV_Grid_Connected" if active else "INV_Off",
            "v_out": volts,
            "f_out": round(truth.frequency_hertz, 3),
            "p_out": watts,
            "q_out": truth.solar.reactive_power_var,
            "i_out": round(amperes(watts, volts), 2),
            "string_vitals": _string_vitals(view),
        },
        "pvs_status": {
            "state": "PVS_Active",
            "disabled": False,
            "enable_output": True,
            "v_ll": volts,
            "self_test_state": "PVS_SelfTestOff",
        },
        "pv_power_limit": view.profile.plant.inverter_watts,
        "power_status_setpoint": "on",
        "pvac_alerts": _alerts(view, "PVAC", _PVAC_ALERTS, ()),
        "pvs_alerts": _alerts(view, "PVS", _PVS_ALERTS, usual_pvs_alerts(view)),
    }


def usual_pvs_alerts(view: View) -> tuple[str, ...]:
    """Return the alerts that a healthy inverter shows: unused strings, and its contactors closed."""
    unused = STRINGS[view.profile.strings :]
    return (*(name for name in _PVS_ALERTS if "MciString" in name and name[-1] in unused), "a060_MciClose")


def _string_vitals(view: View) -> Json:
    return [
        {
            "string_id": number,
            "connected": string.connected,
            "measured_voltage": string.volts,
            "current": string.amperes,
            "measured_power": string.watts,
        }
        for number, string in enumerate(strings_of(view), start=1)
    ]


def _alerts(view: View, device: str, names: tuple[str, ...], on: tuple[str, ...]) -> Json:
    head: dict[str, Json] = {"LastRxTime": view.moment(-0.3), "ReceivedMuxBitmask": 0}
    return head | {f"{device}_{name}": name in on for name in names}
