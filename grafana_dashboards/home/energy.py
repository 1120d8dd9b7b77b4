"""What today and each day brought, from the gateway's energy counters."""

from dataclasses import replace

from grafana_dashboards import promql
from grafana_dashboards.dashboards import Panel, Row
from grafana_dashboards.panels import SMALL, bars, chart, coloured, donut, drawn, gauge, stat
from grafana_dashboards.promql import exported, imported, now, over_time
from grafana_dashboards.queries import asked
from grafana_dashboards.scales import (
    BATTERY,
    BATTERY_TEXT,
    ENERGY,
    GOOD_SHARE,
    GRID,
    HOME,
    KILOWATT_HOUR,
    SHARE,
    SOLAR,
    SOLAR_TEXT,
    Scale,
)

TODAY = "now/d"
LAST_DAYS = "30d"
WHOLE_DAY = "1d offset -1d"
"""The day that begins at each step, so that today's bar stands at today."""
DAY = "A day has 24 hours from midnight; today's is not over."


def _energy_today(title: str, expression: str, colour: str, meaning: str) -> Panel:
    queries = asked(prometheus=now(**{title: expression}))
    panel = stat(title, f"{meaning} since midnight.", SMALL, Scale(KILOWATT_HOUR, 1, colour), queries)
    return replace(panel, since=TODAY)


def _share_today(title: str, expression: str, meaning: str) -> Panel:
    panel = gauge(title, meaning, SMALL, GOOD_SHARE, asked(prometheus=now(**{title: expression})))
    return replace(panel, since=TODAY)


TODAYS = Row(
    "Today",
    (
        _energy_today("Home today", imported("load"), HOME, "Energy that the home consumed"),
        _energy_today("Solar today", exported("solar"), SOLAR_TEXT, "Energy that the sun gave"),
        _energy_today("Imported today", imported("site"), GRID, "Energy bought from the grid"),
        _energy_today("Exported today", exported("site"), GRID, "Energy sold to the grid"),
        _energy_today("Charged today", imported("battery"), BATTERY_TEXT, "Energy put into the battery"),
        _energy_today("Discharged today", exported("battery"), BATTERY_TEXT, "Energy taken from the battery"),
        _share_today(
            "Self-powered",
            promql.rest(imported("site"), imported("load")),
            "Self-sufficiency: the part of today's consumption that was not bought from the grid. Energy with which"
            " the grid charges the battery counts as bought.",
        ),
        _share_today(
            "Solar kept",
            promql.rest(exported("site"), exported("solar")),
            "Self-consumption: the part of today's solar energy that was not sold. Energy that the battery sells"
            " counts as solar.",
        ),
    ),
)


def _energy_by_day() -> Panel:
    queries = over_time(
        ("Solar", exported("solar", WHOLE_DAY)),
        ("Grid import", imported("site", WHOLE_DAY)),
        ("Battery discharged", exported("battery", WHOLE_DAY)),
        ("Grid export", f"-{exported('site', WHOLE_DAY)}"),
        ("Battery charged", f"-{imported('battery', WHOLE_DAY)}"),
    )
    panel = bars(
        "Energy by day",
        "Upwards where each day's energy came from, downwards what went elsewhere than into the home; the"
        f" difference is what the home consumed. {DAY}",
        (16, 9),
        ENERGY,
        asked(prometheus=queries),
        overrides=coloured(
            Solar=SOLAR,
            Grid_import=GRID,
            Battery_discharged=BATTERY,
            Grid_export="light-purple",
            Battery_charged="light-green",
        ),
    )
    return replace(panel, least_step="1d", since=LAST_DAYS)


def _supplied_by() -> Panel:
    grid, battery = imported("site"), exported("battery")
    solar = f"clamp_min({imported('load')} - {grid} - {battery}, 0)"
    panel = donut(
        "Home supplied today by",
        "Today's consumption by source. Grid is all that was bought, battery all that it gave, solar the rest:"
        " when the battery charges from the grid or sells, solar reads too low.",
        (8, 9),
        ENERGY,
        asked(prometheus=now(Solar=solar, Battery=battery, Grid=grid)),
        overrides=coloured(Solar=SOLAR, Battery=BATTERY, Grid=GRID),
    )
    return replace(panel, since=TODAY)


def _shares_by_day() -> Panel:
    queries = over_time(
        ("Self-powered", promql.rest(imported("site", WHOLE_DAY), imported("load", WHOLE_DAY))),
        ("Solar kept", promql.rest(exported("site", WHOLE_DAY), exported("solar", WHOLE_DAY))),
    )
    panel = chart(
        "Self-powered and solar kept by day",
        "Self-powered: the part of a day's consumption that was not bought. Solar kept: the part of a day's solar"
        f" energy that was not sold. {DAY}",
        (24, 7),
        SHARE,
        asked(prometheus=queries),
        overrides=coloured(**{"Self-powered": BATTERY, "Solar kept": SOLAR}),
    )
    panel = drawn(panel, lineInterpolation="stepAfter", lineWidth=2, fillOpacity=0, showPoints="always")
    return replace(panel, least_step="1d", since=LAST_DAYS)


DAYS = Row("Days", (_energy_by_day(), _supplied_by(), _shares_by_day()))
