"""Polls when prompted and writes line protocol: the command `telegraf`."""

from functools import partial
from math import inf

from powerwall_exporter import assembly
from powerwall_exporter.board import Board, Tally
from powerwall_exporter.config import Settings
from powerwall_exporter.gateway.endpoints import FLOOR_SECONDS, Pace
from powerwall_exporter.model import Clock
from powerwall_exporter.outputs.telegraf import Prompts, Writer, leave, serve
from powerwall_exporter.pacing import Prompt, start
from powerwall_exporter.poller import EARLY

ONCE_SECONDS = 30.0
"""How long one single poll waits for a slow gateway; each answer has a deadline of its own before that."""


class Fleet:
    """A thread for each gateway, which polls when asked."""

    def __init__(self, settings: Settings, board: Board, clock: Clock) -> None:
        self._clock = clock
        self._pollers = assembly.pollers(settings, board.publish, clock, prompted=True)
        self._prompts = [Prompt() for _ in self._pollers]

    def start(self) -> None:
        """Start the threads; they wait for `ask`."""
        for prompt, poller in zip(self._prompts, self._pollers, strict=True):
            start("poller", partial(prompt.serve, poller.poll))

    def ask(self) -> None:
        """Ask every gateway for a poll."""
        for prompt in self._prompts:
            prompt.ask()

    def settle(self, timeout_seconds: float) -> bool:
        """Wait until all that was asked is done; return whether it is."""
        end = self._clock.monotonic() + timeout_seconds
        return all(prompt.settle(max(0.0, end - self._clock.monotonic())) for prompt in self._prompts)


def live(
    settings: Settings,
    descriptor: int,
    clock: Clock,
    *,
    once: bool = False,
    interval_seconds: float | None = None,
    interactive: bool = False,
) -> bool:
    """Write what is polled to the descriptor until the end of stdin; return whether it was read to the end.

    Afterwards descriptors 1 and 2 are closed, and the process should end without further ado.
    """
    board, prompts, tally = Board(clock), Prompts(), Tally()
    tally.start("influx", ["dropped"])
    writer = Writer(descriptor, partial(prompts.put, Prompts.BROKEN), tally.add)
    board.subscribe(writer.put)
    fleet = Fleet(settings, board, clock)
    if not once:
        prompts.listen_to_signals(interactive=interactive)
    writing = start("writer", writer.run)
    fleet.start()

    told = -inf

    def ask() -> None:
        nonlocal told
        fleet.ask()
        if clock.monotonic() - told >= FLOOR_SECONDS[Pace.FAST] * (1 - EARLY):
            told = clock.monotonic()
            board.publish(None, [assembly.own_reading(tally, clock)])

    if once:
        ask()
        fleet.settle(ONCE_SECONDS)
        read = True
    else:
        start("stdin", partial(prompts.read, 0))
        if interval_seconds is not None:
            start("interval", partial(prompts.tick, interval_seconds))
        read = serve(prompts, ask, fleet.settle, patient=interactive or interval_seconds is not None)
    leave(writer, writing, descriptor)
    return read
