"""What the house takes: a base load by hour and appliances by day plan. Pure functions of time and seed."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from .jitter import Channel, jitter

# Watts at each full hour, local time: standby at night, people in the morning and the evening.
_BASE_WATTS = (260, 240, 230, 230, 240, 280, 380, 520, 480, 420, 400, 420,
               460, 440, 420, 430, 480, 620, 760, 820, 780, 640, 460, 320)  # fmt: skip
_FRIDGE_SECONDS = 2_700
_FRIDGE_ON_SECONDS = 900
_FRIDGE_WATTS = 130


@dataclass(frozen=True)
class Habit:
    """An appliance and when it is used: watts for some minutes at about an hour, on a part of the days."""

    watts: int
    minutes: int
    hour: float
    spread_hours: float
    probability: float


HABITS = (
    Habit(2_200, 4, 7.0, 0.7, 1.0),  # kettle
    Habit(1_100, 5, 7.3, 0.5, 0.9),  # toaster
    Habit(2_000, 9, 7.5, 0.8, 0.7),  # hair dryer
    Habit(2_100, 35, 10.5, 1.5, 0.6),  # washing machine heats
    Habit(2_200, 4, 10.0, 1.0, 0.6),  # kettle
    Habit(1_900, 12, 12.5, 0.6, 0.6),  # hob
    Habit(2_600, 70, 14.0, 1.5, 0.4),  # tumble dryer
    Habit(2_200, 4, 16.0, 0.8, 0.7),  # kettle
    Habit(2_400, 50, 18.3, 0.7, 0.8),  # oven
    Habit(1_900, 30, 18.6, 0.5, 0.8),  # hob
    Habit(1_800, 40, 20.3, 0.8, 0.8),  # dish washer heats
    Habit(2_200, 4, 21.0, 0.6, 0.6),  # kettle
)


@dataclass(frozen=True)
class Use:
    """One run of an appliance, in Unix seconds."""

    begin: float
    end: float
    watts: int


@dataclass(frozen=True)
class DayPlan:
    """One local day: from midnight to midnight in Unix seconds, and what runs in it."""

    begin: float
    end: float
    uses: tuple[Use, ...]

    def load_watts(self, seed: int, unix_seconds: float) -> float:
        """Return the real power the house takes at a moment of this day."""
        hours = (unix_seconds - self.begin) / 3_600.0
        hour = min(23, int(hours))
        rest = hours - hour
        base = _BASE_WATTS[hour] * (1.0 - rest) + _BASE_WATTS[(hour + 1) % 24] * rest
        fridge = _FRIDGE_WATTS if (unix_seconds + seed * 61) % _FRIDGE_SECONDS < _FRIDGE_ON_SECONDS else 0
        running = sum(use.watts for use in self.uses if use.begin <= unix_seconds < use.end)
        return base + fridge + running + 12.0 * jitter(seed, int(unix_seconds), Channel.LOAD)


def day_plan(seed: int, unix_seconds: float, zone: tzinfo) -> DayPlan:
    """Return the plan of the local day a moment lies in; the same for every moment of that day."""
    midnight = datetime.fromtimestamp(unix_seconds, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight.timestamp()
    end = (midnight + timedelta(days=1)).timestamp()
    draw = random.Random(f"{seed} {midnight.date()}")  # noqa: S311 - a simulation, not a secret
    uses = []
    for habit in HABITS:
        wanted, moved = draw.random() < habit.probability, draw.uniform(-1.0, 1.0)
        if wanted:
            start = begin + 3_600.0 * (habit.hour + moved * habit.spread_hours)
            uses.append(Use(start, start + 60.0 * habit.minutes, habit.watts))
    return DayPlan(begin, end, tuple(uses))
