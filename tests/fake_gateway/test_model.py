"""The house: power balances, energies integrate, batteries keep their limits, and the sun rises and sets."""

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerwall_fake_gateway.model import STEP_SECONDS, House, Plant
from powerwall_fake_gateway.sky import Place, cloud_ratio, sunlight_ratio
from powerwall_fake_gateway.truth import Truth

ZONE = ZoneInfo("America/Los_Angeles")
PLACE = Place(latitude_degrees=34.1, longitude_degrees=-118.3)
MIDSUMMER = datetime(2026, 6, 21, tzinfo=ZONE).timestamp()

starts = st.floats(min_value=1.6e9, max_value=2.0e9)
seeds = st.integers(min_value=0, max_value=2**32)
plants = st.builds(
    Plant,
    place=st.builds(
        Place, latitude_degrees=st.floats(-60, 60), longitude_degrees=st.floats(-180, 180), tilt_degrees=st.just(20.0)
    ),
    packs=st.integers(1, 10),
    legs=st.integers(1, 3),
    cloudiness=st.floats(0, 1),
    charge_ratio=st.floats(0, 1),
    reserve_ratio=st.floats(0.05, 1),
    array_watts=st.sampled_from((0, 3_000, 9_200)),
)


def house(seed: int = 1, start: float = MIDSUMMER, plant: Plant | None = None) -> House:
    return House(plant or Plant(PLACE, cloudiness=0.0), seed, start, ZONE)


def at(subject: House, unix_seconds: float) -> Truth:
    subject.advance(unix_seconds)
    return subject.truth()


@settings(deadline=None, max_examples=60)
@given(seed=seeds, start=starts, plant=plants, seconds=st.floats(0, 7_200))
def test_power_balances_and_batteries_keep_their_limits(seed: int, start: float, plant: Plant, seconds: float) -> None:
    truth = at(House(plant, seed, start, ZONE), start + seconds)

    assert truth.load.power_watts == truth.site.power_watts + truth.battery.power_watts + truth.solar.power_watts
    reactive = (truth.site, truth.battery, truth.solar)
    assert truth.load.reactive_power_var == sum(meter.reactive_power_var for meter in reactive)
    assert truth.battery.power_watts == sum(pack.power_watts for pack in truth.packs)
    assert truth.site.power_watts == sum(leg.site_power_watts for leg in truth.legs)
    assert truth.solar.power_watts == sum(leg.solar_power_watts for leg in truth.legs)
    for pack in truth.packs:
        assert abs(pack.power_watts) <= plant.pack_limit_watts
        assert -1e-6 <= pack.remaining_watt_hours <= pack.full_watt_hours + 1e-6


@settings(deadline=None, max_examples=40)
@given(seed=seeds, start=starts, plant=plants, first=st.floats(0, 3_600), span=st.floats(0, STEP_SECONDS))
def test_energy_is_the_integral_of_power(seed: int, start: float, plant: Plant, first: float, span: float) -> None:
    """Within a step power is constant, so each counter grows by exactly power x time, in the counter of its sign."""
    subject = House(plant, seed, start, ZONE)
    step_end = (start + first) // STEP_SECONDS * STEP_SECONDS + STEP_SECONDS
    before, after = at(subject, start + first), at(subject, min(start + first + span, math.nextafter(step_end, 0)))
    hours = (after.time_unix_seconds - before.time_unix_seconds) / 3_600

    for name, sign in (("site", 1), ("solar", -1), ("load", 1)):
        old, new = getattr(before, name), getattr(after, name)
        gained = max(0.0, sign * old.power_watts) * hours
        given_away = max(0.0, -sign * old.power_watts) * hours
        assert new.imported_watt_hours - old.imported_watt_hours == pytest.approx(gained, abs=1e-7)
        assert new.exported_watt_hours - old.exported_watt_hours == pytest.approx(given_away, abs=1e-7)
    for old_pack, new_pack in zip(before.packs, after.packs, strict=True):
        charged = new_pack.charged_watt_hours - old_pack.charged_watt_hours
        discharged = new_pack.discharged_watt_hours - old_pack.discharged_watt_hours
        assert discharged - charged == pytest.approx(old_pack.power_watts * hours, abs=1e-7)


@settings(deadline=None, max_examples=20)
@given(seed=seeds, start=starts, stops=st.lists(st.floats(0, 3_600), max_size=20))
def test_how_often_it_is_asked_changes_nothing(seed: int, start: float, stops: list[float]) -> None:
    asked, alone = house(seed, start), house(seed, start)
    for seconds in sorted(stops):
        at(asked, start + seconds)

    assert at(asked, start + 3_600) == at(alone, start + 3_600)


@settings(deadline=None, max_examples=30)
@given(seed=seeds, start=starts, plant=plants)
def test_load_energy_follows_from_the_other_counters(seed: int, start: float, plant: Plant) -> None:
    truth = at(House(plant, seed, start, ZONE), start + 3_600)
    site, battery, solar = truth.site, truth.battery, truth.solar
    expected = (
        (site.imported_watt_hours - site.exported_watt_hours)
        + (battery.exported_watt_hours - battery.imported_watt_hours)
        + (solar.exported_watt_hours - solar.imported_watt_hours)
    )
    assert truth.load.imported_watt_hours == pytest.approx(expected, abs=1e-4)


def test_another_seed_is_another_house() -> None:
    assert at(house(seed=1), MIDSUMMER + 7_200) == at(house(seed=1), MIDSUMMER + 7_200)
    assert at(house(seed=1), MIDSUMMER + 7_200) != at(house(seed=2), MIDSUMMER + 7_200)


def test_the_past_changes_nothing() -> None:
    subject = house()
    now = at(subject, MIDSUMMER + 3_600)
    assert at(subject, MIDSUMMER) == now


def test_a_sunny_day_charges_exports_and_discharges_in_the_evening() -> None:
    subject = house()
    day = [at(subject, MIDSUMMER + 1_800 * half) for half in range(49)]
    midnight, morning, noon, afternoon, evening = (day[2 * hour] for hour in (0, 9, 13, 15, 21))

    assert midnight.solar.power_watts <= 0
    assert 0 < day[14].solar.power_watts < morning.solar.power_watts < noon.solar.power_watts
    assert morning.battery.power_watts < -1_000
    assert noon.charge_ratio > morning.charge_ratio > midnight.charge_ratio - 0.1
    assert afternoon.charge_ratio == pytest.approx(1.0, abs=0.001)
    assert afternoon.site.power_watts < -1_000
    assert evening.solar.power_watts <= 0
    assert evening.battery.power_watts > 0
    assert evening.charge_ratio < afternoon.charge_ratio
    assert max(abs(truth.site.power_watts) for truth in day[:12]) < 1_000


def test_self_consumption_covers_the_load_until_the_reserve_and_then_buys() -> None:
    night = datetime(2026, 12, 21, 20, tzinfo=ZONE).timestamp()
    rich = at(house(start=night, plant=Plant(PLACE, charge_ratio=0.9)), night + 600)
    assert 0 <= rich.site.power_watts < 20
    poor = at(house(start=night, plant=Plant(PLACE, charge_ratio=0.24, reserve_ratio=0.24)), night + 600)
    assert poor.battery.power_watts == 0
    assert poor.site.power_watts == poor.load.power_watts - poor.solar.power_watts > 0


def test_a_round_trip_through_the_battery_costs_a_tenth() -> None:
    subject = house()
    start, full = at(subject, MIDSUMMER), at(subject, MIDSUMMER + 15 * 3_600)
    charged = full.battery.imported_watt_hours - start.battery.imported_watt_hours
    discharged = full.battery.exported_watt_hours - start.battery.exported_watt_hours
    stored = full.remaining_watt_hours - start.remaining_watt_hours
    assert stored == pytest.approx(0.949 * charged - discharged / 0.949, rel=1e-9)
    assert charged > stored > 0


@pytest.mark.parametrize(("month", "noon_above", "noon_below"), [(6, 0.95, 1.1), (12, 0.5, 0.8)])
def test_the_sun_is_higher_in_summer(month: int, noon_above: float, noon_below: float) -> None:
    noon = datetime(2026, month, 21, 19, 53, tzinfo=UTC).timestamp()
    assert noon_above < sunlight_ratio(PLACE, noon) < noon_below
    assert sunlight_ratio(PLACE, noon + 12 * 3_600) == 0.0


def test_the_southern_summer_is_in_december() -> None:
    sydney = Place(latitude_degrees=-33.9, longitude_degrees=151.2)
    noons = [datetime(2026, month, 21, 2, tzinfo=UTC).timestamp() for month in (6, 12)]
    assert sunlight_ratio(sydney, noons[0]) < sunlight_ratio(sydney, noons[1])


@given(seed=seeds, moment=starts, cloudiness=st.floats(0, 1))
def test_clouds_take_a_part_of_the_sun(seed: int, moment: float, cloudiness: float) -> None:
    assert 0.0 <= cloud_ratio(seed, moment, cloudiness) <= 0.85
    assert cloud_ratio(seed, moment, 0.0) == 0.0
