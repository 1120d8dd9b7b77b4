"""What is so in the simulated house at one moment: plain numbers, before any gateway spells them.

Power signs: site + import, battery + discharge, solar + production, load + consumption; energies only grow.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MeterTruth:
    """One place where power is metered, with its lifetime counters."""

    power_watts: float
    reactive_power_var: float
    imported_watt_hours: float
    exported_watt_hours: float

    @property
    def apparent_power_volt_amperes(self) -> float:
        """Return hypot of real and reactive power."""
        return math.hypot(self.power_watts, self.reactive_power_var)


@dataclass(frozen=True)
class LegTruth:
    """One phase conductor at the meters: its voltage to neutral and what flows in it."""

    voltage_volts: float
    site_power_watts: int
    site_reactive_power_var: int
    solar_power_watts: int
    solar_reactive_power_var: int


@dataclass(frozen=True)
class PackTruth:
    """One battery pack; the current is on the battery side and positive while charging."""

    full_watt_hours: float
    remaining_watt_hours: float
    charged_watt_hours: float
    discharged_watt_hours: float
    power_watts: int
    reactive_power_var: int
    voltage_volts: float
    current_amperes: float


@dataclass(frozen=True)
class Truth:
    """The whole house at one moment."""

    time_unix_seconds: float
    site: MeterTruth
    battery: MeterTruth
    load: MeterTruth
    solar: MeterTruth
    packs: tuple[PackTruth, ...]
    legs: tuple[LegTruth, ...]
    frequency_hertz: float
    battery_target_watts: float
    pack_limit_watts: int
    grid_state: str
    mode: str
    reserve_ratio: float

    @property
    def full_watt_hours(self) -> float:
        """Return what all packs hold when full."""
        return sum(pack.full_watt_hours for pack in self.packs)

    @property
    def remaining_watt_hours(self) -> float:
        """Return what all packs hold now."""
        return sum(pack.remaining_watt_hours for pack in self.packs)

    @property
    def charge_ratio(self) -> float:
        """Return the charge of all packs together, 0 to 1, on the gateway's raw scale."""
        return self.remaining_watt_hours / self.full_watt_hours
