"""Makes the parts of a gateway from its settings, and the exporter's account of itself."""

import platform
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

from powerwall_exporter import __version__
from powerwall_exporter.board import Tally
from powerwall_exporter.catalogue import health
from powerwall_exporter.config import INSECURE, Gateway, Polling, Settings
from powerwall_exporter.errors import SettingsError
from powerwall_exporter.gateway import transport, trust
from powerwall_exporter.gateway.client import Client
from powerwall_exporter.gateway.endpoints import FLOOR_SECONDS, Pace
from powerwall_exporter.gateway.login import Login
from powerwall_exporter.gateway.store import Store
from powerwall_exporter.model import Clock, Reading, Sample
from powerwall_exporter.poller import Poller

DEFAULT_FAST_SECONDS = 10.0

Publish = Callable[[str | None, Sequence[Reading]], None]


def intervals(polling: Polling, *, prompted: bool) -> dict[Pace, float]:
    """Return the interval of each pace; prompts set the fast one themselves, down to its floor."""
    default = FLOOR_SECONDS[Pace.FAST] if prompted else DEFAULT_FAST_SECONDS
    return {
        Pace.FAST: polling.fast_seconds or default,
        Pace.MEDIUM: polling.medium_seconds,
        Pace.SLOW: polling.slow_seconds,
    }


def pollers(settings: Settings, publish: Publish, clock: Clock, *, prompted: bool) -> list[Poller]:
    """Return a poller for each gateway, their first polls spread over the fast interval."""
    paces = intervals(settings.polling, prompted=prompted)
    spread = 0.0 if prompted else paces[Pace.FAST] / len(settings.gateways)
    made = []
    for index, gateway in enumerate(settings.gateways):
        source, login = client(gateway, settings.polling, settings.state_directory, clock)
        made.append(
            Poller(
                gateway.name,
                source,
                publish,
                intervals=paces,
                clock=clock,
                logins=login.counts,
                first_due=clock.monotonic() + index * spread,
            )
        )
    return made


def client(gateway: Gateway, polling: Polling, state_directory: Path | None, clock: Clock) -> tuple[Client, Login]:
    """Return the client of a gateway and its login; nothing is sent yet.

    Raises SettingsError where a certificate file cannot be used.
    """
    # By address too: a name may come to stand for another gateway, whose certificate and token are others.
    store = Store(state_directory, f"{gateway.name}@{urlsplit(gateway.url).netloc}")
    try:
        context = trust.context(gateway.tls.ca_file)
    except OSError as error:
        raise SettingsError([f"{gateway.name}: {gateway.tls.ca_file} holds no certificate; give a PEM file"]) from error
    login = Login(gateway.password, store, clock)
    session = transport.session(context, _check(gateway, store))
    made = Client(
        gateway.url,
        session,
        login,
        clock,
        connect_seconds=polling.connect_seconds,
        total_seconds=polling.total_seconds,
    )
    return made, login


def _check(gateway: Gateway, store: Store) -> trust.Check:
    tls = gateway.tls
    if tls.fingerprint:
        return trust.pinned(tls.fingerprint)
    if tls.ca_file or tls.mode == INSECURE:
        return trust.anything
    return trust.first_use(store, gateway.name)


def own_reading(tally: Tally, clock: Clock) -> Reading:
    """Return the exporter's account of itself."""
    samples = [Sample(health.BUILD_INFO, (__version__, platform.python_version()), 1.0)]
    samples += [Sample(health.OUTPUT_READINGS, key, float(count)) for key, count in tally.counts().items()]
    return Reading("exporter", clock.time_ns(), inf, tuple(samples))
