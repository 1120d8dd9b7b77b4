"""Faults of the gateway itself: what it forgets just before it answers, and how it meets a new connection."""

from dataclasses import dataclass
from typing import ClassVar

from .base import Action, Fault


@dataclass(frozen=True, kw_only=True)
class ExpireTokens(Fault):
    """Every token runs out."""

    times: int | None = 1
    action: ClassVar[Action | None] = Action.EXPIRE_TOKENS


@dataclass(frozen=True, kw_only=True)
class ForgetPassword(Fault):
    """The password is refused from now on; tokens live on."""

    times: int | None = 1
    action: ClassVar[Action | None] = Action.FORGET_PASSWORD


@dataclass(frozen=True, kw_only=True)
class LockOut(Fault):
    """The login is locked, as after too many attempts."""

    times: int | None = 1
    action: ClassVar[Action | None] = Action.LOCK_OUT


@dataclass(frozen=True, kw_only=True)
class Reboot(Fault):
    """The gateway restarts: tokens are gone, the uptime begins anew."""

    times: int | None = 1
    action: ClassVar[Action | None] = Action.REBOOT


@dataclass(frozen=True, kw_only=True)
class Boot(Fault):
    """The gateway restarts through every stage: no connection, silence, no controller, zeros."""

    times: int | None = 1
    action: ClassVar[Action | None] = Action.BOOT


@dataclass(frozen=True, kw_only=True)
class StopController(Fault):
    """The site controller stops: power, charge and grid are an empty 502."""

    times: int | None = 1
    action: ClassVar[Action | None] = Action.STOP_CONTROLLER


@dataclass(frozen=True, kw_only=True)
class DropConnection(Fault):
    """A new connection is dropped at once."""

    action: ClassVar[Action | None] = Action.DROP_CONNECTION
    on_connect: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class TlsFailure(Fault):
    """The handshake of a new connection ends in an alert."""

    action: ClassVar[Action | None] = Action.BREAK_HANDSHAKE
    on_connect: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class HangHandshake(Fault):
    """The connection is accepted, then nothing is said."""

    action: ClassVar[Action | None] = Action.HANG_HANDSHAKE
    on_connect: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class ChangeCertificate(Fault):
    """A new connection sees another certificate."""

    times: int | None = 1
    action: ClassVar[Action | None] = Action.CHANGE_CERTIFICATE
    on_connect: ClassVar[bool] = True
