"""Many fake gateways in one process: one thread accepts for all of them."""

import ipaddress
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

from .acceptor import Acceptor
from .gateway import FakeGateway

Make = Callable[[int, str, int, Acceptor], FakeGateway]
"""Makes the gateway of a number, counted from 0, at a host and port, on a shared acceptor."""

RECORDS_KEPT = 100
"""How many requests each of many gateways remembers."""


class Fleet:
    """Gateways that start and stop together; a context manager."""

    def __init__(self, places: Sequence[tuple[str, int]], make: Make) -> None:
        acceptor = Acceptor()
        self.gateways = [make(number, host, port, acceptor) for number, (host, port) in enumerate(places)]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to listen everywhere, or nowhere; OSError if an address cannot be had."""
        try:
            for gateway in self.gateways:
                gateway.start()
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening everywhere."""
        for gateway in self.gateways:
            gateway.stop()


def places(host: str, port: int, count: int, *, by_address: bool = False) -> list[tuple[str, int]]:
    """Return consecutive ports of one host, or one port of consecutive addresses; port 0 is any free one.

    ValueError where ports or addresses run out, or the host is no address.
    """
    if not by_address:
        if port and port + count - 1 > 65_535:
            raise ValueError(f"{count} ports from {port} on do not exist; begin lower")
        return [(host, port + number if port else 0) for number in range(count)]
    with suppress(ValueError):
        first = ipaddress.ip_address(host)
        return [(str(first + number), port) for number in range(count)]
    raise ValueError(f"{host!r} is not an address with {count - 1} more after it; write e.g. 127.0.1.1")


def raise_open_files(needed: int) -> None:
    """Let this process have so many open files, as far as the system allows."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # not on every system

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < needed:
            most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
