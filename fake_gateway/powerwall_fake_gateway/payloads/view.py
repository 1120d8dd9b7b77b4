"""What a payload is made from, and how an endpoint is described."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from powerwall_fake_gateway.exchange import Reply
from powerwall_fake_gateway.profile import Identity, Profile, Role
from powerwall_fake_gateway.spelling import Json, json_bytes, moment
from powerwall_fake_gateway.truth import Truth

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
"""What some answers that are JSON are labelled with."""
BINARY_TYPE = "application/octet-stream"

_BEAT_SECONDS = 0.8


@dataclass(frozen=True)
class View:
    """One moment of one gateway: the house, the device and its clock."""

    truth: Truth
    profile: Profile
    identity: Identity
    zone: tzinfo
    boot_unix_seconds: float
    running: bool = True
    """Whether the site controller runs."""

    @property
    def follows(self) -> bool:
        """Return whether another gateway leads the site."""
        return self.profile.role is Role.FOLLOWER

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
    needs_controller: bool = False
    """Whether it is an empty 502 while the site controller does not run."""
    content_type: str = JSON_TYPE
    encode: Callable[[Json], bytes] = json_bytes

    def payload(self, view: View) -> Json:
        """Return what is answered, before it is spelled."""
        return self.body(view)

    def reply(self, view: View) -> Reply:
        """Return the answer to somebody who may ask."""
        if self.needs_controller and not (view.running or view.follows):
            return Reply(502)
        return Reply(self.status, self.encode(self.body(view)), (("content-type", self.content_type),))


def plain(
    body: Callable[[View], Json],
    *,
    needs_token: bool = True,
    needs_controller: bool = False,
    content_type: str = JSON_TYPE,
) -> Endpoint:
    """Describe an endpoint that answers 200."""
    return Endpoint(body, needs_token=needs_token, needs_controller=needs_controller, content_type=content_type)


def complaint(status: int, error: str, message: str) -> Json:
    """Return the body of an error; an empty `error` is left out, as by the gateway."""
    head: dict[str, Json] = {"code": status}
    if error:
        head["error"] = error
    return {**head, "message": message}


def refused(status: int, error: str, message: str) -> Endpoint:
    """Describe an endpoint that always answers this error on a running gateway."""
    return Endpoint(lambda view: complaint(status, error, message), status=status)
