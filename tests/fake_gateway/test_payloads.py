"""What the answers say agrees with the house and with each other, as on a real gateway."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerwall_fake_gateway import FakeGateway, SteppedClock

moments = st.datetimes(min_value=datetime(2022, 1, 1), max_value=datetime(2029, 1, 1), timezones=st.just(UTC))
seeds = st.integers(0, 1_000)


def fake(moment: datetime, seed: int = 1, firmware: str = "gw2-split-23.28") -> FakeGateway:
    return FakeGateway(clock=SteppedClock(moment), seed=seed, firmware=firmware)


def ask(gateway: FakeGateway, path: str) -> Any:
    return gateway.payload(path)


@settings(deadline=None, max_examples=40)
@given(moment=moments, seed=seeds)
def test_aggregates_agree_with_the_house(moment: datetime, seed: int) -> None:
    gateway = fake(moment, seed)
    meters, truth = ask(gateway, "/api/meters/aggregates"), gateway.truth()

    assert list(meters) == ["site", "battery", "load", "solar"]
    for name, meter in meters.items():
        expected = getattr(truth, name)
        assert meter["instant_power"] == expected.power_watts
        assert meter["instant_reactive_power"] == expected.reactive_power_var
        assert meter["instant_apparent_power"] == math.hypot(expected.power_watts, expected.reactive_power_var)
        assert meter["energy_imported"] == pytest.approx(expected.imported_watt_hours, abs=5)
        assert meter["energy_exported"] == pytest.approx(expected.exported_watt_hours, abs=5)
        assert meter["instant_average_current"] == meter["instant_total_current"]
    assert meters["load"]["instant_power"] == sum(
        meters[name]["instant_power"] for name in ("site", "battery", "solar")
    )


@settings(deadline=None, max_examples=40)
@given(moment=moments, seed=seeds)
def test_load_energy_is_computed_from_the_others_to_the_last_digit(moment: datetime, seed: int) -> None:
    meters = ask(fake(moment, seed), "/api/meters/aggregates")
    site, battery, solar = meters["site"], meters["battery"], meters["solar"]
    assert meters["load"]["energy_imported"] == (
        (site["energy_imported"] - site["energy_exported"])
        + (battery["energy_exported"] - battery["energy_imported"])
        + (solar["energy_exported"] - solar["energy_imported"])
    )
    assert "num_meters_aggregated" not in meters["load"]


@settings(deadline=None, max_examples=40)
@given(moment=moments, seed=seeds)
def test_charge_and_battery_energies_are_sums_over_the_blocks(moment: datetime, seed: int) -> None:
    gateway = fake(moment, seed)
    system, battery = ask(gateway, "/api/system_status"), ask(gateway, "/api/meters/aggregates")["battery"]
    blocks = system["battery_blocks"]

    assert system["nominal_energy_remaining"] == sum(block["nominal_energy_remaining"] for block in blocks)
    assert system["nominal_full_pack_energy"] == sum(block["nominal_full_pack_energy"] for block in blocks)
    percent = 100 * system["nominal_energy_remaining"] / system["nominal_full_pack_energy"]
    assert ask(gateway, "/api/system_status/soe") == {"percentage": percent}
    assert battery["instant_power"] == sum(block["p_out"] for block in blocks)
    assert battery["energy_imported"] == sum(block["energy_charged"] for block in blocks)
    assert battery["energy_exported"] == sum(block["energy_discharged"] for block in blocks)
    assert all(block["p_out"] % 10 == 0 for block in blocks)


@settings(deadline=None, max_examples=40)
@given(moment=moments, seed=seeds)
def test_battery_current_is_on_the_battery_side_with_the_opposite_sign(moment: datetime, seed: int) -> None:
    blocks = ask(fake(moment, seed), "/api/system_status")["battery_blocks"]
    for block in blocks:
        if abs(block["p_out"]) > 100:
            assert -58 < block["p_out"] / block["i_out"] < -42


@settings(deadline=None, max_examples=40)
@given(moment=moments, seed=seeds)
def test_synchrometers_give_no_frequency_and_an_average_voltage_of_root_three(moment: datetime, seed: int) -> None:
    gateway = fake(moment, seed)
    meters = ask(gateway, "/api/meters/aggregates")
    for path, name in (("/api/meters/site", "site"), ("/api/meters/solar", "solar")):
        (meter,) = ask(gateway, path)
        reading = meter["Cached_readings"]
        mean_volts = (reading["v_l1n"] + reading["v_l2n"]) / 2
        assert reading["instant_average_voltage"] == pytest.approx(math.sqrt(3) * mean_volts)
        assert meters[name]["instant_average_voltage"] == reading["instant_average_voltage"]
        assert meters[name]["frequency"] == reading["frequency"] == 0
        assert reading["real_power_a"] + reading["real_power_b"] == reading["instant_power"]
        assert reading["i_a_current"] + reading["i_b_current"] == pytest.approx(reading["instant_total_current"])
        assert "v_l3n" not in reading
        assert "real_power_c" not in reading
    assert 59.9 < meters["battery"]["frequency"] < 60.1


def test_a_tesla_inverter_reports_instead_of_a_meter() -> None:
    gateway = fake(datetime(2026, 6, 21, 19, tzinfo=UTC), firmware="gw2-plus-23.28")
    solar = ask(gateway, "/api/meters/aggregates")["solar"]
    assert 59.9 < solar["frequency"] < 60.1
    assert 230 < solar["instant_average_voltage"] < 255
    assert solar["timeout"] == 1_000_000_000
    assert ask(gateway, "/api/meters/solar") is None
    assert [row.get("cts", "absent") for row in ask(gateway, "/api/meters")].count("absent") == 1


def test_devices_were_heard_less_than_a_second_and_a_half_ago_and_never_earlier_than_before() -> None:
    clock = SteppedClock(datetime(2026, 11, 1, 8, 59, 58, tzinfo=UTC))
    gateway = FakeGateway(clock=clock)
    last: dict[str, datetime] = {}
    for _ in range(200):
        clock.step(0.13)
        for name, meter in ask(gateway, "/api/meters/aggregates").items():
            heard = datetime.fromisoformat(meter["last_communication_time"])
            assert 0 <= clock.now() - heard.timestamp() < 1.5
            assert heard >= last.get(name, heard)
            last[name] = heard


def test_offsets_follow_the_zone_of_the_site_over_the_end_of_summer_time() -> None:
    clock = SteppedClock(datetime(2026, 11, 1, 8, 59, 0, tzinfo=UTC))
    gateway = FakeGateway(clock=clock)
    summer = ask(gateway, "/api/meters/aggregates")["site"]["last_communication_time"]
    clock.step(120)
    winter = ask(gateway, "/api/meters/aggregates")["site"]["last_communication_time"]
    assert (summer[-6:], winter[-6:]) == ("-07:00", "-08:00")


def test_uptime_and_start_time_tell_the_same_boot() -> None:
    clock = SteppedClock(datetime(2026, 6, 21, 19, tzinfo=UTC))
    gateway = FakeGateway(clock=clock)
    gateway.reboot()
    clock.step(3_723.5)
    status = ask(gateway, "/api/status")
    assert status["up_time_seconds"] == "1h2m3.5s"
    assert status["start_time"] == "2026-06-21 12:00:00 +0800"


def test_a_meter_list_has_no_stable_order() -> None:
    clock = SteppedClock(datetime(2026, 6, 21, 19, tzinfo=UTC))
    gateway = FakeGateway(clock=clock)
    first = ask(gateway, "/api/meters")
    clock.step(1)
    assert ask(gateway, "/api/meters") == first[::-1] != first


def test_identities_are_the_same_everywhere_and_differ_between_seeds() -> None:
    moment = datetime(2026, 6, 21, 19, tzinfo=UTC)
    one, two = fake(moment, seed=1), fake(moment, seed=2)
    din = ask(one, "/api/status")["din"]
    assert din == ask(one, "/api/config")["vin"] == ask(one, "/api/powerwalls")["gateway_din"]
    serials = [block["PackageSerialNumber"] for block in ask(one, "/api/system_status")["battery_blocks"]]
    assert serials == [row["PackageSerialNumber"] for row in ask(one, "/api/powerwalls")["powerwalls"]]
    assert len({din, *serials, ask(two, "/api/status")["din"]}) == 4


def test_a_path_that_is_not_there_has_no_payload() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        FakeGateway().payload("/api/nowhere")
