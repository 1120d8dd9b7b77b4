"""HTTP to a gateway: a transport adapter for `requests` over `http.client`.

It owns what `requests` cannot give and a fragile gateway needs: one shared TLS context, the server name, the
certificate check before a byte is sent, a total deadline, caps on header and body, no redirects, no proxies.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from powerwall_exporter import __version__
from powerwall_exporter.errors import TooLarge
from powerwall_exporter.gateway.trust import Check, DeadlineSocket, is_quiet

SERVER_NAME = "powerwall"
"""The TLS server name to ask for whatever the host is called: a gateway hangs up on a name it does not know."""
LARGEST_BODY_BYTES = 2 * 1024 * 1024
"""Some hundred times the largest answer of a gateway."""


def _remaining(deadline: float) -> float:
    """Return the seconds until a monotonic time; never 0, which would mean "do not block"."""
    return max(0.001, deadline - time.monotonic())


class _Connection(http.client.HTTPConnection):
    """A TLS connection whose whole exchange ends by a deadline."""

    default_port = 443

    def __init__(self, host: str, port: int | None, context: ssl.SSLContext, check: Check) -> None:
        super().__init__(host, port)
        self._context = context
        self._check = check
        self.sock: DeadlineSocket | None = None

    def open(self, connect_seconds: float, deadline: float) -> None:
        """Connect, shake hands and check the certificate."""
        plain = socket.create_connection((self.host, self.port), timeout=connect_seconds)
        with ExitStack() as on_failure:
            on_failure.callback(plain.close)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(_remaining(deadline))
            tls = self._context.wrap_socket(plain, server_hostname=SERVER_NAME)
            on_failure.callback(tls.close)
            self._check(tls.getpeercert(binary_form=True) or b"")
            assert isinstance(tls, DeadlineSocket)  # noqa: S101 - the context makes no other
            self.sock = tls
            on_failure.pop_all()

    def arm(self, deadline: float) -> None:
        """Let every read and write end by the deadline."""
        assert self.sock is not None  # noqa: S101 - only called when open
        self.sock.deadline = deadline
        self.sock.settimeout(_remaining(deadline))


class _Stale(requests.exceptions.ChunkedEncodingError):
    """The connection was closed before an answer began; a kept one may just have been too old."""


class GatewayAdapter(BaseAdapter):
    """One kept-alive connection to one gateway; used by one thread at a time."""

    def __init__(self, context: ssl.SSLContext, check: Check) -> None:
        super().__init__()
        self._context = context
        self._check = check
        self._connection: _Connection | None = None

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request; `timeout` is (connect, total) in seconds, and the answer is read whole.

        Raises requests' own exceptions, and the GatewayErrors of the check and of the caps.
        """
        connect_seconds, total_seconds = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        deadline = time.monotonic() + (total_seconds or 10.0)
        try:
            # A login goes over a connection of its own, once: sent again, it would count twice at the gateway.
            kept = self._kept() if request.method == "GET" else None
            if kept is not None:
                try:
                    return self._exchange(kept, request, deadline)
                except _Stale:
                    self.close()
            return self._exchange(self._connected(request, connect_seconds or 3.0, deadline), request, deadline)
        except BaseException:
            self.close()
            raise

    def _kept(self) -> _Connection | None:
        """Return the connection of the last request, if it is still good."""
        kept = self._connection
        if kept is not None and kept.sock is not None and is_quiet(kept.sock):
            return kept
        self.close()
        return None

    def _connected(self, request: requests.PreparedRequest, connect_seconds: float, deadline: float) -> _Connection:
        self.close()
        try:
            url = urlsplit(request.url or "")
            connection = _Connection(unquote(url.hostname or ""), url.port or 443, self._context, self._check)
            connection.open(min(connect_seconds, _remaining(deadline)), deadline)
        except TimeoutError as error:
            raise requests.ConnectTimeout(_said(error), request=request) from error
        except ssl.SSLError as error:
            raise requests.exceptions.SSLError(_said(error), request=request) from error
        except (OSError, ValueError, http.client.InvalidURL) as error:
            raise requests.ConnectionError(_said(error), request=request) from error
        self._connection = connection
        return connection

    def _exchange(
        self, connection: _Connection, request: requests.PreparedRequest, deadline: float
    ) -> requests.Response:
        connection.arm(deadline)
        begun = False
        try:
            connection.request(request.method or "GET", request.path_url, request.body, dict(request.headers))
            answer = connection.getresponse()
            begun = True
            body = _whole_body(answer)
        except TimeoutError as error:
            raise requests.ReadTimeout(_said(error), request=request) from error
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            broken = requests.exceptions.ChunkedEncodingError if begun else _Stale
            raise broken(_said(error), request=request) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise requests.exceptions.ChunkedEncodingError(_said(error), request=request) from error
        if answer.will_close:
            self.close()
        return _response(request, answer, body)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _whole_body(answer: http.client.HTTPResponse) -> bytes:
    """Return the body; raises TooLarge beyond the cap and IncompleteRead where it breaks off."""
    if (answer.length or 0) > LARGEST_BODY_BYTES:
        raise TooLarge(f"an answer of {answer.length} bytes")
    body = answer.read(LARGEST_BODY_BYTES + 1)
    if len(body) > LARGEST_BODY_BYTES:
        raise TooLarge(f"an answer of more than {LARGEST_BODY_BYTES} bytes")
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return body


def _response(request: requests.PreparedRequest, answer: http.client.HTTPResponse, body: bytes) -> requests.Response:
    response = requests.Response()
    response.request = request
    response.url = request.url or ""
    response.status_code = answer.status
    response.reason = answer.reason
    headers = answer.getheaders()
    response.headers = CaseInsensitiveDict((name, value) for name, value in headers if name.lower() != "location")
    response.raw = io.BytesIO(body)
    return response


def _said(error: Exception) -> str:
    """Return an error in a few words, without the numbers that only a debugger wants."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, ValueError):
        return "not what HTTP looks like"  # its own words may hold a header, and that a token
    text = error.strerror if isinstance(error, OSError) else None
    return text or str(error) or type(error).__name__


def session(context: ssl.SSLContext, check: Check) -> requests.Session:
    """Return a session that reaches gateways through the adapter, and takes nothing from the environment."""
    made = requests.Session()
    made.trust_env = False
    made.headers = CaseInsensitiveDict(
        {
            "User-Agent": f"powerwall-exporter/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
        }
    )
    made.mount("https://", GatewayAdapter(context, check))
    return made
