"""The I/O of a fake gateway: listens, speaks TLS and HTTP/1.1, and delivers replies well or badly.

One thread accepts, one serves each connection; handshakes happen in the latter, so a silent client delays nobody.
"""

import selectors
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO, Protocol, cast

from .delivery import deliver, hang, say_goodbye
from .exchange import Delivery, Reply, Request
from .http_reader import MalformedRequestError, read_request

_BACKLOG = 1_024
_STOP_SECONDS = 0.9


class Host(Protocol):
    """What stands behind the sockets."""

    def greet(self) -> ssl.SSLContext | None:
        """Return the TLS identity for a new connection; None to keep silent."""

    def connected(self) -> int:
        """Count a connection whose handshake is done and return its number."""

    def answer(self, request: Request) -> tuple[Reply, Delivery]:
        """Return what to send and how."""


class Server:
    """Listens on one address until stopped; no connection, however stuck, holds up the stop."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._acceptor: threading.Thread | None = None
        self._wake: socket.socket | None = None

    def start(self, host: str, port: int) -> int:
        """Listen and return the port; OSError if the address cannot be had."""
        listener = _listen(host, port)
        woken, self._wake = socket.socketpair()
        self._stop.clear()
        self._acceptor = threading.Thread(
            target=self._accept, args=(listener, woken), name="fake-gateway-accept", daemon=True
        )
        self._acceptor.start()
        return cast("int", listener.getsockname()[1])

    def stop(self) -> None:
        """Stop listening and end every connection, hung or not."""
        if self._acceptor is None or self._wake is None:
            return
        self._stop.set()
        self._wake.close()
        self._acceptor.join()
        self._acceptor = None
        with self._lock:
            connections = dict(self._open)
        for connection in connections.values():
            with suppress(OSError):
                # The plain socket's shutdown: it wakes a thread that is inside TLS without touching its state.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in connections:
            thread.join(_STOP_SECONDS)

    def _accept(self, listener: socket.socket, woken: socket.socket) -> None:
        with listener, woken, selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while not self._stop.is_set():
                ready = [key.fileobj for key, _ in selector.select()]
                if listener in ready:
                    self._begin(listener)

    def _begin(self, listener: socket.socket) -> None:
        """Take one connection to a thread of its own."""
        with suppress(OSError):
            connection, _ = listener.accept()
            connection.setblocking(True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), name="fake-gateway", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """Live a connection's life; any OSError means that the client has gone, or will not have our certificate."""
        try:
            with suppress(OSError):
                self._talk(connection)
        finally:
            with self._lock:
                last = self._open.pop(threading.current_thread(), connection)
            last.close()

    def _talk(self, connection: socket.socket) -> None:
        self._track(connection)
        context = self._host.greet()
        if context is None:
            hang(connection, self._stop.wait)
            return
        secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._track(secured)
        secured.do_handshake()
        with secured.makefile("rb") as stream:
            number = self._host.connected()
            while not self._stop.is_set() and self._exchange(secured, stream, number):
                pass
        say_goodbye(secured)

    def _track(self, connection: socket.socket) -> None:
        """Make a socket known to `stop`, in place of the one this thread had before."""
        with self._lock:
            self._open[threading.current_thread()] = connection
            if self._stop.is_set():
                raise ConnectionAbortedError("stopping")

    def _exchange(self, secured: ssl.SSLSocket, stream: BinaryIO, number: int) -> bool:
        """Serve one request; return whether another may follow on this connection."""
        try:
            request = read_request(stream, number)
        except MalformedRequestError as error:
            deliver(secured, Reply(error.status), Delivery(), self._stop.wait)
            return False
        if request is None:
            return False
        reply, delivery = self._host.answer(request)
        if request.method == "HEAD":
            reply = replace(reply, body=b"")
        last = request.headers.get("connection", "").lower() == "close"
        if last:
            reply = reply.with_header("connection", "close")
        return deliver(secured, reply, delivery, self._stop.wait) and not last


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
