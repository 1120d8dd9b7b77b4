"""Who gets in: passwords, tokens, the lock, and what no monitor may ever call."""

import base64
import json

import pytest
import requests

from powerwall_fake_gateway import FakeGateway, SteppedClock
from powerwall_fake_gateway.access import Access, LoginLimit

LOGIN = "/api/login/Basic"
GOOD = {"username": "customer", "password": "password"}
NO_RIGHT = {
    "code": 403,
    "error": "Unable to GET to resource",
    "message": "User does not have adequate access rights",
}


def login(gateway: FakeGateway, client: requests.Session, **fields: object) -> requests.Response:
    return client.post(gateway.url + LOGIN, json=GOOD | fields, timeout=5)


def read(gateway: FakeGateway, client: requests.Session, token: str = "", path: str = "/api/meters/aggregates") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.get(gateway.url + path, headers=headers, timeout=5).status_code


def token_of(answer: requests.Response) -> str:
    token = answer.json()["token"]
    assert isinstance(token, str)
    return token


def test_a_login_gives_a_token_of_88_characters_and_two_cookies(gateway: FakeGateway, client: requests.Session) -> None:
    answer = login(gateway, client, email="me@example.org")
    token = token_of(answer)

    assert answer.status_code == 200
    assert len(token) == 88
    assert token.endswith("==")
    assert len(base64.urlsafe_b64decode(token)) == 64
    assert answer.json()["email"] == "me@example.org"
    assert answer.json()["roles"] == ["Home_Owner"]
    assert answer.json()["loginTime"].startswith("2026-06-21T12:00:00")
    assert client.cookies["AuthCookie"].strip('"') == token
    assert json.loads(base64.b64decode(client.cookies["UserRecord"].strip('"'))) == answer.json()


def test_every_token_is_another(gateway: FakeGateway, client: requests.Session) -> None:
    assert token_of(login(gateway, client)) != token_of(login(gateway, client))


@pytest.mark.parametrize(
    "body",
    [
        {
            "json": {
                "UserName": "customer",
                "PASSWORD": "password",
                "ForceSmOff": False,
                "clientInfo": {"timezone": "x"},
            }
        },
        {"data": {"username": "customer", "password": "password", "email": "", "force_sm_off": "false"}},
    ],
    ids=["json with capitals", "form"],
)
def test_a_login_may_be_json_or_a_form_in_any_case(
    gateway: FakeGateway, client: requests.Session, body: dict[str, dict[str, object]]
) -> None:
    assert client.post(gateway.url + LOGIN, timeout=5, **body).status_code == 200  # type: ignore[arg-type]
    assert gateway.forbidden_calls == []


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"nonsense"])
def test_a_login_that_is_neither_is_400(gateway: FakeGateway, client: requests.Session, body: bytes) -> None:
    assert client.post(gateway.url + LOGIN, data=body, timeout=5).status_code == 400


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"password": "wrong"}, "bad credentials"),
        ({"password": ""}, "bad credentials"),
        ({"username": ""}, "bad credentials"),
        ({"username": "somebody"}, "bad credentials"),
        ({"username": "installer"}, "roles [Provider_Engineer] require physical access"),
    ],
)
def test_a_refused_login_is_401(
    gateway: FakeGateway, client: requests.Session, fields: dict[str, object], error: str
) -> None:
    answer = login(gateway, client, **fields)
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "error": error, "message": "Login Error"}


def test_without_a_token_there_is_403_but_for_the_open_paths(gateway: FakeGateway, client: requests.Session) -> None:
    answer = client.get(f"{gateway.url}/api/system_status", timeout=5)
    assert (answer.status_code, answer.json()) == (403, NO_RIGHT)
    assert read(gateway, client, token="invented") == 403
    assert read(gateway, client, path="/api/status") == 200
    assert read(gateway, client, path="/api/customer/registration") == 200
    assert [record.authorised for record in gateway.requests] == [False] * 4


def test_bearer_and_cookie_both_open(gateway: FakeGateway, client: requests.Session) -> None:
    token = token_of(login(gateway, client))
    assert read(gateway, client) == 200
    client.cookies.clear()
    assert read(gateway, client) == 403
    assert read(gateway, client, token) == 200


def test_another_scheme_is_complained_about(gateway: FakeGateway, client: requests.Session) -> None:
    answer = client.get(f"{gateway.url}/api/operation", auth=("customer", "password"), timeout=5)
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "message": "token does not have the appropriate segments"}


def test_an_expired_token_is_401_and_a_reboot_makes_it_unknown(gateway: FakeGateway, client: requests.Session) -> None:
    token = token_of(login(gateway, client))
    gateway.expire_tokens()
    assert read(gateway, client, token) == 401
    gateway.reboot()
    assert read(gateway, client, token) == 403
    assert read(gateway, client, token_of(login(gateway, client))) == 200


def test_too_many_logins_lock_out_even_the_right_password(
    gateway: FakeGateway, client: requests.Session, clock: SteppedClock
) -> None:
    token = token_of(login(gateway, client))
    assert [login(gateway, client, password="wrong").status_code for _ in range(3)] == [401] * 3
    answer = login(gateway, client)
    assert answer.status_code == 429
    assert answer.json() == {
        "code": 429,
        "error": "Api Limit reached for this endpoint",
        "message": "API Limit Reached",
    }
    assert read(gateway, client, token) == 200
    clock.step(599)
    assert login(gateway, client).status_code == 429
    clock.step(599)
    assert login(gateway, client).status_code == 429
    clock.step(600)
    assert login(gateway, client).status_code == 200
    assert gateway.logins == 8


def test_attempts_far_apart_lock_nobody_out(
    gateway: FakeGateway, client: requests.Session, clock: SteppedClock
) -> None:
    for _ in range(8):
        assert login(gateway, client, password="wrong").status_code == 401
        clock.step(100)


def test_another_password_counts_from_now_on(gateway: FakeGateway, client: requests.Session) -> None:
    token = token_of(login(gateway, client))
    gateway.set_password("changed")
    assert login(gateway, client).status_code == 401
    assert login(gateway, client, password="changed").status_code == 200
    assert read(gateway, client, token) == 200


def test_logging_out_drops_the_token_and_is_remembered(gateway: FakeGateway, member: requests.Session) -> None:
    assert read(gateway, member, path="/api/logout") == 204
    assert read(gateway, member) == 403
    assert [record.forbidden for record in gateway.forbidden_calls] == ["drops a token"]


@pytest.mark.parametrize("path", ["/api/sitemaster/stop", "/api/sitemaster/run", "/api/config/completed"])
def test_a_read_with_a_side_effect_is_remembered(gateway: FakeGateway, member: requests.Session, path: str) -> None:
    read(gateway, member, path=path)
    assert [record.path for record in gateway.forbidden_calls] == [path]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_writing_is_403_and_remembered(gateway: FakeGateway, member: requests.Session, method: str) -> None:
    answer = member.request(method, f"{gateway.url}/api/operation", json={"real_mode": "backup"}, timeout=5)
    assert answer.status_code == 403
    assert answer.json()["error"] == f"Unable to {method} to resource"
    assert [record.forbidden for record in gateway.forbidden_calls] == ["writes"]


def test_a_login_that_would_stop_the_battery_is_remembered(gateway: FakeGateway, client: requests.Session) -> None:
    login(gateway, client, force_sm_off=False)
    assert gateway.forbidden_calls == []
    login(gateway, client, force_sm_off=True)
    assert [record.forbidden for record in gateway.forbidden_calls] == ["force_sm_off stops the battery"]


def test_what_is_remembered_holds_no_secret(gateway: FakeGateway, client: requests.Session) -> None:
    token = token_of(login(gateway, client, password="password"))
    read(gateway, client, token)
    texts = repr(gateway.requests) + repr(gateway) + repr(vars(gateway))
    assert token not in texts
    assert "'password'" not in texts


def test_the_door_shows_nothing_of_itself(clock: SteppedClock) -> None:
    assert repr(Access("geheim", clock, LoginLimit(), bytes)) == "Access(***)"
