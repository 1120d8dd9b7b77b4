"""What happens, in words for a person: one line per happening, and now and then how things stand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from .island import CONNECTED, DARK, ISLANDED, LEAVING, RETURNING, Island
from .truth import Truth

_WORDS = {
    CONNECTED: "The house is on the grid.",
    LEAVING: "The house leaves the grid.",
    ISLANDED: "The house is an island: it lives on its batteries and the sun.",
    RETURNING: "The grid has been well for long enough: the house goes back to it.",
    DARK: "The batteries are empty: the house is dark, and the gateway dead.",
}
_QUIET_WATTS = 50


@dataclass(frozen=True)
class Happening:
    """Something that happened, in Unix seconds."""

    time_unix_seconds: float
    words: str


class Told(Protocol):
    """What a narrator asks of a gateway."""

    def truth(self) -> Truth:
        """Return what is so now."""

    def states(self) -> list[Island]:
        """Return how the house stood to the grid so far."""

    def happenings(self) -> list[Happening]:
        """Return what happened so far."""


class Narrator:
    """Tells each happening once, and how things stand after it and every so many seconds of the fake's time."""

    def __init__(self, told: Told, zone: tzinfo, every_seconds: float) -> None:
        self._told = told
        self._zone = zone
        self._every_seconds = every_seconds
        self._heard = float("-inf")
        self._due = float("-inf")

    def lines(self) -> Iterator[str]:
        """Yield what is new since the last time, in the order in which it happened."""
        truth = self._told.truth()
        now = truth.time_unix_seconds
        news = sorted(self._news(now), key=lambda happening: happening.time_unix_seconds)
        for happening in news:
            yield f"{self._time(happening.time_unix_seconds)}  {happening.words}"
        self._heard = now
        if news or now >= self._due:
            self._due = now + self._every_seconds
            yield f"{self._time(now)}  {describe(truth)}"

    def _news(self, now: float) -> Iterator[Happening]:
        states = [Happening(island.since, _WORDS[island.state]) for island in self._told.states()[1:]]
        for happening in (*self._told.happenings(), *states):
            if self._heard < happening.time_unix_seconds <= now:
                yield happening

    def _time(self, unix_seconds: float) -> str:
        return datetime.fromtimestamp(unix_seconds, self._zone).strftime("%a %d %b %H:%M:%S")


def describe(truth: Truth) -> str:
    """Say how things stand, e.g. `sun 3.1 kW, house 0.8 kW, batteries take 2.3 kW (64 % full), grid idle`."""
    if not truth.powered:
        return f"everything is dark; batteries {100 * truth.charge_ratio:.0f} % full"
    grid = _flow(truth.site.power_watts, "gives", "takes") if truth.on_grid else "cut off"
    parts = [
        f"sun {_kilowatts(max(0, truth.solar.power_watts))}{_curtailed(truth)}",
        f"house {_kilowatts(truth.load.power_watts)}",
        f"batteries {_flow(truth.battery.power_watts, 'give', 'take')} ({100 * truth.charge_ratio:.0f} % full)",
        f"grid {grid}",
        f"{truth.frequency_hertz:.2f} Hz",
    ]
    return ", ".join(parts)


def _flow(watts: float, positive: str, negative: str) -> str:
    if abs(watts) < _QUIET_WATTS:
        return "idle"
    return f"{positive if watts > 0 else negative} {_kilowatts(abs(watts))}"


def _curtailed(truth: Truth) -> str:
    return f" (held back {_kilowatts(truth.curtailed_watts)})" if truth.curtailed_watts > _QUIET_WATTS else ""


def _kilowatts(watts: float) -> str:
    return f"{watts / 1_000:.1f} kW"
