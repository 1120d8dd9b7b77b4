"""One HTTP exchange as data: what came in, what goes out, how it goes out, and what is remembered of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """A request as read from a connection; header names are in lower case, the path is without its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    connection: int = 0


@dataclass(frozen=True)
class Reply:
    """What to answer; the length and the date are added when it is sent."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def with_header(self, name: str, value: str) -> "Reply":
        """Return the reply with this header in place of any of that name."""
        kept = tuple(header for header in self.headers if header[0].lower() != name.lower())
        return Reply(self.status, self.body, (*kept, (name, value)))


@dataclass(frozen=True)
class Delivery:
    """How a reply leaves: the default is at once and whole."""

    delay_seconds: float = 0.0
    hang_before_header: bool = False
    hang_after_bytes: int | None = None
    """Bytes of the body after which nothing more comes, with the connection left open."""
    cut_after_bytes: int | None = None
    """Bytes of the body after which the connection is closed."""
    drip_bytes: int | None = None
    drip_pause_seconds: float = 0.0
    drip_header: bool = False
    length_error_bytes: int = 0
    """What is added to the true length in the header."""
    ending: str = "keep"
    """`keep` the connection, or `close` or `reset` it instead of any answer."""


@dataclass(frozen=True)
class Record:
    """What the gateway remembers of a request. No secret is kept."""

    method: str
    path: str
    status: int
    authorised: bool
    forbidden: str = ""
    """Why no monitor may ever send this; empty for a harmless request."""
    faults: tuple[str, ...] = ()
    connection: int = 0
    time_unix_seconds: float = 0.0
