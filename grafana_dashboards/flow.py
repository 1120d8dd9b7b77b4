"""The picture of the power flow, on Grafana's canvas: four boxes around a hub, arrows along the sign of the power."""

from dataclasses import dataclass

from grafana_dashboards.dashboards import Panel
from grafana_dashboards.panels import Size
from grafana_dashboards.queries import Node, Queries
from grafana_dashboards.scales import BATTERY, GRID, HOME, SOLAR, Scale

_HUB = "Hub"


@dataclass(frozen=True)
class Box:
    """A box that shows the series of its name; places in percent of the panel, edges from -1 to 1, up is 1.

    Its line goes from its own edge to an edge of the hub, or the other way round for the one that is `fed`.
    """

    name: str
    colour: str
    left: int
    top: int
    edge: tuple[int, int]
    fed: bool = False


BOXES = (
    Box("Solar", SOLAR, 39, 12, (0, -1)),
    Box("Grid", GRID, 5, 43, (1, 0)),
    Box("Battery", BATTERY, 39, 80, (0, 1)),
    Box("Home", HOME, 73, 43, (-1, 0), fed=True),
)
_WIDTH, _HEIGHT = 22, 16


def flow(title: str, description: str, size: Size, scale: Scale, queries: Queries) -> Panel:
    """Return the picture; the queries' legends must be the names of the boxes."""
    elements = [_hub(), *(element for box in BOXES for element in (_box(box), _label(box)))]
    options: Node = {
        "inlineEditing": False,
        "panZoom": False,
        "zoomToContent": False,
        "showAdvancedTypes": True,
        "tooltip": {"mode": "single"},
        "root": {
            "type": "frame",
            "name": title,
            "background": _fixed("transparent"),
            "border": _fixed("transparent"),
            "constraint": {"horizontal": "left", "vertical": "top"},
            "placement": {"left": 0, "top": 0, "width": 100, "height": 100},
            "elements": elements,
        },
    }
    return Panel("canvas", title, description, size, queries, scale.defaults(), options)


def _box(box: Box) -> Node:
    return {
        "type": "metric-value",
        "name": box.name,
        "config": {
            "align": "center",
            "valign": "middle",
            "color": {"fixed": "text"},
            "size": 22,
            "text": {"mode": "field", "field": box.name, "fixed": ""},
        },
        **_frame(box.colour, 12),
        **_placed(box.left, box.top, _WIDTH, _HEIGHT),
        "connections": [] if box.fed else [_connection(box, box.edge, _across(box.edge), _HUB)],
    }


def _label(box: Box) -> Node:
    return {
        "type": "text",
        "name": f"{box.name} label",
        "config": {
            "align": "center",
            "valign": "middle",
            "color": {"fixed": "text"},
            "size": 14,
            "text": {"mode": "fixed", "fixed": box.name},
        },
        "background": _fixed("transparent"),
        "border": _fixed("transparent"),
        **_placed(box.left, box.top - 8, _WIDTH, 7),
        "connections": [],
    }


def _hub() -> Node:
    lines = [_connection(box, _across(box.edge), box.edge, box.name) for box in BOXES if box.fed]
    return {
        "type": "ellipse",
        "name": _HUB,
        "config": {"backgroundColor": {"fixed": "transparent"}, "borderColor": {"fixed": "text"}, "width": 2},
        **_frame("text", 50),
        **_placed(47, 47, 6, 8),
        "connections": lines,
    }


def _connection(box: Box, source: tuple[int, int], target: tuple[int, int], target_name: str) -> Node:
    return {
        "source": _edge(source),
        "target": _edge(target),
        "targetName": target_name,
        "color": {"fixed": box.colour},
        "size": {"fixed": 3, "min": 1, "max": 6},
        "path": "straight",
        "direction": {"mode": "field", "field": box.name, "fixed": "forward"},
        "lineStyle": {"style": "dashed", "animate": True},
        "vertices": [],
    }


def _across(edge: tuple[int, int]) -> tuple[int, int]:
    return -edge[0], -edge[1]


def _edge(edge: tuple[int, int]) -> Node:
    return {"x": edge[0], "y": edge[1]}


def _fixed(colour: str) -> Node:
    return {"color": {"fixed": colour}}


def _frame(colour: str, radius: int) -> Node:
    return {
        "background": _fixed("transparent"),
        "border": {"color": {"fixed": colour}, "width": 2, "radius": radius},
    }


def _placed(left: int, top: int, width: int, height: int) -> Node:
    return {
        "constraint": {"horizontal": "scale", "vertical": "scale"},
        "placement": {
            "left": left,
            "top": top,
            "width": width,
            "height": height,
            "right": 100 - left - width,
            "bottom": 100 - top - height,
            "rotation": 0,
        },
    }
