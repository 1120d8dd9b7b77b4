"""Faults of connections, rights, counters and clocks, and the window in which a fault is in force."""

import json
import re
import socket
import ssl
from pathlib import Path

import pytest
import requests

from powerwall_fake_gateway import FakeGateway, SteppedClock
from powerwall_fake_gateway.faults import (
    KINDS,
    Boot,
    ClockSkew,
    DripHeader,
    DropConnection,
    DuplicateKey,
    Forbid,
    FreezeCounters,
    Header,
    ResetCounters,
    Status,
    StopController,
    TlsFailure,
    ZeroCounters,
)

AGGREGATES = "/api/meters/aggregates"
SOE = "/api/system_status/soe"


def get(gateway: FakeGateway, client: requests.Session, path: str = SOE) -> requests.Response:
    return client.get(gateway.url + path, timeout=5)


def energies(gateway: FakeGateway, client: requests.Session) -> dict[str, tuple[float, float]]:
    meters = get(gateway, client, AGGREGATES).json()
    return {name: (meter["energy_imported"], meter["energy_exported"]) for name, meter in meters.items()}


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


# --- when ----------------------------------------------------------------------------------------------------------


def test_a_fault_has_a_window_on_the_clock_of_the_fake(
    gateway: FakeGateway, member: requests.Session, clock: SteppedClock
) -> None:
    gateway.add(Status(503, match=SOE, after_seconds=60, for_seconds=30))
    found = []
    for _ in range(5):
        found.append(get(gateway, member).status_code)
        clock.step(25)
    assert found == [200, 200, 200, 503, 200]
    assert gateway.faults == ()


def test_what_is_to_come_is_told(gateway: FakeGateway) -> None:
    fault = Status(503, after_seconds=60)
    gateway.add(fault)
    assert gateway.faults == (fault,)


# --- connections ---------------------------------------------------------------------------------------------------


def test_a_new_connection_can_be_dropped(gateway: FakeGateway, client: requests.Session) -> None:
    gateway.add(DropConnection(times=1))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain:
        assert plain.recv(1) == b""
    assert get(gateway, client, "/api/status").status_code == 200


def test_a_handshake_can_end_in_an_alert(gateway: FakeGateway, client: requests.Session) -> None:
    gateway.add(TlsFailure(times=1))
    with (
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"),
    ):
        unverified().wrap_socket(plain)
    assert get(gateway, client, "/api/status").status_code == 200
    assert gateway.connections == 1


def test_a_header_can_drip(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(DripHeader(bytes_each=40, pause_seconds=0.001, times=1))
    assert get(gateway, member).json() == gateway.payload(SOE)
    gateway.add(DripHeader(pause_seconds=30))
    with pytest.raises(requests.ReadTimeout):
        member.get(gateway.url + SOE, timeout=0.2)


# --- the gateway itself --------------------------------------------------------------------------------------------


def test_a_boot_ends_even_connections_that_are_kept_alive(
    gateway: FakeGateway, member: requests.Session, clock: SteppedClock
) -> None:
    gateway.add(Boot(match=SOE))
    with pytest.raises(requests.ConnectionError):
        get(gateway, member)
    clock.step(60)
    assert get(gateway, member).status_code == 403
    assert get(gateway, member, "/api/status").json()["up_time_seconds"] == "1m0s"


def test_the_controller_can_stop(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(StopController(match=SOE))
    answer = get(gateway, member)
    assert (answer.status_code, answer.content) == (502, b"")
    assert get(gateway, member, "/api/sitemaster").json()["running"] is False


def test_a_role_can_lack_a_right_that_no_login_gives(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Forbid(match="/api/operation"))
    answer = get(gateway, member, "/api/operation")
    assert answer.status_code == 403
    assert answer.json()["message"] == "User does not have adequate access rights"
    assert gateway.requests[-1].authorised
    assert get(gateway, member).status_code == 200


def test_a_header_can_be_another(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Status(429), Header("retry-after", "120"))
    answer = get(gateway, member)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "120")


def test_a_key_can_be_there_twice(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(DuplicateKey("site.instant_power", -1))
    text = get(gateway, member, AGGREGATES).text
    first, second = re.findall(r'"instant_power":(-?\d+)', text)[:2]
    power = gateway.truth().site.power_watts
    assert (int(first), int(second)) == (-1, power)
    assert json.loads(text)["site"]["instant_power"] == power


# --- counters and clock --------------------------------------------------------------------------------------------


def test_counters_can_freeze_while_power_goes_on(
    gateway: FakeGateway, member: requests.Session, clock: SteppedClock
) -> None:
    gateway.add(FreezeCounters(match="/api/*"))
    frozen, power = energies(gateway, member), gateway.truth().solar.power_watts
    clock.step(3_600)
    assert energies(gateway, member) == frozen
    assert get(gateway, member, AGGREGATES).json()["solar"]["instant_power"] != power
    gateway.clear()
    assert energies(gateway, member)["solar"][1] > frozen["solar"][1] + 100


def test_counters_can_begin_anew(gateway: FakeGateway, member: requests.Session, clock: SteppedClock) -> None:
    gateway.add(ResetCounters(match="/api/*"))
    assert set(energies(gateway, member).values()) == {(0, 0)}
    before = gateway.truth().solar.exported_watt_hours
    clock.step(3_600)
    gained = gateway.truth().solar.exported_watt_hours - before
    assert energies(gateway, member)["solar"][1] == pytest.approx(gained)
    blocks = get(gateway, member, "/api/system_status").json()["battery_blocks"]
    battery = energies(gateway, member)["battery"]
    assert battery == (sum(row["energy_charged"] for row in blocks), sum(row["energy_discharged"] for row in blocks))


def test_counters_can_be_zero_for_a_while(gateway: FakeGateway, member: requests.Session, clock: SteppedClock) -> None:
    truth = energies(gateway, member)
    gateway.add(ZeroCounters(for_seconds=60))
    assert set(energies(gateway, member).values()) == {(0, 0)}
    clock.step(60)
    assert energies(gateway, member)["site"][0] >= truth["site"][0]


@pytest.mark.parametrize("seconds", [-3_600, 86_400])
def test_a_clock_can_be_wrong(
    gateway: FakeGateway, member: requests.Session, clock: SteppedClock, seconds: float
) -> None:
    uptime = get(gateway, member, "/api/status").json()["up_time_seconds"]
    gateway.add(ClockSkew(seconds))
    answer = get(gateway, member, "/api/system/update/status")
    assert answer.json()["current_time"] == int((clock.now() + seconds) * 1_000)
    assert answer.headers["date"] != "Sun, 21 Jun 2026 19:00:00 GMT"
    assert get(gateway, member, "/api/status").json()["up_time_seconds"] == uptime


# --- all of them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_every_kind_is_exercised_through_a_client(kind: type) -> None:
    """The tests of both files talk to a running fake; each kind is put in force in one of them."""
    texts = [
        (Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("test_faults.py", Path(__file__).name)
    ]
    assert any(re.search(rf"(gateway\.add\(|\(|, |\[|^ +){kind.__name__}\(", text, re.MULTILINE) for text in texts)
