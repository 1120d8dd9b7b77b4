"""The site: grid, operation, site controller, the gateway itself and the constants of the installation.

Quirks kept here: `grid_code` is an object since firmware 1.47 and a text before, a site meter limit of a
million megawatts is none, the uptime is a Go duration and the start time beside it carries a wrong offset.
"""

from collections.abc import Iterator

from powerwall_exporter.catalogue import values
from powerwall_exporter.catalogue.battery import SYSTEM_STATUS, usable_percentage
from powerwall_exporter.catalogue.family import (
    HZ,
    KILO,
    NO_UNIT,
    RATIO,
    WATT_HOUR,
    A,
    Family,
    J,
    Node,
    Row,
    S,
    V,
    W,
    computed,
    flag,
    gauge,
    info,
    present,
    states,
    whole,
)
from powerwall_exporter.model import Json

GRID_STATUS = "/api/system_status/grid_status"
OPERATION = "/api/operation"
SITEMASTER = "/api/sitemaster"
STATUS = "/api/status"
SITE_INFO = "/api/site_info"

_CONNECTED = "SystemGridConnected"
GRID_STATES = (
    _CONNECTED,
    "SystemIslandedActive",
    "SystemIslandedReady",
    "SystemTransitionToGrid",
    "SystemTransitionToIsland",
    "SystemMicroGridFaulted",
    "SystemWaitForUser",
)
OPERATION_MODES = ("self_consumption", "autonomous", "backup", "scheduler", "site_control")
_UNLIMITED_KW = 1e9


def operation(payload: Json) -> Iterator[Row]:
    """Yield the payload with the mode under its present name; very old firmware says `mode`."""
    for row in whole(payload):
        yield Row((), {"real_mode": row.node.get("mode"), **row.node})


def site_info(payload: Json) -> Iterator[Row]:
    """Yield the payload with the contents of a nested `grid_code` lifted to the top."""
    for row in whole(payload):
        yield Row((), {**row.node, **values.node(row.node.get("grid_code"))})


def faults(payload: Json) -> Iterator[Row]:
    """Yield a row for each fault of the grid that stands, by name and kind of the device that saw it."""
    for fault in values.nodes(values.node(payload).get("grid_faults")):
        name = values.word(fault.get("alert_name"))
        if name:
            yield Row((name, values.word(fault.get("ecu_type")) or ""), fault)


def fault_count(payload: Json) -> Iterator[Row]:
    """Yield the number of entries of the fault list, where there is one."""
    listed = values.node(payload).get("grid_faults")
    if isinstance(listed, list):
        yield Row((), {"grid_faults": len(listed)})


def connected(value: Json) -> float | None:
    """Return 1 on grid and 0 in any other known state; an unknown state says neither."""
    return float(value == _CONNECTED) if value in GRID_STATES else None


def yes(value: Json) -> float | None:
    """Return 1 for the word "Yes" and 0 for any other words: they are what hinders."""
    text = values.word(value)
    return None if text is None else float(text == "Yes")


def limited_kw(value: Json) -> float | None:
    """Return a limit in kW; plus or minus a million MW says that there is none."""
    kilowatts = values.number(value)
    return None if kilowatts is None or abs(kilowatts) >= _UNLIMITED_KW else kilowatts


def _start_time(status: Node, arrived: float) -> float | None:
    uptime_seconds = values.go_duration(status.get("up_time_seconds"))
    return None if uptime_seconds is None else float(round(arrived - uptime_seconds))


GRID = Family(
    endpoints=(GRID_STATUS,),
    rows=whole,
    fields=(
        states("grid.state", "grid_status", GRID_STATES, "State of the grid connection, in the gateway's words."),
        gauge(
            "grid.connected",
            NO_UNIT,
            "grid_status",
            "Whether the site is on the grid; 0 also in transition, absent in a state unknown to this exporter.",
            convert=connected,
        ),
        flag("grid.services.active", "grid_services_active", "Whether grid services (virtual power plant) are active."),
    ),
)

ISLAND = Family(
    endpoints=(SYSTEM_STATUS,),
    rows=whole,
    fields=(
        states(
            "grid.island_state",
            "system_island_state",
            GRID_STATES,
            "State of the grid connection as the system controller sees it.",
        ),
    ),
)

FAULT_COUNT = Family(
    endpoints=(SYSTEM_STATUS,),
    rows=fault_count,
    fields=(gauge("grid.faults", "{fault}", "grid_faults", "Faults of the grid that the gateway lists."),),
)

FAULT = Family(
    endpoints=(SYSTEM_STATUS,),
    rows=faults,
    labels=("fault", "device"),
    fields=(
        present(
            "grid.fault.active", "1 for each fault of the grid, while it is listed.", path="grid_faults[].alert_name"
        ),
        gauge(
            "grid.fault.timestamp",
            S,
            "timestamp",
            "When a fault of the grid was seen, by the gateway.",
            convert=values.milliseconds,
        ),
    ),
)

OPERATING = Family(
    endpoints=(OPERATION,),
    rows=operation,
    fields=(
        states("operation.mode", "real_mode", OPERATION_MODES, "Mode of operation.", label="mode"),
        gauge(
            "backup.reserve",
            RATIO,
            "backup_reserve_percent",
            "Charge kept for outages, 0 to 1, on the gateway's raw scale.",
            convert=values.percent,
        ),
        gauge(
            "backup.reserve.usable",
            RATIO,
            "backup_reserve_percent",
            "Charge kept for outages, 0 to 1, as Tesla's app shows it: (raw - 0.05) / 0.95, not below 0.",
            convert=usable_percentage,
        ),
        gauge(
            "operation.load_shed.charge",
            RATIO,
            "freq_shift_load_shed_soe",
            "Charge at which load is shed by a shift of the frequency, off grid, as the gateway gives it.",
            convert=values.percent,
        ),
        gauge(
            "operation.load_shed.frequency_delta",
            HZ,
            "freq_shift_load_shed_delta_f",
            "Shift of the frequency that sheds load, off grid, as the gateway gives it.",
        ),
        gauge("operation.solar_export.limit", W, "max_pv_export_power_kW", "Limit on exported solar.", scale=KILO),
    ),
)

CONTROLLER = Family(
    endpoints=(SITEMASTER,),
    rows=whole,
    fields=(
        flag("sitemaster.running", "running", "Whether the site controller runs."),
        flag("sitemaster.connected_to_tesla", "connected_to_tesla", "Whether the gateway is connected to Tesla."),
        flag("sitemaster.power_supply_mode", "power_supply_mode", "Whether the system only supplies power."),
        states("sitemaster.state", "status", ("StatusUp", "StatusDown"), "State of the site controller."),
        gauge(
            "sitemaster.can_reboot",
            NO_UNIT,
            "can_reboot",
            "Whether the gateway may reboot now; powerwall_sitemaster_reboot_state tells what hinders it.",
            convert=yes,
        ),
        states(
            "sitemaster.reboot_state",
            "can_reboot",
            ("Yes", "Power flow is too high"),
            "Whether the gateway may reboot now, in its own words.",
        ),
    ),
)

GATEWAY = Family(
    endpoints=(STATUS,),
    rows=whole,
    fields=(
        gauge("gateway.uptime", S, "up_time_seconds", "Time since the gateway started.", convert=values.go_duration),
        computed(
            "gateway.start_time",
            S,
            "When the gateway started, Unix time. Derived: time of the answer less the uptime.",
            _start_time,
            path="up_time_seconds",
        ),
        gauge("gateway.commissions", "{commissioning}", "commission_count", "How often it was commissioned."),
        flag("gateway.cellular_disabled", "cellular_disabled", "Whether the cellular modem is switched off."),
        flag("gateway.is_new", "is_new", "Whether the gateway is not yet commissioned."),
        flag("gateway.can_reboot", "can_reboot", "Whether the gateway may reboot now."),
        info(
            "gateway.info",
            {
                "version": "version",
                "git_hash": "git_hash",
                "device_type": "device_type",
                "teg_type": "teg_type",
                "sync_type": "sync_type",
            },
            "Firmware and kind of the gateway. Its DIN is left out: on old units it holds the password.",
        ),
    ),
)

SITE = Family(
    endpoints=(SITE_INFO,),
    rows=site_info,
    fields=(
        gauge(
            "site.energy.nominal",
            J,
            "nominal_system_energy_kWh",
            "Rated energy of the installation.",
            scale=KILO * WATT_HOUR,
        ),
        gauge("site.power.nominal", W, "nominal_system_power_kW", "Rated power of the installation.", scale=KILO),
        gauge(
            "site.energy.max",
            J,
            "max_system_energy_kWh",
            "Highest energy of the installation; absent where it is not set.",
            scale=KILO * WATT_HOUR,
            convert=values.nonzero,
        ),
        gauge(
            "site.power.max",
            W,
            "max_system_power_kW",
            "Highest power of the installation; absent where it is not set.",
            scale=KILO,
            convert=values.nonzero,
        ),
        gauge(
            "site.meter_power.max",
            W,
            "max_site_meter_power_kW",
            "Limit of import; absent: none.",
            scale=KILO,
            convert=limited_kw,
        ),
        gauge(
            "site.meter_power.min",
            W,
            "min_site_meter_power_kW",
            "Limit of export, negative; absent: none.",
            scale=KILO,
            convert=limited_kw,
        ),
        gauge("site.panel_current.max", A, "panel_max_current", "Rated current of the main panel."),
        gauge("site.voltage.nominal", V, "grid_voltage_setting", "Nominal voltage of the grid."),
        gauge("site.frequency.nominal", HZ, "grid_freq_setting", "Nominal frequency of the grid."),
        gauge(
            "site.frequency.measured",
            HZ,
            "measured_frequency",
            "Frequency of the grid, where the gateway tells it.",
            convert=values.nonzero,
        ),
        info(
            "site.info",
            {
                "site_name": "site_name",
                "timezone": "timezone",
                "country": "country",
                "state": "state",
                "utility": "utility",
                "distributor": "distributor",
                "retailer": "retailer",
                "region": "region",
                "grid_code": "grid_code",
                "phases": "grid_phase_setting",
                "net_meter_mode": "net_meter_mode",
            },
            "Constants of the installation.",
        ),
    ),
)

FAMILIES = (GRID, ISLAND, FAULT_COUNT, FAULT, OPERATING, CONTROLLER, GATEWAY, SITE)
