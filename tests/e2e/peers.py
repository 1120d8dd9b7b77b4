"""The real peers: Telegraf, Prometheus, the OpenTelemetry Collector, InfluxDB.

Knows how each is configured, when it is ready and how it is asked what it has received; knows nothing of
powerwall-exporter. A peer listens on loopback at free ports and keeps its files in the folder it is given.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import requests
from tests.e2e.programs import READY_SECONDS, Peer, free_ports, started


def ask(method: str, url: str, data: str | None = None, *, accept: str = "*/*", **parameters: str) -> requests.Response:
    """Send an HTTP request to a loopback peer, past every proxy of the environment."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, params=parameters, data=data, headers={"Accept": accept}, timeout=10)


def answer(method: str, url: str, data: str | None = None, **parameters: str) -> Any:
    """Return the JSON of a peer's answer; whatever it refuses fails the test with its words."""
    response = ask(method, url, data, **parameters)
    assert response.ok, f"{url}: {response.status_code} {response.text}"
    return response.json() if response.content else None


@contextmanager
def page(text: str) -> Iterator[str]:
    """Serve a text as a page for Prometheus; the block gets its host:port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def telegraf(folder: Path, config: str, environment: Mapping[str, str] | None = None) -> Iterator[Peer]:
    """Run Telegraf with the text of a configuration; relative paths in it count from the folder."""
    file = folder / "telegraf.conf"
    file.write_text(config)
    with started("telegraf", "--config", file, folder=folder, environment=environment) as peer:
        yield peer


def telegraf_errors(log: str) -> list[str]:
    """Return the lines that Telegraf logged as errors."""
    return [line for line in log.splitlines() if " E! " in line]


class Series(NamedTuple):
    """One series of a Prometheus answer, `__name__` among its labels."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus server."""

    peer: Peer
    url: str

    def query(self, expression: str) -> list[Series]:
        """Return the series of an instant query."""
        result = answer("GET", f"{self.url}/api/v1/query", query=expression)["data"]["result"]
        return [Series(each["metric"], float(each["value"][1])) for each in result]

    def until(self, expression: str, seconds: float = READY_SECONDS) -> list[Series]:
        """Return the series of an instant query as soon as there are any."""
        return self.peer.until(lambda: self.query(expression), expression, seconds)


@contextmanager
def prometheus(folder: Path, config: str) -> Iterator[Prometheus]:
    """Run a Prometheus server with the text of a configuration, until ready; its data go into the folder."""
    file = folder / "prometheus.yml"
    file.write_text(config)
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    flags = (f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={address}")
    with started("prometheus", *flags, folder=folder) as peer:
        server = Prometheus(peer, f"http://{address}")
        peer.until(lambda: ask("GET", f"{server.url}/-/ready").ok, "ready to serve")
        yield server


class Point(NamedTuple):
    """One number that a collector received; times in nanoseconds since 1970, 0 where there is none.

    The kind is `gauge`; `counter` for a monotonic cumulative sum, `sum` for any other.
    """

    name: str
    unit: str
    kind: str
    attributes: dict[str, Any]
    value: float
    time_ns: int
    start_ns: int
    resource: dict[str, Any]


@dataclass(frozen=True)
class Collector:
    """A running OpenTelemetry Collector; `http` and `grpc` are the endpoints for OTLP."""

    peer: Peer
    http: str
    grpc: str
    folder: Path

    def points(self) -> list[Point]:
        """Return the points of gauges and sums that its file exporter has written so far."""
        files = sorted(self.folder.glob("powerwall-*.json"))
        return [point for file in files for point in otlp_points(file.read_text())]

    def until(self, name: str, seconds: float = READY_SECONDS) -> list[Point]:
        """Return the points of a metric as soon as there are any."""
        return self.peer.until(lambda: [each for each in self.points() if each.name == name], name, seconds)


@contextmanager
def collector(folder: Path, config: str, ports: Sequence[int] = ()) -> Iterator[Collector]:
    """Run an OpenTelemetry Collector with the text of a configuration, until ready.

    The ports 4317 and 4318 of the text are replaced by the ones given, or by free ones. `points` reads the files
    `powerwall-*.json`.
    """
    grpc, http = (f"127.0.0.1:{port}" for port in ports or free_ports(2))
    file = folder / "collector.yaml"
    file.write_text(config.replace("127.0.0.1:4317", grpc).replace("127.0.0.1:4318", http))
    with started("otelcol", "--config", file, folder=folder) as peer:
        peer.until(lambda: "Everything is ready" in peer.log(), "ready to receive")
        yield Collector(peer, f"http://{http}", f"http://{grpc}", folder)


_CUMULATIVE = 2
"""AGGREGATION_TEMPORALITY_CUMULATIVE of OTLP."""


def otlp_points(text: str) -> list[Point]:
    """Return the points of gauges and sums in lines of OTLP JSON; a line that is still being written is left out."""
    return [
        _point(metric, _kind(metric), point, _attributes(resource["resource"]))
        for line in text.splitlines(keepends=True)
        if line.endswith("\n")
        for resource in json.loads(line)["resourceMetrics"]
        for scope in resource["scopeMetrics"]
        for metric in scope["metrics"]
        for kind in ("gauge", "sum")
        for point in metric.get(kind, {}).get("dataPoints", ())
    ]


def _kind(metric: dict[str, Any]) -> str:
    if "gauge" in metric:
        return "gauge"
    cumulative = metric["sum"].get("aggregationTemporality") == _CUMULATIVE
    return "counter" if cumulative and metric["sum"].get("isMonotonic") else "sum"


def _point(metric: dict[str, Any], kind: str, point: dict[str, Any], resource: dict[str, Any]) -> Point:
    value = float(point["asDouble"] if "asDouble" in point else point["asInt"])
    times = int(point["timeUnixNano"]), int(point.get("startTimeUnixNano", 0))
    return Point(metric["name"], metric.get("unit", ""), kind, _attributes(point), value, *times, resource)


def _attributes(owner: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values()), None) for each in owner.get("attributes", ())}


_INFLUXDB = """
reporting-disabled = true
bind-address = "127.0.0.1:{backup}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
"""


@dataclass(frozen=True)
class InfluxDB:
    """A running InfluxDB 1.x server."""

    peer: Peer
    url: str

    def query(self, statement: str, database: str = "") -> list[dict[str, Any]]:
        """Return the rows of an InfluxQL statement, tags among the columns, times in nanoseconds."""
        result = answer("POST", f"{self.url}/query", q=statement, db=database, epoch="ns")["results"][0]
        assert "error" not in result, f"{statement}: {result['error']}"
        return [
            {**series.get("tags", {}), **dict(zip(series["columns"], row, strict=True))}
            for series in result.get("series", ())
            for row in series["values"]
        ]

    def create(self, database: str) -> None:
        """Create a database."""
        self.query(f'CREATE DATABASE "{database}"')

    def write(self, database: str, lines: str) -> None:
        """Write line protocol; a line that InfluxDB does not accept fails the test."""
        answer("POST", f"{self.url}/write", lines, db=database)


@contextmanager
def influxdb(folder: Path) -> Iterator[InfluxDB]:
    """Run an InfluxDB 1.x server, until ready; its data go into the folder."""
    backup, http = free_ports(2)
    file = folder / "influxdb.conf"
    file.write_text(_INFLUXDB.format(folder=folder, backup=backup, http=http))
    with started("influxd", "-config", file, folder=folder) as peer:
        server = InfluxDB(peer, f"http://127.0.0.1:{http}")
        peer.until(lambda: ask("GET", f"{server.url}/ping").ok, "ready to serve")
        yield server
