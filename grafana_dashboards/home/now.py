"""What flows now, and how the battery and the grid are."""

from dataclasses import replace

from grafana_dashboards import promql
from grafana_dashboards.dashboards import Panel, Row
from grafana_dashboards.flow import flow
from grafana_dashboards.panels import DASHED, SMALL, chart, coloured, gauge, override, stat
from grafana_dashboards.promql import now, now_by, over_time, select
from grafana_dashboards.queries import asked
from grafana_dashboards.scales import (
    APP_SCALE,
    BATTERY,
    BATTERY_TEXT,
    CHARGE,
    DURATION,
    GRID,
    GRID_STATE,
    HOME,
    NUMBER,
    POWER,
    RATIO,
    SIGNS,
    SOLAR,
    SOLAR_TEXT,
    WATT,
    Scale,
)

METERS = {"Solar": "solar", "Home": "load", "Grid": "site", "Battery": "battery"}
"""The gateway's meters by the names that owners know."""
CHARGED = Scale(RATIO, 0, steps=((None, "red"), (0.1, "orange"), (0.3, "yellow"), (0.6, "green")), bounds=(0.0, 1.0))
LASTING = Scale(DURATION, 1, steps=((None, "red"), (2 * 3600, "orange"), (4 * 3600, "green")))


def _power_flow() -> Panel:
    return flow(
        "Power flow",
        f"What flows now; arrows point where the power goes. {SIGNS} Several gateways are added up.",
        (8, 11),
        POWER,
        asked(prometheus=now(**{name: promql.power(meter) for name, meter in METERS.items()})),
    )


def _power() -> Panel:
    charge = override(
        "byName",
        "Charge",
        ("unit", RATIO),
        ("decimals", 0),
        ("min", 0),
        ("max", 1),
        ("color", {"mode": "fixed", "fixedColor": CHARGE}),
        ("custom.axisPlacement", "right"),
        *DASHED,
    )
    lines = ((name, promql.mean_power(meter)) for name, meter in METERS.items())
    panel = chart(
        "Power",
        f"Mean power by source. {SIGNS} Dashed, on the right: charge of the battery, as in Tesla's app."
        " Several gateways are added up, their charge weighted by capacity. Red marks: off grid.",
        (16, 11),
        POWER,
        asked(prometheus=over_time(*lines, ("Charge", promql.charge()))),
        overrides=(*coloured(Solar=SOLAR, Home=HOME, Grid=GRID, Battery=BATTERY), charge),
    )
    return replace(panel, least_step="1m")


def _power_now(name: str, colour: str, meaning: str) -> Panel:
    queries = asked(prometheus=now(**{name: promql.power(METERS[name])}))
    return stat(name, meaning, SMALL, Scale(WATT, 2, colour), queries)


def _charge() -> Panel:
    return gauge(
        "Charge",
        f"Charge of the battery now. {APP_SCALE}; the gateway's raw scale is powerwall_battery_charge_ratio."
        " Several gateways: weighted by capacity.",
        SMALL,
        CHARGED,
        asked(prometheus=now(Charge=promql.charge())),
    )


def _backup_time() -> Panel:
    return stat(
        "Backup time",
        "How long the battery would carry the home without sun and grid, at the mean consumption of the last hour."
        " Several gateways: all batteries for all homes.",
        SMALL,
        LASTING,
        asked(prometheus=now(Backup_time=f"{promql.usable_energy()} / {promql.mean_power('load', '1h')}")),
    )


def _grid_connection() -> Panel:
    return stat(
        "Grid connection",
        "Connection to the grid now; of several gateways the worst.",
        SMALL,
        GRID_STATE,
        asked(prometheus=now(Grid_connection=f"max({promql.grid_state()})")),
    )


def _mode() -> Panel:
    return stat(
        "Mode",
        "Mode of operation now, in the words of Tesla's app where it has one.",
        SMALL,
        Scale(NUMBER),
        asked(prometheus=now_by("{{mode}}", f"max by (mode) ({select('powerwall_operation_mode')}) == 1")),
        names={"self_consumption": "Self-powered", "autonomous": "Time-based", "backup": "Backup only"},
    )


NOW = Row(
    "Now",
    (
        _power_flow(),
        _power(),
        _power_now("Solar", SOLAR_TEXT, "Solar production now; a few watts below zero at night."),
        _power_now("Home", HOME, "Consumption of the home now."),
        _power_now("Grid", GRID, "Power from the grid now; below zero it is exported."),
        _power_now("Battery", BATTERY_TEXT, "Power from the battery now; below zero it charges."),
        _charge(),
        _backup_time(),
        _grid_connection(),
        _mode(),
    ),
)
