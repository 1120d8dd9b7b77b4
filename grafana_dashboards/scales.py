"""How values read and look: units, the colours that owners know, and the scales that dashboards share."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_dashboards.queries import Node

SOLAR, BATTERY, HOME, GRID = "#FADE2A", "#73BF69", "#5794F2", "#B877D9"
"""The colours that owners know, for areas and lines."""
SOLAR_TEXT, BATTERY_TEXT = "dark-yellow", "semi-dark-green"
"""The same for numbers: the bright ones cannot be read on white."""
CHARGE = "#FF9830"
WATT, KILOWATT_HOUR, RATIO, SECONDS, DURATION, PER_MINUTE, NUMBER = (
    "watt",
    "kwatth",
    "percentunit",
    "s",
    "dtdurations",
    "cpm",
    "none",
)

NOTHING = "-"
"""Shown where there is no value: a home without solar is not an error."""

Steps = Sequence[tuple[float | None, str]]
"""Colours by the value from which they hold; the first from None, which is minus infinity."""


@dataclass(frozen=True)
class Scale:
    """How the values of a panel read: unit, digits, bounds, words for numbers, colour or colours by value."""

    unit: str
    decimals: int | None = None
    colour: str = "text"
    steps: Steps = ()
    bounds: tuple[float, float] | None = None
    words: Sequence[tuple[int, str, str]] = ()
    """Value, text, colour."""

    def defaults(self) -> Node:
        """Return the defaults of a panel's fields."""
        steps = self.steps or ((None, self.colour),)
        colour: Node = {"mode": "thresholds"} if self.steps else {"mode": "fixed", "fixedColor": self.colour}
        return {
            "unit": self.unit,
            **({} if self.decimals is None else {"decimals": self.decimals}),
            **(dict(zip(("min", "max"), self.bounds, strict=True)) if self.bounds else {}),
            "noValue": NOTHING,
            "mappings": [self._mapping()] if self.words else [],
            "thresholds": {"mode": "absolute", "steps": [{"color": each, "value": start} for start, each in steps]},
            "color": colour,
        }

    def _mapping(self) -> Node:
        texts = {
            str(value): {"text": text, "color": colour, "index": index}
            for index, (value, text, colour) in enumerate(self.words)
        }
        return {"type": "value", "options": texts}


POWER = Scale(WATT, 1)
ENERGY = Scale(KILOWATT_HOUR, 1)
SHARE = Scale(RATIO, 0, bounds=(0.0, 1.0))
GOOD_SHARE = Scale(RATIO, 0, steps=((None, "red"), (0.5, "yellow"), (0.8, "green")), bounds=(0.0, 1.0))
GRID_STATE = Scale(
    NUMBER,
    words=((1, "On grid", "green"), (2, "Switching", "yellow"), (3, "Off grid", "red"), (4, "Unknown", "purple")),
)
"""The numbers of `promql.grid_state`."""
REACHED = Scale(NUMBER, words=((0, "Unreachable", "red"), (1, "Reachable", "green")))

SIGNS = "Grid: + import, - export. Battery: + discharging, - charging."
APP_SCALE = "On the scale of Tesla's app, which hides the lowest 5 % of the battery"
"""For descriptions of panels."""
