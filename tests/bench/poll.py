"""What a poll costs, beside what everybody would write: CPU per poll, measured in turns in one run.

The gateway is a process of its own. `requests` here is `Session.get(verify=False)` for each endpoint, kept alive:
the usual client, which decodes and emits nothing. Ours includes transport, catalogue and line protocol.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
import urllib3

from powerwall_exporter import assembly, catalogue
from powerwall_exporter.catalogue import names
from powerwall_exporter.config import Gateway, Polling, Tls
from powerwall_exporter.gateway.endpoints import ENDPOINTS
from powerwall_exporter.model import Reading, Secret, Snapshot, SystemClock
from powerwall_exporter.outputs import influx
from powerwall_exporter.outputs.prometheus import TEXT, Page

ROUNDS, POLLS = 7, 40


def milliseconds(work: Callable[[], object], times: int) -> float:
    """Return the CPU time of one call, over so many."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times * 1e3


def usual_poll(url: str) -> Callable[[], object]:
    """Return a poll as everybody writes it."""
    session = requests.Session()
    login = {"username": "customer", "password": "password", "email": "", "force_sm_off": False}
    token = session.post(f"{url}/api/login/Basic", json=login, verify=False).json()["token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return lambda: [session.get(url + endpoint.path, verify=False).json() for endpoint in ENDPOINTS]


def our_poll(url: str, folder: Path) -> Callable[[], object]:
    """Return our poll: transport, catalogue, line protocol."""
    gateway = Gateway("home", url, Secret("password"), Tls("insecure"))
    client, _ = assembly.client(gateway, Polling(), folder, SystemClock())

    def poll() -> bytes:
        readings = []
        for endpoint in ENDPOINTS:
            payload, now = client.get(endpoint.path), time.time_ns()
            readings.append(Reading(endpoint.path, now, 0.0, catalogue.read(endpoint.path, payload, now)))
        return influx.lines("home", readings)

    return poll


def side_by_side(url: str, folder: Path) -> None:
    """Measure both polls in turns and print the medians and their ratio."""
    variants = {"requests": usual_poll(url), "ours": our_poll(url, folder)}
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for poll in variants.values():
        milliseconds(poll, 3)
    for _ in range(ROUNDS):
        for name, poll in variants.items():
            taken[name].append(milliseconds(poll, POLLS))
    for name, figures in taken.items():
        print(f"poll of {len(ENDPOINTS)} endpoints, {name:9} {statistics.median(figures):6.2f} ms CPU")
    ratios = [ours / usual for ours, usual in zip(taken["ours"], taken["requests"], strict=True)]
    print(f"ours / requests: {statistics.median(ratios):.2f} [{min(ratios):.2f} to {max(ratios):.2f}]")


def outputs(url: str, folder: Path) -> None:
    """Measure what each output takes for one gateway."""
    gateway = Gateway("home", url, Secret("password"), Tls("insecure"))
    client, _ = assembly.client(gateway, Polling(), folder, SystemClock())
    payloads = {endpoint.path: client.get(endpoint.path) for endpoint in ENDPOINTS}
    readings = [Reading(path, 0, 1e18, catalogue.read(path, payload, 0)) for path, payload in payloads.items()]
    samples = sum(len(reading.samples) for reading in readings)
    page = Page(lambda: [Snapshot("home").updated(readings)], catalogue.METRICS)
    works: dict[str, Callable[[], object]] = {
        "catalogue": lambda: [catalogue.read(path, payload, 0) for path, payload in payloads.items()],
        "line protocol": lambda: influx.lines("home", readings),
        "page": lambda: page.render(TEXT),
        "names": lambda: [names.prometheus(metric) for metric in catalogue.METRICS],
    }
    for name, work in works.items():
        work()
        print(f"{name:14} {milliseconds(work, 200) * 1e3 / samples:6.2f} us CPU per sample ({samples} samples)")


def main() -> None:
    """Start a gateway and measure against it."""
    urllib3.disable_warnings()
    command = [sys.executable, "-m", "powerwall_fake_gateway", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as gateway, TemporaryDirectory() as folder:
        assert gateway.stdout is not None
        url = next(word for word in gateway.stdout.readline().split() if word.startswith("https://")).rstrip(",;")
        try:
            side_by_side(url, Path(folder))
            outputs(url, Path(folder))
        finally:
            gateway.terminate()


if __name__ == "__main__":
    main()
