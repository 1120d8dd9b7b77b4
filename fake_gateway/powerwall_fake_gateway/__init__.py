"""A Tesla energy gateway to run against: model, firmware and faults as data, one I/O module."""

from .access import LoginLimit
from .clock import Clock, RunningClock, SteppedClock
from .exchange import Record
from .faults import Fault
from .gateway import FakeGateway
from .profile import PROFILES
from .truth import Truth

__all__ = ["PROFILES", "Clock", "FakeGateway", "Fault", "LoginLimit", "Record", "RunningClock", "SteppedClock", "Truth"]
