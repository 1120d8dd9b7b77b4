"""Whom to believe: the first certificate is remembered, another refused, and the choice is the owner's."""

import logging
from pathlib import Path

import pytest

import powerwall_fake_gateway
from clocks import SteppedClock
from powerwall_exporter import assembly, config
from powerwall_exporter.config import Gateway, Polling, Tls
from powerwall_exporter.errors import CertificateChanged, SettingsError, TlsFailed, Unreachable
from powerwall_exporter.gateway.store import Store
from powerwall_exporter.model import Json, Secret
from powerwall_fake_gateway import FakeGateway

STATUS = "/api/status"
CERTIFICATES = Path(powerwall_fake_gateway.__file__).parent / "certificates"


def status(fake: FakeGateway, tls: Tls, folder: Path | None) -> Json:
    """Ask a gateway for an open endpoint with this trust."""
    gateway = Gateway("home", fake.url, Secret("password"), tls)
    client, _ = assembly.client(gateway, Polling(), folder, SteppedClock())
    try:
        return client.get(STATUS)
    finally:
        client.close()


def test_the_first_certificate_is_remembered_over_restarts_and_another_refused(
    fake: FakeGateway, tmp_path: Path
) -> None:
    assert status(fake, Tls(), tmp_path)
    assert status(fake, Tls(), tmp_path)
    fake.change_certificate()
    asked = len(fake.requests)
    with pytest.raises(CertificateChanged, match=r"delete .*home.*\.json to accept"):
        status(fake, Tls(), tmp_path)
    assert len(fake.requests) == asked
    (remembered,) = tmp_path.glob("*.json")
    remembered.unlink()
    assert status(fake, Tls(), tmp_path)


def test_another_address_is_another_first_contact(tmp_path: Path) -> None:
    with FakeGateway() as one, FakeGateway() as two:
        two.change_certificate()
        assert status(one, Tls(), tmp_path)
        assert status(two, Tls(), tmp_path)


def test_a_fingerprint_pins_one_certificate(fake: FakeGateway, tmp_path: Path) -> None:
    assert status(fake, Tls(fingerprint=fake.fingerprint), tmp_path)
    with pytest.raises(CertificateChanged, match="tls_fingerprint"):
        status(fake, Tls(fingerprint="0" * 64), tmp_path)


def test_a_file_verifies_and_refuses_another(fake: FakeGateway, tmp_path: Path) -> None:
    assert status(fake, Tls(ca_file=CERTIFICATES / "first.pem"), tmp_path)
    with pytest.raises(TlsFailed):
        status(fake, Tls(ca_file=CERTIFICATES / "second.pem"), tmp_path)


def test_a_file_without_a_certificate_is_a_settings_problem(fake: FakeGateway, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing\n")
    with pytest.raises(SettingsError, match="give a PEM file"):
        status(fake, Tls(ca_file=tmp_path / "empty.pem"), tmp_path)


def test_insecure_accepts_any_and_remembers_none(fake: FakeGateway, tmp_path: Path) -> None:
    assert status(fake, Tls("insecure"), tmp_path)
    fake.change_certificate()
    assert status(fake, Tls("insecure"), tmp_path)
    assert not list(tmp_path.glob("*.json"))


def test_what_is_remembered_is_for_the_owner_only(tmp_path: Path) -> None:
    Store(tmp_path / "state", "a/b").put(token="canary")
    (file,) = (tmp_path / "state").iterdir()
    assert file.name == "a%2Fb.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert Store(tmp_path / "state", "a/b").get("token") == "canary"


BROKEN = [b"", b"{", b"[1]", b"\xff"]


@pytest.mark.parametrize("content", [*BROKEN, b'{"token": 5}'])
def test_a_broken_memory_is_no_memory(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "home.json").write_bytes(content)
    store = Store(tmp_path, "home")
    assert store.get("token") is None
    store.put(token="new")
    assert Store(tmp_path, "home").get("token") == "new"


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_memory_believes_no_certificate_until_its_owner_says_so(
    fake: FakeGateway, tmp_path: Path, content: bytes
) -> None:
    assert status(fake, Tls(), tmp_path)
    (remembered,) = tmp_path.glob("*.json")
    remembered.write_bytes(content)
    asked = len(fake.requests)
    with pytest.raises(CertificateChanged, match="delete it to believe"):
        status(fake, Tls(), tmp_path)
    assert len(fake.requests) == asked
    remembered.unlink()
    assert status(fake, Tls(), tmp_path)


def test_a_running_client_sees_that_its_owner_accepts_another_certificate(fake: FakeGateway, tmp_path: Path) -> None:
    client, _ = assembly.client(Gateway("home", fake.url, Secret("password")), Polling(), tmp_path, SteppedClock())
    assert client.get(STATUS)
    client.close()
    fake.change_certificate()
    with pytest.raises(CertificateChanged):
        client.get(STATUS)
    next(tmp_path.glob("*.json")).unlink()
    assert client.get(STATUS)
    client.close()


@pytest.mark.parametrize("host", ["::1", "[::1]", "fe80::1%eth7", "127.0.0.1"])
def test_an_address_without_a_port_means_443(host: str, tmp_path: Path) -> None:
    settings = config.load(None, {"POWERWALL_HOST": host, "POWERWALL_PASSWORD": "x"})
    client, _ = assembly.client(settings.gateways[0], Polling(), tmp_path, SteppedClock())
    with pytest.raises(Unreachable):  # nothing listens there
        client.get(STATUS)
    client.close()


def test_a_folder_that_cannot_be_written_costs_the_memory_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "state", "home")
    store.put(token="a")
    store.put(token="b")
    assert store.get("token") == "b"
    assert len([record for record in caplog.records if "remembering in memory only" in record.getMessage()]) == 1


def test_a_write_that_fails_half_way_leaves_the_old_words_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(tmp_path, "home").put(token="old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        Store(tmp_path, "home").put(token="new")
    assert Store(tmp_path, "home").get("token") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["home.json"]
