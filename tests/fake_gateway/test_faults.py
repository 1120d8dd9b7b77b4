"""Each fault, seen by a client that knows nothing of it."""

import gzip
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from powerwall_fake_gateway import FakeGateway, Fault
from powerwall_fake_gateway.faults import (
    Body,
    ChangeCertificate,
    Close,
    ContentType,
    DeepNesting,
    Delay,
    Drip,
    DropKey,
    ExpireTokens,
    FaultBook,
    ForgetPassword,
    Garbage,
    Gzip,
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
    RenameKey,
    Reset,
    RetypeKey,
    SetKey,
    Status,
    Truncate,
    WrongLength,
)

AGGREGATES = "/api/meters/aggregates"
SOE = "/api/system_status/soe"
SHORT_SECONDS = 0.3


def get(gateway: FakeGateway, client: requests.Session, path: str = SOE, timeout: float = 5) -> requests.Response:
    return client.get(gateway.url + path, timeout=timeout, allow_redirects=False)


def login(gateway: FakeGateway, client: requests.Session) -> int:
    fields = {"username": "customer", "password": "password"}
    return client.post(f"{gateway.url}/api/login/Basic", json=fields, timeout=5).status_code


@contextmanager
def raw(gateway: FakeGateway, client: requests.Session, path: str = SOE) -> Iterator[Any]:
    """Yield the answer to a GET before its body is read."""
    with client.get(gateway.url + path, timeout=5, stream=True) as answer:
        yield answer.raw


def begun(gateway: FakeGateway, client: requests.Session, path: str, expected: bytes) -> bool:
    """Tell whether a GET brings exactly this much of a body, and then nothing more while somebody waits."""
    token = client.cookies["AuthCookie"].strip('"')
    with (
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain,
        anyone().wrap_socket(plain) as secured,
    ):
        secured.sendall(f"GET {path} HTTP/1.1\r\nauthorization: Bearer {token}\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n" + expected):
            answer += secured.recv(1)
        secured.settimeout(SHORT_SECONDS)
        with pytest.raises(TimeoutError):
            secured.recv(1)
    return answer.startswith(b"HTTP/1.1 200 OK\r\n")


def anyone() -> ssl.SSLContext:
    """Return a context that accepts any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


# --- which requests a fault meets ----------------------------------------------------------------------------------


def test_a_fault_meets_the_paths_and_methods_of_its_patterns(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Status(503, match="/api/meters/*", method="GET"))
    assert get(gateway, member, AGGREGATES).status_code == 503
    assert get(gateway, member, "/api/meters/site").status_code == 503
    assert get(gateway, member, SOE).status_code == 200
    assert login(gateway, member) == 200
    assert [record.faults for record in gateway.requests[1:3]] == [("Status",)] * 2


def test_a_fault_acts_as_often_as_it_says(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Status(502, match=SOE, times=2))
    assert [get(gateway, member).status_code for _ in range(4)] == [502, 502, 200, 200]


def test_a_cleared_fault_is_gone(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Status(502), HangHandshake())
    gateway.clear()
    assert get(gateway, member).status_code == 200


def test_a_fault_may_be_likely_or_not() -> None:
    book = FaultBook(seed=1)
    book.add(Status(500, probability=0.25))
    met = sum(bool(book.meet_request("GET", SOE)) for _ in range(1_000))
    assert 200 < met < 300
    again = FaultBook(seed=1)
    again.add(Status(500, probability=0.25))
    assert sum(bool(again.meet_request("GET", SOE)) for _ in range(1_000)) == met


def test_faults_act_together_in_their_order(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(SetKey("percentage", 7), RenameKey("percentage", "percent"), ContentType("text/plain"), Truncate(3))
    with raw(gateway, member) as stream:
        assert stream.headers["content-type"] == "text/plain"
        assert stream.headers["content-length"] == str(len('{"percent":7}'))
        assert stream.read(3) == b'{"p'


# --- the gateway itself --------------------------------------------------------------------------------------------


def test_tokens_can_expire_just_before_a_request(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(ExpireTokens(match=SOE))
    assert get(gateway, member, AGGREGATES).status_code == 200
    assert get(gateway, member, SOE).status_code == 401
    assert login(gateway, member) == 200
    assert get(gateway, member, SOE).status_code == 200


def test_a_password_can_be_forgotten_while_its_token_lives(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(ForgetPassword(match=SOE))
    assert get(gateway, member).status_code == 200
    assert login(gateway, member) == 401
    assert get(gateway, member).status_code == 200


def test_the_login_can_be_locked(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(LockOut())
    assert login(gateway, member) == 429
    assert get(gateway, member).status_code == 200


def test_a_reboot_forgets_tokens_and_starts_the_uptime(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Reboot(match=SOE))
    assert get(gateway, member).status_code == 403
    assert get(gateway, member, "/api/status").json()["up_time_seconds"] == "0s"


def test_a_handshake_can_hang(gateway: FakeGateway, client: requests.Session) -> None:
    gateway.add(HangHandshake(times=1))
    with pytest.raises((requests.Timeout, requests.ConnectionError), match="timed out"):
        get(gateway, client, "/api/status", timeout=SHORT_SECONDS)
    assert get(gateway, client, "/api/status").status_code == 200
    assert gateway.connections == 1


def test_the_certificate_can_change(gateway: FakeGateway, client: requests.Session) -> None:
    first = gateway.fingerprint
    gateway.add(ChangeCertificate())
    for _ in range(2):
        with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
            get(gateway, client, "/api/status")
    assert gateway.fingerprint != first


# --- another reply -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Status(502), 502, b""),
        (Status(503, '{"code":503}', content_type="application/json"), 503, b'{"code":503}'),
        (Status(429), 429, b""),
        (Status(599), 599, b""),
        (Body("TIMEOUT!"), 200, b"TIMEOUT!"),
        (NullBody(), 200, b"null"),
        (DeepNesting(5), 200, b"[[[[[]]]]]"),
    ],
    ids=repr,
)
def test_a_reply_can_be_another(
    gateway: FakeGateway, member: requests.Session, fault: Fault, status: int, body: bytes
) -> None:
    gateway.add(fault)
    answer = get(gateway, member)
    assert (answer.status_code, answer.content) == (status, body)


def test_a_reply_can_be_garbage(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Garbage())
    content = get(gateway, member).content
    assert len(content) == 256
    with pytest.raises(UnicodeDecodeError):
        content.decode()


def test_a_reply_can_be_a_web_page(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Status(404), Html())
    answer = get(gateway, member)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_label_can_be_wrong(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(ContentType("image/png"))
    answer = get(gateway, member)
    assert answer.headers["content-type"] == "image/png"
    assert answer.json() == gateway.payload(SOE)


def test_a_redirect_names_another_place(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Redirect("https://192.0.2.9/login"))
    answer = get(gateway, member)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://192.0.2.9/login")


def test_a_body_can_be_huge_and_still_be_json(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(HugeBody(size_bytes=3_000_000))
    answer = get(gateway, member)
    assert len(answer.content) == 3_000_000
    assert list(answer.json()) == ["padding"]


def test_a_small_body_can_grow_when_unpacked(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(GzipBomb(size_bytes=(8 << 20) + 5))
    with raw(gateway, member) as stream:
        packed = stream.read(decode_content=False)
        assert stream.headers["content-encoding"] == "gzip"
    assert len(packed) < 50_000
    assert len(gzip.decompress(packed)) == (8 << 20) + 5 + len("null")


def test_a_body_can_come_packed_without_being_asked_for(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Gzip())
    with raw(gateway, member) as stream:
        assert json.loads(gzip.decompress(stream.read(decode_content=False))) == gateway.payload(SOE)


# --- single values -------------------------------------------------------------------------------------------------


def test_a_key_can_be_missing_null_renamed_or_new(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(
        DropKey("site.instant_power"),
        NullKey("battery.frequency"),
        RenameKey("load.instant_power", "instant_apparant_power"),
        SetKey("solar.energy_exported", -5.5),
        SetKey("busway", {"instant_power": 0}),
    )
    answer, truth = get(gateway, member, AGGREGATES).json(), gateway.payload(AGGREGATES)
    assert isinstance(truth, dict)
    assert "instant_power" not in answer["site"]
    assert answer["battery"]["frequency"] is None
    assert "instant_power" not in answer["load"]
    assert answer["load"]["instant_apparant_power"] == gateway.truth().load.power_watts
    assert answer["solar"]["energy_exported"] == -5.5
    assert answer["battery"]["energy_exported"] == truth["battery"]["energy_exported"]  # type: ignore[call-overload,index]


def test_a_star_stands_for_every_member(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(NullKey("battery_blocks.*.p_out"), DropKey("battery_blocks.1.v_out"), RetypeKey("battery_blocks.0.*"))
    blocks = get(gateway, member, "/api/system_status").json()["battery_blocks"]
    assert blocks[1]["p_out"] is None
    assert "v_out" not in blocks[1]
    assert blocks[0]["p_out"] == "null"
    assert blocks[0]["backup_ready"] == "true"
    assert blocks[0]["version"] == 7


def test_an_unknown_word_can_appear(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(SetKey("grid_status"))
    assert get(gateway, member, "/api/system_status/grid_status").json()["grid_status"] == "SomethingNew"


@pytest.mark.parametrize("fault", [DropKey("a.b"), NullKey("percentage.x"), RetypeKey("0"), RenameKey("*.x", "y")])
def test_a_key_that_is_not_there_changes_nothing(gateway: FakeGateway, member: requests.Session, fault: Fault) -> None:
    gateway.add(fault)
    assert get(gateway, member).json() == gateway.payload(SOE)
    assert get(gateway, member, "/nowhere").content == b"404 page not found\n"


# --- another delivery ----------------------------------------------------------------------------------------------


def test_an_answer_can_be_late(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Delay(30, times=1))
    with pytest.raises(requests.ReadTimeout):
        get(gateway, member, timeout=SHORT_SECONDS)
    gateway.add(Delay(0.01))
    assert get(gateway, member).status_code == 200


def test_an_answer_can_never_begin(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(HangBeforeHeader())
    with pytest.raises(requests.ReadTimeout):
        get(gateway, member, timeout=SHORT_SECONDS)


def test_an_answer_can_stop_in_the_middle(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(HangMidBody(5))
    assert begun(gateway, member, SOE, b'{"per')


def test_an_answer_can_drip(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Drip(bytes_each=4, pause_seconds=0.001, times=1))
    assert get(gateway, member).json() == gateway.payload(SOE)
    gateway.add(Drip(bytes_each=4, pause_seconds=30))
    assert begun(gateway, member, SOE, b"")


@pytest.mark.parametrize("fault", [Truncate(5), Truncate(0), WrongLength(10)], ids=repr)
def test_an_answer_can_be_cut(gateway: FakeGateway, member: requests.Session, fault: Fault) -> None:
    gateway.add(fault)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get(gateway, member)


def test_a_length_can_be_too_short(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(WrongLength(-3))
    answer = get(gateway, member)
    assert answer.content.startswith(b'{"percentage":')
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_connection_can_close_without_an_answer(gateway: FakeGateway, member: requests.Session) -> None:
    gateway.add(Close())
    with pytest.raises(requests.ConnectionError, match="closed connection without response"):
        get(gateway, member)


def test_a_connection_can_be_reset(gateway: FakeGateway) -> None:
    gateway.add(Reset())
    with (
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain,
        anyone().wrap_socket(plain) as secured,
    ):
        secured.sendall(b"GET /api/status HTTP/1.1\r\n\r\n")
        # The plain socket's recv: Python's TLS tells a reset as an end of the stream.
        with pytest.raises(ConnectionResetError):
            socket.socket.recv(secured, 1)


def test_a_hung_connection_ends_when_its_client_goes(gateway: FakeGateway, member: requests.Session) -> None:
    """Hung connections would pile up over a day of time-outs."""
    gateway.add(HangMidBody(5))
    with raw(gateway, member) as stream:
        assert stream.read(5) == b'{"per'
        hung = [thread for thread in threading.enumerate() if thread.name == "fake-gateway"]
    assert hung
    for thread in hung:
        thread.join(10)
        assert not thread.is_alive()
