"""What payloads mean where they are odd: each case was met on a real gateway or broke another exporter."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import names
from powerwall_exporter.errors import BadShape
from powerwall_exporter.gateway.endpoints import READABLE
from powerwall_exporter.model import Json
from powerwall_fake_gateway import FakeGateway

AT_NS = 1_717_243_200_000_000_000
ENDPOINTS = sorted(READABLE)
PAYLOADS: dict[str, Any] = {path: FakeGateway(seed=3).payload(path) for path in ENDPOINTS}

Said = dict[tuple[str, tuple[str, ...]], float]


def said(endpoint: str, payload: Json) -> Said:
    """Return the samples of a payload by Prometheus name and label values."""
    return {
        (names.prometheus(sample.metric), sample.labels): sample.value
        for sample in catalogue.read(endpoint, payload, AT_NS)
    }


def changed(endpoint: str, change: Callable[[Any], object]) -> Said:
    """Return the samples of the fake gateway's payload after a change to it."""
    payload = copy.deepcopy(PAYLOADS[endpoint])
    change(payload)
    return said(endpoint, payload)


def test_a_meter_that_never_spoke_is_absent_not_zero() -> None:
    busway = {"last_communication_time": "0001-01-01T00:00:00Z", "instant_power": 0, "energy_imported": 0}
    series = changed("/api/meters/aggregates", lambda payload: payload.update(busway=busway))
    assert not [labels for _, labels in series if labels == ("busway",)]


def test_an_unknown_meter_passes_through() -> None:
    generator = {"last_communication_time": "2024-06-01T12:00:00Z", "instant_power": 1500}
    series = changed("/api/meters/aggregates", lambda payload: payload.update(generator=generator))
    assert series["powerwall_meter_power_watts", ("generator",)] == 1500


def test_a_missing_meter_costs_only_itself() -> None:
    series = changed("/api/meters/aggregates", lambda payload: payload.pop("solar"))
    whole = said("/api/meters/aggregates", PAYLOADS["/api/meters/aggregates"])
    assert series == {key: value for key, value in whole.items() if key[1] != ("solar",)}


def test_zero_hertz_is_not_measured() -> None:
    series = said("/api/meters/aggregates", PAYLOADS["/api/meters/aggregates"])
    assert ("powerwall_meter_frequency_hertz", ("battery",)) in series
    assert ("powerwall_meter_frequency_hertz", ("site",)) not in series


def test_the_batterys_current_is_named_dc_and_is_no_meter_current() -> None:
    def charging(payload: Any) -> None:
        payload["battery"]["instant_total_current"] = 45.8

    series = changed("/api/meters/aggregates", charging)
    assert series["powerwall_battery_dc_current_amperes", ()] == 45.8
    assert ("powerwall_meter_total_current_amperes", ("battery",)) not in series
    assert ("powerwall_meter_total_current_amperes", ("site",)) in series


def test_aggregate_phase_currents_appear_where_they_are_measured() -> None:
    def measure(payload: Any) -> None:
        payload["site"] |= {"i_a_current": 3.0, "i_b_current": 0, "i_c_current": 1.2}

    series = changed("/api/meters/aggregates", measure)
    found = {labels: value for (name, labels), value in series.items() if name == "powerwall_meter_current_amperes"}
    assert found == {("site", "a"): 3.0, ("site", "b"): 0.0, ("site", "c"): 1.2}


def test_a_disabled_pack_has_no_values_that_it_does_not_say() -> None:
    def disable(payload: Any) -> None:
        block = payload["battery_blocks"][1]
        for key in ("p_out", "q_out", "v_out", "f_out", "i_out", "energy_charged", "energy_discharged"):
            block[key] = None
        block |= {"disabled_reasons": ["DisabledExcessiveVoltageDrop"], "pinv_state": "", "nominal_energy_remaining": 0}

    serial = PAYLOADS["/api/system_status"]["battery_blocks"][1]["PackageSerialNumber"]
    series = changed("/api/system_status", disable)
    of_pack = {name for name, labels in series if labels and labels[0] == serial}
    assert series["powerwall_block_disabled", (serial,)] == 1
    assert series["powerwall_block_disabled_reason", (serial, "DisabledExcessiveVoltageDrop")] == 1
    assert not of_pack & {
        "powerwall_block_power_watts",
        "powerwall_block_energy_charged_joules_total",
        "powerwall_block_inverter_state",
        "powerwall_block_charge_ratio",
    }


def test_a_padded_block_without_serial_is_no_pack() -> None:
    before = PAYLOADS["/api/system_status"]["battery_blocks"]
    series = changed(
        "/api/system_status", lambda payload: payload["battery_blocks"].append({"PackageSerialNumber": "", "p_out": 0})
    )
    assert series["powerwall_battery_blocks", ()] == len(before)


def test_two_packs_with_one_serial_are_one_series() -> None:
    def repeat(payload: Any) -> None:
        payload["battery_blocks"][1]["PackageSerialNumber"] = payload["battery_blocks"][0]["PackageSerialNumber"]

    first = PAYLOADS["/api/system_status"]["battery_blocks"][0]
    series = changed("/api/system_status", repeat)
    assert series["powerwall_block_power_watts", (first["PackageSerialNumber"],)] == first["p_out"]


def test_an_unknown_state_appears_as_itself_beside_the_known_ones_at_zero() -> None:
    series = said("/api/system_status/grid_status", {"grid_status": "SystemDreaming"})
    states = {labels[0]: value for (name, labels), value in series.items() if name == "powerwall_grid_state"}
    assert states.pop("SystemDreaming") == 1
    assert set(states.values()) == {0.0}
    assert len(states) == 7
    assert ("powerwall_grid_connected", ()) not in series


@pytest.mark.parametrize("state", ["SystemIslandedActive", "SystemTransitionToGrid", "SystemMicroGridFaulted"])
def test_off_grid_and_in_transition_the_grid_is_not_connected(state: str) -> None:
    assert said("/api/system_status/grid_status", {"grid_status": state})["powerwall_grid_connected", ()] == 0


def test_unknown_words_are_named_for_the_log() -> None:
    samples = catalogue.read("/api/system_status/grid_status", {"grid_status": "SystemDreaming"}, AT_NS)
    assert {(metric.id, word) for metric, word in catalogue.unknown_words(samples)} == {
        ("grid.state", "SystemDreaming")
    }


def test_no_curtailment_and_no_site_limit_are_absent_not_minus_one() -> None:
    status = changed("/api/system_status", lambda payload: payload.update(solar_real_power_limit=-1))
    assert ("powerwall_solar_power_limit_watts", ()) not in status
    status = changed("/api/system_status", lambda payload: payload.update(solar_real_power_limit=3909.5))
    assert status["powerwall_solar_power_limit_watts", ()] == 3909.5
    limits = {"max_site_meter_power_kW": 1000000000, "min_site_meter_power_kW": -5}
    site = changed("/api/site_info", lambda payload: payload.update(limits))
    assert ("powerwall_site_meter_power_max_watts", ()) not in site
    assert site["powerwall_site_meter_power_min_watts", ()] == -5000


def test_a_grid_fault_with_a_number_in_its_details_costs_nothing() -> None:
    fault = {
        "timestamp": 1569976192352,
        "alert_name": "PINV_a006_vfCheckUnderFrequency",
        "decoded_alert": 57.2,
        "alert_raw": 432406325129904128,
        "ecu_type": "TEPINV",
    }
    series = changed("/api/system_status", lambda payload: payload.update(grid_faults=[fault, fault]))
    labels = ("PINV_a006_vfCheckUnderFrequency", "TEPINV")
    assert series["powerwall_grid_fault_active", labels] == 1
    assert series["powerwall_grid_fault_timestamp_seconds", labels] == 1569976192.352
    assert series["powerwall_grid_faults", ()] == 2


def test_the_reason_against_a_reboot_is_told_in_the_gateways_words() -> None:
    series = changed("/api/sitemaster", lambda payload: payload.update(can_reboot="Battery is dreaming"))
    assert series["powerwall_sitemaster_can_reboot", ()] == 0
    assert series["powerwall_sitemaster_reboot_state", ("Battery is dreaming",)] == 1


def test_very_old_firmware_says_mode() -> None:
    series = said("/api/operation", {"mode": "backup", "backup_reserve_percent": 100, "max_pv_export_power_kW": 5})
    assert series["powerwall_operation_mode", ("backup",)] == 1
    assert series["powerwall_operation_solar_export_limit_watts", ()] == 5000


def test_two_meters_of_a_kind_are_told_apart_whatever_their_order_and_number() -> None:
    def meter(serial: str, power: float) -> Any:
        readings = {"serial_number": serial, "instant_power": power, "last_communication_time": "2024-06-01T12:00:00Z"}
        return {"location": "site", "type": "neurio_tcp", "Cached_readings": readings}

    def power(meters: list[Any]) -> dict[float, tuple[str, ...]]:
        series = said("/api/meters/site", meters)
        return {value: labels for (name, labels), value in series.items() if name == "powerwall_device_power_watts"}

    one, two = meter("OBB1", 1.0), meter("OBB2", 2.0)
    named = power([one, two])
    assert len(set(named.values())) == 2
    assert power([two, one]) == named
    assert power([two]) == {2.0: named[2.0]}
    assert all("OBB" not in word for labels in named.values() for word in labels)


def test_a_synchrometers_serial_which_is_the_gateways_is_not_even_hashed() -> None:
    meter: dict[str, Json] = {"location": "site", "type": "synchrometerX", "cts": [True]}
    meter["connection"] = {"device_serial": "TG1synchrometerX"}
    series = said("/api/meters/site", [meter])
    assert {labels[:2] for _, labels in series} == {("site", "synchrometerX")}


@pytest.mark.parametrize("nothing", [None, []])
def test_no_physical_meter_is_no_error(nothing: Json) -> None:
    assert said("/api/meters/solar", nothing) == {}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "payload", ["TIMEOUT!", 12, {"error": "no such thing"}, {"unheard": 1}, [1, 2], {"code": 500, "message": "sorry"}]
)
def test_another_shape_is_an_error_and_no_data(endpoint: str, payload: Json) -> None:
    with pytest.raises(BadShape, match=endpoint):
        catalogue.read(endpoint, payload, AT_NS)


@pytest.mark.parametrize(
    "endpoint", [path for path in ENDPOINTS if path not in ("/api/meters/site", "/api/meters/solar")]
)
@pytest.mark.parametrize("payload", [None, {}, []])
def test_an_answer_that_says_nothing_is_an_error(endpoint: str, payload: Json) -> None:
    with pytest.raises(BadShape, match=endpoint):
        catalogue.read(endpoint, payload, AT_NS)


def test_a_thousand_new_packs_are_capped() -> None:
    block = PAYLOADS["/api/system_status"]["battery_blocks"][0]
    many = [{**block, "PackageSerialNumber": f"T{index}"} for index in range(1000)]
    series = changed("/api/system_status", lambda payload: payload.update(battery_blocks=many))
    assert len([1 for name, _ in series if name == "powerwall_block_power_watts"]) == 100


def test_a_number_that_its_unit_makes_infinite_is_no_number() -> None:
    series = changed("/api/system_status", lambda payload: payload.update(nominal_full_pack_energy=1e308))
    assert ("powerwall_battery_energy_capacity_joules", ()) not in series
    assert ("powerwall_battery_energy_remaining_joules", ()) in series


def paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside a payload."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from paths(value, (*path, key))


def put(node: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "NaN", "0001-01-01T00:00:00Z", "9" * 400, 10**400, -1, 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def siblings_stand(endpoint: str, branch: tuple[Any, ...], owner: str, data: st.DataObject) -> None:
    """Put junk somewhere into a branch of a payload: the series of every other owner stay as they were."""
    inside = [path for path in paths(PAYLOADS[endpoint]) if path[: len(branch)] == branch]
    path, junk = data.draw(st.sampled_from(inside), label="path"), data.draw(JUNK, label="junk")
    after = changed(endpoint, lambda payload: put(payload, path, junk))
    before = said(endpoint, PAYLOADS[endpoint])
    others = {key for key in before if key[1] and key[1][0] != owner}
    assert others
    assert {key: after.get(key) for key in others} == {key: before[key] for key in others}
    assert all(math.isfinite(value) for value in after.values())


@given(st.sampled_from(["site", "battery", "load", "solar"]), st.data())
def test_junk_in_one_meter_leaves_the_others_alone(meter: str, data: st.DataObject) -> None:
    siblings_stand("/api/meters/aggregates", (meter,), meter, data)


@given(st.data())
def test_junk_in_one_pack_leaves_the_other_alone(data: st.DataObject) -> None:
    serial = PAYLOADS["/api/system_status"]["battery_blocks"][1]["PackageSerialNumber"]
    siblings_stand("/api/system_status", ("battery_blocks", 1), serial, data)


@given(st.sampled_from(ENDPOINTS), JUNK)
def test_no_payload_raises_anything_but_bad_shape(endpoint: str, payload: Any) -> None:
    try:
        samples = catalogue.read(endpoint, payload, AT_NS)
    except BadShape:
        return
    assert all(math.isfinite(sample.value) for sample in samples)
    assert all(len(sample.labels) == len(sample.metric.labels) for sample in samples)


LEAF_CASES = [
    ("/api/meters/aggregates", ("load", "instant_power"), "powerwall_meter_power_watts", ("load",)),
    ("/api/system_status", ("nominal_full_pack_energy",), "powerwall_battery_energy_capacity_joules", ()),
    ("/api/system_status/soe", ("percentage",), "powerwall_battery_charge_ratio", ()),
    ("/api/operation", ("backup_reserve_percent",), "powerwall_backup_reserve_ratio", ()),
    ("/api/site_info", ("nominal_system_power_kW",), "powerwall_site_power_nominal_watts", ()),
]


@pytest.mark.parametrize(("endpoint", "path", "name", "labels"), LEAF_CASES)
@pytest.mark.parametrize("nothing", [None, "72", True, math.nan, math.inf, {}, []])
def test_a_value_that_is_no_number_takes_only_its_own_samples(
    endpoint: str, path: tuple[str, ...], name: str, labels: tuple[str, ...], nothing: Any
) -> None:
    before = said(endpoint, PAYLOADS[endpoint])
    assert (name, labels) in before
    if endpoint == "/api/system_status/soe":
        with pytest.raises(BadShape):
            changed(endpoint, lambda payload: put(payload, path, nothing))
        return
    after = changed(endpoint, lambda payload: put(payload, path, nothing))
    gone = before.keys() - after.keys()
    assert (name, labels) in gone
    assert len(gone) <= 2  # the raw and the usable scale come from one value
    assert {key: before[key] for key in after} == after
