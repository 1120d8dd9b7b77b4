"""What the gateway's statuses and bodies mean, one HTTP exchange at a time."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_mock import Mocker

from clocks import SteppedClock
from powerwall_exporter.errors import (
    Busy,
    ControllerStopped,
    Forbidden,
    GatewayError,
    LoginRejected,
    NotJson,
    Redirected,
    ServerFailed,
    Throttled,
    TimedOut,
    Unreachable,
    Unsupported,
)
from powerwall_exporter.gateway.client import Client
from powerwall_exporter.gateway.login import Login
from powerwall_exporter.gateway.store import Store
from powerwall_exporter.model import Secret

URL = "https://gateway"
SOE = "/api/system_status/soe"
LOGIN = "/api/login/Basic"
PASSWORD = "sesame-canary"


class Site:
    """A client whose every exchange is answered by hand."""

    def __init__(self, folder: Path | None = None, password: str = PASSWORD) -> None:
        self.clock = SteppedClock()
        self.store = Store(folder, "home")
        self.login = Login(Secret(password), self.store, self.clock)
        self.client = Client(URL, requests.Session(), self.login, self.clock)

    def read_of(self, paths: list[str]) -> int:
        """Ask for each of these, and return how many were read; a minute passes."""
        read = 0
        for path in paths:
            with suppress(GatewayError):
                self.client.get(path)
                read += 1
        self.clock.step(60)
        return read


def takes_only_a_new_token(request: Any, context: Any) -> str:
    """Answer as a gateway that knows a single token."""
    if request.headers.get("Authorization") != "Bearer new":
        context.status_code = 403
    return '{"percentage": 1}'


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture(autouse=True)
def answers() -> Any:
    with Mocker() as mocker:
        mocker.post(URL + LOGIN, json={"token": "granted"})
        yield mocker


def logins(answers: Mocker) -> int:
    return len([request for request in answers.request_history if request.method == "POST"])


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, '{"code":400,"error":"run sitemanager flag enabled","message":"Failed"}', Unsupported),
        (404, "404 page not found\n", Unsupported),
        (405, "", Unsupported),
        (409, "Sitemaster is current running", Unsupported),
        (410, "", Unsupported),
        (501, "", Unsupported),
        (429, '{"code":429,"error":"Api Limit reached for this endpoint","message":"API Limit Reached"}', Throttled),
        (500, '{"code":500,"error":"no phase information","message":"Failed"}', ServerFailed),
        (502, "", ControllerStopped),
        (502, "<html>bad gateway</html>", ServerFailed),
        (503, '{"code":503,"error":"current config mode is busy"}', Busy),
        (504, "", ServerFailed),
        (301, "", Redirected),
        (302, "[", Redirected),
        (204, "", ServerFailed),
    ],
)
def test_each_status_has_its_meaning(
    site: Site, answers: Mocker, status: int, body: str, error: type[GatewayError]
) -> None:
    answers.get(URL + SOE, status_code=status, text=body, headers={"Location": f"https://{body[:1]}elsewhere/"})
    with pytest.raises(error) as raised:
        site.client.get(SOE)
    assert type(raised.value) is error
    assert logins(answers) == 0


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/html", ""])
def test_json_is_json_whatever_its_header_says(site: Site, answers: Mocker, content_type: str) -> None:
    answers.get(URL + SOE, text='\\ufeff{"percentage": 42.5}', headers={"Content-Type": content_type})
    answers.get(URL + SOE, content=b'\xef\xbb\xbf{"percentage": 42.5}', headers={"Content-Type": content_type})
    assert site.client.get(SOE) == {"percentage": 42.5}


@pytest.mark.parametrize(
    "body",
    [b"", b"  ", b"<!doctype html><p>log in</p>", b'{"percentage":', b"TIMEOUT!", b"\xff\xfe\x00", b"[" * 200_000],
)
def test_what_is_not_json_is_an_error_that_repeats_none_of_it(site: Site, answers: Mocker, body: bytes) -> None:
    answers.get(URL + SOE, content=body)
    with pytest.raises(NotJson) as raised:
        site.client.get(SOE)
    assert b"log in" not in str(raised.value).encode()


def test_numbers_beyond_reason_are_read_and_left_to_the_catalogue(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, text='{"percentage": NaN, "n": ' + "9" * 5000 + "}")
    payload = site.client.get(SOE)
    assert isinstance(payload, dict)
    assert payload["percentage"] != payload["percentage"]
    assert payload["n"] == float("inf")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_renewed_once_and_the_request_repeated(site: Site, answers: Mocker, status: int) -> None:
    answers.get(URL + SOE, [{"status_code": status}, {"json": {"percentage": 1}}])
    assert site.client.get(SOE) == {"percentage": 1}
    first, login, again = answers.request_history
    assert "Authorization" not in first.headers
    assert login.json() == {"username": "customer", "password": PASSWORD, "email": "", "force_sm_off": False}
    assert again.headers["Authorization"] == "Bearer granted"


def test_no_login_where_nothing_is_refused(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, json={"percentage": 1})
    site.client.get(SOE)
    assert logins(answers) == 0


OPERATION = "/api/operation"
REFUSAL = {"status_code": 403}
WELL = {"json": {"percentage": 1}}


def test_what_a_token_that_opens_others_does_not_open_is_forbidden_without_a_login(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, [REFUSAL, WELL])
    answers.get(URL + OPERATION, status_code=403)
    site.client.get(SOE)
    for _ in range(5):
        with pytest.raises(Forbidden):
            site.client.get(OPERATION)
        site.clock.step(3600)
        site.client.get(SOE)
    assert logins(answers) == 1


def test_a_forbidden_endpoint_causes_no_login_after_a_restart(tmp_path: Path, answers: Mocker) -> None:
    answers.get(URL + SOE, [REFUSAL, WELL])
    answers.get(URL + OPERATION, status_code=403)
    for _ in range(4):
        site = Site(tmp_path)
        site.client.get(SOE)
        with pytest.raises(Forbidden):
            site.client.get(OPERATION)
    assert logins(answers) == 1


def test_a_forbidden_endpoint_may_become_readable_again(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, [REFUSAL, WELL])
    answers.get(URL + OPERATION, [REFUSAL, WELL])
    site.client.get(SOE)
    with pytest.raises(Forbidden):
        site.client.get(OPERATION)
    assert site.client.get(OPERATION) == {"percentage": 1}


@pytest.mark.parametrize("open_path", ["/api/status", "/api/site_info"])
def test_a_day_in_which_everything_is_refused_costs_few_logins_and_ends_by_itself(
    site: Site, answers: Mocker, open_path: str
) -> None:
    paths = [SOE, OPERATION, "/api/sitemaster", open_path]

    for path in paths:
        answers.get(URL + path, [REFUSAL, WELL] if path == SOE else [WELL])
    assert site.read_of(paths) == len(paths)
    for path in paths:
        answers.get(URL + path, **(WELL if path == "/api/status" else REFUSAL))
    for _ in range(24 * 60):
        site.read_of(paths)
    assert logins(answers) <= 30
    answers.post(URL + LOGIN, json={"token": "new"})
    for path in set(paths) - {"/api/status"}:
        answers.get(URL + path, text=takes_only_a_new_token)
    assert any(site.read_of(paths) == len(paths) for _ in range(61))


def test_a_token_is_kept_until_there_is_another(site: Site, answers: Mocker) -> None:
    site.store.put(token="still-good")
    answers.get(URL + SOE, [WELL, REFUSAL, WELL])
    answers.post(URL + LOGIN, status_code=401)
    site.client.get(SOE)
    with pytest.raises(LoginRejected):
        site.client.get(SOE)
    assert site.client.get(SOE) == {"percentage": 1}
    assert answers.request_history[-1].headers["Authorization"] == "Bearer still-good"


def test_a_pause_after_a_refused_password_outlives_the_process_but_not_the_password(
    tmp_path: Path, answers: Mocker
) -> None:
    answers.get(URL + SOE, status_code=403)
    answers.post(URL + LOGIN, status_code=401)
    for _ in range(5):
        with pytest.raises(LoginRejected):
            Site(tmp_path).client.get(SOE)
    assert logins(answers) == 1
    assert PASSWORD not in (tmp_path / "home.json").read_text()
    with pytest.raises(LoginRejected):
        Site(tmp_path, password="another").client.get(SOE)
    assert logins(answers) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"status_code": 500},
        {"status_code": 404},
        {"text": "{}"},
        {"text": "<html>"},
        {"json": {"token": "two words"}},
        {"json": {"token": "token-canary\n"}},
        {"status_code": 401, "text": "[" * 200_000},
        {"status_code": 401, "text": '{"error": ' + "9" * 5000 + "}"},
    ],
    ids=["500", "404", "empty", "html", "two words", "newline", "deep", "long number"],
)
def test_a_login_that_brings_no_token_is_tried_ever_less_often(
    site: Site, answers: Mocker, answer: dict[str, Any]
) -> None:
    answers.get(URL + SOE, status_code=403)
    answers.post(URL + LOGIN, **answer)
    for _ in range(24 * 30):
        with pytest.raises(LoginRejected) as raised:
            site.client.get(SOE)
        assert "canary" not in str(raised.value)
        site.clock.step(120)
    assert logins(answers) < 30


def test_a_wrong_password_is_tried_again_after_5_10_20_40_and_60_minutes(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, status_code=403)
    answers.post(URL + LOGIN, status_code=401, json={"code": 401, "error": "bad credentials", "message": "Login Error"})
    times = []
    for second in range(0, 4 * 3600, 10):
        before = logins(answers)
        with pytest.raises(LoginRejected):
            site.client.get(SOE)
        if logins(answers) > before:
            times.append(second)
        site.clock.step(10)
    assert times == [0, 300, 900, 2100, 4500, 8100, 11700]


def test_a_wrong_password_may_stay_for_weeks(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, status_code=403)
    answers.post(URL + LOGIN, status_code=401)
    for _ in range(1100):
        with pytest.raises(LoginRejected):
            site.client.get(SOE)
        site.clock.step(3600)
    assert site.login.counts()["rejected"] == 1100


def test_a_login_is_never_repeated_within_half_a_minute(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, [{"status_code": 401}, {"json": {"percentage": 1}}, {"status_code": 401}])
    site.client.get(SOE)
    site.clock.step(10)
    with pytest.raises(LoginRejected) as raised:
        site.client.get(SOE)
    assert raised.value.retry_seconds == pytest.approx(20)
    assert logins(answers) == 1


def test_a_token_refused_right_after_it_was_given_counts_as_a_refused_login(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, status_code=401)
    with pytest.raises(LoginRejected) as raised:
        site.client.get(SOE)
    assert raised.value.retry_seconds == 300


def test_a_throttled_login_is_throttled_and_says_how_long(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, status_code=403)
    answers.post(URL + LOGIN, status_code=429, headers={"Retry-After": "900"})
    with pytest.raises(Throttled) as raised:
        site.client.get(SOE)
    assert raised.value.retry_seconds == 900
    assert site.login.counts() == {"ok": 0, "rejected": 0, "throttled": 1, "failed": 0}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Tue, 14 Nov 2023 22:15:20 GMT", 120.0),
        ("Tue, 14 Nov 2000 22:15:20 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(site: Site, answers: Mocker, header: str, seconds: float | None) -> None:
    answers.get(URL + SOE, status_code=429, headers={"Retry-After": header})
    with pytest.raises(Throttled) as raised:
        site.client.get(SOE)
    assert raised.value.retry_seconds == seconds


@pytest.mark.parametrize("body", ["{}", '{"token": ""}', '{"token": 5}', "[]", "null"])
def test_a_login_without_a_token_is_an_error(site: Site, answers: Mocker, body: str) -> None:
    answers.get(URL + SOE, status_code=403)
    answers.post(URL + LOGIN, text=body)
    with pytest.raises(GatewayError):
        site.client.get(SOE)
    assert site.login.token is None
    assert site.login.counts()["failed"] == 1


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (requests.ConnectTimeout("slow"), TimedOut),
        (requests.ReadTimeout("slow"), TimedOut),
        (requests.ConnectionError("refused"), Unreachable),
    ],
)
def test_what_requests_raises_is_translated(
    site: Site, answers: Mocker, raised: Exception, error: type[GatewayError]
) -> None:
    answers.get(URL + SOE, exc=raised)
    with pytest.raises(error, match=SOE):
        site.client.get(SOE)


@pytest.mark.parametrize(
    "path", ["/api/sitemaster/stop", "/api/sitemaster/run", "/api/logout", "/api/config/completed"]
)
def test_a_path_off_the_list_is_never_requested(site: Site, answers: Mocker, path: str) -> None:
    with pytest.raises(ValueError, match="read-only list"):
        site.client.get(path)
    assert answers.request_history == []


def test_the_token_is_kept_over_a_restart_and_tried_first(tmp_path: Path, answers: Mocker) -> None:
    answers.get(URL + SOE, [{"status_code": 401}, {"json": {"percentage": 1}}, {"json": {"percentage": 2}}])
    Site(tmp_path).client.get(SOE)
    assert Site(tmp_path).client.get(SOE) == {"percentage": 2}
    assert answers.request_history[-1].headers["Authorization"] == "Bearer granted"
    assert logins(answers) == 1


def test_no_secret_is_in_an_error(site: Site, answers: Mocker) -> None:
    answers.get(URL + SOE, status_code=403)
    answers.post(URL + LOGIN, status_code=200, text='{"token":"token-canary",')
    with pytest.raises(LoginRejected) as raised:
        site.client.get(SOE)
    told = f"{raised.value!r} {raised.value} {site.login!r} {site.client!r} {Secret(PASSWORD)!r} {Secret(PASSWORD)}"
    assert "canary" not in told
