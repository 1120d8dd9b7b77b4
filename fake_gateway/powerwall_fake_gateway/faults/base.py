"""What every fault has: which requests it meets. The kinds say what it does to them."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from powerwall_fake_gateway.exchange import Delivery, Reply
from powerwall_fake_gateway.payloads.view import View


class Action(Enum):
    """What a fault makes the gateway itself do."""

    EXPIRE_TOKENS = "expire tokens"
    FORGET_PASSWORD = "forget password"  # noqa: S105 - the name of an action
    LOCK_OUT = "lock out"
    CHANGE_CERTIFICATE = "change certificate"
    HANG_HANDSHAKE = "hang handshake"
    BREAK_HANDSHAKE = "break handshake"
    DROP_CONNECTION = "drop connection"
    REBOOT = "reboot"
    BOOT = "boot"
    STOP_CONTROLLER = "stop controller"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Which requests a fault meets: path and method as shell patterns, how often, how likely, and when.

    `after_seconds` and `for_seconds` are the window in which it is in force: on the fake's clock, from when it was
    added.
    """

    match: str = "*"
    method: str = "*"
    times: int | None = None
    probability: float = 1.0
    after_seconds: float = 0.0
    for_seconds: float | None = None
    action: ClassVar[Action | None] = None
    on_connect: ClassVar[bool] = False
    """Whether it meets new connections rather than requests; `match` and `method` mean nothing then."""

    def bend(self, view: View, first: View) -> View:
        """Return what the gateway believes; `first` is what it believed when this fault first met a request."""
        return view

    def edit(self, reply: Reply) -> Reply:
        """Return what the reply becomes."""
        return reply

    def deliver(self, delivery: Delivery) -> Delivery:
        """Return how the reply leaves."""
        return delivery
