"""Faults of single values in a JSON reply. A key is a path with dots, each part a shell pattern."""

import json
from dataclasses import dataclass, replace

from powerwall_fake_gateway.exchange import Reply
from powerwall_fake_gateway.keypath import Edit, drop, edit
from powerwall_fake_gateway.spelling import Json, json_bytes

from .base import Fault

_MARK = "\x00twin"


def _edited(reply: Reply, key: str, change: Edit) -> Reply:
    """Apply a change where a path leads; a body that is not JSON, or has no such key, stays as it is."""
    try:
        decoded = json.loads(reply.body)
    except ValueError:
        return reply
    edit(decoded, key, change)
    return replace(reply, body=json_bytes(decoded))


@dataclass(frozen=True)
class DropKey(Fault):
    """A key is missing, e.g. `site.instant_power` or `battery_blocks.*.p_out`."""

    key: str

    def edit(self, reply: Reply) -> Reply:
        """Remove the key."""
        return _edited(reply, self.key, drop)


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


@dataclass(frozen=True)
class DuplicateKey(Fault):
    """A key is there twice, the other value first; parsers differ in which they take."""

    key: str
    value: Json = 0

    def edit(self, reply: Reply) -> Reply:
        """Write the key a second time before the true one."""
        name = self.key.rpartition(".")[2]
        doubled = _edited(reply, self.key, self._mark)
        return replace(doubled, body=doubled.body.replace(json_bytes(_MARK), json_bytes(name)))

    def _mark(self, holder: dict[str, Json], name: str) -> None:
        items = list(holder.items())
        holder.clear()
        for key, value in items:
            if key == name:
                holder[_MARK] = self.value
            holder[key] = value


def _retyped(value: Json) -> Json:
    return 7 if isinstance(value, str) else json_bytes(value).decode()
