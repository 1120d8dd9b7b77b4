"""Faults as text: `KIND[=VALUE][,NAME=VALUE]...`, e.g. `status=503,match=/api/meters/*,times=2`."""

import json
from dataclasses import Field, fields
from typing import cast

from . import KINDS
from .base import Fault


class UnreadableFaultError(ValueError):
    """A fault's text that says nothing usable; the message names the place and a remedy."""


def parse_fault(text: str) -> Fault:
    """Return the fault a text describes; UnreadableFaultError if there is none."""
    head, *rest = text.split(",")
    kind_name, has_value, value = head.partition("=")
    kind = KINDS.get(kind_name)
    if kind is None:
        raise UnreadableFaultError(f"fault {kind_name!r} is unknown; use one of {', '.join(sorted(KINDS))}")
    known = {field.name: field for field in fields(kind)}
    own = [field.name for field in fields(kind) if not field.kw_only]
    given: dict[str, object] = {}
    if has_value:
        if not own:
            raise UnreadableFaultError(f"fault {kind_name!r} takes no value; write it without =")
        given[own[0]] = _value(kind_name, known[own[0]], value)
    for part in rest:
        name, _, value = part.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known:
            raise UnreadableFaultError(f"fault {kind_name!r} has no {name!r}; it has {', '.join(known)}")
        given[name] = _value(kind_name, known[name], value)
    try:
        return kind(**given)  # type: ignore[arg-type]  # names and types come from the kind's own fields
    except TypeError as error:
        raise UnreadableFaultError(f"fault {kind_name!r} needs {', '.join(own)}; write {kind_name}=VALUE") from error


def _value(kind_name: str, field: "Field[object]", text: str) -> object:
    """Read one value as the type of its field; JSON where the field takes anything."""
    wanted = cast("object", field.type)
    try:
        if wanted in (int, "int", int | None):
            return int(text)
        if wanted in (float, float | None):
            return float(text)
    except ValueError as error:
        raise UnreadableFaultError(f"fault {kind_name!r}: {field.name}={text!r} is not a number") from error
    if field.name == "value" and wanted is not str:
        return _json_or_text(text)
    return text


def _json_or_text(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def spell_fault(fault: Fault) -> str:
    """Return the text that `parse_fault` reads as this fault; defaults are left out."""
    kind = next(name for name, kind in KINDS.items() if kind is type(fault))
    own = [field.name for field in fields(fault) if not field.kw_only]
    given = {
        field.name: getattr(fault, field.name)
        for field in fields(fault)
        if field.name in own[:1] or getattr(fault, field.name) != field.default
    }
    head = f"{kind}={_text(given.pop(own[0]))}" if own else kind
    return ",".join((head, *(f"{name.replace('_', '-')}={_text(value)}" for name, value in given.items())))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value if isinstance(value, str) else json.dumps(value)
