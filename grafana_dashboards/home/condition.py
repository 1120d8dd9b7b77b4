"""How the batteries, the grid and the data themselves are."""

from dataclasses import replace

from grafana_dashboards import promql
from grafana_dashboards.dashboards import Annotation, Panel, Row
from grafana_dashboards.panels import DASHED, bars, chart, override, stat, timeline
from grafana_dashboards.promql import now, now_by, over_time, select
from grafana_dashboards.queries import PromQL, asked
from grafana_dashboards.scales import (
    APP_SCALE,
    GRID_STATE,
    NUMBER,
    PER_MINUTE,
    POWER,
    REACHED,
    SECONDS,
    SHARE,
    Scale,
)

THIRD = (8, 4)
AGE = Scale(SECONDS, 0, steps=((None, "green"), (60, "orange"), (300, "red")))
TROUBLES = Scale(NUMBER, 0, steps=((None, "green"), (1, "orange")))
TROUBLE = 'state=~"failing|forbidden|unavailable"'


def _charge_and_reserve() -> Panel:
    queries = over_time(
        ("{{gateway}} charge", f"max by (gateway) ({select('powerwall_battery_charge_usable_ratio')})"),
        ("{{gateway}} reserve", f"max by (gateway) ({select('powerwall_backup_reserve_usable_ratio')})"),
    )
    red = ("color", {"mode": "fixed", "fixedColor": "red"})
    return chart(
        "Charge and reserve",
        f"Charge of each gateway's battery, and dashed the part kept for outages. {APP_SCALE}; the gateway's raw"
        " scale is powerwall_battery_charge_ratio and powerwall_backup_reserve_ratio.",
        (24, 8),
        SHARE,
        asked(prometheus=queries),
        overrides=(override("byRegexp", "/ reserve$/", red, *DASHED),),
    )


def _by_pack(metric: str) -> tuple[PromQL, ...]:
    return over_time(("{{gateway}} {{block}}", f"max by (gateway, block) ({select(metric)})"))


def _charge_of_packs() -> Panel:
    return chart(
        "Charge of the packs",
        "Remaining energy over capacity of each pack. This is the raw scale, which reads up to 5 points more than"
        " Tesla's app. Packs should stay close together.",
        (12, 8),
        SHARE,
        asked(prometheus=_by_pack("powerwall_block_charge_ratio")),
    )


def _power_of_packs() -> Panel:
    return chart(
        "Power of the packs",
        "Power of each pack's inverter: + discharging, - charging.",
        (12, 8),
        POWER,
        asked(prometheus=_by_pack("powerwall_block_power_watts")),
    )


def _grid_state() -> Panel:
    panel = timeline(
        "Grid state",
        "Connection of each gateway to the grid over time; each step shows its worst moment, so that a short outage"
        " is not lost. Switching: leaving the grid, or about to return.",
        (24, 5),
        GRID_STATE,
        asked(prometheus=over_time(("{{gateway}}", promql.grid_state("$__rate_interval")))),
    )
    return replace(panel, least_step="1m")


def _reachability() -> Panel:
    reached = f"min by (gateway) (min_over_time({select('powerwall_up')}[$__rate_interval]))"
    panel = timeline(
        "Reachability",
        "Whether each gateway answered; each step shows its worst poll. A gap: the exporter itself was not scraped.",
        (12, 7),
        REACHED,
        asked(prometheus=over_time(("{{gateway}}", reached))),
    )
    return replace(panel, least_step="1m")


def _failed_requests() -> Panel:
    rate = f"rate({select('powerwall_poll_errors_total')}[$__rate_interval])"
    by_reason = PromQL(f"sum by (reason) ({rate}) * 60 > 0", "{{reason}}", may_be_empty="nothing fails")
    thin_line = override(
        "byName",
        "all",
        ("color", {"mode": "fixed", "fixedColor": "text"}),
        ("custom.drawStyle", "line"),
        ("custom.lineWidth", 1),
        ("custom.fillOpacity", 0),
        ("custom.stacking", {"mode": "none", "group": "B"}),
    )
    panel = bars(
        "Failed requests",
        "Requests to the gateways that failed, per minute, by reason. The thin line is their sum; it is all there is"
        " while nothing fails.",
        (12, 7),
        Scale(PER_MINUTE, 1),
        asked(prometheus=(PromQL(f"sum({rate}) * 60", "all"), by_reason)),
        overrides=(thin_line,),
    )
    return replace(panel, least_step="1m")


def _age_of_data() -> Panel:
    newest = f"max by (gateway) ({select('powerwall_poll_last_success_timestamp_seconds')})"
    return stat(
        "Age of data",
        "Time since each gateway last gave data.",
        THIRD,
        AGE,
        asked(prometheus=now_by("{{gateway}}", f"clamp_min(time() - {newest}, 0)")),
    )


def _endpoints_in_trouble() -> Panel:
    troubles = f"count({select('powerwall_endpoint_state', TROUBLE)} == 1) or vector(0)"
    return stat(
        "Endpoints in trouble",
        "Parts of the gateways' interface that fail, are forbidden or unavailable now. Parts that a gateway does not"
        " have do not count.",
        THIRD,
        TROUBLES,
        asked(prometheus=now(Endpoints_in_trouble=troubles)),
    )


def _firmware() -> Panel:
    return stat(
        "Firmware",
        "Firmware of the gateways.",
        THIRD,
        Scale(NUMBER),
        asked(prometheus=now_by("{{version}}", f"count by (version) ({select('powerwall_gateway_info')})")),
        names={},
    )


BATTERIES = Row("Battery", (_charge_and_reserve(), _charge_of_packs(), _power_of_packs()))
GRIDS = Row("Grid", (_grid_state(),))
DATA = Row("Data", (_reachability(), _failed_requests(), _age_of_data(), _endpoints_in_trouble(), _firmware()))

OUTAGES = Annotation("Grid outage", "red", asked(prometheus=(PromQL(f"{promql.off_grid()} == 1"),)), "{{gateway}}")
