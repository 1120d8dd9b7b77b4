"""Settings: what is given is used, and what cannot be used is refused with its place and its remedy, all at once."""

import re
from importlib import resources
from pathlib import Path

import pytest

from powerwall_exporter import config
from powerwall_exporter.config import Otlp, Settings
from powerwall_exporter.errors import SettingsError
from powerwall_exporter.model import Secret
from powerwall_exporter.tables import Address

ENVIRONMENT = {"POWERWALL_HOST": "gateway.lan", "POWERWALL_PASSWORD": "sesame", "HOME": "/home/owner"}


def problems(text: str | None, tmp_path: Path, environment: dict[str, str] | None = None) -> list[str]:
    """Return what is refused of a file with this text; nothing where it is accepted."""
    try:
        loaded(text, tmp_path, environment)
    except SettingsError as error:
        return list(error.problems)
    return []


def loaded(text: str | None, tmp_path: Path, environment: dict[str, str] | None = None) -> Settings:
    file = None
    if text is not None:
        file = tmp_path / "powerwall.toml"
        file.write_text(text, encoding="utf-8")
    return config.load(file, environment if environment is not None else {})


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    settings = loaded(None, tmp_path, ENVIRONMENT)
    (gateway,) = settings.gateways
    assert (gateway.name, gateway.url, gateway.password) == ("home", "https://gateway.lan", Secret("sesame"))
    assert gateway.tls == config.Tls("trust-on-first-use")
    assert settings.page.listen == (Address("127.0.0.1", 9871),)
    assert settings.otlp is None
    assert settings.state_directory == Path("/home/owner/.local/state/powerwall-exporter")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("192.168.1.50", "https://192.168.1.50"),
        ("gateway:8443", "https://gateway:8443"),
        ("https://gateway/", "https://gateway"),
        ("https://10.0.0.1:444", "https://10.0.0.1:444"),
        ("::1", "https://[::1]"),
        ("[fe80::1]:8443", "https://[fe80::1]:8443"),
    ],
)
def test_a_host_may_be_a_name_an_address_or_a_url(tmp_path: Path, host: str, url: str) -> None:
    assert loaded(None, tmp_path, {**ENVIRONMENT, "POWERWALL_HOST": host}).gateways[0].url == url


@pytest.mark.parametrize(
    "host",
    [
        "http://gateway",
        "gateway:99999",
        "gateway:x",
        "https://",
        "a/b",
        "user@gateway",
        "[::1",
        "192.168.1.50 ",
        "my gateway",
        ".foo",
        "*",
        "x" * 64,
        "gateway#top",
    ],
)
def test_what_is_no_host_is_refused(tmp_path: Path, host: str) -> None:
    (problem,) = problems(None, tmp_path, {**ENVIRONMENT, "POWERWALL_HOST": host})
    assert problem.startswith("POWERWALL_HOST: ")


FULL = """
state_directory = "/var/lib/powerwall"
[[gateway]]
name = "home"
host = "10.0.0.1"
password = "one"
[[gateway]]
name = "barn"
host = "10.0.0.2:8443"
password = "two"
tls_fingerprint = "AA:{digits}"
[poll]
fast = "5s"
medium = "1m"
slow = "1h"
timeout = "8s"
connect_timeout = "2s"
[prometheus]
listen_address = ["127.0.0.1:1", "[::1]:2"]
[otlp]
endpoint = "http://collector:4318/"
timeout = "3s"
headers = {{ Authorization = "Bearer x" }}
""".format(digits="bb" * 31)


def test_a_file_says_everything(tmp_path: Path) -> None:
    settings = loaded(FULL, tmp_path)
    assert [gateway.name for gateway in settings.gateways] == ["home", "barn"]
    assert settings.gateways[1].tls.fingerprint == "aa" + "bb" * 31
    assert settings.polling == config.Polling(5.0, 60.0, 3600.0, 2.0, 8.0)
    assert settings.page.listen == (Address("127.0.0.1", 1), Address("::1", 2))
    assert settings.otlp == Otlp("http://collector:4318/v1/metrics", 3.0, {"Authorization": Secret("Bearer x")})
    assert settings.state_directory == Path("/var/lib/powerwall")


def test_the_environment_fills_in_for_a_single_gateway(tmp_path: Path) -> None:
    (gateway,) = loaded('[[gateway]]\nhost = "a"', tmp_path, {"POWERWALL_PASSWORD": "sesame"}).gateways
    assert gateway.password == Secret("sesame")


def test_every_problem_is_told_in_one_go_with_place_and_remedy(tmp_path: Path) -> None:
    text = """
    colour = "red"
    [[gateway]]
    nam = "x"
    password = 5
    [[gateway]]
    host = "b"
    name = 7
    password_file = "/"
    tls = "maybe"
    tls_fingerprint = "12"
    [poll]
    fast = 10
    medium = "1s"
    slow = "fortnight"
    [prometheus]
    listen_address = "9871"
    enabled = "yes"
    """
    assert problems(text, tmp_path) == [
        "powerwall.toml: gateway[1].host: missing; give the gateway's host name or address",
        'powerwall.toml: gateway[1].password: not a text; write it in quotes, such as "..."',
        "powerwall.toml: gateway[1].nam: unknown setting; did you mean name?",
        'powerwall.toml: gateway[2].name: 7 is not a text; write it in quotes, such as "..."',
        (
            "powerwall.toml: gateway[2].password_file: / cannot be read: Is a directory;"
            " check the path and its permissions"
        ),
        'powerwall.toml: gateway[2].tls: \'maybe\' is not one of the choices; use "trust-on-first-use" or "insecure"',
        "powerwall.toml: gateway[2].tls_fingerprint: no SHA-256 fingerprint; give 64 hexadecimal digits",
        'powerwall.toml: poll.fast: 10 is not a duration; write a number and a unit, such as "10s" or "5m"',
        "powerwall.toml: poll.medium: '1s' is not bearable for a gateway; give at least \"30s\"",
        'powerwall.toml: poll.slow: \'fortnight\' is not a duration; write a number and a unit, such as "10s" or "5m"',
        "powerwall.toml: prometheus.enabled: 'yes' is not true or false; write true or false without quotes",
        "powerwall.toml: prometheus.listen_address: '9871' is no address; write host:port, such as 127.0.0.1:9871",
        "powerwall.toml: colour: unknown setting; remove it; known: gateway, otlp, poll, prometheus, state_directory",
    ]


def test_a_password_in_a_url_is_not_shown(tmp_path: Path) -> None:
    (problem,) = problems(None, tmp_path, {**ENVIRONMENT, "POWERWALL_HOST": "https://customer:canary@gateway"})
    assert "canary" not in problem


def test_a_header_is_not_shown(tmp_path: Path) -> None:
    (problem,) = problems('[otlp]\nheaders = { Authorization = ["Bearer canary"] }', tmp_path, ENVIRONMENT)
    assert problem.startswith("powerwall.toml: otlp.headers.Authorization: not a text;")


@pytest.mark.parametrize("text", ['[otlp]\nheaders = "Authorization=canary"', '[otlp]\nheaders = ["canary"]'])
def test_headers_of_another_shape_are_not_shown(tmp_path: Path, text: str) -> None:
    (problem,) = problems(text, tmp_path, ENVIRONMENT)
    assert "canary" not in problem


def test_a_password_where_its_file_belongs_is_not_shown(tmp_path: Path) -> None:
    (problem,) = problems(None, tmp_path, {"POWERWALL_HOST": "a", "POWERWALL_PASSWORD_FILE": "canary"})
    assert "canary" not in problem


def test_one_gateway_under_two_names_is_refused(tmp_path: Path) -> None:
    text = "".join(f'[[gateway]]\nname = "{name}"\nhost = "a"\npassword = "x"\n' for name in "ab")
    (problem,) = problems(text, tmp_path)
    assert problem.startswith("powerwall.toml: gateway[2].host: is polled already")


def test_a_command_that_does_not_push_leaves_telegrafs_own_variables_alone() -> None:
    theirs = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert config.load(None, ENVIRONMENT | theirs, pushing=False).otlp is None


def test_two_gateways_of_one_name_are_refused(tmp_path: Path) -> None:
    text = "".join(f'[[gateway]]\nhost = "{host}"\npassword = "x"\n' for host in "ab")
    taken = "powerwall.toml: gateway[2].name: 'home' is taken; give each gateway a name of its own"
    assert problems(text, tmp_path) == [taken]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("gateway = 1", "powerwall.toml: gateway: "),
        ("gateway = [1]", "powerwall.toml: gateway: "),
        ("poll = 3", "powerwall.toml: poll: "),
        ("[[gateway", "powerwall.toml: is not TOML"),
    ],
)
def test_another_shape_is_named(tmp_path: Path, text: str, place: str) -> None:
    assert place in problems(text, tmp_path, ENVIRONMENT)[0]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        config.load(tmp_path / "nowhere.toml", {})
    (problem,) = raised.value.problems
    assert "nowhere.toml: cannot be read" in problem


def test_nothing_at_all_says_what_to_give(tmp_path: Path) -> None:
    assert [problem.split(":")[0] for problem in problems(None, tmp_path)] == ["POWERWALL_HOST", "POWERWALL_PASSWORD"]


@pytest.mark.parametrize("content", ["sesame", "sesame\n", "sesame\r\n", "\ufeffsesame\n"])
def test_a_password_file_may_end_its_line_as_it_likes(tmp_path: Path, content: str) -> None:
    file = tmp_path / "password"
    file.write_text(content, encoding="utf-8", newline="")
    environment = {"POWERWALL_HOST": "a", "POWERWALL_PASSWORD_FILE": str(file)}
    assert loaded(None, tmp_path, environment).gateways[0].password == Secret("sesame")


@pytest.mark.parametrize("name", ["telegraf.powerwall_password", "powerwall_password"])
def test_a_systemd_credential_is_found_without_a_setting(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("sesame\n")
    environment = {"POWERWALL_HOST": "a", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert loaded(None, tmp_path, environment).gateways[0].password == Secret("sesame")


def test_an_empty_password_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("\n")
    environment = {"POWERWALL_HOST": "a", "POWERWALL_PASSWORD_FILE": str(tmp_path / "password")}
    assert "is empty; put the customer password into it" in problems(None, tmp_path, environment)[0]


def test_a_reference_to_a_telegraf_secret_store_is_explained(tmp_path: Path) -> None:
    (problem,) = problems(None, tmp_path, {**ENVIRONMENT, "POWERWALL_PASSWORD": "@{store:key}"})
    assert "Telegraf does not resolve" in problem


def test_no_problem_shows_a_password(tmp_path: Path) -> None:
    text = '[[gateway]]\npassword = ["canary"]\npassword_file = "/nowhere"\npasswort = "canary"'
    assert "canary" not in "".join(problems(text, tmp_path))


@pytest.mark.parametrize("name", ["a\nb", "x" * 101, "\x1b[31m"])
def test_a_name_is_plain(tmp_path: Path, name: str) -> None:
    (problem,) = problems(None, tmp_path, {**ENVIRONMENT, "POWERWALL_NAME": name})
    assert problem.startswith("POWERWALL_NAME: ")


@pytest.mark.parametrize(
    ("environment", "otlp"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, Otlp("http://c:4318/v1/metrics")),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, Otlp("http://c:4318/v1/metrics")),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "https://c/x"}, Otlp("https://c/x")),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_TIMEOUT": "1500"},
            Otlp("http://c/v1/metrics", 1.5),
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_METRICS_EXPORTER": "none"}, None),
        ({}, None),
    ],
)
def test_the_standard_variables_of_opentelemetry_hold(
    tmp_path: Path, environment: dict[str, str], otlp: Otlp | None
) -> None:
    assert loaded(None, tmp_path, ENVIRONMENT | environment).otlp == otlp


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"},
    ],
)
def test_what_otlp_cannot_use_is_refused(tmp_path: Path, environment: dict[str, str]) -> None:
    (problem,) = problems(None, tmp_path, ENVIRONMENT | environment)
    assert problem.startswith("OTEL_EXPORTER_OTLP_")


def test_an_address_that_is_taken_is_a_problem_among_the_others() -> None:
    def bind(where: Address) -> None:
        raise OSError(98, "Address already in use")

    with pytest.raises(SettingsError) as raised:
        config.load(None, {"POWERWALL_HOST": "a"}, listen=["127.0.0.1:9"], bind=bind)
    assert [problem.split(":")[0] for problem in raised.value.problems] == [
        "POWERWALL_PASSWORD",
        "--web.listen-address",
    ]
    assert "127.0.0.1:9 cannot be listened on: address already in use" in raised.value.problems[1]


SAMPLE = resources.files("powerwall_exporter").joinpath("sample.toml").read_text(encoding="utf-8")
COMMENTED = re.findall(r"^# (\w+ = .+)$", SAMPLE, re.MULTILINE)
NO_DEFAULTS = ("state_directory", "tls_fingerprint", "tls_ca_file", "endpoint", "headers", "fast")


def sample_with(line: str, tmp_path: Path) -> Settings:
    """Load the sample with one of its commented lines in force."""
    (tmp_path / "password").write_text("sesame")
    text = SAMPLE.replace("/etc/powerwall-exporter/password", str(tmp_path / "password"))
    return loaded(text.replace(f"# {line}", line) if line else text, tmp_path, {"HOME": "/home/owner"})


def test_the_sample_shows_every_setting() -> None:
    assert len(COMMENTED) == 14


@pytest.mark.parametrize("line", [line for line in COMMENTED if not line.startswith(NO_DEFAULTS)])
def test_what_the_sample_comments_out_is_the_default(tmp_path: Path, line: str) -> None:
    assert sample_with(line, tmp_path) == sample_with("", tmp_path)


@pytest.mark.parametrize(
    "line", [line for line in COMMENTED if line.startswith(("state", "endpoint", "headers", "fast"))]
)
def test_what_the_sample_only_suggests_is_accepted(tmp_path: Path, line: str) -> None:
    assert sample_with(line, tmp_path).gateways[0].name == "home"
