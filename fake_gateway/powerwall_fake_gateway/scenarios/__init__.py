"""Scenarios as small TOML files: what happens to a gateway, when, and in words."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, tzinfo
from importlib.resources import files
from pathlib import Path
from typing import Any

from powerwall_fake_gateway.faults import Fault
from powerwall_fake_gateway.faults.spec import parse_fault
from powerwall_fake_gateway.plant import Conditions, Plant, first_conditions
from powerwall_fake_gateway.profiles import DEFAULT_PROFILE, PROFILES
from powerwall_fake_gateway.sky import Place

DEEDS = (
    "reboot",
    "clear-faults",
    "expire-tokens",
    "forget-password",
    "lock-out",
    "change-certificate",
    "stop-controller",
    "start-controller",
)
"""What an event may make the gateway do."""

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_HEAD = ("about", "firmware", "start", "plant", "event")
_EVENT = ("at", "say", "house", "faults", "do", "update")
_FIXED = ("place", "packs", "disabled_packs", "legs", "leg_volts", "frequency_hertz", "tariff")


class UnreadableScenarioError(ValueError):
    """A scenario that says nothing usable; the message names the place and a remedy."""


@dataclass(frozen=True)
class Event:
    """Something that happens at a time after the start."""

    at_seconds: float
    say: str = ""
    house: Mapping[str, object] | None = None
    """Conditions that change."""
    faults: tuple[Fault, ...] = ()
    do: tuple[str, ...] = ()
    update: str = ""
    """The profile whose firmware the gateway has from then on."""


@dataclass(frozen=True)
class Scenario:
    """What a gateway is at first and what happens to it."""

    name: str
    about: str
    firmware: str
    start: datetime | None
    """The local time of the site at which it begins, without a zone; None for now."""
    plant: Mapping[str, object]
    events: tuple[Event, ...]

    def begin(self, zone: tzinfo) -> datetime | None:
        """Return when it begins at a site of this zone."""
        return None if self.start is None else self.start.replace(tzinfo=zone)


def names() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the package."""
    found = (entry.name for entry in files(__package__).iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted(name.removesuffix(".toml") for name in found))


def load(name: str) -> Scenario:
    """Read a scenario of the package by its name, or one of yours by the path of its file."""
    if name in names():
        return read(name, (files(__package__) / f"{name}.toml").read_text(encoding="utf-8"))
    if not name.endswith(".toml"):
        raise UnreadableScenarioError(f"scenario {name!r} is unknown; use one of {', '.join(names())}, or a .toml file")
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableScenarioError(f"scenario {name!r} cannot be read: {error}; give another file") from error
    return read(Path(name).stem, text)


def read(name: str, text: str) -> Scenario:
    """Read a scenario from TOML; UnreadableScenarioError for the first thing that makes no sense."""
    try:
        given = tomllib.loads(text)
        _known(given, _HEAD, "")
        firmware = given.get("firmware", DEFAULT_PROFILE)
        if firmware not in PROFILES:
            raise ValueError(f"firmware: {firmware!r} is unknown; use one of {', '.join(PROFILES)}")
        return Scenario(
            name=name,
            about=str(given.get("about", "")),
            firmware=firmware,
            start=_start(given.get("start")),
            plant=_plant(given.get("plant", {})),
            events=_events(given.get("event", [])),
        )
    except (ValueError, TypeError) as error:
        raise UnreadableScenarioError(f"scenario {name!r}: {error}") from error


def seconds(text: str) -> float:
    """Read a time after the start, e.g. `90s`, `2h30m`, `1d`; ValueError for anything else."""
    if not re.fullmatch(r"(\d+(\.\d+)?[dhms])+", text):
        raise ValueError(f"{text!r} is not a time; write e.g. 90s, 2h30m or 1d")
    return sum(float(amount) * _UNITS[unit] for amount, unit in re.findall(r"([\d.]+)([dhms])", text))


def _known(given: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in given:
        if key not in known:
            raise ValueError(f"{place}{key} is unknown; use {', '.join(known)}")


def _start(given: object) -> datetime | None:
    if given is None or (isinstance(given, datetime) and given.tzinfo is None):
        return given
    raise ValueError("start: write a local date and time without a zone, e.g. 2026-06-21T06:00:00")


def _plant(given: Mapping[str, object]) -> Mapping[str, object]:
    known = tuple(field.name for field in fields(Plant) if field.name not in _FIXED)
    _known(given, known, "plant.")
    first_conditions(replace(Plant(Place(0.0, 0.0)), **given))  # type: ignore[arg-type]  # checked by being made
    return given


def _events(given: list[Mapping[str, Any]]) -> tuple[Event, ...]:
    events = [_event(row, f"event[{number}].") for number, row in enumerate(given, start=1)]
    return tuple(sorted(events, key=lambda event: event.at_seconds))


def _event(given: Mapping[str, Any], place: str) -> Event:
    _known(given, _EVENT, place)
    if unknown := set(given.get("do", ())) - set(DEEDS):
        raise ValueError(f"{place}do: {', '.join(sorted(unknown))} is unknown; use {', '.join(DEEDS)}")
    if "update" in given and given["update"] not in PROFILES:
        raise ValueError(f"{place}update: {given['update']!r} is unknown; use one of {', '.join(PROFILES)}")
    if house := given.get("house"):
        _known(house, tuple(field.name for field in fields(Conditions)), f"{place}house.")
        first_conditions(Plant(Place(0.0, 0.0))).changed(**house)
    return Event(
        at_seconds=seconds(str(given.get("at", ""))),
        say=str(given.get("say", "")),
        house=house,
        faults=tuple(parse_fault(text) for text in given.get("faults", ())),
        do=tuple(given.get("do", ())),
        update=str(given.get("update", "")),
    )
