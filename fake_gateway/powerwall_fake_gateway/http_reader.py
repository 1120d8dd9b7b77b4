"""Reading HTTP/1.1 requests from a byte stream, within limits."""

from typing import BinaryIO

from .exchange import Request

_MAX_LINE_BYTES = 8_192
_MAX_HEADERS = 100
_MAX_BODY_BYTES = 1 << 20


class MalformedRequestError(Exception):
    """What came is not a request this gateway reads; the status says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"malformed request, answered {status}")
        self.status = status


def read_request(stream: BinaryIO, connection: int) -> Request | None:
    """Return the next request of a connection, None at its end; MalformedRequestError if there is no sense in it."""
    line = _line(stream)
    if line is None:
        return None
    parts = line.split(" ")
    if len(parts) != 3 or not parts[1].startswith("/") or not parts[2].startswith("HTTP/1."):
        raise MalformedRequestError(400)
    headers = _headers(stream)
    if parts[2] == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return Request(parts[0], parts[1].partition("?")[0], headers, _body(stream, headers), connection)


def _line(stream: BinaryIO) -> str | None:
    raw = stream.readline(_MAX_LINE_BYTES + 1)
    if not raw:
        return None
    if len(raw) > _MAX_LINE_BYTES or not raw.endswith(b"\n"):
        raise MalformedRequestError(431)
    return raw.decode("latin-1").rstrip("\r\n")


def _headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = _line(stream)
        if not line:
            return headers
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedRequestError(400)
        headers[name.strip().lower()] = value.strip()
    raise MalformedRequestError(431)


def _body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise MalformedRequestError(411)
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit():
        raise MalformedRequestError(400)
    if int(length) > _MAX_BODY_BYTES:
        raise MalformedRequestError(413)
    return stream.read(int(length))
