"""What can go wrong, as data. A fault says which requests it meets and what it does to them; faults compose.

There are five places to go wrong: the gateway itself, what it believes, the reply, single values in it, and its
delivery. All faults that meet a request act in the order in which they were added.
"""

import re

from . import deliveries, keys, readings, replies, states
from .base import Action, Fault
from .book import FaultBook
from .deliveries import Close, Delay, Drip, DripHeader, HangBeforeHeader, HangMidBody, Reset, Truncate, WrongLength
from .keys import DropKey, DuplicateKey, NullKey, RenameKey, RetypeKey, SetKey
from .readings import ClockSkew, FreezeCounters, ResetCounters, ZeroCounters
from .replies import (
    Body,
    ContentType,
    DeepNesting,
    Forbid,
    Garbage,
    Gzip,
    GzipBomb,
    Header,
    Html,
    HugeBody,
    NullBody,
    Redirect,
    Status,
)
from .states import (
    Boot,
    ChangeCertificate,
    DropConnection,
    ExpireTokens,
    ForgetPassword,
    HangHandshake,
    LockOut,
    Reboot,
    StopController,
    TlsFailure,
)

KINDS: dict[str, type[Fault]] = {
    re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower(): kind
    for module in (states, readings, replies, keys, deliveries)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Fault) and kind is not Fault
}
"""Every kind by its name on the command line, e.g. `hang-mid-body`."""

__all__ = [
    "KINDS",
    "Action",
    "Body",
    "Boot",
    "ChangeCertificate",
    "ClockSkew",
    "Close",
    "ContentType",
    "DeepNesting",
    "Delay",
    "Drip",
    "DripHeader",
    "DropConnection",
    "DropKey",
    "DuplicateKey",
    "ExpireTokens",
    "Fault",
    "FaultBook",
    "Forbid",
    "ForgetPassword",
    "FreezeCounters",
    "Garbage",
    "Gzip",
    "GzipBomb",
    "HangBeforeHeader",
    "HangHandshake",
    "HangMidBody",
    "Header",
    "Html",
    "HugeBody",
    "LockOut",
    "NullBody",
    "NullKey",
    "Reboot",
    "Redirect",
    "RenameKey",
    "Reset",
    "ResetCounters",
    "RetypeKey",
    "SetKey",
    "Status",
    "StopController",
    "TlsFailure",
    "Truncate",
    "WrongLength",
    "ZeroCounters",
]
