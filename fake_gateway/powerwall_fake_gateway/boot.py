"""How a gateway comes up after a restart: stages by seconds since then, on the fake's clock. Pure data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One stage of a boot, and until when it lasts."""

    until_seconds: float
    words: str
    connects: str = "yes"
    """`yes`, `no` for connections that are dropped at once, `silent` for ones that are taken and left alone."""
    controller: bool = True
    zero_counters: bool = False
    grid_state: str = ""
    """What the grid seems to be, where that is not the truth."""


UP = Stage(float("inf"), "up")
"""A gateway that has long been up."""

UNPOWERED = Stage(float("inf"), "without power", connects="no")
"""A gateway whose house is dark."""

BOOT = (
    Stage(20, "restarting: no connection", connects="no"),
    Stage(45, "restarting: connections are taken and left alone", connects="silent"),
    Stage(90, "starting: tokens are gone, no site controller yet", controller=False),
    Stage(100, "starting: the grid seems to be on its way", zero_counters=True, grid_state="SystemTransitionToGrid"),
    Stage(150, "started: energy counters read 0", zero_counters=True),
    UP,
)
"""The stages in their order."""


def stage(seconds: float) -> Stage:
    """Return the stage at so many seconds after the restart."""
    return next(stage for stage in BOOT if seconds < stage.until_seconds)
