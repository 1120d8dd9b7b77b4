"""The whole road over real TLS sockets, with the gateway failing in every way a client can see."""

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import spelled
from clocks import SteppedClock
from powerwall_exporter import assembly, config
from powerwall_exporter.config import Polling
from powerwall_exporter.errors import LoginRejected
from powerwall_fake_gateway import FakeGateway, Fault
from powerwall_fake_gateway.faults import (
    Body,
    Close,
    ContentType,
    DeepNesting,
    Drip,
    DropKey,
    ExpireTokens,
    Garbage,
    GzipBomb,
    HangBeforeHeader,
    HangHandshake,
    HangMidBody,
    Html,
    HugeBody,
    LockOut,
    NullBody,
    NullKey,
    Reboot,
    Redirect,
    Reset,
    RetypeKey,
    SetKey,
    Status,
    Truncate,
    WrongLength,
)
from wired import NAME, Wired

API = "/api/[!l]*"
"""All endpoints but the login."""

FAULTS = [
    (HangHandshake(), "timeout"),
    (HangBeforeHeader(match=API), "timeout"),
    (HangMidBody(match=API), "timeout"),
    (Drip(pause_seconds=0.2, match=API), "timeout"),
    (WrongLength(by_bytes=10, match=API), "protocol"),
    (Truncate(match=API), "protocol"),
    (Close(match=API), "protocol"),
    (Reset(match=API), "protocol"),
    (HugeBody(match=API), "too_large"),
    (GzipBomb(match=API), "not_json"),
    (DeepNesting(match=API), "not_json"),
    (Garbage(match=API), "not_json"),
    (Html(match=API), "not_json"),
    (NullBody(match=API), "bad_shape"),
    (Body("TIMEOUT!", match=API), "not_json"),
    (Body('"TIMEOUT!"', match=API), "bad_shape"),
    (Body("", match=API), "not_json"),
    (Body('{"error": "no such thing"}', match=API), "bad_shape"),
    (Redirect("https://127.0.0.1:1/", match=API), "redirected"),
    (Status(502, match=API), "controller_stopped"),
    (Status(503, '{"code":503,"error":"current config mode is busy"}', match=API), "busy"),
    (Status(500, match=API), "server_error"),
    (Status(404, "404 page not found\n", match=API), "unsupported"),
    (Status(429, match=API), "throttled"),
    (Status(403, match=API), "login_rejected"),
    (Status(401, match=API), "login_rejected"),
]


@pytest.fixture
def wired(fake: FakeGateway, tmp_path: Path) -> Iterator[Wired]:
    with Wired(fake, tmp_path, total_seconds=1.0) as wired:
        yield wired


def page(wired: Wired) -> spelled.Series:
    return spelled.prometheus([wired.snapshot])


def value(wired: Wired, name: str, **labels: str) -> float | None:
    return page(wired).get((name, spelled.labelled(gateway=NAME, **labels)))


def device_series(wired: Wired) -> set[str]:
    """Return the names of what only a gateway can have said."""
    own = ("powerwall_up", "powerwall_poll", "powerwall_endpoint", "powerwall_logins")
    return {name for name, _ in page(wired) if not name.startswith(own)}


@pytest.mark.parametrize(("fault", "reason"), FAULTS, ids=[f"{type(f).__name__}-{r}" for f, r in FAULTS])
def test_each_fault_is_down_with_a_reason_and_nothing_invented_and_then_it_recovers(
    wired: Wired, fake: FakeGateway, fault: Fault, reason: str
) -> None:
    fake.add(fault)
    wired.poller.poll()
    assert value(wired, "powerwall_up") == 0
    assert (value(wired, "powerwall_poll_errors_total", reason=reason) or 0) >= 1
    assert device_series(wired) == set()
    fake.clear()
    wired.clock.step(3700)
    wired.poller.poll()
    assert value(wired, "powerwall_up") == 1
    assert value(wired, "powerwall_meter_power_watts", meter="site") is not None


@pytest.mark.parametrize(
    ("fault", "gone"),
    [
        (DropKey("*.instant_power", match="/api/meters/aggregates"), "powerwall_meter_power_watts"),
        (NullKey("percentage", match="*/soe"), "powerwall_battery_charge_ratio"),
        (RetypeKey("percentage", match="*/soe"), "powerwall_battery_charge_ratio"),
        (Status(404, match="/api/operation"), "powerwall_operation_mode"),
        (HangMidBody(match="/api/site_info"), "powerwall_site_info"),
    ],
    ids=lambda parameter: type(parameter).__name__ if isinstance(parameter, Fault) else "",
)
def test_what_is_missing_costs_only_its_own(wired: Wired, fake: FakeGateway, fault: Fault, gone: str) -> None:
    fake.add(fault)
    wired.poller.poll()
    assert gone not in device_series(wired)
    assert value(wired, "powerwall_up") == 1
    assert {"powerwall_meter_energy_imported_joules_total", "powerwall_block_power_watts"} <= device_series(wired)


def test_an_unknown_state_of_the_grid_appears_as_itself(wired: Wired, fake: FakeGateway) -> None:
    fake.add(SetKey("grid_status", "SystemDreaming", match="*/grid_status"))
    wired.poller.poll()
    assert value(wired, "powerwall_grid_state", state="SystemDreaming") == 1
    assert value(wired, "powerwall_grid_state", state="SystemGridConnected") == 0


def test_a_wrong_content_type_is_no_matter(wired: Wired, fake: FakeGateway) -> None:
    fake.add(ContentType("text/html", match=API))
    wired.poller.poll()
    assert value(wired, "powerwall_up") == 1


def test_an_absent_gateway_is_down_and_back_when_it_is(tmp_path: Path) -> None:
    fake = FakeGateway()
    with fake:
        pass
    with Wired(fake, tmp_path) as wired:
        wired.poller.poll()
        assert value(wired, "powerwall_up") == 0
        assert value(wired, "powerwall_poll_errors_total", reason="unreachable") == 1
        with fake:
            wired.poll_until(60)
            assert value(wired, "powerwall_up") == 1


def test_a_wrong_password_is_one_login_in_five_minutes_and_the_right_one_recovers(
    fake: FakeGateway, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Wired(fake, tmp_path, password="wrong-canary") as wired:
        wired.poll_until(290)
        assert fake.logins == 1
        assert value(wired, "powerwall_up") == 0
        assert value(wired, "powerwall_logins_total", result="rejected") == 1
        fake.set_password("wrong-canary")
        wired.poll_until(320)
        assert fake.logins == 2
        assert value(wired, "powerwall_up") == 1
    assert "canary" not in caplog.text


def test_a_password_file_that_is_corrected_is_read_again(fake: FakeGateway, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("wrong")
    given = {"POWERWALL_HOST": fake.address, "POWERWALL_PASSWORD_FILE": str(file), "POWERWALL_TLS": "insecure"}
    clock = SteppedClock()
    client, _ = assembly.client(config.load(None, given).gateways[0], Polling(), tmp_path, clock)
    with closing(client), pytest.raises(LoginRejected):
        client.get("/api/operation")
    file.write_text("password\n")
    clock.step(300)
    with closing(client):
        assert client.get("/api/operation")


def test_a_lockout_is_waited_out(wired: Wired, fake: FakeGateway) -> None:
    wired.poller.poll()
    fake.expire_tokens()
    fake.add(LockOut(times=1))
    wired.poll_until(60)
    logins = fake.logins
    assert value(wired, "powerwall_logins_total", result="throttled") == 1
    wired.poll_until(200)
    assert fake.logins == logins


@pytest.mark.parametrize(
    "fault", [ExpireTokens(match="/api/system_status/soe"), Reboot(match="/api/system_status/soe")]
)
def test_a_token_that_ends_amid_a_poll_is_renewed_and_nothing_is_lost(
    wired: Wired, fake: FakeGateway, fault: Fault
) -> None:
    wired.poller.poll()
    before = set(page(wired))
    wired.clock.step(300)
    fake.add(fault)
    wired.poller.poll()
    assert set(page(wired)) == before
    assert fake.logins == 2
    assert value(wired, "powerwall_poll_errors_total", reason="login_rejected") == 0


def test_one_connection_serves_many_polls(wired: Wired, fake: FakeGateway) -> None:
    wired.poll_until(300)
    assert len(fake.requests) > 100
    assert fake.connections == 2  # the login has one of its own


def test_a_kept_connection_that_was_closed_meanwhile_costs_nothing(wired: Wired, fake: FakeGateway) -> None:
    wired.poller.poll()
    fake.stop()
    fake.start()
    wired.clock.step(10)
    wired.poller.poll()
    assert value(wired, "powerwall_up") == 1
    assert value(wired, "powerwall_poll_errors_total", reason="protocol") == 0


def test_another_certificate_is_refused_before_anything_is_sent(
    fake: FakeGateway, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Wired(fake, tmp_path) as wired:
        wired.poller.poll()
        sent = len(fake.requests)
        fake.change_certificate()
        fake.stop()
        fake.start()
        wired.poll_until(130)
        assert len(fake.requests) == sent
        assert value(wired, "powerwall_up") == 0
        assert value(wired, "powerwall_poll_errors_total", reason="certificate_changed")
    assert "nothing was sent to it" in caplog.text


def test_the_server_name_is_one_that_gateways_know(tmp_path: Path) -> None:
    with FakeGateway(host="localhost") as fake, Wired(fake, tmp_path) as wired:
        wired.poller.poll()
        assert "localhost" in fake.url
        assert value(wired, "powerwall_up") == 1


def test_no_proxy_and_no_netrc_of_the_environment_is_used(
    wired: Wired, fake: FakeGateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login canary password canary\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    wired.poller.poll()
    assert value(wired, "powerwall_up") == 1


def test_only_what_may_be_asked_is_asked(wired: Wired, fake: FakeGateway) -> None:
    wired.poll_until(700)
    assert fake.forbidden_calls == []
    assert {record.method for record in fake.requests if record.path != "/api/login/Basic"} == {"GET"}


def test_no_secret_reaches_the_log_or_the_page(
    fake: FakeGateway, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.set_password("password-canary")
    with Wired(fake, tmp_path, password="password-canary") as wired:
        for fault in (Html(match=API), Status(401, match=API), Truncate(match="/api/login/*"), LockOut()):
            fake.add(fault)
            wired.poll_until(700)
            fake.clear()
        wired.poll_until(700)
        said = caplog.text + str(page(wired)) + repr(wired.poller)
    (stored,) = tmp_path.glob("*.json")
    assert json.loads(stored.read_text())["token"] not in said
    assert "canary" not in said
    assert "canary" not in stored.read_text()
    assert stored.stat().st_mode & 0o777 == 0o600
