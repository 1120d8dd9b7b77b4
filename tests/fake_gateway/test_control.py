"""The control port: faults and events over plain HTTP, in any language."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from powerwall_fake_gateway import FakeGateway
from powerwall_fake_gateway.control import DEEDS, Control
from powerwall_fake_gateway.faults import Status

SOE = "/api/system_status/soe"


@pytest.fixture
def second() -> Iterator[FakeGateway]:
    with FakeGateway(seed=2) as running:
        yield running


@pytest.fixture
def control(gateway: FakeGateway, second: FakeGateway) -> Iterator[str]:
    running = Control([gateway, second])
    port = running.start("127.0.0.1", 0)
    yield f"http://127.0.0.1:{port}/__fake__"
    running.stop()


@pytest.fixture
def hand() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def ask(hand: requests.Session, url: str) -> Any:
    return hand.get(url, timeout=5).json()["gateways"]


def test_faults_can_be_added_listed_and_cleared(
    gateway: FakeGateway, member: requests.Session, control: str, hand: requests.Session
) -> None:
    text = "status=503,match=/api/system_status/*\ndelay=0.0"
    assert hand.post(f"{control}/1/faults", data=text, timeout=5).json()["done"] == text.splitlines()
    assert member.get(gateway.url + SOE, timeout=5).status_code == 503
    assert [row["faults"] for row in ask(hand, f"{control}/faults")] == [text.splitlines(), []]
    hand.delete(f"{control}/faults", timeout=5)
    assert member.get(gateway.url + SOE, timeout=5).status_code == 200


def test_without_a_number_all_are_meant(
    gateway: FakeGateway, second: FakeGateway, control: str, hand: requests.Session
) -> None:
    hand.post(f"{control}/faults", data="status=502", timeout=5)
    assert gateway.faults == second.faults == (Status(502),)
    hand.post(f"{control}/2/faults", data="html", timeout=5)
    assert (len(gateway.faults), len(second.faults)) == (1, 2)


def test_it_tells_what_was_asked_without_secrets(
    gateway: FakeGateway, member: requests.Session, control: str, hand: requests.Session
) -> None:
    member.get(f"{gateway.url}/api/sitemaster/stop", timeout=5)
    first, other = ask(hand, control)
    assert (first["url"], first["logins"], first["requests"]) == (gateway.url, 1, 2)
    assert first["forbidden"][0]["forbidden"] == "stops the battery"
    assert other["requests"] == 0
    rows = ask(hand, f"{control}/1/requests")[0]["requests"]
    assert [row["path"] for row in rows] == ["/api/login/Basic", "/api/sitemaster/stop"]
    assert member.cookies["AuthCookie"] not in str(rows)


def test_it_tells_the_truth(gateway: FakeGateway, control: str, hand: requests.Session) -> None:
    (row,) = ask(hand, f"{control}/1/truth")
    assert row["truth"]["load"]["power_watts"] == gateway.truth().load.power_watts
    assert row["truth"]["grid_state"] == "SystemGridConnected"


def test_the_house_can_be_changed_and_time_stepped(gateway: FakeGateway, control: str, hand: requests.Session) -> None:
    assert hand.post(f"{control}/house", json={"grid": False}, timeout=5).status_code == 200
    before = gateway.truth().time_unix_seconds
    hand.post(f"{control}/step", data="60", timeout=5)
    assert gateway.truth().grid_state == "SystemIslandedActive"
    assert gateway.truth().time_unix_seconds == before + 60


@pytest.mark.parametrize("deed", DEEDS)
def test_every_deed_can_be_done(gateway: FakeGateway, control: str, hand: requests.Session, deed: str) -> None:
    assert hand.post(f"{control}/1/{deed}", timeout=5).json() == {"done": deed}


def test_deeds_do_what_they_say(
    gateway: FakeGateway, member: requests.Session, control: str, hand: requests.Session
) -> None:
    first = gateway.fingerprint
    for deed in ("stop-controller", "change-certificate"):
        hand.post(f"{control}/{deed}", timeout=5)
    assert member.get(gateway.url + SOE, timeout=5).status_code == 502
    assert gateway.fingerprint != first
    hand.post(f"{control}/expire-tokens", timeout=5)
    assert member.get(gateway.url + SOE, timeout=5).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "complaint"),
    [
        ("POST", "/faults", "earthquake", 400, "'earthquake' is unknown"),
        ("POST", "/house", '{"colour": 1}', 400, "colour"),
        ("POST", "/house", "[1]", 400, "not an object"),
        ("POST", "/house", "{", 400, "Expecting"),
        ("POST", "/step", "-5", 400, "time only goes forward"),
        ("POST", "/step", "soon", 400, "the body is a number of seconds"),
        ("POST", "/dance", "", 404, "'dance' cannot be done; use faults"),
        ("GET", "/dance", "", 404, "nothing is known of 'dance'"),
        ("GET", "/3/faults", "", 404, "no gateway 3; there are 2"),
        ("PUT", "/faults", "", 405, "PUT is not known here"),
        ("GET", "/../elsewhere", "", 404, "every path begins with /__fake__"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    control: str, hand: requests.Session, method: str, path: str, body: str, status: int, complaint: str
) -> None:
    answer = hand.request(method, control + path, data=body, timeout=5)
    assert answer.status_code == status
    assert complaint in answer.json()["error"]


def test_a_web_page_may_not_control_it(control: str, hand: requests.Session) -> None:
    answer = hand.post(f"{control}/reboot", headers={"Origin": "https://example.org"}, timeout=5)
    assert answer.status_code == 403


def test_a_gateway_itself_knows_nothing_of_it(gateway: FakeGateway, member: requests.Session) -> None:
    assert member.get(f"{gateway.url}/__fake__/faults", timeout=5).status_code == 404
