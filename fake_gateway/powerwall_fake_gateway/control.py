"""The control port: faults, events and records of running fakes over plain HTTP, for tests in any language.

Every path begins with `/__fake__`; `/__fake__/N/...` means the Nth gateway alone, counted from 1. Answers are JSON.
There is no password: it belongs on a loopback address, and refuses web pages (requests with an `Origin`).
"""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence

from .exchange import Delivery, Record, Reply, Request
from .faults import Fault
from .faults.spec import parse_fault, spell_fault
from .gateway import FakeGateway
from .server import Greeting, Server
from .spelling import Json, json_bytes

ROOT = "/__fake__"

# What a POST to a path of this name does to each gateway.
_DEEDS: Mapping[str, Callable[[FakeGateway], None]] = {
    "reboot": lambda gateway: gateway.reboot(slowly=True),
    "expire-tokens": lambda gateway: gateway.expire_tokens(),
    "change-certificate": lambda gateway: gateway.change_certificate(),
    "stop-controller": lambda gateway: gateway.stop_controller(),
    "start-controller": lambda gateway: gateway.start_controller(),
}
DEEDS = tuple(_DEEDS)


class RefusedError(Exception):
    """A request that cannot be carried out; the message says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Answers control requests about some gateways; a context manager that starts and stops its port."""

    def __init__(self, gateways: Sequence[FakeGateway]) -> None:
        self._gateways = gateways
        self._server = Server(self)

    def start(self, host: str, port: int) -> int:
        """Listen and return the port; OSError if the address cannot be had."""
        return self._server.start(host, port)

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop()

    def greet(self) -> Greeting:
        """Take every connection in the clear (called by the server)."""
        return Greeting()

    def connected(self) -> int:
        """Count nothing (called by the server)."""
        return 0

    def answer(self, request: Request) -> tuple[Reply, Delivery]:
        """Carry out a request (called by the server)."""
        try:
            status, body = 200, self._carry_out(request)
        except RefusedError as error:
            status, body = error.status, {"error": str(error)}
        return Reply(status, json_bytes(body) + b"\n", (("content-type", "application/json"),)), Delivery()

    def _carry_out(self, request: Request) -> Json:
        if "origin" in request.headers:
            raise RefusedError(403, "web pages may not control a fake gateway")
        root, *parts = request.path.strip("/").split("/")
        if f"/{root}" != ROOT:
            raise RefusedError(404, f"not here; every path begins with {ROOT}")
        gateways = list(self._gateways)
        if parts and parts[0].isdigit():
            number = int(parts.pop(0))
            if not 1 <= number <= len(gateways):
                raise RefusedError(404, f"no gateway {number}; there are {len(gateways)}")
            gateways = [gateways[number - 1]]
        return self._about(request, gateways, parts[0] if parts else "")

    def _about(self, request: Request, gateways: list[FakeGateway], name: str) -> Json:
        if request.method == "GET":
            return {"gateways": [_told(gateway, name) for gateway in gateways]}
        if name == "faults" and request.method == "DELETE":
            for gateway in gateways:
                gateway.clear()
            return {"done": "faults cleared"}
        if request.method != "POST":
            raise RefusedError(405, f"{request.method} is not known here; use GET, POST or DELETE")
        return _do(request, gateways, name)


def _told(gateway: FakeGateway, name: str) -> Json:
    """Return what is asked about one gateway."""
    head: dict[str, Json] = {"url": gateway.url}
    if name == "faults":
        return head | {"faults": [spell_fault(fault) for fault in gateway.faults]}
    if name == "requests":
        return head | {"requests": [_record(record) for record in gateway.requests]}
    if name == "truth":
        return head | {"truth": json.loads(json.dumps(dataclasses.asdict(gateway.truth())))}
    if name:
        raise RefusedError(404, f"nothing is known of {name!r}; ask for faults, requests or truth")
    return head | {
        "fingerprint": gateway.fingerprint,
        "logins": gateway.logins,
        "connections": gateway.connections,
        "requests": len(gateway.requests),
        "forbidden": [_record(record) for record in gateway.forbidden_calls],
        "faults": [spell_fault(fault) for fault in gateway.faults],
    }


def _do(request: Request, gateways: list[FakeGateway], name: str) -> Json:
    """Do something to gateways; the body is read as text."""
    text = request.body.decode("utf-8", errors="replace").strip()
    if name == "faults":
        faults = _faults(text)
        for gateway in gateways:
            gateway.add(*faults)
        return {"done": [spell_fault(fault) for fault in faults]}
    if name == "house":
        return _set_house(gateways, text)
    if name == "step":
        return _step(gateways, text)
    deed = _DEEDS.get(name)
    if deed is None:
        raise RefusedError(404, f"{name!r} cannot be done; use faults, house, step, {', '.join(DEEDS)}")
    for gateway in gateways:
        deed(gateway)
    return {"done": name}


def _faults(text: str) -> tuple[Fault, ...]:
    """Read faults, one a line, as on the command line."""
    try:
        return tuple(parse_fault(line.strip()) for line in text.splitlines() if line.strip())
    except ValueError as error:
        raise RefusedError(400, str(error)) from error


def _set_house(gateways: list[FakeGateway], text: str) -> Json:
    try:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise TypeError("the body is not an object")
        for gateway in gateways:
            gateway.set_house(**given)
    except (TypeError, ValueError) as error:
        raise RefusedError(400, str(error)) from error
    return {"done": given}


def _step(gateways: list[FakeGateway], text: str) -> Json:
    try:
        seconds = float(text)
        for gateway in gateways:
            gateway.step(seconds)
    except ValueError as error:
        raise RefusedError(400, f"{error}; the body is a number of seconds") from error
    return {"done": seconds}


def _record(record: Record) -> Json:
    fields = dataclasses.asdict(record)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
