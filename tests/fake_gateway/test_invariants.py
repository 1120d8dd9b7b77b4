"""The invariants of a gateway's answers, on every profile and in every condition of the house."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from powerwall_fake_gateway import PROFILES, FakeGateway, SteppedClock
from powerwall_fake_gateway.payloads import endpoints_of
from powerwall_fake_gateway.plant import MODES
from powerwall_fake_gateway.spelling import json_bytes

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
conditions = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(MODES),
        "grid": st.booleans(),
        "storm": st.booleans(),
        "cloudiness": st.floats(0, 1),
        "load_factor": st.floats(0, 4),
        "export_limit_watts": st.integers(0, 5_000),
    },
)


def lived(firmware: str, start: float, seed: int, change: dict[str, Any], seconds: float) -> FakeGateway:
    """Return a gateway that has been in some condition for some time."""
    clock = SteppedClock(JANUARY + timedelta(hours=start))
    gateway = FakeGateway(clock=clock, firmware=firmware, seed=seed)
    clock.step(200)
    gateway.set_house(**change)
    clock.step(seconds)
    return gateway


@settings(deadline=None, max_examples=150)
@given(
    firmware=st.sampled_from(sorted(PROFILES)),
    start=st.floats(0, 8_760),
    seed=st.integers(0, 1_000),
    change=conditions,
    seconds=st.floats(0, 7_200),
)
def test_answers_keep_their_invariants_whatever_happens(
    firmware: str, start: float, seed: int, change: dict[str, Any], seconds: float
) -> None:
    gateway = lived(firmware, start, seed, change, seconds)
    assume(gateway.truth().powered)
    answers: dict[str, Any] = {path: gateway.payload(path) for path in endpoints_of(PROFILES[firmware])}
    meters = answers["/api/meters/aggregates"]
    grid_status = answers["/api/system_status/grid_status"]["grid_status"]
    _check_meters(meters)
    assert grid_status == "SystemGridConnected" or meters["site"]["instant_power"] == 0
    if (system := answers.get("/api/system_status")) and system["battery_blocks"]:
        _check_system(system, meters["battery"], answers["/api/system_status/soe"]["percentage"], grid_status)
    for answer in answers.values():
        json_bytes(answer)


def _check_meters(meters: dict[str, Any]) -> None:
    """Power balances, apparent power is hypot, and the load's energy follows from the others to the last digit."""
    others = [meters[name] for name in ("site", "battery", "solar") if name in meters]
    assert meters["load"]["instant_power"] == sum(meter["instant_power"] for meter in others)
    assert meters["load"]["instant_reactive_power"] == sum(meter["instant_reactive_power"] for meter in others)
    for meter in meters.values():
        apparent = math.hypot(meter["instant_power"], meter["instant_reactive_power"])
        assert meter["instant_apparent_power"] == apparent

    def net(name: str) -> float:
        return float(meters[name]["energy_imported"] - meters[name]["energy_exported"]) if name in meters else 0.0

    assert meters["load"]["energy_imported"] == net("site") - net("battery") - net("solar")


def _check_system(system: dict[str, Any], battery: dict[str, Any], percentage: float, grid_status: str) -> None:
    """Sums are over the enabled blocks, the charge is exact, and blocks know whether they form the grid."""
    blocks = [block for block in system["battery_blocks"] if not block["disabled_reasons"]]
    assert system["system_island_state"] == grid_status
    for total, key in (
        (system["nominal_energy_remaining"], "nominal_energy_remaining"),
        (system["nominal_full_pack_energy"], "nominal_full_pack_energy"),
        (battery["instant_power"], "p_out"),
        (battery["instant_reactive_power"], "q_out"),
        (battery["energy_imported"], "energy_charged"),
        (battery["energy_exported"], "energy_discharged"),
    ):
        assert total == sum(block[key] for block in blocks)
    assert percentage == 100 * system["nominal_energy_remaining"] / system["nominal_full_pack_energy"]
    connected = grid_status == "SystemGridConnected"
    for block in blocks:
        assert block["off_grid"] is block["vf_mode"] is (not connected)
        assert block["pinv_state"] == ("PINV_GridFollowing" if connected else "PINV_GridForming")
        assert abs(block["p_out"]) <= 100 or -58 < block["p_out"] / block["i_out"] < -42
