"""One thread that accepts connections for any number of listeners. It lives as long as there is one."""

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

Take = Callable[[socket.socket], None]
"""Takes a new connection over, at once."""

_DRAIN_BYTES = 4_096


@dataclass(frozen=True)
class _Order:
    """A listener to begin with, or, without `take`, to end with."""

    listener: socket.socket
    take: Take | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Acceptor:
    """Watches listeners in a thread of its own; safe to use from any other thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: deque[_Order] = deque()
        self._thread: threading.Thread | None = None
        self._wake: socket.socket | None = None

    def add(self, listener: socket.socket, take: Take) -> None:
        """Give every connection of a listener to `take` from now on."""
        self._order(_Order(listener, take))

    def remove(self, listener: socket.socket) -> None:
        """Close a listener; afterwards nothing of it is taken any more."""
        thread = self._order(_Order(listener))
        if self._thread is not thread:
            thread.join()

    def _order(self, order: _Order) -> threading.Thread:
        """Have an order carried out, and return the thread that did."""
        with self._lock:
            self._orders.append(order)
            if self._thread is None or self._wake is None:
                woken, self._wake = socket.socketpair()
                self._thread = threading.Thread(
                    target=self._watch, args=(woken, self._wake), name="fake-gateway-accept", daemon=True
                )
                self._thread.start()
            thread = self._thread
            self._wake.send(b"!")
        order.done.wait()
        return thread

    def _watch(self, woken: socket.socket, wake: socket.socket) -> None:
        with woken, wake, selectors.DefaultSelector() as selector:
            selector.register(woken, selectors.EVENT_READ)
            going = True
            while going:
                for key, _ in selector.select():
                    if key.fileobj is woken:
                        woken.recv(_DRAIN_BYTES)
                        going = self._carry_out(selector)
                    else:
                        _accept(key)

    def _carry_out(self, selector: selectors.BaseSelector) -> bool:
        """Carry out all orders; return whether there is anything left to watch."""
        with self._lock:
            orders = tuple(self._orders)
            self._orders.clear()
            for order in orders:
                if order.take is not None:
                    selector.register(order.listener, selectors.EVENT_READ, order.take)
                else:
                    selector.unregister(order.listener)
                    order.listener.close()
            going = len(selector.get_map()) > 1
            if not going:
                self._thread = None
        for order in orders:
            order.done.set()
        return going


def _accept(key: selectors.SelectorKey) -> None:
    """Take one connection; the listener may just have been closed, or the client gone."""
    listener = key.fileobj
    if isinstance(listener, socket.socket):
        with suppress(OSError):
            connection, _ = listener.accept()
            connection.setblocking(True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            key.data(connection)
