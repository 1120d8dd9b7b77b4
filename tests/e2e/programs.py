"""Finds and runs the programs of the real peers, and stops them whatever happens.

Knows nothing of any single peer. A program runs in a folder and a process group of its own and ends with its `with`
block: by TERM, or by KILL where the block fails. Whatever fails inside the block shows the program's log.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")
READY_SECONDS = 30.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
LOG_SHOWN_CHARACTERS = 20_000


def find(program: str) -> str | None:
    """Return the path of a peer's program: from the cache of `.ci/peers`, else from PATH."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    cache = os.environ.get("POWERWALL_PEERS") or f"{home}/powerwall-exporter/peers"
    return shutil.which(program, path=f"{cache}/bin{os.pathsep}{os.environ.get('PATH', os.defpath)}")


def require(program: str) -> str:
    """Return the path of a peer's program; without it the test is skipped, or fails where CI=true."""
    path = find(program)
    if path is not None:
        return path
    reason = f"{program} is not on this machine; .ci/peers brings it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def run(program: str, *arguments: str | Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a peer's program to its end, such as `promtool check metrics`; the exit code is the caller's to judge."""
    command = [require(program), *map(str, arguments)]
    return subprocess.run(
        command, input=stdin, text=True, capture_output=True, timeout=60, check=False, env=os.environ | environment
    )


@dataclass(frozen=True)
class Peer:
    """A running peer."""

    program: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self) -> str:
        """Return what the peer has written so far, to stdout and stderr."""
        return self.log_file.read_text(errors="replace")

    def until(self, look: Callable[[], T | None], what: str, seconds: float = READY_SECONDS) -> T:
        """Return what `look` finds as soon as it finds something; a refused connection is nothing yet."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(OSError):
                if found := look():
                    return found
            if self.process.poll() is not None:
                pytest.fail(f"{self.program} ended with {self.process.returncode} before: {what}")
            time.sleep(POLL_SECONDS)
        pytest.fail(f"{self.program}: not within {seconds:g} s: {what}")

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Send TERM, unless the peer has ended, and return its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.program} did not stop within {seconds:g} s of TERM")


@contextmanager
def started(
    program: str, *arguments: str | Path, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Peer]:
    """Run a program in a folder, in a process group of its own; nothing of the group outlives the block.

    The program is known by its name, or by its path.
    """
    command = [require(program), *map(str, arguments)]
    log_file = folder / f"{Path(program).name}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    peer = Peer(program, process, log_file)
    try:
        yield peer
        peer.stop()
    except BaseException as error:
        error.add_note(f"--- log of {program}:\n{peer.log()[-LOG_SHOWN_CHARACTERS:]}---")
        raise
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_ports(count: int) -> list[int]:
    """Return distinct loopback TCP ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
