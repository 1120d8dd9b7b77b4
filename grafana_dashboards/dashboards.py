"""What a dashboard is made of, and its spelling as Grafana's classic JSON, which Grafana 10 to 13 reads.

Knows frames, places and numbers of panels; what is in a panel is the business of `panels`, what it asks of `queries`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_uppercase

from grafana_dashboards.queries import Flavour, Node, Queries

COLUMNS = 24
"""Columns of Grafana's grid; on a phone it puts all panels one below the other."""
TAG = "powerwall"


@dataclass(frozen=True)
class Panel:
    """One panel: what it asks and shows, whatever the flavour. Width and height are in steps of Grafana's grid."""

    type: str
    title: str
    description: str
    size: tuple[int, int]
    queries: Queries
    defaults: Node
    options: Node
    overrides: tuple[Node, ...] = ()
    least_step: str = ""
    """No finer than this over time: `1d` makes bars of days."""
    since: str = ""
    """Its own time range, whatever the dashboard shows: `now/d` is today so far, `30d` the last 30 days."""


@dataclass(frozen=True)
class Row:
    """Panels under a heading, from left to right, line by line."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Annotation:
    """Marks over all charts, while a query gives a value."""

    name: str
    colour: str
    queries: Queries
    text: str


@dataclass(frozen=True)
class Dashboard:
    """One dashboard in all its flavours."""

    topic: str
    title: str
    description: str
    since: str
    rows: tuple[Row, ...]
    annotations: tuple[Annotation, ...] = ()
    refresh: str = "1m"

    @property
    def panels(self) -> Iterator[Panel]:
        """Iterate over the panels of all rows, in the order of their numbers."""
        return (panel for row in self.rows for panel in row.panels)


def classic(dashboard: Dashboard, flavour: Flavour) -> Node:
    """Return a dashboard in one flavour as Grafana's classic JSON."""
    tags = [TAG, dashboard.topic, flavour.name]
    return {
        "uid": f"{TAG}-{dashboard.topic}{flavour.uid_suffix}",
        "title": f"Powerwall / {dashboard.title}{flavour.title_suffix}",
        "description": dashboard.description,
        "tags": tags,
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "weekStart": "",
        "fiscalYearStartMonth": 0,
        "refresh": dashboard.refresh,
        "time": {"from": dashboard.since, "to": "now"},
        "timepicker": {},
        "links": [_siblings(flavour)],
        "templating": {"list": [_data_source(flavour), _gateway(flavour)]},
        "annotations": {"list": [_grafanas_own(), *(_annotation(each, flavour) for each in dashboard.annotations)]},
        "panels": list(_placed(dashboard, flavour)),
    }


def _siblings(flavour: Flavour) -> Node:
    return {
        "type": "dashboards",
        "title": "Powerwall",
        "tags": [TAG, flavour.name],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def _data_source(flavour: Flavour) -> Node:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": flavour.data_source_type,
        "current": {"text": "", "value": ""},
        "regex": "",
        "hide": 0,
        "refresh": 1,
        "options": [],
        "multi": False,
        "includeAll": False,
        "skipUrlSync": False,
    }


def _gateway(flavour: Flavour) -> Node:
    return {
        "name": "gateway",
        "label": "Gateway",
        "type": "query",
        "datasource": flavour.data_source,
        "query": flavour.gateways,
        "definition": flavour.gateways_definition,
        "current": {"text": ["All"], "value": ["$__all"]},
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "refresh": 2,
        "sort": 1,
        "regex": "",
        "hide": 0,
        "options": [],
        "skipUrlSync": False,
    }


def _grafanas_own() -> Node:
    return {
        "name": "Annotations & Alerts",
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "type": "dashboard",
        "builtIn": 1,
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
    }


def _annotation(annotation: Annotation, flavour: Flavour) -> Node:
    (query,) = annotation.queries[flavour.name]
    return {
        "name": annotation.name,
        "enable": True,
        "iconColor": annotation.colour,
        "titleFormat": annotation.name,
        "textFormat": annotation.text,
        **query.annotation(),
    }


def _placed(dashboard: Dashboard, flavour: Flavour) -> Iterator[Node]:
    """Yield the headings and panels with their numbers and places: left to right, a new line when one is full."""
    number = top = 0
    for row in dashboard.rows:
        number += 1
        yield _heading(row, number, top)
        left, top, below = 0, top + 1, top + 1
        for panel in row.panels:
            width, height = panel.size
            if left + width > COLUMNS:
                left, top = 0, below
            number += 1
            yield _panel(panel, flavour, number, _place(left, top, width, height))
            left, below = left + width, max(below, top + height)
        top = below


def _heading(row: Row, number: int, top: int) -> Node:
    place = _place(0, top, COLUMNS, 1)
    return {"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [], "gridPos": place}


def _place(left: int, top: int, width: int, height: int) -> Node:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel, flavour: Flavour, number: int, place: Node) -> Node:
    queries = panel.queries[flavour.name]
    own_time: Node = {"timeFrom": panel.since, "hideTimeOverride": panel.since == "now/d"} if panel.since else {}
    least_step: Node = {"interval": panel.least_step} if panel.least_step else {}
    return {
        "id": number,
        "type": panel.type,
        "title": panel.title,
        "description": panel.description,
        "datasource": flavour.data_source,
        "gridPos": place,
        **least_step,
        **own_time,
        "targets": [
            {"refId": letter, **query.target()} for letter, query in zip(ascii_uppercase, queries, strict=False)
        ],
        "fieldConfig": {"defaults": panel.defaults, "overrides": list(panel.overrides)},
        "options": panel.options,
    }
