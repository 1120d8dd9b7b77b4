"""Faults of single values in a JSON reply. A key is a path with dots, `*` stands for every member."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from powerwall_fake_gateway.exchange import Reply
from powerwall_fake_gateway.spelling import Json, json_bytes

from .base import Fault


def _edited(reply: Reply, key: str, edit: Callable[[dict[str, Json], str], None]) -> Reply:
    """Apply an edit where a path leads; a body that is not JSON, or has no such key, stays as it is."""
    try:
        decoded = json.loads(reply.body)
    except ValueError:
        return reply
    *path, name = key.split(".")
    for holder in _holders([decoded], path):
        for member in [key for key in holder if name in ("*", key)]:
            edit(holder, member)
    return replace(reply, body=json_bytes(decoded))


def _holders(values: list[Json], path: list[str]) -> list[dict[str, Json]]:
    """Return the objects a path leads to from any of the values."""
    if not path:
        return [value for value in values if isinstance(value, dict)]
    return _holders([member for value in values for member in _members(value, path[0])], path[1:])


def _members(value: Json, part: str) -> list[Json]:
    if isinstance(value, list):
        return [member for index, member in enumerate(value) if part in ("*", str(index))]
    if isinstance(value, dict):
        return [member for key, member in value.items() if part in ("*", key)]
    return []


@dataclass(frozen=True)
class DropKey(Fault):
    """A key is missing, e.g. `site.instant_power` or `battery_blocks.*.p_out`."""

    key: str

    def edit(self, reply: Reply) -> Reply:
        """Remove the key."""
        return _edited(reply, self.key, _drop)


@dataclass(frozen=True)
class SetKey(Fault):
    """A key has another value: an unknown word, a negative counter, anything JSON knows."""

    key: str
    value: Json = "SomethingNew"

    def edit(self, reply: Reply) -> Reply:
        """Set the value."""
        return _edited(reply, self.key, lambda holder, name: holder.update({name: self.value}))


@dataclass(frozen=True)
class NullKey(Fault):
    """A key is null."""

    key: str

    def edit(self, reply: Reply) -> Reply:
        """Set it to null."""
        return _edited(reply, self.key, lambda holder, name: holder.update({name: None}))


@dataclass(frozen=True)
class RetypeKey(Fault):
    """A value has another JSON type: strings become numbers, everything else its own text."""

    key: str

    def edit(self, reply: Reply) -> Reply:
        """Change the type."""
        return _edited(reply, self.key, lambda holder, name: holder.update({name: _retyped(holder[name])}))


@dataclass(frozen=True)
class RenameKey(Fault):
    """A key has another name; `name` replaces the last part of the path."""

    key: str
    name: str

    def edit(self, reply: Reply) -> Reply:
        """Rename it."""
        return _edited(reply, self.key, lambda holder, name: holder.update({self.name: holder.pop(name)}))


def _retyped(value: Json) -> Json:
    return 7 if isinstance(value, str) else json_bytes(value).decode()


def _drop(holder: dict[str, Json], name: str) -> None:
    del holder[name]
