"""Each profile answers as its firmware and hardware do."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from powerwall_fake_gateway import PROFILES, FakeGateway, SteppedClock
from powerwall_fake_gateway.payloads import ENDPOINTS, endpoints_of

NOON = datetime(2026, 6, 21, 19, tzinfo=UTC)
AGGREGATES = "/api/meters/aggregates"
CONTROLLED = [path for path, endpoint in ENDPOINTS.items() if endpoint.needs_controller]


def fake(firmware: str, **given: Any) -> FakeGateway:
    return FakeGateway(clock=SteppedClock(NOON), firmware=firmware, **given)


def ask(gateway: FakeGateway, path: str) -> Any:
    return gateway.payload(path)


def statuses(gateway: FakeGateway, client: requests.Session, *paths: str) -> list[int]:
    return [client.get(gateway.url + path, timeout=5).status_code for path in paths]


def login(gateway: FakeGateway, client: requests.Session) -> requests.Response:
    fields = {"username": "customer", "password": "password"}
    return client.post(f"{gateway.url}/api/login/Basic", json=fields, timeout=5)


@pytest.mark.parametrize("firmware", PROFILES)
def test_every_endpoint_of_every_profile_answers_and_agrees(firmware: str) -> None:
    gateway = fake(firmware)
    answers = {path: ask(gateway, path) for path in endpoints_of(PROFILES[firmware])}
    meters = answers[AGGREGATES]
    assert meters["load"]["instant_power"] == sum(
        meters[name]["instant_power"] for name in ("site", "battery", "solar") if name in meters
    )
    system = answers.get("/api/system_status")
    if system and system["nominal_full_pack_energy"]:
        charge = 100 * system["nominal_energy_remaining"] / system["nominal_full_pack_energy"]
        assert answers["/api/system_status/soe"] == {"percentage": charge}
        assert answers["/api/system_status/grid_status"]["grid_status"] == system["system_island_state"]


@pytest.mark.parametrize("firmware", PROFILES)
def test_load_energy_is_computed_from_the_others_in_every_profile(firmware: str) -> None:
    meters = ask(fake(firmware), AGGREGATES)

    def net(name: str) -> float:
        meter = meters.get(name, {"energy_imported": 0, "energy_exported": 0})
        return float(meter["energy_imported"] - meter["energy_exported"])

    assert meters["load"]["energy_imported"] == net("site") - net("battery") - net("solar")


def test_old_firmware_lets_anybody_read_most(client: requests.Session) -> None:
    with fake("gw1-split-1.40") as gateway:
        open_to_all = ("/api/meters/aggregates", "/api/system_status/soe", "/api/sitemaster", "/api/site_info")
        closed = ("/api/operation", "/api/networks", "/api/system/update/status")
        assert statuses(gateway, client, *open_to_all) == [200] * 4
        assert statuses(gateway, client, *closed) == [403] * 3
        assert "loginTime" not in login(gateway, client).json()
        assert statuses(gateway, client, *closed) == [200] * 3
        assert statuses(gateway, client, "/api/system_status", "/api/devices/vitals") == [404] * 2


def test_since_20_49_every_read_wants_a_token(client: requests.Session) -> None:
    with fake("gw2-split-20.49") as gateway:
        assert statuses(gateway, client, AGGREGATES, "/api/site_info", "/api/status") == [403, 403, 200]


def test_site_info_is_flat_in_1_40_and_nested_in_1_50() -> None:
    flat, nested = ask(fake("gw1-split-1.40"), "/api/site_info"), ask(fake("gw1-single-1.50"), "/api/site_info")
    assert flat["grid_code"] == "60Hz_240V_s_UL1741SA:2019_California"
    assert flat["grid_phase_setting"] == "Split"
    assert nested["grid_code"]["grid_phase_setting"] == "Single"
    assert "utility" not in nested["grid_code"]


def test_an_absent_meter_is_all_zero_and_was_never_heard() -> None:
    generator = ask(fake("gw1-split-1.40"), AGGREGATES)["generator"]
    assert generator.pop("last_communication_time") == "0001-01-01T00:00:00Z"
    assert not any(generator.values())


def test_three_phases_are_measured_one_by_one() -> None:
    gateway = fake("gw2-three-phase-23.12")
    (meter,) = ask(gateway, "/api/meters/site")
    readings = meter["Cached_readings"]
    assert meter["cts"] == [True, True, True, False]
    assert readings["instant_power"] == sum(readings[f"real_power_{phase}"] for phase in "abc")
    assert all(225 < readings[f"v_l{phase}n"] < 245 for phase in (1, 2, 3))
    assert 395 < readings["instant_average_voltage"] < 425
    assert 395 < ask(gateway, "/api/system_status")["battery_blocks"][0]["v_out"] < 425
    assert ask(gateway, AGGREGATES)["battery"]["frequency"] == pytest.approx(50, abs=0.1)


def test_a_single_phase_has_the_voltage_that_owners_wonder_at() -> None:
    gateway = fake("gw2-single-24.44")
    assert 410 < ask(gateway, AGGREGATES)["site"]["instant_average_voltage"] < 430
    assert "v_l2n" not in ask(gateway, "/api/meters/site")[0]["Cached_readings"]


def test_without_solar_there_is_no_such_category() -> None:
    gateway = fake("gw2-no-solar-24.12")
    assert list(ask(gateway, AGGREGATES)) == ["site", "battery", "load"]
    assert ask(gateway, "/api/meters/solar") is None
    assert ask(gateway, "/api/solars") == []


def test_a_disabled_pack_is_null_and_counts_nowhere() -> None:
    gateway = fake("gw2-disabled-pack-23.28")
    system, battery = ask(gateway, "/api/system_status"), ask(gateway, AGGREGATES)["battery"]
    *working, disabled = system["battery_blocks"]
    measured = ("p_out", "q_out", "v_out", "f_out", "i_out", "energy_charged", "energy_discharged")
    assert {key for key, value in disabled.items() if value is None} == set(measured)
    assert disabled["disabled_reasons"] == ["DisabledExcessiveVoltageDrop"]
    assert disabled["nominal_full_pack_energy"] > 13_000
    assert system["nominal_full_pack_energy"] == sum(block["nominal_full_pack_energy"] for block in working)
    assert battery["energy_imported"] == sum(block["energy_charged"] for block in working)
    assert system["blocks_controlled"] == battery["num_meters_aggregated"] == 2 == len(working)
    assert len(ask(gateway, "/api/powerwalls")["powerwalls"]) == 3


@pytest.mark.parametrize("packs", range(1, 11))
def test_it_has_as_many_packs_as_asked_for(packs: int) -> None:
    gateway = fake("gw2-split-23.28", packs=packs)
    blocks = ask(gateway, "/api/system_status")["battery_blocks"]
    assert len({block["PackageSerialNumber"] for block in blocks}) == packs
    assert ask(gateway, AGGREGATES)["battery"]["instant_power"] == sum(block["p_out"] for block in blocks)


@pytest.mark.parametrize("packs", [0, 11])
def test_a_number_of_packs_that_nobody_has_is_refused(packs: int) -> None:
    with pytest.raises(ValueError, match="give 1 to 10"):
        fake("gw2-split-23.28", packs=packs)


def test_a_powerwall_plus_has_strings_whose_power_is_the_suns() -> None:
    gateway = fake("gw2-plus-23.28")
    answer = ask(gateway, "/api/solar_powerwall")
    strings = answer["pvac_status"]["string_vitals"]
    assert [string["connected"] for string in strings] == [True, True, False, False]
    assert sum(string["measured_power"] for string in strings) == pytest.approx(
        gateway.truth().solar.power_watts, abs=1
    )
    assert answer["pvac_status"]["state"] == "PVAC_Active"
    on = {name for name, value in answer["pvs_alerts"].items() if value is True}
    assert on == {"PVS_a019_MciStringC", "PVS_a020_MciStringD", "PVS_a060_MciClose"}


def test_strings_are_404_without_a_powerwall_plus(gateway: FakeGateway, member: requests.Session) -> None:
    assert statuses(gateway, member, "/api/solar_powerwall") == [404]


def test_vitals_are_gone_since_23_44(client: requests.Session) -> None:
    with fake("gw2-split-23.44") as gateway:
        login(gateway, client)
        assert statuses(gateway, client, "/api/devices/vitals", AGGREGATES) == [404, 200]


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the fields of a protobuf message: integers, doubles, and bytes that may be messages."""
    position = 0

    def varint() -> int:
        nonlocal position
        value, shift = 0, 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 == 1:
            yield tag >> 3, struct.unpack("<d", data[position : position + 8])[0]
            position += 8
        else:
            size = varint()
            yield tag >> 3, data[position : position + size]
            position += size


def first(data: bytes, *path: int) -> Any:
    """Follow a path of field numbers to the first value."""
    value: Any = data
    for number in path:
        value = next(value for field, value in fields(value) if field == number)
    return value


@pytest.mark.parametrize("firmware", ["gw2-split-21.39", "gw2-plus-23.28", "gw2-disabled-pack-23.28"])
def test_vitals_tell_every_device_in_protobuf(firmware: str, client: requests.Session) -> None:
    with fake(firmware) as gateway:
        login(gateway, client)
        answer = client.get(f"{gateway.url}/api/devices/vitals", timeout=5)
        devices = ask(gateway, "/api/devices/vitals")
    assert answer.headers["content-type"] == "application/octet-stream"
    items = [value for field, value in fields(answer.content) if field == 1]
    assert [first(item, 1, 1, 1, 1).decode() for item in items] == [device["din"] for device in devices]
    for item, device in zip(items, devices, strict=True):
        found: dict[str, Any] = {}
        for vital in (value for field, value in fields(item) if field == 2):
            name, value = (value for _, value in fields(vital))
            found[name.decode()] = value.decode() if isinstance(value, bytes) else value
        assert found == device["vitals"]
        assert [value.decode() for field, value in fields(item) if field == 3] == device["alerts"]
        assert first(item, 1, 1, 11, 1, 1) == device["ecu"]
        assert first(item, 1, 1, 9, 1) == int(NOON.timestamp())


def test_vitals_agree_with_the_rest() -> None:
    gateway = fake("gw2-split-21.39")
    devices = {device["din"].split("--")[0]: device["vitals"] for device in ask(gateway, "/api/devices/vitals")}
    (block,) = ask(gateway, "/api/system_status")["battery_blocks"]
    assert devices["TEPOD"]["POD_nom_energy_remaining"] == block["nominal_energy_remaining"]
    assert devices["TEPINV"]["PINV_Pout"] * 1_000 == block["p_out"]
    assert devices["TESYNC"]["ISLAND_GridConnected"] is True


def test_a_powerwall_3_answers_four_paths_and_nothing_else(client: requests.Session) -> None:
    with fake("pw3-25.10") as gateway:
        assert login(gateway, client).status_code == 200
        there = (AGGREGATES, "/api/system_status/soe", "/api/system_status/grid_status", "/tedapi/din")
        assert statuses(gateway, client, *there) == [200] * 4
        assert client.get(f"{gateway.url}/tedapi/din", timeout=5).text.startswith("1707000-11-J--TG")
        for path in ("/", *(set(ENDPOINTS) - set(there))):
            answer = client.get(gateway.url + path, timeout=5)
            assert (answer.status_code, answer.content) == (404, b"404 page not found\n")


def test_24_36_forgets_the_password_while_its_token_lives_on(client: requests.Session) -> None:
    clock = SteppedClock(NOON)
    with FakeGateway(clock=clock, firmware="gw1-split-24.36") as gateway:
        assert login(gateway, client).status_code == 200
        clock.step(6 * 3_600)
        assert login(gateway, client).status_code == 401
        assert statuses(gateway, client, AGGREGATES) == [200]
        gateway.set_password("password")
        assert login(gateway, client).status_code == 200


def test_a_follower_is_all_zero_and_says_that_it_does_not_run(client: requests.Session) -> None:
    with fake("gw2-follower-24.12") as gateway:
        login(gateway, client)
        assert statuses(gateway, client, *CONTROLLED) == [200] * 5
        assert ask(gateway, "/api/sitemaster")["running"] is False
        for meter in ask(gateway, AGGREGATES).values():
            assert meter["instant_power"] == meter["energy_imported"] == meter["energy_exported"] == 0
        assert ask(gateway, "/api/system_status/soe") == {"percentage": 0}


def test_a_stopped_controller_is_an_empty_502_and_the_rest_tells_why(client: requests.Session) -> None:
    with fake("gw2-stopped-23.28") as gateway:
        login(gateway, client)
        assert statuses(gateway, client, *CONTROLLED) == [502] * 5
        assert ask(gateway, "/api/sitemaster")["status"] == "StatusDown"
        assert ask(gateway, "/api/auth/toggle/supported") == {"toggle_auth_supported": False}
        assert ask(gateway, "/api/powerwalls")["powerwalls"][0]["grid_state"] == "Grid_Compliant"
        assert all(meter["error"] == "" for meter in ask(gateway, "/api/meters/readings").values())
        gateway.start_controller()
        assert statuses(gateway, client, *CONTROLLED) == [200] * 5


def test_a_boot_goes_from_no_connection_over_silence_and_zeros_to_all_is_well(client: requests.Session) -> None:
    clock = SteppedClock(NOON)
    with FakeGateway(clock=clock, firmware="gw2-booting-23.28") as gateway:
        with pytest.raises(requests.ConnectionError):
            login(gateway, client)
        clock.step(30)
        with pytest.raises(requests.Timeout):
            client.get(f"{gateway.url}/api/status", timeout=0.2)
        clock.step(30)
        assert statuses(gateway, client, AGGREGATES) == [403]
        assert login(gateway, client).status_code == 200
        assert statuses(gateway, client, AGGREGATES) == [502]
        clock.step(35)
        assert ask(gateway, "/api/system_status/grid_status")["grid_status"] == "SystemTransitionToGrid"
        clock.step(10)
        site = client.get(gateway.url + AGGREGATES, timeout=5).json()["site"]
        assert (site["energy_imported"], site["energy_exported"]) == (0, 0)
        assert site["instant_power"] != 0
        clock.step(60)
        assert ask(gateway, AGGREGATES)["site"]["energy_imported"] > 1_000_000
        assert ask(gateway, "/api/status")["up_time_seconds"] == "2m45s"


def test_a_slow_reboot_is_such_a_boot(client: requests.Session) -> None:
    clock = SteppedClock(NOON)
    with FakeGateway(clock=clock) as gateway:
        gateway.reboot(slowly=True)
        with pytest.raises(requests.ConnectionError):
            client.get(f"{gateway.url}/api/status", timeout=5)
        clock.step(200)
        assert statuses(gateway, client, "/api/status", AGGREGATES) == [200, 403]
