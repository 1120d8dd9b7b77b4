"""Putting a reply on the wire, well or badly. Pauses end when the fake stops or the client leaves."""

import select
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from .exchange import Delivery, Reply

_LOOK_SECONDS = 0.1
_DRAIN_BYTES = 65_536

Wait = Callable[[float], bool]
"""Waits that many seconds; returns at once, and True, when the fake is to stop."""


def deliver(secured: socket.socket, reply: Reply, delivery: Delivery, wait: Wait) -> bool:
    """Send a reply as its delivery says; return whether the connection still makes sense."""
    if wait(delivery.delay_seconds):
        return False
    if delivery.ending == "reset":
        _arm_reset(secured)
        raise ConnectionResetError("a reset instead of an answer")
    if delivery.ending == "close":
        return False
    if delivery.hang_before_header:
        hang(secured, wait)
        return False
    stops = [stop for stop in (delivery.hang_after_bytes, delivery.cut_after_bytes) if stop is not None]
    body = reply.body[: min(stops)] if stops else reply.body
    _send(secured, _head(reply, delivery.length_error_bytes), body, delivery, wait)
    if delivery.hang_after_bytes is not None:
        hang(secured, wait)
    return not stops and not delivery.length_error_bytes


def hang(connection: socket.socket, wait: Wait) -> None:
    """Say nothing until the fake stops or the client closes; what the client still sends is thrown away."""
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    while not wait(_LOOK_SECONDS):
        # The plain socket's recv: nobody will decrypt these bytes, only their end matters.
        if poller.poll(0) and not socket.socket.recv(connection, _DRAIN_BYTES):
            return


def say_goodbye(secured: socket.socket) -> None:
    """Tell the client that the stream ends here, without waiting for its farewell."""
    if not isinstance(secured, ssl.SSLSocket):
        return
    with suppress(OSError, ValueError):
        secured.settimeout(0)
        secured.unwrap()


def _send(secured: socket.socket, head: bytes, body: bytes, delivery: Delivery, wait: Wait) -> None:
    if delivery.drip_bytes is None:
        secured.sendall(head + body)
        return
    if delivery.drip_header:
        body = head + body
    else:
        secured.sendall(head)
    for begin in range(0, len(body), delivery.drip_bytes):
        if wait(delivery.drip_pause_seconds):
            return
        secured.sendall(body[begin : begin + delivery.drip_bytes])


def _head(reply: Reply, length_error_bytes: int) -> bytes:
    reasons = {status.value: status.phrase for status in HTTPStatus}
    lines = [f"HTTP/1.1 {reply.status} {reasons.get(reply.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.status not in (204, 304):
        lines.append(f"content-length: {len(reply.body) + length_error_bytes}")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def _arm_reset(secured: socket.socket) -> None:
    """Make the coming close a reset."""
    secured.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
