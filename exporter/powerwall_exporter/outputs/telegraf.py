"""The life of a plugin of Telegraf's `inputs.execd`: prompts in, line protocol out, and a clean end.

Telegraf writes a newline per interval, closes stdin to end, and reads stderr line by line; stdout carries
nothing but line protocol. Knows no gateway: it asks for polls and is told of readings.
"""

import contextlib
import logging
import os
import queue
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from powerwall_exporter.model import Reading
from powerwall_exporter.outputs.influx import lines

log = logging.getLogger(__name__)

MOST_BATCHES = 1024
"""Batches that may wait, one for each answer; a few MB."""
SETTLE_SECONDS = 3.5
"""How long a poll may still take after the end was asked for; Telegraf kills at 5 s."""
DRAIN_SECONDS = 1.0
LINGER_SECONDS = 0.1
"""Between closing the pipes and ending: Telegraf loses the last batch of a process that ends at once (measured)."""
PROMPT_EXPECTED_SECONDS = 60.0
LONGEST_LOG_LINE = 4000
"""Bytes; a line of 64 KiB ends Telegraf's reading of stderr for good."""

_LETTERS = ((logging.ERROR, "E"), (logging.WARNING, "W"), (logging.INFO, "I"), (logging.DEBUG, "D"))


class LogHandler(logging.Handler):
    """Writes a record as one short line with the prefix by which Telegraf knows its level."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record to descriptor 2, past every buffer."""
        text = " | ".join(self.format(record).splitlines())
        letter = next((letter for level, letter in _LETTERS if record.levelno >= level), "T")
        line = f"{letter}! {text}".encode("utf-8", "backslashreplace")
        with contextlib.suppress(OSError):
            os.write(2, line[:LONGEST_LOG_LINE] + b"\n")


def claim_stdout() -> int:
    """Return a descriptor of stdout that only we know; whatever else is printed goes to stderr."""
    private = os.dup(1)
    os.set_blocking(private, True)  # whoever left it otherwise would make a full pipe look like a closed one
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        os.environ.pop(name, None)  # they are Telegraf's: with them we would speak for its service
    return private


class Writer:
    """Writes batches of lines whole and in order; drops them, counted, where nobody reads."""

    def __init__(self, descriptor: int, broken: Callable[[], None], count: Callable[[str, str, int], None]) -> None:
        self._descriptor = descriptor
        self._broken = broken
        self._count = count
        self._batches: queue.Queue[bytes | None] = queue.Queue(MOST_BATCHES)
        self._lock = threading.Lock()
        self._dropped = 0

    def put(self, gateway: str | None, readings: Sequence[Reading]) -> None:
        """Queue the readings as lines; never blocks."""
        batch = lines(gateway, readings)
        if not batch:
            return
        try:
            self._batches.put_nowait(batch)
        except queue.Full:
            self._count("influx", "dropped", len(readings))
            self._note_dropped()
        else:
            self._note_queued()

    def _note_dropped(self) -> None:
        with self._lock:
            self._dropped += 1
            first = self._dropped == 1
        if first:
            log.warning("stdout is not read; dropping batches until it is")

    def _note_queued(self) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            log.warning("stdout is read again; %d batches were dropped", dropped)

    def run(self) -> None:
        """Write until told that there is no more, or nobody is there to read."""
        while (batch := self._batches.get()) is not None:
            try:
                for chunk in whole_lines(batch):
                    self._write(chunk)
            except OSError:
                self._broken()
                return

    def _write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def finish(self) -> None:
        """Let `run` end after what is queued."""
        with contextlib.suppress(queue.Full):
            self._batches.put(None, timeout=DRAIN_SECONDS)


def whole_lines(batch: bytes) -> Iterator[bytes]:
    """Yield the lines in chunks that a pipe takes whole or not at all: the end must not cut a number short."""
    chunk = b""
    for line in batch.splitlines(keepends=True):
        if chunk and len(chunk) + len(line) > select.PIPE_BUF:
            yield chunk
            chunk = b""
        chunk += line
    if chunk:
        yield chunk


class Prompts:
    """What wakes the plugin: newlines, the end of stdin, signals, its own interval."""

    PROMPT, END, BROKEN = "prompt", "end", "broken"

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[str] = queue.SimpleQueue()

    def next(self, timeout_seconds: float | None = None) -> str | None:
        """Return the next event; None at the timeout."""
        try:
            return self._events.get(timeout=timeout_seconds)
        except queue.Empty:
            return None

    def put(self, event: str) -> None:
        """Report an event; safe in a signal handler."""
        self._events.put(event)

    def read(self, descriptor: int) -> None:
        """Report a prompt for whatever is written to the descriptor, and its end."""
        with contextlib.suppress(OSError):
            while os.read(descriptor, 4096):
                self.put(self.PROMPT)
        self.put(self.END)

    def tick(self, interval_seconds: float) -> None:
        """Report a prompt now, and at each multiple of the interval since 1970, as Telegraf rounds its own."""
        while True:
            self.put(self.PROMPT)
            time.sleep(interval_seconds - time.time() % interval_seconds)

    def listen_to_signals(self, *, interactive: bool) -> None:
        """Take TERM as the end, and HUP, USR1 and USR2 as prompts; Ctrl-C only from a person."""
        for name in ("SIGHUP", "SIGUSR1", "SIGUSR2"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self.put(self.PROMPT))
        signal.signal(signal.SIGTERM, lambda *_: self.put(self.END))
        # Ctrl-C reaches the whole process group; Telegraf will close stdin in its own time.
        signal.signal(signal.SIGINT, (lambda *_: self.put(self.END)) if interactive else signal.SIG_IGN)


def serve(prompts: Prompts, ask: Callable[[], None], settle: Callable[[float], bool], *, patient: bool) -> bool:
    """Ask for a poll at every prompt until the end, and let what was asked come in.

    `patient` tells that no prompt need ever come. Returns False if nobody reads the lines any more.
    """
    timeout_seconds = None if patient else PROMPT_EXPECTED_SECONDS
    while (event := prompts.next(timeout_seconds)) not in (Prompts.END, Prompts.BROKEN):
        if event is None:
            log.warning('no prompt for a minute; set signal = "STDIN" in Telegraf, or give --interval')
        else:
            ask()
        timeout_seconds = None
    if event == Prompts.BROKEN:
        log.error("stdout was closed")
        return False
    settle(SETTLE_SECONDS)
    return True


def leave(writer: Writer, thread: threading.Thread, descriptor: int) -> None:
    """Write what is queued, close the pipes and linger, so that Telegraf reads the last batch."""
    writer.finish()
    thread.join(DRAIN_SECONDS)
    for pipe in (descriptor, 1, 2):
        with contextlib.suppress(OSError):
            os.close(pipe)
    time.sleep(LINGER_SECONDS)
