"""Faults of what the gateway believes: its energy counters and its clock. Power and charge stay the truth."""

from dataclasses import dataclass, replace

from powerwall_fake_gateway.payloads.view import View
from powerwall_fake_gateway.truth import with_energies

from .base import Fault


@dataclass(frozen=True)
class FreezeCounters(Fault):
    """Energy counters stay at what they were when first asked for."""

    def bend(self, view: View, first: View) -> View:
        """Keep the energies of then."""
        return replace(view, truth=with_energies(view.truth, first.truth, lambda now, then: then))


@dataclass(frozen=True)
class ResetCounters(Fault):
    """Energy counters began anew when first asked for, as after a meter was replaced."""

    def bend(self, view: View, first: View) -> View:
        """Count from then."""
        return replace(view, truth=with_energies(view.truth, first.truth, lambda now, then: now - then))


@dataclass(frozen=True)
class ZeroCounters(Fault):
    """Energy counters read 0, as for the first minute after a boot; give `for_seconds` to end it."""

    def bend(self, view: View, first: View) -> View:
        """Zero them."""
        return replace(view, truth=with_energies(view.truth, first.truth, lambda now, then: 0.0))


@dataclass(frozen=True)
class ClockSkew(Fault):
    """The gateway's clock is ahead by some seconds, or behind by a negative number; the uptime stays right."""

    seconds: float

    def bend(self, view: View, first: View) -> View:
        """Move its clock."""
        truth = replace(view.truth, time_unix_seconds=view.truth.time_unix_seconds + self.seconds)
        return replace(view, truth=truth, boot_unix_seconds=view.boot_unix_seconds + self.seconds)
