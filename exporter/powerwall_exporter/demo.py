"""The whole road without hardware: an embedded fake gateway, polled and served: the command `demo`."""

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from powerwall_exporter import config, service
from powerwall_exporter.config import Gateway, Polling, Tls
from powerwall_exporter.model import Secret, SystemClock
from powerwall_exporter.outputs.web import Server
from powerwall_exporter.tables import Address
from powerwall_fake_gateway import FakeGateway

PASSWORD = "password"  # noqa: S105 - the fake gateway's, and no secret
SPEED = 120.0
"""A simulated day takes twelve minutes, so that from one poll to the next the sun moves by ten."""
START = datetime(2024, 6, 20, 14, 0, tzinfo=UTC)
"""A June morning in California, an hour after sunrise."""


def run(
    environment: Mapping[str, str],
    listen: Sequence[str],
    duration_seconds: float | None,
    stop: threading.Event,
    say: Callable[[str], None],
    *,
    program: str,
) -> None:
    """Run until `stop` is set or the duration is over; raises SettingsError where it cannot listen.

    `program` is how this program was called, for the commands that are shown.
    """
    servers: list[Server] = []

    def bind(where: Address) -> None:
        servers.append(Server(where.host, where.port))

    with FakeGateway(password=PASSWORD, speed=SPEED, start=START) as fake, tempfile.TemporaryDirectory() as folder:
        gateway = Gateway("demo", fake.url, Secret(PASSWORD), Tls(fingerprint=fake.fingerprint))
        settings = config.load(None, environment, listen=listen, bind=bind, gateways=(gateway,))
        settings = replace(settings, polling=Polling(fast_seconds=5.0), state_directory=Path(folder))
        say(_ways_to_look(servers[0].address, fake.address, program))
        if duration_seconds is not None:
            timer = threading.Timer(duration_seconds, stop.set)
            timer.daemon = True
            timer.start()
        service.serve(settings, servers, SystemClock(), stop)


def _ways_to_look(page: str, gateway: str, program: str) -> str:
    return f"""\
A fake gateway runs at https://{gateway} (password: {PASSWORD}); its day takes {24 * 60 / SPEED:.0f} minutes.
Three ways to look, each from another shell:
  Prometheus  curl -s http://{page}/metrics
  Telegraf    POWERWALL_HOST={gateway} POWERWALL_PASSWORD={PASSWORD} POWERWALL_TLS=insecure \\
              {program} telegraf --once
  OTLP        with a collector there: OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 \\
              {program} demo --web.listen-address 127.0.0.1:0
Ctrl-C ends it."""
