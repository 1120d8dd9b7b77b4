"""Recorded answers are served by path, from a folder or a zip."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from powerwall_fake_gateway import FakeGateway
from powerwall_fake_gateway.faults import DropKey
from powerwall_fake_gateway.replay import UnreadableReplayError, load

ANSWERS = {
    "meters.aggregates.json": b'{"site": {"instant_power": -0, "odd": 60.007000000000005}}',
    "api/site_info/site_name.json": b'{"site_name": "Recorded"}',
    "status.json": b'{"version": "99.1"}',
    "devices.vitals.bin": b"\x0a\x00",
    "system_status.err": b"HTTP/2 502 \r\ncache-control: no-cache\r\ncontent-length: 0\r\n\r\n",
    "meters.X.ct_config.err": b"HTTP/1.1 500 Oops\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n"
    b'{"code":500}\n',
    "notes.md": b"not an answer",
}


@pytest.fixture(params=["folder", "zip"])
def recording(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as packed:
            for name, body in ANSWERS.items():
                packed.writestr(name, body)
        return tmp_path / "bundle.zip"
    for name, body in ANSWERS.items():
        file = tmp_path / "bundle" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return tmp_path / "bundle"


@pytest.fixture
def replaying(recording: Path, client: requests.Session) -> Iterator[FakeGateway]:
    with FakeGateway(replay=recording) as gateway:
        yield gateway


def get(gateway: FakeGateway, client: requests.Session, path: str) -> requests.Response:
    return client.get(gateway.url + path, timeout=5)


def login(gateway: FakeGateway, client: requests.Session) -> None:
    fields = {"username": "customer", "password": "password"}
    client.post(f"{gateway.url}/api/login/Basic", json=fields, timeout=5).raise_for_status()


def test_answers_are_served_byte_by_byte_to_those_who_may_ask(replaying: FakeGateway, client: requests.Session) -> None:
    assert get(replaying, client, "/api/meters/aggregates").status_code == 403
    assert get(replaying, client, "/api/status").json() == {"version": "99.1"}
    login(replaying, client)
    assert get(replaying, client, "/api/meters/aggregates").content == ANSWERS["meters.aggregates.json"]
    assert get(replaying, client, "/api/site_info/site_name").json() == {"site_name": "Recorded"}
    assert get(replaying, client, "/api/devices/vitals").content == b"\x0a\x00"
    assert replaying.payload("/api/status") == {"version": "99.1"}


def test_raw_answers_keep_their_status_and_headers(replaying: FakeGateway, client: requests.Session) -> None:
    login(replaying, client)
    stopped = get(replaying, client, "/api/system_status")
    assert (stopped.status_code, stopped.content) == (502, b"")
    refused = get(replaying, client, "/api/meters/X/ct_config")
    assert (refused.status_code, refused.content) == (500, b'{"code":500}')
    assert refused.headers["content-type"] == "application/json"


def test_what_is_not_recorded_is_404(replaying: FakeGateway, client: requests.Session) -> None:
    login(replaying, client)
    assert [get(replaying, client, path).status_code for path in ("/", "/api/config", "/api/notes")] == [404] * 3


def test_faults_work_on_recorded_answers(replaying: FakeGateway, client: requests.Session) -> None:
    login(replaying, client)
    replaying.add(DropKey("site.odd"))
    assert get(replaying, client, "/api/meters/aggregates").json() == {"site": {"instant_power": 0}}


def test_an_update_leaves_recorded_answers_alone(replaying: FakeGateway) -> None:
    replaying.update_firmware("gw2-split-23.44")
    assert replaying.payload("/api/status") == {"version": "99.1"}


@pytest.mark.parametrize("name", ["nowhere", "text.txt", "empty", "bad"])
def test_what_cannot_be_served_is_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.txt").write_text("no zip")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "soe.err").write_text("not HTTP")
    with pytest.raises(UnreadableReplayError, match=r"; (give|name|write) "):
        load(tmp_path / name)
