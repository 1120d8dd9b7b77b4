"""One pass over a gateway, each finding with its remedy: the command `check`."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from powerwall_exporter import assembly, catalogue
from powerwall_exporter.config import Gateway, Settings
from powerwall_exporter.errors import (
    BadShape,
    BrokenAnswer,
    Busy,
    CertificateChanged,
    ControllerStopped,
    Forbidden,
    GatewayError,
    LoginRejected,
    NotJson,
    Redirected,
    Throttled,
    TimedOut,
    TlsFailed,
    Unreachable,
    Unsupported,
)
from powerwall_exporter.gateway.endpoints import ENDPOINTS
from powerwall_exporter.model import Clock

_HARMLESS = (Unsupported, Forbidden)

_REMEDIES: dict[type[GatewayError], str] = {
    Unreachable: "check the address, and that this machine is on the gateway's network",
    TimedOut: "the gateway may be restarting or overloaded; wait some minutes and check again",
    TlsFailed: "check that this is a gateway's address; set tls or tls_fingerprint if you chose them",
    CertificateChanged: "if the gateway was replaced, accept the new certificate as the message says",
    LoginRejected: "give the customer password: unless changed, the last five characters of the sticker's password",
    Busy: "somebody may be commissioning it; wait some minutes and check again",
    ControllerStopped: "the system is stopped or starting: start it in Tesla's app, or wait some minutes",
    NotJson: "check that this is the gateway's address, and not a router's page",
    BadShape: "if it stays so, report it with the gateway's firmware version",
    BrokenAnswer: "check the network between here and the gateway",
    Throttled: "stop other monitors of this gateway for half an hour, then check again",
    Redirected: "give the address of the gateway itself",
    Unsupported: "nothing to do: this gateway does not have it",
    Forbidden: "nothing to do: the customer login may not read it",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one endpoint of one gateway."""

    gateway: str
    endpoint: str
    result: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.gateway}: {self.endpoint}: {self.result}: {self.detail}" + (
            f"; {self.remedy}" if self.remedy else ""
        )


def findings(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Ask every endpoint of every gateway once, and yield what came of it."""
    for gateway in settings.gateways:
        yield from _gateway_findings(gateway, settings, clock)


def _gateway_findings(gateway: Gateway, settings: Settings, clock: Clock) -> Iterator[Finding]:
    client, _ = assembly.client(gateway, settings.polling, settings.state_directory, clock)
    for endpoint in ENDPOINTS:
        try:
            samples = catalogue.read(endpoint.path, client.get(endpoint.path), clock.time_ns())
        except GatewayError as error:
            yield Finding(gateway.name, endpoint.path, error.reason, str(error), _REMEDIES.get(type(error), ""))
            if isinstance(error, Unreachable | TimedOut | TlsFailed | LoginRejected | Throttled):
                return
        else:
            yield Finding(gateway.name, endpoint.path, "ok", f"{len(samples)} samples")


def is_well(found: list[Finding]) -> bool:
    """Tell whether every gateway answers, with no finding but such as a healthy one may have."""
    harmless = ("ok", *(error.reason for error in _HARMLESS))
    return all(finding.result in harmless for finding in found) and not verdict(found)


def verdict(found: list[Finding]) -> list[str]:
    """Return a line for each address at which nothing answers as a gateway does."""
    named = dict.fromkeys(finding.gateway for finding in found)
    read = {finding.gateway for finding in found if finding.result == "ok"}
    return [
        f"{name}: no data at all; is this the address of a Powerwall gateway?" for name in named if name not in read
    ]


def as_json(found: list[Finding]) -> str:
    """Return the findings as JSON."""
    return json.dumps([asdict(finding) for finding in found], indent=2)
