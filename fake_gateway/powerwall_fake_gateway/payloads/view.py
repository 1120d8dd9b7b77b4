"""What a payload is made from, and how an endpoint is described."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from powerwall_fake_gateway.profile import Identity, Profile
from powerwall_fake_gateway.spelling import Json, moment
from powerwall_fake_gateway.truth import Truth

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
"""What some answers that are JSON are labelled with."""

_BEAT_SECONDS = 0.8


@dataclass(frozen=True)
class View:
    """One moment of one gateway: the house, the device and its clock."""

    truth: Truth
    profile: Profile
    identity: Identity
    zone: tzinfo
    boot_unix_seconds: float

    @property
    def din(self) -> str:
        """Return the gateway's device identification number: part, two dashes, serial."""
        return f"{self.profile.gateway_part_number}--{self.identity.gateway_serial}"

    def moment(self, offset_seconds: float = 0.0) -> str:
        """Return the present, or a moment so much later, in the gateway's spelling and zone."""
        return moment(self.truth.time_unix_seconds + offset_seconds, self.zone)

    def heard(self, device: int) -> str:
        """Return when a device was last heard: it speaks every 0.8 s, each at its own beat."""
        return self.moment(-0.02 - (self.truth.time_unix_seconds + 0.23 * device) % _BEAT_SECONDS)


@dataclass(frozen=True)
class Endpoint:
    """How one path answers a GET."""

    body: Callable[[View], Json]
    status: int = 200
    needs_token: bool = True
    content_type: str = JSON_TYPE


def plain(body: Callable[[View], Json], *, needs_token: bool = True, content_type: str = JSON_TYPE) -> Endpoint:
    """Describe an endpoint that answers 200."""
    return Endpoint(body, needs_token=needs_token, content_type=content_type)


def complaint(status: int, error: str, message: str) -> Json:
    """Return the body of an error; an empty `error` is left out, as by the gateway."""
    head: dict[str, Json] = {"code": status}
    if error:
        head["error"] = error
    return {**head, "message": message}


def refused(status: int, error: str, message: str) -> Endpoint:
    """Describe an endpoint that always answers this error on a running gateway."""
    return Endpoint(lambda view: complaint(status, error, message), status=status)
