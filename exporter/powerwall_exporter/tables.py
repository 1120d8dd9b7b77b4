"""Reads values out of a table of settings, and notes what cannot be used; knows no setting by name."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Problems:
    """What cannot be used, one line each."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, place: str, what: str, remedy: str) -> None:
        """Note a problem with its place and its remedy."""
        self.found.append(f"{place}: {what}; {remedy}")


class Table:
    """One table of settings; each key is taken once, what nobody takes is refused, `prefix` tells the owner where."""

    def __init__(
        self,
        prefix: str,
        content: Mapping[str, object],
        problems: Problems,
        places: Mapping[str, str] | None = None,
    ) -> None:
        self._prefix = prefix
        self._content = content
        self._problems = problems
        self._places = places or {}
        self._taken: set[str] = set()
        self._refused: set[str] = set()
        self._secret = False
        self._secret_keys: set[str] = set()

    @property
    def named(self) -> bool:
        """Whether this table stands in a file."""
        return bool(self._prefix)

    def place(self, key: str) -> str:
        """Return how to name the place of a key to its owner."""
        return self._places.get(key, f"{self._prefix}{key}")

    def has(self, key: str) -> bool:
        """Tell whether the key is there."""
        return key in self._content

    def refused(self, key: str) -> bool:
        """Tell whether the key is there and its value was refused."""
        return key in self._refused

    def take(self, key: str) -> object:
        """Return the raw value, or None."""
        self._taken.add(key)
        return self._content.get(key)

    def text(self, key: str) -> str | None:
        """Return a text that is not empty."""
        value = self.take(key)
        if value is None or (isinstance(value, str) and value):
            return value
        self._refuse(key, value, "a text", 'write it in quotes, such as "..."')
        return None

    def texts(self, key: str) -> list[str]:
        """Return one text or a list of texts as a list."""
        value = self._content.get(key)
        if isinstance(value, list):
            self.take(key)
            if all(isinstance(item, str) for item in value):
                return list(value)
            self._refuse(key, value, "a list of texts", "write each in quotes")
            return []
        single = self.text(key)
        return [] if single is None else [single]

    def choice(self, key: str, allowed: Sequence[str]) -> str | None:
        """Return one of the allowed texts."""
        value = self.text(key)
        if value is None or value in allowed:
            return value
        self._refuse(key, value, "one of the choices", "use " + " or ".join(f'"{word}"' for word in allowed))
        return None

    def flag(self, key: str) -> bool | None:
        """Return true or false."""
        value = self.take(key)
        if value is None or isinstance(value, bool):
            return value
        self._refuse(key, value, "true or false", "write true or false without quotes")
        return None

    def seconds(self, key: str, *, floor_seconds: float) -> float | None:
        """Return the seconds of a duration such as "10s", not below the floor."""
        value = self.take(key)
        if value is None:
            return None
        seconds = duration_seconds(value) if isinstance(value, str) else None
        if seconds is None:
            self._refuse(key, value, "a duration", 'write a number and a unit, such as "10s" or "5m"')
            return None
        if seconds < floor_seconds:
            self._refuse(key, value, "bearable for a gateway", f'give at least "{floor_seconds:g}s"')
            return None
        return seconds

    def table(self, key: str) -> "Table":
        """Return a table inside this one, empty where there is none."""
        value = self.take(key)
        if value is not None and not isinstance(value, dict):
            self._refuse(key, value, "a table", f"write [{key}] above its keys")
        return Table(f"{self.place(key)}.", value if isinstance(value, dict) else {}, self._problems)

    def tables(self, key: str) -> list["Table"]:
        """Return the tables of an array of tables."""
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._refuse(key, value, "an array of tables", f"write [[{key}]] above each")
            return []
        return [
            Table(f"{self.place(key)}[{index}].", item, self._problems) for index, item in enumerate(value, start=1)
        ]

    def secrets(self, key: str) -> dict[str, str]:
        """Return a table of texts whose values are never shown."""
        self._secret_keys.add(key)
        inner = self.table(key)
        inner._secret = True
        return {name: text for name in list(inner._content) if (text := inner.text(name)) is not None}

    def refuse_unknown(self) -> None:
        """Note every key that nobody took."""
        for key in self._content:
            if key not in self._taken:
                near = difflib.get_close_matches(key, self._taken, n=1)
                remedy = f"did you mean {near[0]}?" if near else "remove it; known: " + ", ".join(sorted(self._taken))
                self._problems.add(self.place(key), "unknown setting", remedy)

    def _refuse(self, key: str, value: object, wanted: str, remedy: str) -> None:
        self._refused.add(key)
        hidden = self._secret or key in self._secret_keys or "password" in key
        shown = "" if hidden else f"{value!r} is "
        self._problems.add(self.place(key), f"{shown}not {wanted}", remedy)


def duration_seconds(text: str) -> float | None:
    """Return the seconds of a duration such as `10s`, `5m` or `500ms`; None where it is none."""
    match = _DURATION.fullmatch(text)
    return float(match[1]) * _SECONDS[match[2]] if match else None


def address(text: str, place: str, problems: Problems) -> Address | None:
    """Return host and port of `host:port`, `[::1]:port` or `:port`; None where it is neither."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        problems.add(place, f"{text!r} is no address", "write host:port, such as 127.0.0.1:9871")
        return None
    return Address(host.strip("[]") or "0.0.0.0", int(port))
