"""A thousand fake gateways in one process: what they answer per second, how fast, and in how much memory.

Run it by hand: `python tests/bench/fake_gateway.py [--gateways N] [--rate N] [--seconds N]`. Requests leave at fixed
times, whether earlier ones were answered or not, and a latency counts from the time at which its request was due. The
client is a process of its own on the same machine, so it takes its share of the processors.
"""

import argparse
import asyncio
import json
import resource
import signal
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PATHS = (
    "/api/meters/aggregates",
    "/api/system_status/soe",
    "/api/system_status/grid_status",
    "/api/system_status",
    "/api/meters/site",
    "/api/status",
)
FIRST_PORT = 20_000
AT_ONCE = 50
OPEN_FILES = 8_192


@dataclass
class Member:
    """One logged-in connection to one gateway."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    token: str
    turn: asyncio.Lock

    async def get(self, path: str) -> int:
        """Read a path and return the status; one request at a time, as a polite client does."""
        async with self.turn:
            return (await exchange(self.reader, self.writer, f"GET {path}", self.token))[0]


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str, token: str = "", body: bytes = b""
) -> tuple[int, bytes]:
    """Send a request, return status and body."""
    head = f"{line} HTTP/1.1\r\nauthorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(answer.partition("content-length:")[2].partition("\r\n")[0] or 0)
    return int(answer.split(" ")[1]), await reader.readexactly(length)


async def join(port: int, context: ssl.SSLContext, gate: asyncio.Semaphore) -> Member:
    """Connect to a gateway and log in."""
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="powerwall")
        login = json.dumps({"username": "customer", "password": "password"}).encode()
        _, body = await exchange(reader, writer, "POST /api/login/Basic", body=login)
        return Member(reader, writer, json.loads(body)["token"], asyncio.Lock())


async def measure(gateways: int, rate: float, seconds: float) -> tuple[list[float], int, float, float]:
    """Return latencies in ms, failures, the time in s that connecting took, and the requests per second answered."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    gate = asyncio.Semaphore(AT_ONCE)
    begin = time.perf_counter()
    members = await asyncio.gather(*(join(FIRST_PORT + number, context, gate) for number in range(gateways)))
    connected = time.perf_counter() - begin
    latencies: list[float] = []
    failures = 0
    start = time.perf_counter()

    async def ask(number: int) -> None:
        nonlocal failures
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        status = await members[number % gateways].get(PATHS[number // gateways % len(PATHS)])
        latencies.append((time.perf_counter() - due) * 1_000)
        failures += status != 200

    await asyncio.gather(*(ask(number) for number in range(int(rate * seconds))))
    answered = len(latencies) / (time.perf_counter() - start)
    for member in members:
        member.writer.close()
    return sorted(latencies), failures, connected, answered


def peak_megabytes(process_id: int) -> float:
    """Return the largest resident memory of a process so far (Linux)."""
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1_024


def main() -> int:
    """Run the benchmark and print its figures; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateways", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=600.0, help="requests per second in total")
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES if hard < 0 else min(OPEN_FILES, hard), hard))
    command = [sys.executable, "-m", "powerwall_fake_gateway", "--listen", f"127.0.0.1:{FIRST_PORT}"]
    begin = time.perf_counter()
    with subprocess.Popen([*command, "--gateways", str(given.gateways)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            started = time.perf_counter() - begin
            latencies, failures, connected, answered = asyncio.run(measure(given.gateways, given.rate, given.seconds))
            memory = peak_megabytes(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
    p50, p99 = (latencies[int(len(latencies) * share)] for share in (0.5, 0.99))
    print(f"{given.gateways} gateways listening after {started:.1f} s, all logged in after {connected:.1f} s more")
    print(f"{len(latencies)} requests at {answered:.0f}/s, {failures} failed")
    print(f"latency p50 {p50:.1f} ms, p99 {p99:.1f} ms (target 100), worst {latencies[-1]:.1f} ms")
    print(f"memory of the gateways {memory:.0f} MB (target 400)")
    return 0 if p99 < 100 and memory < 400 and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
