"""A host like Telegraf's `inputs.execd`: three pipes, a newline per prompt, stdin closed to end."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from powerwall_fake_gateway import FakeGateway

END_SECONDS = 20.0
"""How long a process may take for anything; a test that gets here has failed."""


@dataclass
class Child:
    """A running plugin."""

    process: "subprocess.Popen[bytes]"
    lines: "queue.Queue[bytes]" = field(default_factory=queue.Queue)
    errors: list[bytes] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    def prompt(self) -> None:
        """Ask for a poll as Telegraf does."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def until(self, part: bytes) -> bytes:
        """Return the next line that has this part."""
        while True:
            line = self.lines.get(timeout=END_SECONDS)
            if part in line:
                return line

    def end(self) -> int:
        """Close stdin, and return the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.wait()

    def wait(self) -> int:
        """Return the exit code, with all output read."""
        code = self.process.wait(END_SECONDS)
        for reader in self.readers:
            reader.join(END_SECONDS)
        return code

    def rest(self) -> list[bytes]:
        """Return the lines not yet taken."""
        return [self.lines.get_nowait() for _ in range(self.lines.qsize())]


def environment(fake: FakeGateway, state: os.PathLike[str], **more: str) -> dict[str, str]:
    """Return the variables that point the exporter at a fake gateway."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "POWERWALL_"))}
    return {
        **inherited,
        "POWERWALL_HOST": fake.address,
        "POWERWALL_PASSWORD": "password",
        "POWERWALL_TLS": "insecure",
        "POWERWALL_STATE_DIR": os.fspath(state),
        **more,
    }


@contextmanager
def plugin(variables: Mapping[str, str], *arguments: str, code: Sequence[str] = ()) -> Iterator[Child]:
    """Run `powerwall-exporter telegraf` until the block ends; `code` runs in the child first."""
    command = [sys.executable, "-m", "powerwall_exporter", "telegraf", *arguments]
    if code:
        main = "from powerwall_exporter.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", ";".join(("import sys", *code, main)), "telegraf", *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(variables)
    )
    child = Child(process)
    child.readers = [
        threading.Thread(target=_read, args=(process.stdout, child.lines.put), daemon=True),
        threading.Thread(target=_read, args=(process.stderr, child.errors.append), daemon=True),
    ]
    for reader in child.readers:
        reader.start()
    try:
        yield child
    finally:
        process.kill()
        child.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _read(pipe: IO[bytes] | None, put: Callable[[bytes], None]) -> None:
    assert pipe is not None
    for line in pipe:
        put(line)
