"""The arguments of `powerwall-fake-gateway`: what may be asked for, and every problem with it at once."""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn, TypeVar

from . import replay, scenarios
from .faults import Fault
from .faults.spec import parse_fault
from .fleet import places
from .gateway import MOST_PACKS
from .profiles import DEFAULT_PROFILE, PROFILES
from .scenarios import Scenario

Value = TypeVar("Value")
DEFAULT_PASSWORD = "password"  # noqa: S105 - everybody's password of a fake
MOST_GATEWAYS = 10_000


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    host: str
    port: int
    password: str
    firmware: str
    seed: int
    speed: float
    start: datetime | None
    faults: tuple[Fault, ...]
    packs: int | None = None
    scenario: Scenario | None = None
    replay: str = ""
    gateways: int = 1
    by_address: bool = False
    control: tuple[str, int] | None = None
    watch: bool = False


class ArgumentsError(Exception):
    """Arguments that cannot be used, one line per problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def read_options(argv: Sequence[str]) -> Options:
    """Read the arguments; ArgumentsError with every problem at once."""
    given = parser().parse_args(argv)
    problems: list[str] = []

    def read(option: str, reader: Callable[[str], Value], text: str, fallback: Value) -> Value:
        try:
            return reader(text)
        except ValueError as error:
            problems.append(f"{option}: {error}")
            return fallback

    host, port = read("--listen", _address, given.listen, ("", 0))
    scenario = read("--scenario", scenarios.load, given.scenario, None) if given.scenario else None
    firmware = given.firmware or (scenario.firmware if scenario else DEFAULT_PROFILE)
    gateways = read("--gateways", _gateways, given.gateways, 1)
    if not problems:
        read(
            "--gateways",
            lambda text: len(places(host, port, int(text), by_address=given.by_address)),
            given.gateways,
            0,
        )
    options = Options(
        host=host,
        port=port,
        password=given.password,
        firmware=read("--firmware", _firmware, firmware, ""),
        seed=read("--seed", _seed, given.seed, 0),
        speed=read("--speed", _speed, given.speed, 1.0),
        start=read("--start", _start, given.start, None) if given.start else None,
        faults=tuple(read("--fault", parse_fault, text, Fault()) for text in given.fault),
        packs=read("--packs", _packs, given.packs, None) if given.packs else None,
        scenario=scenario,
        replay=read("--replay", _replay, given.replay, "") if given.replay else "",
        gateways=gateways,
        by_address=given.by_address,
        control=read("--control", _address, given.control, ("", 0)) if given.control else None,
        watch=given.watch or scenario is not None,
    )
    if problems:
        raise ArgumentsError(problems)
    return options


class _Parser(argparse.ArgumentParser):
    """A parser that complains as the rest of the program does."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentsError([f"{message}; see powerwall-fake-gateway --help"])


def parser() -> argparse.ArgumentParser:
    """Return what reads the arguments; values are still texts."""
    made = _Parser(
        prog="powerwall-fake-gateway",
        description="A simulated Tesla energy gateway: a house with sun, batteries and grid, and faults on demand.",
        allow_abbrev=False,
    )
    made.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:8443", help="default: %(default)s")
    made.add_argument("--password", default=DEFAULT_PASSWORD, help="of the user `customer`; default: %(default)s")
    made.add_argument(
        "--firmware",
        metavar="NAME",
        default="",
        help=f"the device, one of {', '.join(PROFILES)}; default: the scenario's, or {DEFAULT_PROFILE}",
    )
    made.add_argument("--packs", metavar="N", default="", help=f"how many Powerwalls, 1 to {MOST_PACKS}")
    made.add_argument(
        "--scenario", metavar="NAME", default="", help=f"one of {', '.join(scenarios.names())}, or a .toml file"
    )
    made.add_argument("--replay", metavar="PATH", default="", help="serve recorded answers of a folder or zip")
    made.add_argument("--seed", metavar="N", default="1", help="another seed is another house; default: %(default)s")
    made.add_argument("--speed", metavar="X", default="1", help="simulated seconds per second; default: %(default)s")
    made.add_argument("--start", metavar="ISO", default="", help="where the simulation begins; default: now")
    made.add_argument(
        "--fault", metavar="SPEC", action="append", default=[], help="e.g. status=503,match=/api/meters/*,times=2"
    )
    made.add_argument("--gateways", metavar="N", default="1", help="how many, on consecutive ports; default: 1")
    made.add_argument("--by-address", action="store_true", help="... on consecutive addresses and one port instead")
    made.add_argument("--control", metavar="HOST:PORT", default="", help="answer /__fake__/ there; default: nowhere")
    made.add_argument("--watch", action="store_true", help="say in words what happens; on with --scenario")
    return made


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ValueError(f"{text!r} is not HOST:PORT; write e.g. 127.0.0.1:8443")
    return host.strip("[]"), int(port)


def _firmware(text: str) -> str:
    if text not in PROFILES:
        raise ValueError(f"{text!r} is unknown; use one of {', '.join(PROFILES)}")
    return text


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a whole number; write e.g. 7")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= 100_000:
        raise ValueError(f"{text!r} is not a number from above 0 to 100000; write e.g. 60")
    return speed


def _start(text: str) -> datetime | None:
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write e.g. 2026-06-21T06:00:00-07:00") from None
    return start.astimezone() if start.tzinfo is None else start


def _packs(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_PACKS):
        raise ValueError(f"{text!r} is not a number of Powerwalls; write 1 to {MOST_PACKS}")
    return int(text)


def _gateways(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_GATEWAYS):
        raise ValueError(f"{text!r} is not a number from 1 to {MOST_GATEWAYS}; write e.g. 3")
    return int(text)


def _replay(text: str) -> str:
    replay.load(Path(text))
    return text
