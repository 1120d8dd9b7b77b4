"""The command line: reads arguments, settings and the environment, and wires the parts together."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from importlib import resources
from pathlib import Path

from powerwall_exporter import __version__, check, config, reference
from powerwall_exporter.errors import SettingsError
from powerwall_exporter.gateway.endpoints import FLOOR_SECONDS, Pace
from powerwall_exporter.gateway.store import Store
from powerwall_exporter.model import SystemClock
from powerwall_exporter.tables import Address, duration_seconds

log = logging.getLogger("powerwall_exporter")

STOPPED, DIED, UNUSABLE = 0, 1, 2
LEVELS = ("debug", "info", "warning", "error")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 asked to stop, 1 died, 2 unusable settings or arguments."""
    options = _parser().parse_args(arguments)
    _log_to_people(options.log_level or "info")
    threading.excepthook = _die_with_thread
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:  # of a pager or `head` that has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return STOPPED
    except Exception as error:  # noqa: BLE001 - the outermost: a person gets one line, not a traceback
        _say_died(error)
        return DIED


def _say_died(error: BaseException | None) -> None:
    log.error("died: %s: %s", type(error).__name__, error)
    log.debug("where it died", exc_info=error)


def _die_with_thread(fate: threading.ExceptHookArgs) -> None:
    """End the process with a thread that ends by a defect: half an exporter would look like a whole one."""
    _say_died(fate.exc_value)
    os._exit(DIED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="powerwall-exporter",
        description="Metrics of Tesla Powerwall gateways for Telegraf, Prometheus and OpenTelemetry.",
    )
    parser.add_argument("--version", action="version", version=f"powerwall-exporter {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _command(commands, "run", _run, "poll, serve the page, push: what the settings turn on", config_file=True)
    _add_listen(run)
    telegraf = _command(commands, "telegraf", _telegraf, "be a plugin of Telegraf's inputs.execd", config_file=True)
    telegraf.add_argument("--once", action="store_true", help="print one poll and end; for inputs.exec and for people")
    telegraf.add_argument("--interval", metavar="DURATION", help="poll by an own clock, such as 10s, until stdin ends")
    checking = _command(commands, "check", _check, "ask everything once and say what to mend", config_file=True)
    checking.add_argument("--json", action="store_true", help="print the findings as JSON")
    demo = _command(commands, "demo", _demo, "run against an embedded fake gateway; needs no settings")
    demo.add_argument("--duration", type=float, metavar="SECONDS", help="end after so many seconds")
    _add_listen(demo)
    metrics = _command(commands, "metrics", _metrics, "list every metric in its three spellings")
    metrics.add_argument("--format", choices=reference.FORMATS, default="table")
    _command(commands, "sample-config", _sample_config, "print a file of settings to start from")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
    *,
    config_file: bool = False,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
    parser.set_defaults(command=command)
    parser.add_argument("--log.level", dest="log_level", choices=LEVELS, help="how much to say on stderr")
    if config_file:
        parser.add_argument(
            "--config", type=Path, metavar="FILE", help="settings; without it POWERWALL_HOST and POWERWALL_PASSWORD do"
        )
    return parser


def _add_listen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web.listen-address",
        dest="listen",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help=f"where to serve the page; may be repeated (default {config.DEFAULT_LISTEN})",
    )


def _log_to_people(level: str) -> None:
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr, force=True
    )


def _run(options: argparse.Namespace) -> int:
    from powerwall_exporter import service
    from powerwall_exporter.outputs.web import Server

    servers: list[Server] = []

    def bind(where: Address) -> None:
        servers.append(Server(where.host, where.port))

    settings = config.load(options.config, os.environ, listen=options.listen, bind=bind)
    if not servers and settings.otlp is None:
        raise SettingsError(["no output is on; enable [prometheus] or give [otlp] an endpoint"])
    service.serve(settings, servers, SystemClock(), _stop_on_signals())
    return STOPPED


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _telegraf(options: argparse.Namespace) -> int:
    from powerwall_exporter import plugin
    from powerwall_exporter.outputs import telegraf

    descriptor = telegraf.claim_stdout()
    level = (options.log_level or "warning").upper()
    logging.basicConfig(level=level, format="%(message)s", handlers=[telegraf.LogHandler()], force=True)
    try:
        interval_seconds = _interval_seconds(options.interval)
        settings = config.load(options.config, os.environ, pushing=False)
        if options.once:
            _require_memory(settings)
    except SettingsError as error:
        for problem in error.problems:
            log.error("%s", problem)
        return UNUSABLE
    interactive = sys.stdin is not None and sys.stdin.isatty()
    if interactive and not options.once:
        print("Press Enter for a poll, Ctrl-D to end; Telegraf does the same.", file=sys.stderr)
    read = plugin.live(
        settings,
        descriptor,
        SystemClock(),
        once=options.once,
        interval_seconds=interval_seconds,
        interactive=interactive,
    )
    # The pipes are closed and threads may hang on a gateway: nothing is left to tidy.
    os._exit(STOPPED if read else DIED)


def _require_memory(settings: config.Settings) -> None:
    """Refuse to log in again and again, at every call, until the gateway locks its owner out."""
    if not Store(settings.state_directory, "any").keeps():
        problem = f"state_directory: {settings.state_directory} cannot be written, and each call would log in anew"
        raise SettingsError([f"{problem}; give a folder of its own by POWERWALL_STATE_DIR"])


def _interval_seconds(text: str | None) -> float | None:
    if text is None:
        return None
    seconds = duration_seconds(text)
    if seconds is None or seconds < FLOOR_SECONDS[Pace.FAST]:
        raise SettingsError([f"--interval: {text!r} is no duration of at least 5s; write 10s"])
    return seconds


def _check(options: argparse.Namespace) -> int:
    settings = config.load(options.config, os.environ, pushing=False)
    found = list(check.findings(settings, SystemClock()))
    if options.json:
        print(check.as_json(found))
    else:
        print(*found, *check.verdict(found), sep="\n")
    return STOPPED if check.is_well(found) else DIED


def _demo(options: argparse.Namespace) -> int:
    from powerwall_exporter import demo

    say = partial(print, flush=True)
    demo.run(os.environ, options.listen, options.duration, _stop_on_signals(), say, program=_program())
    return STOPPED


def _program() -> str:
    """Return how this program was called, for commands to copy."""
    called = Path(sys.argv[0])
    return f"{sys.executable} -m powerwall_exporter" if called.name == "__main__.py" else str(called)


def _metrics(options: argparse.Namespace) -> int:
    print(reference.rendered(options.format), flush=True)
    return STOPPED


def _sample_config(options: argparse.Namespace) -> int:
    print(resources.files("powerwall_exporter").joinpath("sample.toml").read_text(encoding="utf-8"), end="")
    return STOPPED


if __name__ == "__main__":
    sys.exit(main())
