"""Faults as text: read from the command line, and spelled so that they are read as the same again."""

import re
from typing import Any

import pytest

from powerwall_fake_gateway import Fault, faults
from powerwall_fake_gateway.faults import (
    KINDS,
    Delay,
    Drip,
    DropKey,
    ExpireTokens,
    HangHandshake,
    HangMidBody,
    RenameKey,
    Reset,
    SetKey,
    Status,
    WrongLength,
)
from powerwall_fake_gateway.faults.spec import UnreadableFaultError, parse_fault, spell_fault

_EXAMPLES: dict[str, Any] = {"status": 503, "delay": 1.5, "clock-skew": -5.0}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_spelled_as_it_is_read(kind: str) -> None:
    text = f"{kind},match=/api/*,times=3,probability=0.5,after-seconds=1.5,for-seconds=60.0"
    needed = re.search(r"positional argument.*'(\w+)'", _refusal(kind))
    if needed:
        text = text.replace(kind, f"{kind}={_EXAMPLES.get(kind, 'a.b')}", 1)
        text += ",name=c" if kind == "rename-key" else ""
    fault = parse_fault(text)
    assert (fault.match, fault.times, fault.after_seconds, fault.for_seconds) == ("/api/*", 3, 1.5, 60.0)
    assert parse_fault(spell_fault(fault)) == fault


def _refusal(kind: str) -> str:
    try:
        KINDS[kind]()
    except TypeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("status=503,match=/api/meters/*,times=2", Status(503, match="/api/meters/*", times=2)),
        ("status=502,body=busy,probability=0.5", Status(502, "busy", probability=0.5)),
        ("delay=2.5,method=POST", Delay(2.5, method="POST")),
        ("reset", Reset()),
        ("drip=10,pause-seconds=0.5", Drip(10, 0.5)),
        ("drop-key=site.instant_power", DropKey("site.instant_power")),
        ("set-key=grid_status,value=Odd", SetKey("grid_status", "Odd")),
        ("set-key=percentage,value=-1.5", SetKey("percentage", -1.5)),
        ("rename-key=a.b,name=c", RenameKey("a.b", "c")),
        ("expire-tokens,times=3", ExpireTokens(times=3)),
        ("hang-handshake,times=1", HangHandshake(times=1)),
        ("wrong-length=-3", WrongLength(-3)),
    ],
)
def test_a_fault_can_be_written(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("earthquake", "'earthquake' is unknown; use one of body, .*wrong-length"),
        ("status", "needs status.*write status=VALUE"),
        ("status=high", "status='high' is not a number"),
        ("delay=soon", "seconds='soon' is not a number"),
        ("reset=1", "takes no value"),
        ("reset,colour=red", "has no 'colour'; it has match"),
        ("status=500,times=x", "times='x' is not a number"),
    ],
)
def test_a_fault_that_says_nothing_usable_is_refused_with_a_remedy(text: str, complaint: str) -> None:
    with pytest.raises(UnreadableFaultError, match=complaint):
        parse_fault(text)


def test_every_kind_has_a_name() -> None:
    assert {kind.__name__ for kind in KINDS.values()} == set(faults.__all__) - {"KINDS", "Action", "Fault", "FaultBook"}
    assert KINDS["hang-mid-body"] is HangMidBody
