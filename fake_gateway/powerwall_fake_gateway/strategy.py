"""What the batteries are asked to do while the grid is there, by mode of operation. Pure functions."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .battery import POWER_STEP_WATTS
from .plant import Conditions

_GRID_CHARGE_WATTS = 3_300.0


@dataclass(frozen=True)
class Situation:
    """What a strategy looks at: power that must be had and is given, in W, and the price of the grid's."""

    load_watts: int
    solar_watts: int
    price: str

    @property
    def need_watts(self) -> float:
        """Return what the house lacks; negative for what the sun gives too much."""
        return float(self.load_watts - self.solar_watts)


@dataclass(frozen=True)
class Wish:
    """What the batteries are to give (positive) or take, in W, and the charge at which they stop giving."""

    watts: float
    floor_ratio: float


def _self_consumption(situation: Situation, reserve_ratio: float) -> Wish:
    return Wish(situation.need_watts, reserve_ratio)


def _by_tariff(situation: Situation, reserve_ratio: float) -> Wish:
    """Give in the peak, fill up while it is cheap, and in between only store what the sun gives too much."""
    if situation.price == "peak":
        return Wish(situation.need_watts, reserve_ratio)
    if situation.price == "cheap":
        return _fill(situation, reserve_ratio)
    return Wish(min(0.0, situation.need_watts), reserve_ratio)


def _fill(situation: Situation, reserve_ratio: float) -> Wish:
    return Wish(min(situation.need_watts, -_GRID_CHARGE_WATTS), 1.0)


STRATEGIES: Mapping[str, Callable[[Situation, float], Wish]] = {
    "self_consumption": _self_consumption,
    "autonomous": _by_tariff,
    "backup": _fill,
}
"""What each mode wishes, from a situation and the reserve."""


def wish(situation: Situation, conditions: Conditions) -> Wish:
    """Return what is asked of the batteries: by mode, or by a storm, and never more import than is allowed."""
    strategy = _fill if conditions.storm else STRATEGIES[conditions.mode]
    wished = strategy(situation, conditions.reserve_ratio)
    if conditions.import_limit_watts is None:
        return wished
    least_watts = whole_steps_up(situation.need_watts - conditions.import_limit_watts)
    if least_watts <= wished.watts:
        return wished
    return Wish(least_watts, min(wished.floor_ratio, conditions.reserve_ratio))


def whole_steps_up(watts: float) -> float:
    """Return the next power that packs can set, upwards."""
    return float(math.ceil(watts / POWER_STEP_WATTS) * POWER_STEP_WATTS)
