"""The command `powerwall-fake-gateway`: a fake gateway that runs until it is told to stop.

Exit codes: 0 asked to stop, 2 unusable arguments or address, each problem on one line with its remedy.
"""

import argparse
import math
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, TypeVar

from .faults import Fault
from .faults.spec import parse_fault
from .gateway import FakeGateway
from .profile import DEFAULT_PROFILE, PROFILES

Value = TypeVar("Value")
_DEFAULT_PASSWORD = "password"  # noqa: S105 - everybody's password of a fake


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


class ArgumentsError(Exception):
    """Arguments that cannot be used, one line per problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a fake gateway until Ctrl-C or TERM; return the exit code."""
    try:
        options = read_options(sys.argv[1:] if argv is None else argv)
    except ArgumentsError as error:
        return _complain(error.problems)
    gateway = FakeGateway(
        password=options.password,
        host=options.host,
        port=options.port,
        firmware=options.firmware,
        seed=options.seed,
        speed=options.speed,
        start=options.start,
    )
    gateway.add(*options.faults)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        gateway.start()
    except OSError as error:
        place = f"{options.host}:{options.port}"
        return _complain([f"--listen: cannot listen on {place}: {error.strerror}; choose another address or port"])
    try:
        _introduce(gateway, options)
        stop.wait()
    finally:
        gateway.stop()
    return 0


def read_options(argv: Sequence[str]) -> Options:
    """Read the arguments; ArgumentsError with every problem at once."""
    given = _parser().parse_args(argv)
    problems: list[str] = []

    def read(option: str, reader: Callable[[str], Value], text: str, fallback: Value) -> Value:
        try:
            return reader(text)
        except ValueError as error:
            problems.append(f"{option}: {error}")
            return fallback

    host, port = read("--listen", _address, given.listen, ("", 0))
    options = Options(
        host=host,
        port=port,
        password=given.password,
        firmware=read("--firmware", _firmware, given.firmware, ""),
        seed=read("--seed", _seed, given.seed, 0),
        speed=read("--speed", _speed, given.speed, 1.0),
        start=read("--start", _start, given.start, None) if given.start else None,
        faults=tuple(read("--fault", parse_fault, text, Fault()) for text in given.fault),
    )
    if problems:
        raise ArgumentsError(problems)
    return options


class _Parser(argparse.ArgumentParser):
    """A parser that complains as the rest of the program does."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentsError([f"{message}; see powerwall-fake-gateway --help"])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="powerwall-fake-gateway",
        description="A simulated Tesla energy gateway: a house with sun, batteries and grid, and faults on demand.",
        allow_abbrev=False,
    )
    parser.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:8443", help="default: %(default)s")
    parser.add_argument("--password", default=_DEFAULT_PASSWORD, help="of the user `customer`; default: %(default)s")
    parser.add_argument("--firmware", metavar="NAME", default=DEFAULT_PROFILE, help=f"one of {', '.join(PROFILES)}")
    parser.add_argument("--seed", metavar="N", default="1", help="another seed is another house; default: %(default)s")
    parser.add_argument("--speed", metavar="X", default="1", help="simulated seconds per second; default: %(default)s")
    parser.add_argument("--start", metavar="ISO", default="", help="where the simulation begins; default: now")
    parser.add_argument(
        "--fault", metavar="SPEC", action="append", default=[], help="e.g. status=503,match=/api/meters/*,times=2"
    )
    return parser


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


def _introduce(gateway: FakeGateway, options: Options) -> None:
    """Say where it is and how to point the exporter at it."""
    shown = options.password if options.password == _DEFAULT_PASSWORD else "as given"
    value = options.password if options.password == _DEFAULT_PASSWORD else "..."
    print(f"{options.firmware} on {gateway.url}, user customer, password {shown}; Ctrl-C ends it")
    print(f"try: POWERWALL_HOST={gateway.address} POWERWALL_PASSWORD={value} powerwall-exporter run", flush=True)


def _complain(problems: Sequence[str]) -> int:
    for problem in problems:
        print(f"powerwall-fake-gateway: {problem}", file=sys.stderr)
    return 2
