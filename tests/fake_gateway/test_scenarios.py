"""Scenarios: every one of the package runs to its end, and files that make no sense are refused with a remedy."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from powerwall_fake_gateway import FakeGateway, SteppedClock, scenarios
from powerwall_fake_gateway.narrator import Narrator, describe
from powerwall_fake_gateway.profiles import PROFILES
from powerwall_fake_gateway.scenarios import UnreadableScenarioError

WANTED = {
    "sunny-day",
    "winter",
    "outage",
    "storm",
    "three-day-blackout",
    "gateway-reboot",
    "firmware-update",
    "login-trouble",
    "flaky-wifi",
}


def begun(name: str) -> tuple[FakeGateway, SteppedClock]:
    scenario = scenarios.load(name)
    start = scenario.begin(PROFILES[scenario.firmware].zone())
    assert start is not None
    clock = SteppedClock(start)
    return FakeGateway(clock=clock, scenario=name), clock


def states(gateway: FakeGateway) -> list[str]:
    return [island.state for island in gateway.states()]


def login(gateway: FakeGateway, client: requests.Session) -> int:
    fields = {"username": "customer", "password": "password"}
    return client.post(f"{gateway.url}/api/login/Basic", json=fields, timeout=5).status_code


def status(gateway: FakeGateway, client: requests.Session, path: str = "/api/system_status/soe") -> int:
    return client.get(gateway.url + path, timeout=5).status_code


def test_the_wanted_scenarios_are_there() -> None:
    assert set(scenarios.names()) == WANTED


@pytest.mark.parametrize("name", sorted(WANTED))
def test_a_scenario_runs_to_its_end_and_says_everything(name: str) -> None:
    gateway, clock = begun(name)
    events = scenarios.load(name).events
    assert scenarios.load(name).about
    clock.step((events[-1].at_seconds if events else 0) + 600)
    truth = gateway.truth()
    assert truth.load.power_watts == truth.site.power_watts + truth.battery.power_watts + truth.solar.power_watts
    assert [happening.words for happening in gateway.happenings()] == [event.say for event in events]


def test_how_often_it_is_asked_does_not_change_a_scenario() -> None:
    (asked, steps), (alone, leap) = begun("outage"), begun("outage")
    for _ in range(90):
        steps.step(100)
        asked.truth()
    leap.step(9_000)
    assert asked.truth() == alone.truth()
    assert states(asked) == states(alone)


def test_the_outage_leaves_the_grid_and_comes_back() -> None:
    gateway, clock = begun("outage")
    clock.step(3_600)
    assert gateway.truth().grid_state == "SystemIslandedActive"
    clock.step(2 * 3_600)
    assert gateway.truth().grid_state == "SystemGridConnected"


def test_the_blackout_goes_dark_and_starts_with_the_sun() -> None:
    gateway, clock = begun("three-day-blackout")
    clock.step(73 * 3_600)
    seen = states(gateway)
    assert "SystemMicroGridFaulted" in seen
    assert seen[seen.index("SystemMicroGridFaulted") + 1] == "SystemIslandedActive"
    assert seen[-1] == "SystemGridConnected"


def test_the_storm_fills_the_batteries_before_it_comes() -> None:
    gateway, clock = begun("storm")
    before = gateway.truth().charge_ratio
    clock.step(4.9 * 3_600)
    assert gateway.truth().charge_ratio > before + 0.4
    clock.step(1_800)
    assert states(gateway).count("SystemIslandedActive") == 1


def test_the_sunny_day_sells_at_noon() -> None:
    gateway, clock = begun("sunny-day")
    clock.step(9.5 * 3_600)
    assert gateway.truth().site.power_watts < -1_000


def test_the_update_changes_the_firmware_and_forgets_tokens(client: requests.Session) -> None:
    gateway, clock = begun("firmware-update")
    with gateway:
        login(gateway, client)
        assert status(gateway, client, "/api/devices/vitals") == 200
        old = client.get(f"{gateway.url}/api/status", timeout=5).json()["version"]
        clock.step(15 * 60)
        assert status(gateway, client) == 403
        login(gateway, client)
        assert status(gateway, client, "/api/devices/vitals") == 404
        new = client.get(f"{gateway.url}/api/status", timeout=5).json()["version"]
    assert (old[:7], new[:7]) == ("23.28.2", "23.44.0")


def test_login_trouble_is_trouble_with_logins(client: requests.Session) -> None:
    gateway, clock = begun("login-trouble")
    with gateway:
        login(gateway, client)
        clock.step(6 * 60)
        assert status(gateway, client) == 401
        clock.step(10 * 60)
        assert login(gateway, client) == 429
        clock.step(20 * 60)
        assert login(gateway, client) == 200
        clock.step(10 * 60)
        assert login(gateway, client) == 401
        assert status(gateway, client) == 200
        clock.step(30 * 60)
        assert status(gateway, client, "/api/operation") == 403


# --- in words ------------------------------------------------------------------------------------------------------


def test_a_narrator_tells_each_happening_once_and_now_and_then_how_things_stand() -> None:
    gateway, clock = begun("outage")
    narrator = Narrator(gateway, gateway.zone, every_seconds=1_800)
    told = list(narrator.lines())
    for _ in range(20):
        clock.step(600)
        told += narrator.lines()
    words = [line.split("  ", 1)[1] for line in told]
    for sentence in ("A tree falls on the line: the grid is gone.", "The house leaves the grid."):
        assert words.count(sentence) == 1
    assert told[1].startswith("Sun 21 Jun 18:40:00  A tree falls")
    assert words.index("The house leaves the grid.") < words.index(
        "The house is an island: it lives on its batteries and the sun."
    )
    assert words[-1].endswith(" Hz")
    assert 5 < sum(line.endswith(" Hz") for line in words) < 15


def test_how_things_stand_is_said_in_words() -> None:
    truth = FakeGateway(clock=SteppedClock(datetime(2026, 6, 21, 19, tzinfo=UTC))).truth()
    island = replace(truth, grid_state="SystemIslandedActive", curtailed_watts=2_000)
    dark = replace(truth, grid_state="SystemMicroGridFaulted")
    assert describe(truth).startswith("sun 7.6 kW, house ")
    assert "batteries take" in describe(truth)
    assert "grid idle" in describe(truth)
    assert "(held back 2.0 kW)" in describe(island)
    assert "grid cut off" in describe(island)
    assert describe(dark) == "everything is dark; batteries 32 % full"


# --- files of one's own --------------------------------------------------------------------------------------------


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('about = "Mine"\n[plant]\ncharge_ratio = 0.9\n[[event]]\nat = "1m30s"\nhouse = { grid = false }\n')
    clock = SteppedClock(datetime(2026, 6, 21, 19, tzinfo=UTC))
    gateway = FakeGateway(clock=clock, scenario=str(file))
    assert gateway.truth().charge_ratio == pytest.approx(0.9)
    clock.step(100)
    assert gateway.truth().grid_state != "SystemGridConnected"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("colour = 1", "colour is unknown; use about"),
        ("firmware = 'odd'", "firmware: 'odd' is unknown; use one of gw2"),
        ("start = 2026-06-21T06:00:00Z", "start: write a local date"),
        ("[plant]\ncolour = 1", "plant.colour is unknown; use pack_limit_watts"),
        ("[plant]\nmode = 'party'", "mode 'party' is unknown"),
        ("[[event]]\nat = 'soon'", "'soon' is not a time; write e.g. 90s"),
        ("[[event]]\nat = '1s'\nwhen = 1", r"event\[1\].when is unknown; use at"),
        ("[[event]]\nat = '1s'\nhouse = { colour = 1 }", r"event\[1\].house.colour is unknown"),
        ("[[event]]\nat = '1s'\nhouse = { cloudiness = 2 }", "cloudiness 2 is not within 0 to 1"),
        ("[[event]]\nat = '1s'\ndo = ['dance']", r"event\[1\].do: dance is unknown; use reboot"),
        ("[[event]]\nat = '1s'\nupdate = 'odd'", r"event\[1\].update: 'odd' is unknown"),
        ("[[event]]\nat = '1s'\nfaults = ['quake']", "fault 'quake' is unknown"),
        ("not toml", "scenario 'mine'"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused_with_a_remedy(text: str, complaint: str) -> None:
    with pytest.raises(UnreadableScenarioError, match=complaint):
        scenarios.read("mine", text)


@pytest.mark.parametrize(("name", "complaint"), [("odd", "use one of firmware-update"), ("no.toml", "cannot be read")])
def test_a_scenario_that_is_not_there_is_refused_with_a_remedy(name: str, complaint: str) -> None:
    with pytest.raises(UnreadableScenarioError, match=complaint):
        scenarios.load(name)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("2h30m", 9_000), ("1d", 86_400), ("1.5h", 5_400)])
def test_times_are_read(text: str, seconds: float) -> None:
    assert scenarios.seconds(text) == seconds


def test_a_scenario_says_which_device_it_is_for(tmp_path: Path) -> None:
    file = tmp_path / "three.toml"
    file.write_text('firmware = "gw2-three-phase-23.12"\n')
    meter: Any = FakeGateway(scenario=str(file)).payload("/api/meters/site")
    assert meter[0]["cts"] == [True, True, True, False]
