"""What every fault has: which requests it meets. The kinds say what it does to them."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from powerwall_fake_gateway.exchange import Delivery, Reply


class Action(Enum):
    """What a fault makes the gateway itself do."""

    EXPIRE_TOKENS = "expire tokens"
    FORGET_PASSWORD = "forget password"  # noqa: S105 - the name of an action
    LOCK_OUT = "lock out"
    CHANGE_CERTIFICATE = "change certificate"
    HANG_HANDSHAKE = "hang handshake"
    REBOOT = "reboot"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Which requests a fault meets: path and method as shell patterns, how often, how likely."""

    match: str = "*"
    method: str = "*"
    times: int | None = None
    probability: float = 1.0
    action: ClassVar[Action | None] = None
    on_connect: ClassVar[bool] = False
    """Whether it meets new connections rather than requests; `match` and `method` mean nothing then."""

    def edit(self, reply: Reply) -> Reply:
        """Return what the reply becomes."""
        return reply

    def deliver(self, delivery: Delivery) -> Delivery:
        """Return how the reply leaves."""
        return delivery
