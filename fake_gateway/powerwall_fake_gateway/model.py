"""A house with solar, load, battery packs and grid. Time goes in as a number; it knows no clock, socket or JSON.

Power is constant within a step of `STEP_SECONDS` on a fixed grid of time; a change of conditions begins a step, too. So
the energies are its exact integral.
"""

from collections import deque
from dataclasses import replace
from datetime import datetime, tzinfo

from .battery import Pack
from .flows import NOTHING, Counters, Flows, shares
from .household import DayPlan, day_plan
from .island import CONNECTED, Grid, Island, follow
from .jitter import Channel, jitter, smooth_jitter
from .plant import Conditions, Plant, first_conditions
from .sky import cloud_ratio, sunlight_ratio
from .strategy import Situation, whole_steps_up, wish
from .truth import GridFault, LegTruth, MeterTruth, PackTruth, Truth, line_volts

__all__ = ["STEP_SECONDS", "House", "Plant"]

STEP_SECONDS = 5.0
_SYSTEM_LOSSES = 0.86
_FAULT_STAYS_SECONDS = 86_400.0
_STATES_KEPT = 1_000


class House:
    """The house as it goes through time; the same seed, plant, start and changes give the same numbers."""

    def __init__(self, plant: Plant, seed: int, start_unix_seconds: float, zone: tzinfo) -> None:
        self._plant = plant
        self._seed = seed
        self._zone = zone
        self._now = start_unix_seconds
        self._step_begin = start_unix_seconds
        working = plant.packs - plant.disabled_packs
        self._packs = [_new_pack(plant, seed, number) for number in range(working)]
        self._disabled = tuple(_new_pack(plant, seed, number) for number in range(working, plant.packs))
        self._counters = _new_counters(plant, seed, self._packs)
        self._conditions = first_conditions(plant)
        self._grid = Grid(True, start_unix_seconds)
        self._faults: tuple[GridFault, ...] = ()
        self._day: DayPlan | None = None
        self.states = deque([Island(CONNECTED, start_unix_seconds)], _STATES_KEPT)
        """How the house stood to the grid so far, the newest last."""
        self.power_back_unix_seconds: float | None = None
        """When the power came back last, after the house had been dark."""
        self._flows = self._settle()

    @property
    def conditions(self) -> Conditions:
        """Return what may change, as it is."""
        return self._conditions

    def advance(self, unix_seconds: float) -> None:
        """Let time pass up to a moment; one in the past changes nothing."""
        while unix_seconds >= (end := self._step_end()):
            self._begin_step(end)
        self._now = max(self._now, unix_seconds)

    def change(self, **conditions: object) -> None:
        """Change conditions by name at the moment last advanced to; TypeError, ValueError for what cannot be."""
        self._conditions = self._conditions.changed(**conditions)
        if self._conditions.grid != self._grid.present:
            self._grid = Grid(self._conditions.grid, self._now)
        self._begin_step(self._now)

    def truth(self) -> Truth:
        """Return what is so at the moment last advanced to."""
        flows, plant = self._flows, self._plant
        seconds = self._now - self._step_begin
        counters = self._counters.after(flows, seconds)
        packs = [pack.after(seconds) for pack in self._packs]
        legs = self._legs()
        pack_var = shares(flows.battery_var, len(packs))
        return Truth(
            time_unix_seconds=self._now,
            site=MeterTruth(flows.site_watts, flows.site_var, counters.site_imported, counters.site_exported),
            battery=MeterTruth(
                power_watts=flows.battery_watts,
                reactive_power_var=flows.battery_var,
                imported_watt_hours=sum(pack.charged_watt_hours for pack in packs),
                exported_watt_hours=sum(pack.discharged_watt_hours for pack in packs),
            ),
            load=MeterTruth(flows.load_watts, flows.load_var, counters.load_imported, 0.0),
            solar=MeterTruth(flows.solar_watts, flows.solar_var, counters.solar_imported, counters.solar_exported),
            packs=(
                *(_pack_truth(pack, var, legs) for pack, var in zip(packs, pack_var, strict=True)),
                *(replace(_pack_truth(pack, 0, legs), enabled=False) for pack in self._disabled),
            ),
            legs=legs,
            frequency_hertz=self._frequency_hertz(),
            battery_target_watts=flows.target_watts,
            pack_limit_watts=plant.pack_limit_watts,
            grid_state=self.states[-1].state,
            grid_present=self._grid.present,
            grid_faults=self._faults,
            curtailed_watts=flows.curtailed_watts,
            storm=self._conditions.storm,
            mode=self._conditions.mode,
            reserve_ratio=self._conditions.reserve_ratio,
        )

    def _step_end(self) -> float:
        return (self._step_begin // STEP_SECONDS + 1.0) * STEP_SECONDS

    def _begin_step(self, unix_seconds: float) -> None:
        """Let the power of the step that ends here have flowed, and decide that of the next."""
        seconds = unix_seconds - self._step_begin
        self._counters = self._counters.after(self._flows, seconds)
        self._packs = [pack.after(seconds) for pack in self._packs]
        self._step_begin = unix_seconds
        self._flows = self._settle()

    def _settle(self) -> Flows:
        """Decide the power of the step that begins now and set the packs to it."""
        load_watts, solar_watts = self._load_watts(), self._solar_watts()
        island = self._follow(solar_watts)
        if island.dark:
            self._set_packs(0.0, 0.0)
            return NOTHING
        return (self._on_grid if island.connected else self._off_grid)(load_watts, solar_watts)

    def _follow(self, sun_watts: int) -> Island:
        """Go on to the next state of the island, if it is time for it."""
        full = sum(pack.full_watt_hours for pack in self._packs)
        charge_ratio = sum(pack.remaining_watt_hours for pack in self._packs) / full
        old, now = self.states[-1], self._step_begin
        new = follow(old, now, self._grid, charge_ratio, sun_watts)
        if new is not old:
            self.states.append(new)
            if old.dark:
                self.power_back_unix_seconds = now
            if old.connected:
                self._faults = _outage_faults(now, self._plant.frequency_hertz)
        self._faults = tuple(fault for fault in self._faults if now < fault.time_unix_seconds + _FAULT_STAYS_SECONDS)
        return new

    def _on_grid(self, load_watts: int, solar_watts: int) -> Flows:
        """Let the mode of operation decide, the grid do the rest, and curtail what may not be exported."""
        local = datetime.fromtimestamp(self._step_begin, self._zone)
        price = self._plant.tariff.price(local.hour + local.minute / 60.0)
        wished = wish(Situation(load_watts, solar_watts, price), self._conditions)
        battery_watts = self._set_packs(wished.watts, wished.floor_ratio)
        limit = self._conditions.export_limit_watts
        exported = solar_watts + battery_watts - load_watts
        curtailed = 0 if limit is None else max(0, exported - limit)
        most = self._plant.pack_limit_watts * len(self._packs)
        return Flows(
            load_watts=load_watts,
            solar_watts=solar_watts - curtailed,
            battery_watts=battery_watts,
            load_var=self._load_var(load_watts),
            solar_var=round(-0.02 * (solar_watts - curtailed)),
            target_watts=max(-most, min(most, wished.watts)),
            curtailed_watts=curtailed,
        )

    def _off_grid(self, load_watts: int, solar_watts: int) -> Flows:
        """Balance without a grid: the packs give what lacks, the sun no more than is taken, the load what it can get.

        Packs move in whole steps, so the load is up to one step off what it would be on grid.
        """
        need_watts = load_watts - solar_watts
        if need_watts >= 0:
            battery_watts = self._set_packs(whole_steps_up(need_watts), 0.0)
            load_watts = max(0, battery_watts + solar_watts)
        else:
            battery_watts = self._set_packs(float(need_watts), 0.0)
        given_watts = load_watts - battery_watts
        curtailed = max(0, solar_watts - given_watts)
        load_var, solar_var = self._load_var(load_watts), round(-0.02 * given_watts)
        return Flows(
            load_watts=load_watts,
            solar_watts=given_watts,
            battery_watts=battery_watts,
            load_var=load_var,
            solar_var=solar_var,
            battery_var=load_var - solar_var,
            target_watts=float(battery_watts),
            shift_hertz=2.0 + 3.0 * curtailed / solar_watts if curtailed > 10 else 0.0,
            curtailed_watts=curtailed,
        )

    def _set_packs(self, wanted_watts: float, floor_ratio: float) -> int:
        """Share a wanted power among the packs, as evenly as their limits let; return what they do."""
        seconds = self._step_end() - self._step_begin
        rest_watts = wanted_watts
        for position, pack in enumerate(self._packs):
            rest_watts -= pack.settle(rest_watts / (len(self._packs) - position), floor_ratio, seconds)
        return sum(pack.power_watts for pack in self._packs)

    def _load_watts(self) -> int:
        day = self._day
        if day is None or not day.begin <= self._step_begin < day.end:
            day = self._day = day_plan(self._seed, self._step_begin, self._zone)
        return max(20, round(day.load_watts(self._seed, self._step_begin) * self._conditions.load_factor))

    def _load_var(self, load_watts: int) -> int:
        return round(-150 - 0.08 * load_watts + 30 * jitter(self._seed, int(self._step_begin), Channel.REACTIVE))

    def _solar_watts(self) -> int:
        """Return what the inverter can give: a few watts of own use at night, never above its rating."""
        plant, now = self._plant, self._step_begin
        sunlight = sunlight_ratio(plant.place, now)
        noise = jitter(self._seed, int(now), Channel.SOLAR)
        if sunlight < 0.01 or plant.array_watts == 0:
            return round(-3.0 + 2.0 * noise) if plant.array_watts else 0
        clear = sunlight * (1.0 - cloud_ratio(self._seed, now, self._conditions.cloudiness))
        return min(plant.inverter_watts, round(plant.array_watts * _SYSTEM_LOSSES * clear * (1.0 + 0.004 * noise)))

    def _frequency_hertz(self) -> float:
        wander = 0.03 * smooth_jitter(self._seed, self._step_begin / 60, Channel.FREQUENCY)
        return self._plant.frequency_hertz + self._flows.shift_hertz + wander

    def _legs(self) -> tuple[LegTruth, ...]:
        """Share site and solar power among the phase conductors; the shares add up to the whole."""
        flows, count, index = self._flows, self._plant.legs, int(self._step_begin)
        shared = count > 1 and self.states[-1].connected
        uneven_watts = round(90 * smooth_jitter(self._seed, index / 600, Channel.LEG_A)) if shared else 0
        site_watts = shares(flows.site_watts, count, uneven_watts)
        site_var = shares(flows.site_var, count, uneven_watts // 4)
        solar_watts, solar_var = shares(flows.solar_watts, count), shares(flows.solar_var, count)
        volts = 0.0 if self.states[-1].dark else self._plant.leg_volts - 0.00015 * flows.site_watts
        swing = 0.8 if volts else 0.0
        return tuple(
            LegTruth(
                voltage_volts=volts + swing * smooth_jitter(self._seed, index / 300, Channel.VOLTAGE * 100 + leg),
                site_power_watts=site_watts[leg],
                site_reactive_power_var=site_var[leg],
                solar_power_watts=solar_watts[leg],
                solar_reactive_power_var=solar_var[leg],
            )
            for leg in range(count)
        )


def _outage_faults(unix_seconds: float, frequency_hertz: float) -> tuple[GridFault, ...]:
    """Return what the packs complain of when the grid goes."""
    return (
        GridFault(unix_seconds, "PINV_a006_vfCheckUnderFrequency", "PINV_a006_frequency", frequency_hertz - 2.8, "Hz"),
        GridFault(unix_seconds + 0.2, "PINV_a004_vfCheckUnderVoltage", "PINV_a004_uv_amplitude", 61.4, "Vrms"),
    )


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


def _new_counters(plant: Plant, seed: int, packs: list[Pack]) -> Counters:
    """Make the lifetime energies of a house that has lived here for years; the load's follow from the others."""
    age = 1.0 + 0.3 * jitter(seed, 0, Channel.LIFETIME)
    site_imported, site_exported = 9_100_000.25 * age, 8_300_000.5 * age
    sunny = age if plant.array_watts else 0.0
    solar_imported, solar_exported = 21_000.125 * sunny, 21_400_000.75 * sunny
    lost = sum(pack.charged_watt_hours - pack.discharged_watt_hours for pack in packs)
    consumed = (site_imported - site_exported) - lost + (solar_exported - solar_imported)
    return Counters(site_imported, site_exported, solar_imported, solar_exported, consumed)


def _pack_truth(pack: Pack, reactive_power_var: int, legs: tuple[LegTruth, ...]) -> PackTruth:
    """Add what the pack's own electronics see: line voltage, and current on its battery side of about 48 V."""
    battery_volts = 45.0 + 6.0 * pack.remaining_watt_hours / pack.full_watt_hours
    return PackTruth(
        full_watt_hours=pack.full_watt_hours,
        remaining_watt_hours=pack.remaining_watt_hours,
        charged_watt_hours=pack.charged_watt_hours,
        discharged_watt_hours=pack.discharged_watt_hours,
        power_watts=pack.power_watts,
        reactive_power_var=reactive_power_var,
        voltage_volts=line_volts(legs),
        current_amperes=-pack.power_watts / battery_volts,
    )
