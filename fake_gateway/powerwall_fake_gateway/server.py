"""The I/O of a fake gateway: listens, speaks TLS and HTTP/1.1, and delivers replies well or badly.

One thread accepts, for one server or for many; one serves each connection. Handshakes happen in the latter, so a silent
client delays nobody.
"""

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol

from .acceptor import Acceptor
from .delivery import deliver, hang, say_goodbye
from .exchange import Delivery, Reply, Request
from .http_reader import MalformedRequestError, read_request

_BACKLOG = 1_024
_STOP_SECONDS = 0.9


@dataclass(frozen=True)
class Greeting:
    """How a new connection is met."""

    context: ssl.SSLContext | None = None
    """The TLS identity; None for a connection in the clear."""
    manner: str = "talk"
    """`talk`, `hang` without a word, or `drop` at once."""


SILENT = Greeting(manner="hang")
DROPPED = Greeting(manner="drop")


class Host(Protocol):
    """What stands behind the sockets."""

    def greet(self) -> Greeting:
        """Return how a new connection is met."""

    def connected(self) -> int:
        """Count a connection whose handshake is done and return its number."""

    def answer(self, request: Request) -> tuple[Reply, Delivery]:
        """Return what to send and how."""


class Server:
    """Listens on one address until stopped; no connection, however stuck, holds up the stop."""

    def __init__(self, host: Host, acceptor: Acceptor | None = None) -> None:
        self._host = host
        self._acceptor = acceptor or Acceptor()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None

    def start(self, host: str, port: int) -> int:
        """Listen and return the port; OSError if the address cannot be had."""
        listener = _listen(host, port)
        self._stop.clear()
        self._listener = listener
        bound: int = listener.getsockname()[1]
        self._acceptor.add(listener, self._begin)
        return bound

    def stop(self) -> None:
        """Stop listening and end every connection, hung or not."""
        if self._listener is None:
            return
        self._stop.set()
        self._acceptor.remove(self._listener)
        self._listener = None
        with self._lock:
            connections, threads = list(self._open.values()), self._threads
            self._threads = []
        for connection in connections:
            with suppress(OSError):
                # The plain socket's shutdown: it wakes a thread that is inside TLS without touching its state.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in threads:
            thread.join(_STOP_SECONDS)

    def _begin(self, connection: socket.socket) -> None:
        """Take one connection to a thread of its own."""
        thread = threading.Thread(target=self._serve, args=(connection,), name="fake-gateway", daemon=True)
        with self._lock:
            self._open[thread] = connection
            # Also those that have let go of their connection and are about to end: `stop` waits for them too.
            self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
        thread.start()

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
        greeting = self._host.greet()
        if greeting.manner == "drop":
            return
        if greeting.manner == "hang":
            hang(connection, self._stop.wait)
            return
        secured = self._secured(connection, greeting.context)
        with secured.makefile("rb") as stream:
            number = self._host.connected()
            while not self._stop.is_set() and self._exchange(secured, stream, number):
                pass
        say_goodbye(secured)

    def _secured(self, connection: socket.socket, context: ssl.SSLContext | None) -> socket.socket:
        """Shake hands where the connection is not in the clear."""
        if context is None:
            return connection
        secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._track(secured)
        secured.do_handshake()
        return secured

    def _track(self, connection: socket.socket) -> None:
        """Make a socket known to `stop`, in place of the one this thread had before."""
        with self._lock:
            self._open[threading.current_thread()] = connection
            if self._stop.is_set():
                raise ConnectionAbortedError("stopping")

    def _exchange(self, secured: socket.socket, stream: BinaryIO, number: int) -> bool:
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
