"""The command `powerwall-fake-gateway`: fake gateways that run until they are told to stop.

Exit codes: 0 asked to stop, 2 unusable arguments or address, each problem on one line with its remedy.
"""

import os
import signal
import sys
import threading
from collections.abc import Sequence

from .acceptor import Acceptor
from .application import RECORDS_KEPT
from .control import ROOT, Control
from .fleet import RECORDS_KEPT as FLEET_RECORDS_KEPT
from .fleet import Fleet, places, raise_open_files
from .gateway import FakeGateway
from .narrator import Narrator
from .options import DEFAULT_PASSWORD, ArgumentsError, Options, read_options

__all__ = ["ArgumentsError", "Options", "main", "read_options"]

_LOOK_SECONDS = 0.25
_TELL_SECONDS = 5.0
_OPEN_FILES_EACH = 4
_MANY = 10


def main(argv: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or TERM; return the exit code."""
    try:
        options = read_options(sys.argv[1:] if argv is None else argv)
        fleet = _fleet(options)
    except ArgumentsError as error:
        return _complain(error.problems)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        fleet.start()
    except OSError as error:
        place = f"{options.host}:{options.port}"
        return _complain([f"--listen: cannot listen on {place}: {error.strerror}; choose another address or port"])
    control = Control(fleet.gateways)
    try:
        address = _start_control(control, options)
        _introduce(fleet.gateways, options, address)
        _watch(fleet.gateways[0], options, stop)
    except ArgumentsError as error:
        return _complain(error.problems)
    except BrokenPipeError:
        # Nobody listens any more; what is still to be flushed goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        control.stop()
        fleet.stop()
    return 0


def _fleet(options: Options) -> Fleet:
    """Make the gateways; ArgumentsError for a combination that cannot be."""
    if options.gateways > _MANY:
        raise_open_files(options.gateways * _OPEN_FILES_EACH)

    def make(number: int, host: str, port: int, acceptor: Acceptor) -> FakeGateway:
        gateway = FakeGateway(
            password=options.password,
            host=host,
            port=port,
            firmware=options.firmware,
            packs=options.packs,
            seed=options.seed + number,
            speed=options.speed,
            start=options.start,
            scenario=options.scenario,
            replay=options.replay or None,
            acceptor=acceptor,
            records_kept=FLEET_RECORDS_KEPT if options.gateways > _MANY else RECORDS_KEPT,
        )
        gateway.add(*options.faults)
        return gateway

    try:
        return Fleet(places(options.host, options.port, options.gateways, by_address=options.by_address), make)
    except ValueError as error:
        raise ArgumentsError([str(error)]) from error


def _start_control(control: Control, options: Options) -> str:
    """Start the control port where it is asked for; return its URL, or nothing."""
    if options.control is None:
        return ""
    host, port = options.control
    try:
        port = control.start(host, port)
    except OSError as error:
        problem = f"--control: cannot listen on {host}:{port}: {error.strerror}; choose another address or port"
        raise ArgumentsError([problem]) from error
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{ROOT}/"


def _introduce(gateways: Sequence[FakeGateway], options: Options, control: str) -> None:
    """Say where they are and how to point the exporter at the first."""
    first, last = gateways[0], gateways[-1]
    shown = options.password if options.password == DEFAULT_PASSWORD else "as given"
    value = options.password if options.password == DEFAULT_PASSWORD else "..."
    where = first.url if first is last else f"{first.url} to {last.address} ({len(gateways)} gateways)"
    print(f"{options.firmware} on {where}, user customer, password {shown}; Ctrl-C ends it")
    print(f"try: POWERWALL_HOST={first.address} POWERWALL_PASSWORD={value} powerwall-exporter run", flush=True)
    if control:
        print(f"control: {control}", flush=True)
    if options.scenario:
        print(f"{options.scenario.name}: {options.scenario.about}", flush=True)


def _watch(gateway: FakeGateway, options: Options, stop: threading.Event) -> None:
    """Wait for the end; say what happens to the first gateway meanwhile, if that is wanted."""
    if not options.watch:
        stop.wait()
        return
    narrator = Narrator(gateway, gateway.zone, _TELL_SECONDS * options.speed)
    while not stop.wait(_LOOK_SECONDS):
        for line in narrator.lines():
            print(line, flush=True)


def _complain(problems: Sequence[str]) -> int:
    for problem in problems:
        print(f"powerwall-fake-gateway: {problem}", file=sys.stderr)
    return 2
