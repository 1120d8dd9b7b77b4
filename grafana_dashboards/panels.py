"""Panels of Grafana's core, as this project draws them: fixed units, explicit thresholds, readable in both themes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grafana_dashboards.dashboards import Panel
from grafana_dashboards.queries import Node, Queries
from grafana_dashboards.scales import Scale

Size = tuple[int, int]
SMALL: Size = (3, 4)
DASHED = (("custom.fillOpacity", 0), ("custom.lineStyle", {"fill": "dash", "dash": [6, 6]}))
"""Properties for an override."""


def _last() -> Node:
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}


def stat(
    title: str, description: str, size: Size, scale: Scale, queries: Queries, *, names: Mapping[str, str] | None = None
) -> Panel:
    """Return a number, or several; with `names`, the names of the series instead, some of them in other words."""
    options: Node = {
        "reduceOptions": _last(),
        "colorMode": "background_solid" if scale.words else "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto" if names is None else "name",
    }
    overrides = tuple(
        override("byName", name, ("displayName", replacement)) for name, replacement in (names or {}).items()
    )
    return Panel("stat", title, description, size, queries, scale.defaults(), options, overrides)


def gauge(title: str, description: str, size: Size, scale: Scale, queries: Queries) -> Panel:
    """Return a dial."""
    options: Node = {
        "reduceOptions": _last(),
        "orientation": "auto",
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
    }
    return Panel("gauge", title, description, size, queries, scale.defaults(), options)


def chart(
    title: str, description: str, size: Size, scale: Scale, queries: Queries, *, overrides: Sequence[Node] = ()
) -> Panel:
    """Return lines over time; gaps of more than an hour stay gaps."""
    custom: Node = {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 10,
        "showPoints": "never",
        "spanNulls": 3_600_000,
        "stacking": {"mode": "none", "group": "A"},
        "axisPlacement": "auto",
    }
    defaults, options = _over_time(scale, custom, "lastNotNull", "min", "max")
    return Panel("timeseries", title, description, size, queries, defaults, options, tuple(overrides))


def bars(
    title: str, description: str, size: Size, scale: Scale, queries: Queries, *, overrides: Sequence[Node] = ()
) -> Panel:
    """Return bars over time, those of one moment on top of each other, negative ones downwards."""
    custom: Node = {
        "drawStyle": "bars",
        "lineWidth": 0,
        "fillOpacity": 80,
        "stacking": {"mode": "normal", "group": "A"},
        "barAlignment": 1,
        "barWidthFactor": 0.8,
        "axisPlacement": "auto",
    }
    defaults, options = _over_time(scale, custom, "sum")
    return Panel("timeseries", title, description, size, queries, defaults, options, tuple(overrides))


def _over_time(scale: Scale, custom: Node, *calculations: str) -> tuple[Node, Node]:
    defaults = {**scale.defaults(), "color": {"mode": "palette-classic"}, "custom": custom}
    options: Node = {
        "legend": {"showLegend": True, "displayMode": "table", "placement": "bottom", "calcs": [*calculations]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return defaults, options


def drawn(panel: Panel, **custom: object) -> Panel:
    """Return a chart that draws its series in another way."""
    before = panel.defaults["custom"]
    assert isinstance(before, dict)  # noqa: S101 - a chart has one
    return replace(panel, defaults={**panel.defaults, "custom": {**before, **custom}})


def donut(
    title: str, description: str, size: Size, scale: Scale, queries: Queries, *, overrides: Sequence[Node] = ()
) -> Panel:
    """Return the parts of a whole."""
    options: Node = {
        "pieType": "donut",
        "displayLabels": ["percent"],
        "reduceOptions": _last(),
        "legend": {"showLegend": True, "displayMode": "table", "placement": "bottom", "values": ["value"]},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults = {**scale.defaults(), "color": {"mode": "palette-classic"}}
    return Panel("piechart", title, description, size, queries, defaults, options, tuple(overrides))


def timeline(title: str, description: str, size: Size, scale: Scale, queries: Queries) -> Panel:
    """Return a band for each series, in the words and colours of the scale."""
    # In colour mode "thresholds" the band would show the thresholds' ranges instead of the words.
    defaults = {
        **scale.defaults(),
        "color": {"mode": "palette-classic"},
        "custom": {"fillOpacity": 75, "lineWidth": 0},
    }
    options: Node = {
        "mergeValues": True,
        "showValue": "auto",
        "rowHeight": 0.9,
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "single"},
    }
    return Panel("state-timeline", title, description, size, queries, defaults, options)


def override(matcher: str, which: str, *properties: tuple[str, object]) -> Node:
    """Return what holds for some series only, such as `byName`, `Solar`."""
    found = [{"id": name, "value": value} for name, value in properties]
    return {"matcher": {"id": matcher, "options": which}, "properties": found}


def coloured(**colours: str) -> tuple[Node, ...]:
    """Return overrides that give series their colours; an underscore in a name stands for a blank."""
    return tuple(
        override("byName", name.replace("_", " "), ("color", {"mode": "fixed", "fixedColor": colour}))
        for name, colour in colours.items()
    )
