"""What can go wrong, as types; knows nothing of who raises or reacts.

Each failure of a gateway has a `reason`, which is also its label in `powerwall_poll_errors_total`.
"""

from collections.abc import Sequence
from typing import ClassVar


class ExporterError(Exception):
    """Any failure this package raises on purpose."""


class SettingsError(ExporterError):
    """Settings or arguments that cannot be used; each problem names its place and its remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class GatewayError(ExporterError):
    """A gateway, or something in its place, did not give what was asked for."""

    reason: ClassVar[str] = "gateway"
    retry_seconds: float | None = None
    """How long to leave it alone, where the gateway or the login rules say so."""


class Unreachable(GatewayError):
    """No connection: refused, no route, unknown name."""

    reason = "unreachable"


class TimedOut(GatewayError):
    """No complete answer before the deadline."""

    reason = "timeout"


class TlsFailed(GatewayError):
    """The TLS handshake failed or the certificate was not trusted."""

    reason = "tls"


class CertificateChanged(TlsFailed):
    """Another certificate than the remembered or the pinned one; nothing was sent to it."""

    reason = "certificate_changed"


class BrokenAnswer(GatewayError):
    """The connection broke, or what came is not HTTP."""

    reason = "protocol"


class TooLarge(GatewayError):
    """The answer is larger than any answer of a gateway."""

    reason = "too_large"


class Redirected(GatewayError):
    """A redirect; a gateway's API has none, and a token must not follow one."""

    reason = "redirected"


class NotJson(GatewayError):
    """An answer that is not JSON: a captive portal's page, a truncated body."""

    reason = "not_json"


class BadShape(GatewayError):
    """JSON of another shape than this endpoint's, or without anything known in it."""

    reason = "bad_shape"


class LoginRejected(GatewayError):
    """The gateway refused the password, or a token that it had just given."""

    reason = "login_rejected"

    def __init__(self, message: str, retry_seconds: float) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class Throttled(GatewayError):
    """429: too many requests or logins; every further one prolongs it."""

    reason = "throttled"

    def __init__(self, message: str, retry_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class Forbidden(GatewayError):
    """403 in spite of a fresh login: this role may not read this endpoint."""

    reason = "forbidden"


class Unsupported(GatewayError):
    """This firmware or hardware does not have the endpoint."""

    reason = "unsupported"


class ControllerStopped(GatewayError):
    """502 with an empty body: the site controller is stopped or still starting."""

    reason = "controller_stopped"


class Busy(GatewayError):
    """503: overloaded, or somebody is commissioning it."""

    reason = "busy"


class ServerFailed(GatewayError):
    """Any other status that is no success."""

    reason = "server_error"


class Defect(GatewayError):
    """A fault of this program met while reading an answer; it costs that answer only."""

    reason = "internal"


GATEWAY_ERRORS: tuple[type[GatewayError], ...] = (
    Unreachable,
    TimedOut,
    TlsFailed,
    CertificateChanged,
    BrokenAnswer,
    TooLarge,
    Redirected,
    NotJson,
    BadShape,
    LoginRejected,
    Throttled,
    Forbidden,
    Unsupported,
    ControllerStopped,
    Busy,
    ServerFailed,
    Defect,
)
