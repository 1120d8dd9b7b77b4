"""Settings from a TOML file and the environment; every problem is found in one go, with its place and remedy.

The environment alone describes one gateway; beside a file it fills in what that leaves out.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from powerwall_exporter.errors import SettingsError
from powerwall_exporter.model import FileSecret, Secret
from powerwall_exporter.tables import Address, Problems, Table, address

DEFAULT_LISTEN = Address("127.0.0.1", 9871)
TRUST_ON_FIRST_USE, INSECURE = "trust-on-first-use", "insecure"
TLS_MODES = (TRUST_ON_FIRST_USE, INSECURE)

_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?", re.IGNORECASE)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_CREDENTIALS = ("telegraf.powerwall_password", "powerwall_password")
_TELEGRAF_SECRET = re.compile(r"@\{\w+:\w+\}")


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom to believe: a mode, or a fingerprint, or a file to verify against."""

    mode: str = TRUST_ON_FIRST_USE
    fingerprint: str | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway and how to reach it."""

    name: str
    url: str
    password: Secret
    tls: Tls = field(default_factory=Tls)


@dataclass(frozen=True, slots=True)
class Polling:
    """Intervals and deadlines, in seconds; `fast_seconds` None takes the default of the command."""

    fast_seconds: float | None = None
    medium_seconds: float = 30.0
    slow_seconds: float = 300.0
    connect_seconds: float = 3.0
    total_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Page:
    """The Prometheus page; off where there is no address."""

    listen: tuple[Address, ...] = (DEFAULT_LISTEN,)


@dataclass(frozen=True, slots=True)
class Otlp:
    """The OTLP push over http/protobuf; `endpoint` is the full URL that is posted to."""

    endpoint: str
    timeout_seconds: float = 10.0
    headers: Mapping[str, Secret] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; `otlp` None pushes nothing."""

    gateways: tuple[Gateway, ...]
    polling: Polling = field(default_factory=Polling)
    page: Page = field(default_factory=Page)
    otlp: Otlp | None = None
    state_directory: Path | None = None


Bind = Callable[[Address], None]
"""Takes an address for the page, or raises OSError."""


def load(
    file: Path | None,
    environment: Mapping[str, str],
    *,
    listen: Sequence[str] = (),
    bind: Bind | None = None,
    gateways: tuple[Gateway, ...] = (),
    pushing: bool = True,
) -> Settings:
    """Return the settings; what is given as an argument wins: addresses to listen on, gateways.

    `bind` takes each address of the page. A command that is not `pushing` leaves the variables of OpenTelemetry alone:
    they are of its parent.

    Raises SettingsError with every problem, an address that is taken among them.
    """
    problems = Problems()
    content = _content(file, problems)
    root = Table(f"{file.name}: " if file else "", content or {}, problems)
    settings = Settings(
        gateways=gateways or (() if content is None else _gateways(root, environment, problems)),
        polling=_polling(root.table("poll")),
        page=_page(root.table("prometheus"), listen, bind, problems),
        otlp=_otlp(root.table("otlp"), environment if pushing else {}, problems),
        state_directory=_state_directory(root, environment),
    )
    root.refuse_unknown()
    if problems.found:
        raise SettingsError(problems.found)
    return settings


def _content(file: Path | None, problems: Problems) -> dict[str, object] | None:
    """Return what is in the file; nothing without one, None where it cannot be read."""
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        problems.add(str(file), f"cannot be read: {error.strerror}", "check the path and its permissions")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.add(str(file), f"is not TOML: {error}", "compare with: powerwall-exporter sample-config")
    return None


def _gateways(root: Table, environment: Mapping[str, str], problems: Problems) -> tuple[Gateway, ...]:
    tables = root.tables("gateway")
    if not tables:
        return (_gateway_of_environment(environment, problems),) if not root.has("gateway") else ()
    alone = environment if len(tables) == 1 else {}
    gateways = tuple(_gateway(table, alone, problems) for table in tables)
    taken: set[str] = set()
    for table, gateway in zip(tables, gateways, strict=True):
        if gateway.name in taken and not table.refused("name"):
            problems.add(table.place("name"), f"{gateway.name!r} is taken", "give each gateway a name of its own")
        if gateway.url and gateway.url in taken:
            problems.add(table.place("host"), "is polled already", "list each gateway once: they share its logins")
        taken |= {gateway.name, gateway.url}
    return gateways


def _gateway_of_environment(environment: Mapping[str, str], problems: Problems) -> Gateway:
    keys = {"POWERWALL_HOST": "host", "POWERWALL_NAME": "name", "POWERWALL_TLS": "tls"}
    keys["POWERWALL_TLS_FINGERPRINT"] = "tls_fingerprint"
    given = {key: environment[variable] for variable, key in keys.items() if environment.get(variable)}
    return _gateway(
        Table("", given, problems, {key: variable for variable, key in keys.items()}), environment, problems
    )


def _gateway(table: Table, environment: Mapping[str, str], problems: Problems) -> Gateway:
    name = table.text("name") or "home"
    if not name.isprintable() or len(name) > 100:
        problems.add(table.place("name"), "not a plain name", "give up to 100 printable characters")
    gateway = Gateway(
        name=name,
        url=_url(table, problems),
        password=_password(table, environment, problems),
        tls=_tls(table, problems),
    )
    table.refuse_unknown()
    return gateway


def _url(table: Table, problems: Problems) -> str:
    place, host = table.place("host"), table.text("host")
    if host is None:
        if not table.refused("host"):
            problems.add(place, "missing", "give the gateway's host name or address")
        return ""
    scheme, _, _ = host.rpartition("://")
    if scheme not in ("", "https"):
        problems.add(place, f"{scheme[:10]} is not spoken by gateways", "leave it out or write https://")
        return ""
    try:
        parts = urlsplit(host if scheme else f"//{_bracketed(host)}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        parts, name, port = urlsplit(""), "", None
    if not _is_host(name) or parts.path.strip("/") or parts.query or parts.fragment or "@" in host:
        shown = "this" if "@" in host else repr(host)  # what stands before an @ may be a password
        problems.add(place, f"{shown} is no host", "give a host, host:port or https://host:port")
    return f"https://{f'[{name}]' if ':' in name else name}" + (f":{port}" if port else "")


def _is_host(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return bool(_HOST_NAME.fullmatch(name)) and all(len(label) <= 63 for label in name.split("."))


def _bracketed(host: str) -> str:
    """Put a bare IPv6 address into the brackets that URLs want."""
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


def _password(table: Table, environment: Mapping[str, str], problems: Problems) -> Secret:
    word, file = table.text("password"), table.text("password_file")
    if word is not None and file is not None:
        problems.add(table.place("password"), "given twice", "keep either password or password_file")
    if word is not None:
        return _checked(word, table.place("password"), problems)
    if file is not None:
        return _password_from(Path(file), table.place("password_file"), problems)
    return _password_of_environment(table, environment, problems)


def _password_of_environment(table: Table, environment: Mapping[str, str], problems: Problems) -> Secret:
    if word := environment.get("POWERWALL_PASSWORD"):
        return _checked(word, "POWERWALL_PASSWORD", problems)
    if file := environment.get("POWERWALL_PASSWORD_FILE"):
        return _password_from(Path(file), "POWERWALL_PASSWORD_FILE", problems)
    for name in _CREDENTIALS:
        credential = Path(environment.get("CREDENTIALS_DIRECTORY", "")) / name
        if environment.get("CREDENTIALS_DIRECTORY") and credential.exists():
            return _password_from(credential, str(credential), problems)
    if not (table.refused("password") or table.refused("password_file")):
        place = table.place("password") if table.named else "POWERWALL_PASSWORD"
        problems.add(place, "missing", "give the customer password, or a file that holds it (password_file)")
    return Secret("")


def _checked(word: str, place: str, problems: Problems) -> Secret:
    if _TELEGRAF_SECRET.fullmatch(word):
        problems.add(
            place,
            "is a reference to a Telegraf secret store, which Telegraf does not resolve for inputs.execd",
            "use POWERWALL_PASSWORD_FILE or a systemd credential",
        )
    return Secret(word)


def _password_from(file: Path, place: str, problems: Problems) -> Secret:
    try:
        word = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        # What is no path may be the password itself, put where the path belongs.
        shown = f"{file} cannot be read: {said}" if "/" in str(file) else f"names no file that can be read: {said}"
        problems.add(place, shown, "check the path and its permissions")
        return Secret("")
    if not word:
        problems.add(place, f"{file} is empty", "put the customer password into it")
    _checked(word, place, problems)
    return FileSecret(word, file)


def _tls(table: Table, problems: Problems) -> Tls:
    mode = table.choice("tls", TLS_MODES) or TRUST_ON_FIRST_USE
    fingerprint, ca_file = table.text("tls_fingerprint"), table.text("tls_ca_file")
    if fingerprint is not None:
        fingerprint = fingerprint.replace(":", "").lower()
        if not _FINGERPRINT.fullmatch(fingerprint):
            problems.add(table.place("tls_fingerprint"), "no SHA-256 fingerprint", "give 64 hexadecimal digits")
    if ca_file is not None and not os.access(ca_file, os.R_OK):
        problems.add(table.place("tls_ca_file"), f"{ca_file} cannot be read", "check the path and its permissions")
    if fingerprint is not None and ca_file is not None:
        problems.add(table.place("tls_fingerprint"), "given beside tls_ca_file", "keep one of the two")
    return Tls(mode, fingerprint, Path(ca_file) if ca_file else None)


def _polling(table: Table) -> Polling:
    default = Polling()
    polling = Polling(
        fast_seconds=table.seconds("fast", floor_seconds=5.0),
        medium_seconds=table.seconds("medium", floor_seconds=30.0) or default.medium_seconds,
        slow_seconds=table.seconds("slow", floor_seconds=60.0) or default.slow_seconds,
        connect_seconds=table.seconds("connect_timeout", floor_seconds=0.1) or default.connect_seconds,
        total_seconds=table.seconds("timeout", floor_seconds=0.5) or default.total_seconds,
    )
    table.refuse_unknown()
    return polling


def _page(table: Table, listen: Sequence[str], bind: Bind | None, problems: Problems) -> Page:
    places = [(text, "--web.listen-address") for text in listen]
    from_file = [(text, table.place("listen_address")) for text in table.texts("listen_address")]
    enabled = table.flag("enabled")
    table.refuse_unknown()
    if enabled is False and not listen:
        return Page(listen=())
    wanted = places or from_file or [(str(DEFAULT_LISTEN), "--web.listen-address")]
    found = [(address(text, place, problems), place) for text, place in wanted]
    for where, place in found:
        if where is not None and bind is not None:
            _bind(bind, where, place, problems)
    return Page(tuple(where for where, _ in found if where is not None))


def _bind(bind: Bind, where: Address, place: str, problems: Problems) -> None:
    try:
        bind(where)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        problems.add(place, f"{where} cannot be listened on: {said}", "stop what uses it or give another address")


def _otlp(table: Table, environment: Mapping[str, str], problems: Problems) -> Otlp | None:
    def standard(name: str) -> str | None:
        return environment.get(f"OTEL_EXPORTER_OTLP_METRICS_{name}") or environment.get(f"OTEL_EXPORTER_OTLP_{name}")

    endpoint, protocol = table.text("endpoint"), table.choice("protocol", ("http/protobuf",))
    timeout_seconds = table.seconds("timeout", floor_seconds=0.1) or _milliseconds(standard("TIMEOUT"), problems)
    headers = {name: Secret(value) for name, value in table.secrets("headers").items()}
    enabled = table.flag("enabled")
    table.refuse_unknown()
    base = endpoint or environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    url = environment.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") if endpoint is None else None
    if enabled is False or _sdk_is_off(environment) or not (url or base):
        return None
    wanted = protocol or standard("PROTOCOL") or "http/protobuf"
    if wanted != "http/protobuf":
        problems.add("OTEL_EXPORTER_OTLP_PROTOCOL", f"{wanted!r} is not offered", "use http/protobuf, on port 4318")
    url = url or f"{(base or '').rstrip('/')}/v1/metrics"
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        place = table.place("endpoint") if endpoint else "OTEL_EXPORTER_OTLP_ENDPOINT"
        shown = "this" if "@" in url else repr(base or url)  # what stands before an @ may be a password
        problems.add(place, f"{shown} is no URL", "write http://host:4318")
    return Otlp(url, timeout_seconds or 10.0, headers)


def _sdk_is_off(environment: Mapping[str, str]) -> bool:
    return (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_METRICS_EXPORTER") == "none"
    )


def _milliseconds(text: str | None, problems: Problems) -> float | None:
    """Return the seconds of a standard timeout, which the specification gives in milliseconds."""
    if text is None:
        return None
    if not text.isdecimal() or not int(text):
        problems.add("OTEL_EXPORTER_OTLP_TIMEOUT", f"{text!r} is no number of milliseconds", "write 10000")
        return None
    return int(text) / 1000


def _state_directory(root: Table, environment: Mapping[str, str]) -> Path:
    given = root.text("state_directory") or environment.get("POWERWALL_STATE_DIR") or environment.get("STATE_DIRECTORY")
    if given:
        return Path(given.partition(":")[0])
    home = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME", "/")) / ".local" / "state"
    return Path(home) / "powerwall-exporter"
