"""How a house leaves the grid and comes back: states in the gateway's own words, and what leads from one to the next.

Pure: `follow` says what the next state is, from the time, the grid, the charge and the sun.
"""

from dataclasses import dataclass

CONNECTED = "SystemGridConnected"
LEAVING = "SystemTransitionToIsland"
ISLANDED = "SystemIslandedActive"
RETURNING = "SystemTransitionToGrid"
DARK = "SystemMicroGridFaulted"

LEAVING_SECONDS = 5.0
QUALIFYING_SECONDS = 120.0
RETURNING_SECONDS = 10.0
EMPTY_RATIO = 0.005
BLACK_START_WATTS = 1_000
"""What the sun must give to start from empty batteries."""
BLACK_START_PAUSE_SECONDS = 900.0


@dataclass(frozen=True)
class Grid:
    """Whether the grid is there, and since when in Unix seconds."""

    present: bool
    since: float


@dataclass(frozen=True)
class Island:
    """How the house stands to the grid, and since when in Unix seconds."""

    state: str
    since: float

    @property
    def connected(self) -> bool:
        """Return whether power flows to and from the grid."""
        return self.state == CONNECTED

    @property
    def dark(self) -> bool:
        """Return whether there is no power at all."""
        return self.state == DARK


def follow(island: Island, now: float, grid: Grid, charge_ratio: float, sun_watts: int) -> Island:
    """Return the state at a moment; the same one while nothing leads out of it."""
    state = _next(island, now - island.since, now - grid.since if grid.present else -1.0, charge_ratio, sun_watts)
    return island if state == island.state else Island(state, now)


def _next(island: Island, passed: float, back: float, charge_ratio: float, sun_watts: int) -> str:
    """Return the next state; `passed` and `back` are seconds in this one and with the grid, negative without it."""
    present = back >= 0
    if island.state == CONNECTED:
        return CONNECTED if present else LEAVING
    if island.state == LEAVING:
        return LEAVING if passed < LEAVING_SECONDS else ISLANDED
    if island.state == RETURNING:
        if not present:
            return ISLANDED
        return RETURNING if passed < RETURNING_SECONDS else CONNECTED
    if island.dark:
        sunny = sun_watts >= BLACK_START_WATTS and passed >= BLACK_START_PAUSE_SECONDS
        return CONNECTED if present else ISLANDED if sunny else DARK
    if present:
        return RETURNING if back >= QUALIFYING_SECONDS else ISLANDED
    return DARK if charge_ratio <= EMPTY_RATIO and sun_watts < BLACK_START_WATTS else ISLANDED
