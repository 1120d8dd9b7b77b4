"""What can go wrong, as data. A fault says which requests it meets and what it does to them; faults compose.

There are four places to go wrong: the gateway itself, the reply, single values in it, and its delivery. All faults
that meet a request act in the order in which they were added.
"""

import re

from . import deliveries, keys, replies, states
from .base import Action, Fault
from .book import FaultBook
from .deliveries import Close, Delay, Drip, HangBeforeHeader, HangMidBody, Reset, Truncate, WrongLength
from .keys import DropKey, NullKey, RenameKey, RetypeKey, SetKey
from .replies import Body, ContentType, DeepNesting, Garbage, Gzip, GzipBomb, Html, HugeBody, NullBody, Redirect, Status
from .states import ChangeCertificate, ExpireTokens, ForgetPassword, HangHandshake, LockOut, Reboot

KINDS: dict[str, type[Fault]] = {
    re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower(): kind
    for module in (states, replies, keys, deliveries)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Fault) and kind is not Fault
}
"""Every kind by its name on the command line, e.g. `hang-mid-body`."""

__all__ = [
    "KINDS",
    "Action",
    "Body",
    "ChangeCertificate",
    "Close",
    "ContentType",
    "DeepNesting",
    "Delay",
    "Drip",
    "DropKey",
    "ExpireTokens",
    "Fault",
    "FaultBook",
    "ForgetPassword",
    "Garbage",
    "Gzip",
    "GzipBomb",
    "HangBeforeHeader",
    "HangHandshake",
    "HangMidBody",
    "Html",
    "HugeBody",
    "LockOut",
    "NullBody",
    "NullKey",
    "Reboot",
    "Redirect",
    "RenameKey",
    "Reset",
    "RetypeKey",
    "SetKey",
    "Status",
    "Truncate",
    "WrongLength",
]
