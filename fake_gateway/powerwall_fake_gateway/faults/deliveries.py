"""Faults on the way: the right reply, late, slowly, in part or not at all. Seconds are real seconds."""

from dataclasses import dataclass, replace

from powerwall_fake_gateway.exchange import Delivery

from .base import Fault


@dataclass(frozen=True)
class Delay(Fault):
    """The answer takes a while; real seconds."""

    seconds: float

    def deliver(self, delivery: Delivery) -> Delivery:
        """Wait before the header."""
        return replace(delivery, delay_seconds=delivery.delay_seconds + self.seconds)


@dataclass(frozen=True)
class HangBeforeHeader(Fault):
    """The request is taken, then nothing is said."""

    def deliver(self, delivery: Delivery) -> Delivery:
        """Never begin."""
        return replace(delivery, hang_before_header=True)


@dataclass(frozen=True)
class HangMidBody(Fault):
    """The answer stops after some bytes of the body, the connection stays open."""

    after_bytes: int = 20

    def deliver(self, delivery: Delivery) -> Delivery:
        """Stop in the body."""
        return replace(delivery, hang_after_bytes=self.after_bytes)


@dataclass(frozen=True)
class Drip(Fault):
    """The body comes a few bytes at a time, with a pause in real seconds before each."""

    bytes_each: int = 1
    pause_seconds: float = 1.0

    def deliver(self, delivery: Delivery) -> Delivery:
        """Send slowly."""
        return replace(delivery, drip_bytes=max(1, self.bytes_each), drip_pause_seconds=self.pause_seconds)


@dataclass(frozen=True)
class DripHeader(Fault):
    """The header, too, comes a few bytes at a time, with a pause in real seconds before each."""

    bytes_each: int = 1
    pause_seconds: float = 1.0

    def deliver(self, delivery: Delivery) -> Delivery:
        """Send slowly from the first byte."""
        drip = replace(delivery, drip_bytes=max(1, self.bytes_each), drip_pause_seconds=self.pause_seconds)
        return replace(drip, drip_header=True)


@dataclass(frozen=True)
class Truncate(Fault):
    """The connection is closed after some bytes of the body."""

    after_bytes: int = 20

    def deliver(self, delivery: Delivery) -> Delivery:
        """Close in the body."""
        return replace(delivery, cut_after_bytes=self.after_bytes)


@dataclass(frozen=True)
class WrongLength(Fault):
    """The header gives a length that is off by some bytes, then the connection is closed."""

    by_bytes: int = 10

    def deliver(self, delivery: Delivery) -> Delivery:
        """Lie about the length."""
        return replace(delivery, length_error_bytes=self.by_bytes)


@dataclass(frozen=True)
class Reset(Fault):
    """The connection is reset instead of an answer."""

    def deliver(self, delivery: Delivery) -> Delivery:
        """Send a reset."""
        return replace(delivery, ending="reset")


@dataclass(frozen=True)
class Close(Fault):
    """The connection is closed without an answer."""

    def deliver(self, delivery: Delivery) -> Delivery:
        """Close in silence."""
        return replace(delivery, ending="close")
