"""One battery pack: what it can take and give, and what passing power does to its charge and counters."""

from dataclasses import dataclass, field

POWER_STEP_WATTS = 10
_ONE_WAY_EFFICIENCY = 0.949  # 0.90 for a round trip, measured on the AC side


@dataclass
class Pack:
    """The state of one pack. Power is positive while discharging, in steps of 10 W as packs report it."""

    full_watt_hours: float
    remaining_watt_hours: float
    charged_watt_hours: float
    discharged_watt_hours: float
    limit_watts: int = 5_000
    power_watts: int = field(default=0)

    def settle(self, wanted_watts: float, reserve_ratio: float, seconds: float) -> int:
        """Take on as much of the wanted power as limits and charge allow for that long, and return it."""
        if wanted_watts >= 0:
            spare_watt_hours = max(0.0, self.remaining_watt_hours - reserve_ratio * self.full_watt_hours)
            bound = min(self.limit_watts, spare_watt_hours * _ONE_WAY_EFFICIENCY * 3_600.0 / seconds)
            self.power_watts = _whole_steps(min(wanted_watts, bound))
        else:
            room_watt_hours = max(0.0, self.full_watt_hours - self.remaining_watt_hours)
            bound = min(self.limit_watts, room_watt_hours / _ONE_WAY_EFFICIENCY * 3_600.0 / seconds)
            self.power_watts = -_whole_steps(min(-wanted_watts, bound))
        return self.power_watts

    def after(self, seconds: float) -> "Pack":
        """Return the pack as it is when its power has passed for that long."""
        watt_hours = self.power_watts * seconds / 3_600.0
        charged, discharged = max(0.0, -watt_hours), max(0.0, watt_hours)
        return Pack(
            full_watt_hours=self.full_watt_hours,
            remaining_watt_hours=self.remaining_watt_hours
            + charged * _ONE_WAY_EFFICIENCY
            - discharged / _ONE_WAY_EFFICIENCY,
            charged_watt_hours=self.charged_watt_hours + charged,
            discharged_watt_hours=self.discharged_watt_hours + discharged,
            limit_watts=self.limit_watts,
            power_watts=self.power_watts,
        )


def _whole_steps(watts: float) -> int:
    """Round a positive power down to what a pack can set."""
    return int(watts // POWER_STEP_WATTS) * POWER_STEP_WATTS
