"""Every device and firmware of the fake gateway: what it has is told, what it has not costs nothing."""

import logging
from pathlib import Path

import pytest

import spelled
from powerwall_fake_gateway import PROFILES, FakeGateway
from wired import NAME, Wired

SILENT = {"gw2-booting-23.28", "gw2-stopped-23.28"}
"""Profiles that have no power to tell."""


@pytest.mark.parametrize("firmware", PROFILES)
def test_every_device_is_read_in_all_three_spellings(
    firmware: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "powerwall_exporter")
    with FakeGateway(firmware=firmware) as fake, Wired(fake, tmp_path) as wired:
        wired.poll_until(70)
        page = spelled.prometheus([wired.snapshot])
        up = page["powerwall_up", spelled.labelled(gateway=NAME)]
        power = page.get(("powerwall_meter_power_watts", spelled.labelled(gateway=NAME, meter="load")))
        assert page["powerwall_poll_errors_total", spelled.labelled(gateway=NAME, reason="internal")] == 0
        assert spelled.influx_series(NAME, wired.readings) == page
        assert spelled.otlp_series(NAME, wired.readings) == page
        assert fake.forbidden_calls == []
        assert fake.logins <= 1
    assert "Traceback" not in caplog.text
    assert bool(up) is (firmware not in SILENT)
    assert (power is not None) is bool(up)
    if up:
        assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_powerwall_3_is_read_whole_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "powerwall_exporter")
    with FakeGateway(firmware="pw3-25.10") as fake, Wired(fake, tmp_path) as wired:
        wired.poll_until(3 * 3600)
        page = spelled.prometheus([wired.snapshot])
        states = {
            dict(labels)["endpoint"]: dict(labels)["state"]
            for (name, labels), value in page.items()
            if name == "powerwall_endpoint_state" and value
        }
    assert page["powerwall_up", spelled.labelled(gateway=NAME)] == 1
    assert ("powerwall_battery_charge_ratio", spelled.labelled(gateway=NAME)) in page
    assert sorted(path for path, state in states.items() if state == "ok") == [
        "/api/meters/aggregates",
        "/api/system_status/grid_status",
        "/api/system_status/soe",
    ]
    assert set(states.values()) == {"ok", "unsupported"}
    assert {record.levelno for record in caplog.records} == {logging.INFO}
