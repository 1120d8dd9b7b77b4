"""A Tesla energy gateway to run against: model, firmware and faults as data, one I/O module."""

from .access import LoginLimit
from .clock import Clock, RunningClock, SteppedClock
from .control import Control
from .exchange import Record
from .faults import Fault
from .fleet import Fleet
from .gateway import FakeGateway
from .profiles import PROFILES
from .truth import Truth

__all__ = [
    "PROFILES",
    "Clock",
    "Control",
    "FakeGateway",
    "Fault",
    "Fleet",
    "LoginLimit",
    "Record",
    "RunningClock",
    "SteppedClock",
    "Truth",
]
