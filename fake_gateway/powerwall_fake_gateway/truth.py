"""What is so in the simulated house at one moment: plain numbers, before any gateway spells them.

Power signs: site + import, battery + discharge, solar + production, load + consumption; energies only grow.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace


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
    """One battery pack; the current is on the battery side and positive while charging. A disabled one is idle."""

    full_watt_hours: float
    remaining_watt_hours: float
    charged_watt_hours: float
    discharged_watt_hours: float
    power_watts: int
    reactive_power_var: int
    voltage_volts: float
    current_amperes: float
    enabled: bool = True


@dataclass(frozen=True)
class GridFault:
    """Something the packs found wrong with the grid, and what they measured then."""

    time_unix_seconds: float
    name: str
    quantity: str
    value: float
    unit: str


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
    grid_present: bool
    """Whether the grid is there, connected or not."""
    grid_faults: tuple[GridFault, ...]
    curtailed_watts: int
    """What the sun could give, but may not."""
    storm: bool
    mode: str
    reserve_ratio: float

    @property
    def on_grid(self) -> bool:
        """Return whether the house is connected to the grid."""
        return self.grid_state == "SystemGridConnected"

    @property
    def powered(self) -> bool:
        """Return whether there is any power, the gateway's own included."""
        return self.grid_state != "SystemMicroGridFaulted"

    @property
    def working(self) -> tuple[PackTruth, ...]:
        """Return the packs that take part: only they count in sums."""
        return tuple(pack for pack in self.packs if pack.enabled)

    @property
    def full_watt_hours(self) -> float:
        """Return what the working packs hold when full."""
        return sum(pack.full_watt_hours for pack in self.working)

    @property
    def remaining_watt_hours(self) -> float:
        """Return what the working packs hold now."""
        return sum(pack.remaining_watt_hours for pack in self.working)

    @property
    def charge_ratio(self) -> float:
        """Return the charge of the working packs together, 0 to 1, on the gateway's raw scale."""
        return self.remaining_watt_hours / self.full_watt_hours


def with_energies(truth: Truth, then: Truth, change: Callable[[float, float], float]) -> Truth:
    """Return a truth with other counters: each becomes `change(now, then)`, in Wh."""

    def meter(now: MeterTruth, old: MeterTruth) -> MeterTruth:
        return replace(
            now,
            imported_watt_hours=change(now.imported_watt_hours, old.imported_watt_hours),
            exported_watt_hours=change(now.exported_watt_hours, old.exported_watt_hours),
        )

    packs = tuple(
        replace(
            now,
            charged_watt_hours=change(now.charged_watt_hours, old.charged_watt_hours),
            discharged_watt_hours=change(now.discharged_watt_hours, old.discharged_watt_hours),
        )
        for now, old in zip(truth.packs, then.packs, strict=True)
    )
    return replace(
        truth,
        site=meter(truth.site, then.site),
        battery=meter(truth.battery, then.battery),
        load=meter(truth.load, then.load),
        solar=meter(truth.solar, then.solar),
        packs=packs,
    )


def blank(truth: Truth) -> Truth:
    """Return what a gateway sees that leads nothing: no packs, and nothing on its meters."""
    nothing = MeterTruth(0, 0, 0.0, 0.0)
    legs = tuple(LegTruth(leg.voltage_volts, 0, 0, 0, 0) for leg in truth.legs)
    return replace(
        truth, site=nothing, battery=nothing, load=nothing, solar=nothing, packs=(), legs=legs, battery_target_watts=0.0
    )


def line_volts(legs: tuple[LegTruth, ...]) -> float:
    """Return the voltage from line to line (to neutral on a single phase)."""
    mean = sum(leg.voltage_volts for leg in legs) / len(legs)
    return {1: 1.0, 2: 2.0, 3: math.sqrt(3.0)}[len(legs)] * mean
