"""Places in JSON by a path with dots: `site.instant_power`, `battery_blocks.*.p_out`; each part is a shell pattern."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from .spelling import Json

Edit = Callable[[dict[str, Json], str], None]
"""Changes one key of an object in place."""


def edit(value: Json, key: str, change: Edit) -> None:
    """Apply a change to every existing key a path leads to."""
    for holder, name in _places(value, key):
        for member in [member for member in holder if fnmatchcase(member, name)]:
            change(holder, member)


def put(value: Json, key: str, new: Json) -> None:
    """Set the last part of a path in every object the rest leads to, whether it was there or not."""
    for holder, name in _places(value, key):
        holder[name] = new


def drop(holder: dict[str, Json], name: str) -> None:
    """Remove a key."""
    del holder[name]


def _places(value: Json, key: str) -> list[tuple[dict[str, Json], str]]:
    *path, name = key.split(".")
    return [(holder, name) for holder in _holders([value], path)]


def _holders(values: list[Json], path: list[str]) -> list[dict[str, Json]]:
    """Return the objects a path leads to from any of the values."""
    if not path:
        return [value for value in values if isinstance(value, dict)]
    return _holders([member for value in values for member in _members(value, path[0])], path[1:])


def _members(value: Json, part: str) -> list[Json]:
    if isinstance(value, list):
        return [member for index, member in enumerate(value) if fnmatchcase(str(index), part)]
    if isinstance(value, dict):
        return [member for key, member in value.items() if fnmatchcase(key, part)]
    return []
