"""Modes, tariff, limits, outages, storm and black start: what they do, and what stays true in all of them."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerwall_fake_gateway import FakeGateway, SteppedClock
from powerwall_fake_gateway.model import House, Plant
from powerwall_fake_gateway.plant import MODES, Tariff
from powerwall_fake_gateway.sky import Place
from powerwall_fake_gateway.truth import Truth

ZONE = ZoneInfo("America/Los_Angeles")
PLACE = Place(latitude_degrees=34.1, longitude_degrees=-118.3)
PLANT = Plant(PLACE, cloudiness=0.0, charge_ratio=0.6)
HOUR = 3_600.0

CONNECTED = "SystemGridConnected"
LEAVING = "SystemTransitionToIsland"
ISLANDED = "SystemIslandedActive"
RETURNING = "SystemTransitionToGrid"
DARK = "SystemMicroGridFaulted"

limits = st.none() | st.integers(0, 6_000)
changes = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(MODES),
        "grid": st.booleans(),
        "storm": st.booleans(),
        "reserve_ratio": st.floats(0, 1),
        "cloudiness": st.floats(0, 1),
        "load_factor": st.floats(0, 5),
        "export_limit_watts": limits,
        "import_limit_watts": limits,
    },
)
lives = st.lists(st.tuples(st.floats(0, 5_000), changes), max_size=8)


def at(hour: float, month: int = 6) -> float:
    return datetime(2026, month, 21, tzinfo=ZONE).timestamp() + hour * HOUR


def house(hour: float, month: int = 6, seed: int = 1, **plant: Any) -> House:
    return House(replace(PLANT, **plant), seed, at(hour, month), ZONE)


def after(subject: House, seconds: float) -> Truth:
    subject.advance(subject.truth().time_unix_seconds + seconds)
    return subject.truth()


def through(subject: House, life: list[tuple[float, dict[str, Any]]]) -> Iterator[Truth]:
    """Live a life of waits and changes, and look at it before and after each change and in between."""
    for seconds, change in life:
        yield after(subject, seconds / 2)
        yield after(subject, seconds / 2)
        subject.change(**change)
        yield subject.truth()


@settings(deadline=None, max_examples=120)
@given(
    hour=st.floats(0, 24),
    seed=st.integers(0, 1_000),
    packs=st.integers(1, 4),
    disabled=st.booleans(),
    charge=st.floats(0, 1),
    life=lives,
)
def test_whatever_happens_power_balances_and_batteries_keep_their_limits(
    hour: float, seed: int, packs: int, disabled: bool, charge: float, life: list[tuple[float, dict[str, Any]]]
) -> None:
    plant: dict[str, Any] = {"packs": packs + disabled, "disabled_packs": int(disabled), "charge_ratio": charge}
    for truth in through(house(hour, seed=seed, **plant), life):
        meters = (truth.site, truth.battery, truth.solar)
        assert truth.load.power_watts == sum(meter.power_watts for meter in meters) >= 0
        assert truth.load.reactive_power_var == sum(meter.reactive_power_var for meter in meters)
        assert truth.battery.power_watts == sum(pack.power_watts for pack in truth.working)
        assert truth.battery.reactive_power_var == sum(pack.reactive_power_var for pack in truth.working)
        assert truth.site.power_watts == sum(leg.site_power_watts for leg in truth.legs)
        assert truth.site.reactive_power_var == sum(leg.site_reactive_power_var for leg in truth.legs)
        assert truth.solar.power_watts == sum(leg.solar_power_watts for leg in truth.legs)
        for pack in truth.packs:
            assert abs(pack.power_watts) <= PLANT.pack_limit_watts
            assert pack.power_watts % 10 == 0
            assert -1e-6 <= pack.remaining_watt_hours <= pack.full_watt_hours + 1e-6
            assert pack.enabled or pack.power_watts == 0
        if not truth.on_grid:
            assert truth.site.power_watts == truth.site.reactive_power_var == 0
            assert all(leg.site_power_watts == leg.site_reactive_power_var == 0 for leg in truth.legs)
        if not truth.powered:
            assert truth.load.power_watts == truth.solar.power_watts == truth.battery.power_watts == 0


@settings(deadline=None, max_examples=80)
@given(hour=st.floats(0, 24), life=lives)
def test_whatever_happens_counters_only_grow_and_the_loads_follow_from_the_others(
    hour: float, life: list[tuple[float, dict[str, Any]]]
) -> None:
    subject = house(hour)
    last = subject.truth()
    for truth in through(subject, life):
        for name in ("site", "battery", "load", "solar"):
            old, new = getattr(last, name), getattr(truth, name)
            assert new.imported_watt_hours >= old.imported_watt_hours
            assert new.exported_watt_hours >= old.exported_watt_hours
        expected = (
            (truth.site.imported_watt_hours - truth.site.exported_watt_hours)
            + (truth.battery.exported_watt_hours - truth.battery.imported_watt_hours)
            + (truth.solar.exported_watt_hours - truth.solar.imported_watt_hours)
        )
        assert truth.load.imported_watt_hours == pytest.approx(expected, abs=1e-4)
        last = truth


@settings(deadline=None, max_examples=60)
@given(hour=st.floats(0, 24), life=lives, share=st.floats(0, 1))
def test_whatever_happens_energy_is_the_integral_of_power(
    hour: float, life: list[tuple[float, dict[str, Any]]], share: float
) -> None:
    """Within a step power is constant, so each counter grows by exactly power x time, in the counter of its sign."""
    subject = house(hour)
    for _ in through(subject, life):
        before = subject.truth()
        step_end = (before.time_unix_seconds // 5 + 1) * 5
        span = (math.nextafter(step_end, 0) - before.time_unix_seconds) * share
        subject.advance(before.time_unix_seconds + span)
        new = subject.truth()
        hours = (new.time_unix_seconds - before.time_unix_seconds) / HOUR
        for name, sign in (("site", 1), ("battery", -1), ("load", 1), ("solar", -1)):
            meter = getattr(before, name)
            gained = getattr(new, name).imported_watt_hours - meter.imported_watt_hours
            given_away = getattr(new, name).exported_watt_hours - meter.exported_watt_hours
            assert gained - given_away == pytest.approx(sign * meter.power_watts * hours, abs=1e-7)


@settings(deadline=None, max_examples=30)
@given(life=lives, stops=st.lists(st.floats(0, 1), max_size=10))
def test_how_often_it_is_asked_changes_nothing(life: list[tuple[float, dict[str, Any]]], stops: list[float]) -> None:
    asked, alone = house(9), house(9)
    for seconds, change in life:
        start = alone.truth().time_unix_seconds
        for stop in sorted(stops):
            asked.advance(start + seconds * stop)
            asked.truth()
        for subject in (asked, alone):
            subject.advance(start + seconds)
            subject.change(**change)
        assert asked.truth() == alone.truth()


@settings(deadline=None, max_examples=40)
@given(hour=st.floats(0, 24), limit=st.integers(0, 6_000), mode=st.sampled_from(MODES))
def test_no_more_is_exported_than_allowed(hour: float, limit: int, mode: str) -> None:
    truth = after(house(hour, export_limit_watts=limit, mode=mode, charge_ratio=1.0), 60)
    assert truth.site.power_watts >= -limit
    assert truth.curtailed_watts == 0 or truth.site.power_watts == -limit


@settings(deadline=None, max_examples=40)
@given(hour=st.floats(0, 24), limit=st.integers(0, 6_000), mode=st.sampled_from(MODES), factor=st.floats(0, 3))
def test_no_more_is_imported_than_allowed_while_batteries_can_help(
    hour: float, limit: int, mode: str, factor: float
) -> None:
    subject = house(hour, import_limit_watts=limit, mode=mode, charge_ratio=0.8)
    subject.change(load_factor=factor)
    truth = after(subject, 60)
    lacking = truth.load.power_watts - truth.solar.power_watts - 2 * PLANT.pack_limit_watts
    assert truth.site.power_watts <= max(limit, lacking)


def test_backup_fills_the_batteries_and_keeps_them() -> None:
    subject = house(20, mode="backup", charge_ratio=0.5)
    assert after(subject, 60).battery.power_watts == -3_300
    full = after(subject, 6 * HOUR)
    assert full.charge_ratio == pytest.approx(1, abs=0.001)
    assert full.battery.power_watts == 0
    assert full.site.power_watts > 0


def test_a_tariff_decides_when_to_fill_to_hold_and_to_give() -> None:
    cheap, normal, peak = (after(house(hour, mode="autonomous", charge_ratio=0.5), 60) for hour in (3, 21.5, 17))
    assert cheap.battery.power_watts == -3_300
    assert normal.battery.power_watts == 0
    assert normal.site.power_watts > 0
    assert peak.battery.power_watts > 0 or peak.solar.power_watts > peak.load.power_watts
    evening = after(house(20, mode="autonomous", charge_ratio=0.5), 60)
    assert evening.battery.power_watts > 0
    assert evening.site.power_watts < 20


def test_a_tariff_knows_three_prices() -> None:
    tariff = Tariff(peak_hours=((7, 9), (17, 20)), cheap_hours=((0, 5),))
    assert [tariff.price(hour) for hour in (0, 4.9, 5, 8, 9, 19.9, 23)] == [
        "cheap",
        "cheap",
        "normal",
        "peak",
        "normal",
        "peak",
        "normal",
    ]


def test_a_storm_fills_the_batteries_whatever_the_mode_and_leaves_the_mode_alone() -> None:
    subject = house(20, charge_ratio=0.5)
    subject.change(storm=True)
    truth = after(subject, 60)
    assert truth.battery.power_watts == -3_300
    assert (truth.storm, truth.mode) == (True, "self_consumption")
    subject.change(storm=False)
    assert after(subject, 60).battery.power_watts >= 0


def test_an_outage_goes_over_the_island_back_to_the_grid() -> None:
    subject = house(20)
    subject.change(grid=False)
    assert subject.truth().grid_state == LEAVING
    assert after(subject, 60).grid_state == ISLANDED
    subject.change(grid=True)
    assert after(subject, 60).grid_state == ISLANDED
    assert subject.truth().grid_present
    after(subject, 300)
    assert [island.state for island in subject.states] == [CONNECTED, LEAVING, ISLANDED, RETURNING, CONNECTED]


def test_a_grid_that_goes_again_while_it_comes_back_leaves_the_house_islanded() -> None:
    subject = house(20)
    subject.change(grid=False)
    after(subject, 60)
    subject.change(grid=True)
    while subject.truth().grid_state != RETURNING:
        after(subject, 1)
    subject.change(grid=False)
    assert after(subject, 600).grid_state == ISLANDED


def test_the_reserve_is_for_outages() -> None:
    subject = house(20, charge_ratio=0.2, reserve_ratio=0.5)
    assert after(subject, 60).battery.power_watts == 0
    subject.change(grid=False)
    assert after(subject, 60).battery.power_watts > 0


def test_full_batteries_off_grid_raise_the_frequency_until_the_sun_gives_no_more_than_is_used() -> None:
    subject = house(12, charge_ratio=1.0)
    on_grid = after(subject, 60)
    subject.change(grid=False)
    truth = after(subject, 60)
    assert on_grid.frequency_hertz == pytest.approx(60, abs=0.1)
    assert 62 <= truth.frequency_hertz <= 65.1
    assert truth.curtailed_watts > 1_000
    assert truth.solar.power_watts == truth.load.power_watts < on_grid.solar.power_watts


def test_an_overload_off_grid_sheds_what_the_packs_cannot_give() -> None:
    subject = house(20, packs=1, charge_ratio=0.9)
    subject.change(grid=False, load_factor=20.0)
    truth = after(subject, 60)
    assert truth.battery.power_watts == 5_000
    assert truth.load.power_watts == 5_000 + truth.solar.power_watts


def test_empty_batteries_off_grid_go_dark_and_start_with_the_sun() -> None:
    subject = house(20, charge_ratio=0.1)
    subject.change(grid=False)
    night = after(subject, 9 * HOUR)
    assert (night.grid_state, night.load.power_watts, night.powered) == (DARK, 0, False)
    assert all(leg.voltage_volts == 0 for leg in night.legs)
    noon = after(subject, 7 * HOUR)
    assert noon.grid_state == ISLANDED
    assert noon.charge_ratio > night.charge_ratio
    assert [island.state for island in subject.states][-2:] == [DARK, ISLANDED]


def test_the_grid_ends_the_dark_at_once() -> None:
    subject = house(20, charge_ratio=0.05)
    subject.change(grid=False)
    assert after(subject, 9 * HOUR).grid_state == DARK
    subject.change(grid=True)
    assert subject.truth().grid_state == CONNECTED


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"mode": "party"}, ValueError),
        ({"reserve_ratio": 1.5}, ValueError),
        ({"cloudiness": -1}, ValueError),
        ({"load_factor": -1}, ValueError),
        ({"export_limit_watts": -5}, ValueError),
        ({"colour": "red"}, TypeError),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_changes_nothing(change: dict[str, Any], error: type[Exception]) -> None:
    subject = house(9)
    before = subject.truth()
    with pytest.raises(error):
        subject.change(**change)
    assert subject.truth() == before


# --- what a gateway says of it -------------------------------------------------------------------------------------


def outage(**given: Any) -> tuple[FakeGateway, SteppedClock]:
    clock = SteppedClock(datetime(2026, 6, 21, 20, tzinfo=ZONE))
    gateway = FakeGateway(clock=clock, **given)
    clock.step(60)
    gateway.set_house(grid=False)
    clock.step(60)
    return gateway, clock


@pytest.mark.parametrize("firmware", ["gw2-split-23.28", "gw2-plus-23.28", "gw2-three-phase-23.12"])
def test_answers_agree_about_an_outage(firmware: str) -> None:
    gateway, clock = outage(firmware=firmware)
    system: Any = gateway.payload("/api/system_status")
    meters: Any = gateway.payload("/api/meters/aggregates")
    assert gateway.payload("/api/system_status/grid_status") == {
        "grid_status": ISLANDED,
        "grid_services_active": False,
    }
    assert system["system_island_state"] == ISLANDED
    assert meters["site"]["instant_power"] == meters["site"]["instant_reactive_power"] == 0
    assert meters["load"]["instant_power"] == meters["battery"]["instant_power"] + meters["solar"]["instant_power"]
    for block in system["battery_blocks"]:
        assert (block["pinv_state"], block["off_grid"], block["vf_mode"]) == ("PINV_GridForming", True, True)
        assert block["pinv_grid_state"] == "Grid_Uncompliant"
    names = [fault["alert_name"] for fault in system["grid_faults"]]
    assert names == ["PINV_a006_vfCheckUnderFrequency", "PINV_a004_vfCheckUnderVoltage"]
    assert gateway.payload("/api/system_status/grid_faults") == system["grid_faults"]
    gateway.set_house(grid=True)
    clock.step(60)
    qualifying: Any = gateway.payload("/api/system_status")
    assert qualifying["battery_blocks"][0]["pinv_grid_state"] == "Grid_Qualifying"
    clock.step(26 * HOUR)
    healthy: Any = gateway.payload("/api/system_status")
    assert (healthy["grid_faults"], healthy["battery_blocks"][0]["off_grid"]) == ([], False)


def test_mode_and_reserve_are_told() -> None:
    gateway = FakeGateway(clock=SteppedClock(datetime(2026, 6, 21, 20, tzinfo=ZONE)))
    gateway.set_house(mode="backup", reserve_ratio=1.0)
    operation: Any = gateway.payload("/api/operation")
    assert (operation["real_mode"], operation["backup_reserve_percent"]) == ("backup", 100)


def test_a_dark_house_has_no_gateway_and_power_boots_it() -> None:
    clock = SteppedClock(datetime(2026, 6, 21, 20, tzinfo=ZONE))
    gateway = FakeGateway(clock=clock)
    gateway.set_house(grid=False, load_factor=4.0)
    clock.step(6 * HOUR)
    assert gateway.truth().grid_state == DARK
    assert gateway.greet().manner == "drop"
    gateway.set_house(grid=True)
    clock.step(10)
    assert gateway.greet().manner == "drop"
    clock.step(80)
    uptime: Any = gateway.payload("/api/status")
    assert uptime["up_time_seconds"] == "1m30s"
    assert gateway.greet().manner == "talk"
