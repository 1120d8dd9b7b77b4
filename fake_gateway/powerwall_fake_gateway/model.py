"""A house with solar, load, battery packs and grid. Time goes in as a number; it knows no clock, socket or JSON.

Power is constant within a step of `STEP_SECONDS` on a fixed grid of time, so the energies are its exact integral.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from .battery import Pack
from .household import DayPlan, day_plan
from .jitter import Channel, jitter, smooth_jitter
from .sky import Place, cloud_ratio, sunlight_ratio
from .truth import LegTruth, MeterTruth, PackTruth, Truth

STEP_SECONDS = 5.0
_SYSTEM_LOSSES = 0.86


@dataclass(frozen=True)
class Plant:
    """What is installed and how it is set. Ratios run from 0 to 1 on the gateway's raw scale."""

    place: Place
    packs: int = 2
    pack_limit_watts: int = 5_000
    pack_full_watt_hours: float = 13_900.0
    array_watts: int = 9_200
    inverter_watts: int = 7_600
    legs: int = 2
    leg_volts: float = 121.0
    frequency_hertz: float = 60.0
    cloudiness: float = 0.15
    charge_ratio: float = 0.32
    reserve_ratio: float = 0.24
    mode: str = "self_consumption"


@dataclass(frozen=True)
class Flows:
    """Power of one step. By construction load = site + battery + solar, for both kinds of power."""

    load_watts: int
    solar_watts: int
    battery_watts: int
    load_var: int
    solar_var: int
    target_watts: float

    @property
    def site_watts(self) -> int:
        """Return what the grid must give."""
        return self.load_watts - self.solar_watts - self.battery_watts

    @property
    def site_var(self) -> int:
        """Return the reactive power at the grid; the packs of this model have none."""
        return self.load_var - self.solar_var


@dataclass(frozen=True)
class Counters:
    """Lifetime energies in Wh, apart from those of the packs."""

    site_imported: float
    site_exported: float
    solar_imported: float
    solar_exported: float
    load_imported: float

    def after(self, flows: Flows, seconds: float) -> "Counters":
        """Return the counters when that power has flowed for that long."""
        hours = seconds / 3_600.0
        return Counters(
            site_imported=self.site_imported + max(0, flows.site_watts) * hours,
            site_exported=self.site_exported + max(0, -flows.site_watts) * hours,
            solar_imported=self.solar_imported + max(0, -flows.solar_watts) * hours,
            solar_exported=self.solar_exported + max(0, flows.solar_watts) * hours,
            load_imported=self.load_imported + flows.load_watts * hours,
        )


# What the batteries are asked to give (positive) or take, by operation mode, from load and solar power in W.
STRATEGIES: Mapping[str, Callable[[int, int], float]] = {
    "self_consumption": lambda load_watts, solar_watts: float(load_watts - solar_watts),
}


class House:
    """The house as it goes through time; the same seed, plant and start give the same numbers."""

    def __init__(self, plant: Plant, seed: int, start_unix_seconds: float, zone: tzinfo) -> None:
        self._plant = plant
        self._seed = seed
        self._zone = zone
        self._now = start_unix_seconds
        self._step_begin = start_unix_seconds
        self._packs = [_new_pack(plant, seed, number) for number in range(plant.packs)]
        self._counters = _new_counters(seed, self._packs)
        self._day: DayPlan | None = None
        self._flows = self._settle()

    def advance(self, unix_seconds: float) -> None:
        """Let time pass up to a moment; one in the past changes nothing."""
        while unix_seconds >= (end := self._step_end()):
            seconds = end - self._step_begin
            self._counters = self._counters.after(self._flows, seconds)
            self._packs = [pack.after(seconds) for pack in self._packs]
            self._step_begin = end
            self._flows = self._settle()
        self._now = max(self._now, unix_seconds)

    def truth(self) -> Truth:
        """Return what is so at the moment last advanced to."""
        flows, plant = self._flows, self._plant
        seconds = self._now - self._step_begin
        counters = self._counters.after(flows, seconds)
        packs = [pack.after(seconds) for pack in self._packs]
        legs = self._legs()
        return Truth(
            time_unix_seconds=self._now,
            site=MeterTruth(flows.site_watts, flows.site_var, counters.site_imported, counters.site_exported),
            battery=MeterTruth(
                power_watts=flows.battery_watts,
                reactive_power_var=0,
                imported_watt_hours=sum(pack.charged_watt_hours for pack in packs),
                exported_watt_hours=sum(pack.discharged_watt_hours for pack in packs),
            ),
            load=MeterTruth(flows.load_watts, flows.load_var, counters.load_imported, 0.0),
            solar=MeterTruth(flows.solar_watts, flows.solar_var, counters.solar_imported, counters.solar_exported),
            packs=tuple(_pack_truth(pack, legs) for pack in packs),
            legs=legs,
            frequency_hertz=self._frequency_hertz(),
            battery_target_watts=flows.target_watts,
            pack_limit_watts=plant.pack_limit_watts,
            grid_state="SystemGridConnected",
            mode=plant.mode,
            reserve_ratio=plant.reserve_ratio,
        )

    def _step_end(self) -> float:
        return (self._step_begin // STEP_SECONDS + 1.0) * STEP_SECONDS

    def _settle(self) -> Flows:
        """Decide the power of the step that begins now and set the packs to it."""
        load_watts, solar_watts = self._load_watts(), self._solar_watts()
        wanted_watts = STRATEGIES[self._plant.mode](load_watts, solar_watts)
        limit_watts = self._plant.pack_limit_watts * len(self._packs)
        seconds = self._step_end() - self._step_begin
        rest_watts = wanted_watts
        for position, pack in enumerate(self._packs):
            share_watts = rest_watts / (len(self._packs) - position)
            rest_watts -= pack.settle(share_watts, self._plant.reserve_ratio, seconds)
        noise = jitter(self._seed, int(self._step_begin), Channel.REACTIVE)
        return Flows(
            load_watts=load_watts,
            solar_watts=solar_watts,
            battery_watts=sum(pack.power_watts for pack in self._packs),
            load_var=round(-150 - 0.08 * load_watts + 30 * noise),
            solar_var=round(-0.02 * solar_watts),
            target_watts=max(-limit_watts, min(limit_watts, wanted_watts)),
        )

    def _load_watts(self) -> int:
        day = self._day
        if day is None or not day.begin <= self._step_begin < day.end:
            day = self._day = day_plan(self._seed, self._step_begin, self._zone)
        return max(20, round(day.load_watts(self._seed, self._step_begin)))

    def _solar_watts(self) -> int:
        """Return the inverter's output: a few watts of own use at night, never above its rating."""
        plant, now = self._plant, self._step_begin
        sunlight = sunlight_ratio(plant.place, now)
        noise = jitter(self._seed, int(now), Channel.SOLAR)
        if sunlight < 0.01 or plant.array_watts == 0:
            return round(-3.0 + 2.0 * noise) if plant.array_watts else 0
        clear = sunlight * (1.0 - cloud_ratio(self._seed, now, plant.cloudiness))
        return min(plant.inverter_watts, round(plant.array_watts * _SYSTEM_LOSSES * clear * (1.0 + 0.004 * noise)))

    def _frequency_hertz(self) -> float:
        return self._plant.frequency_hertz + 0.03 * smooth_jitter(self._seed, self._step_begin / 60, Channel.FREQUENCY)

    def _legs(self) -> tuple[LegTruth, ...]:
        """Share site and solar power among the phase conductors; the shares add up to the whole."""
        flows, count, index = self._flows, self._plant.legs, int(self._step_begin)
        uneven_watts = round(90 * smooth_jitter(self._seed, index / 600, Channel.LEG_A)) if count > 1 else 0
        site_watts = _shares(flows.site_watts, count, uneven_watts)
        site_var = _shares(flows.site_var, count, uneven_watts // 4)
        solar_watts, solar_var = _shares(flows.solar_watts, count, 0), _shares(flows.solar_var, count, 0)
        rise_volts = -0.00015 * flows.site_watts
        return tuple(
            LegTruth(
                voltage_volts=self._plant.leg_volts
                + rise_volts
                + 0.8 * smooth_jitter(self._seed, index / 300, Channel.VOLTAGE * 100 + leg),
                site_power_watts=site_watts[leg],
                site_reactive_power_var=site_var[leg],
                solar_power_watts=solar_watts[leg],
                solar_reactive_power_var=solar_var[leg],
            )
            for leg in range(count)
        )


def _shares(whole: int, count: int, uneven: int) -> list[int]:
    """Share a whole among `count`, the first getting `uneven` more and the last what is left."""
    shares = [whole // count] * count
    shares[0] += uneven
    shares[-1] += whole - sum(shares)
    return shares


def _new_pack(plant: Plant, seed: int, number: int) -> Pack:
    """Make a pack of some age: a little under its nominal capacity, with years of energy behind it."""
    noise = jitter(seed, number, Channel.PACK)
    full_watt_hours = round(plant.pack_full_watt_hours * (1.0 + 0.01 * noise))
    charged_watt_hours = float(round(3_400_000 * (1.0 + 0.1 * noise)))
    return Pack(
        full_watt_hours=full_watt_hours,
        remaining_watt_hours=full_watt_hours * plant.charge_ratio,
        charged_watt_hours=charged_watt_hours,
        discharged_watt_hours=float(round(0.89 * charged_watt_hours)),
        limit_watts=plant.pack_limit_watts,
    )


def _new_counters(seed: int, packs: list[Pack]) -> Counters:
    """Make the lifetime energies of a house that has lived here for years; the load's follow from the others."""
    age = 1.0 + 0.3 * jitter(seed, 0, Channel.LIFETIME)
    site_imported, site_exported = 9_100_000.25 * age, 8_300_000.5 * age
    solar_imported, solar_exported = 21_000.125 * age, 21_400_000.75 * age
    lost = sum(pack.charged_watt_hours - pack.discharged_watt_hours for pack in packs)
    consumed = (site_imported - site_exported) - lost + (solar_exported - solar_imported)
    return Counters(site_imported, site_exported, solar_imported, solar_exported, consumed)


def _pack_truth(pack: Pack, legs: tuple[LegTruth, ...]) -> PackTruth:
    """Add what the pack's own electronics see: line voltage, and current on its battery side of about 48 V."""
    leg_volts = sum(leg.voltage_volts for leg in legs) / len(legs)
    line_volts = {1: 1.0, 2: 2.0, 3: math.sqrt(3.0)}[len(legs)] * leg_volts
    battery_volts = 45.0 + 6.0 * pack.remaining_watt_hours / pack.full_watt_hours
    return PackTruth(
        full_watt_hours=pack.full_watt_hours,
        remaining_watt_hours=pack.remaining_watt_hours,
        charged_watt_hours=pack.charged_watt_hours,
        discharged_watt_hours=pack.discharged_watt_hours,
        power_watts=pack.power_watts,
        reactive_power_var=0,
        voltage_volts=line_volts,
        current_amperes=-pack.power_watts / battery_volts,
    )
