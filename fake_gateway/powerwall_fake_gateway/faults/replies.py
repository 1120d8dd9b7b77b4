"""Faults that answer something else: another status, body or label."""

import gzip
import zlib
from dataclasses import dataclass, replace

from powerwall_fake_gateway.access import forbidden
from powerwall_fake_gateway.exchange import Reply

from .base import Fault

_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Status(Fault):
    """Another status and body: an empty 502, a busy 503, a 429."""

    status: int
    body: bytes | str = b""
    content_type: str = ""

    def edit(self, reply: Reply) -> Reply:
        """Replace the whole reply."""
        body = self.body.encode() if isinstance(self.body, str) else self.body
        headers = (("content-type", self.content_type),) if self.content_type else ()
        return Reply(self.status, body, headers)


@dataclass(frozen=True)
class Forbid(Fault):
    """The role of the login lacks the right: 403, whatever the token."""

    def edit(self, reply: Reply) -> Reply:
        """Replace the reply by the refusal that a missing token gets, too."""
        return forbidden("GET")


@dataclass(frozen=True)
class Header(Fault):
    """Another header, or another value of one, e.g. `retry-after`."""

    name: str
    value: str = ""

    def edit(self, reply: Reply) -> Reply:
        """Set the header."""
        return reply.with_header(self.name, self.value)


@dataclass(frozen=True)
class Redirect(Fault):
    """Send the client to another place."""

    location: str
    status: int = 302

    def edit(self, reply: Reply) -> Reply:
        """Replace the reply by a redirect."""
        return Reply(self.status, b"", (("location", self.location),))


@dataclass(frozen=True)
class Body(Fault):
    """Another body under the same status: garbage, null, whatever is given."""

    body: bytes | str

    def edit(self, reply: Reply) -> Reply:
        """Replace the body."""
        return replace(reply, body=self.body.encode() if isinstance(self.body, str) else self.body)


@dataclass(frozen=True)
class Garbage(Fault):
    """Bytes that are neither JSON nor text, under the same status."""

    size_bytes: int = 256

    def edit(self, reply: Reply) -> Reply:
        """Replace the body by bytes that are not UTF-8."""
        return replace(reply, body=bytes((value * 167 + 200) % 256 for value in range(self.size_bytes)))


@dataclass(frozen=True)
class NullBody(Fault):
    """A bare JSON null."""

    def edit(self, reply: Reply) -> Reply:
        """Replace the body by null."""
        return replace(reply, body=b"null")


@dataclass(frozen=True)
class Html(Fault):
    """A web page with status 200, as a captive portal answers."""

    title: str = "Sign in to network"

    def edit(self, reply: Reply) -> Reply:
        """Replace the whole reply by a page."""
        page = f"<!DOCTYPE html><html><head><title>{self.title}</title></head><body>{self.title}</body></html>"
        return Reply(200, page.encode(), (("content-type", "text/html; charset=utf-8"),))


@dataclass(frozen=True)
class ContentType(Fault):
    """A label that does not fit the body."""

    content_type: str = "text/html"

    def edit(self, reply: Reply) -> Reply:
        """Replace the label."""
        return reply.with_header("content-type", self.content_type)


@dataclass(frozen=True)
class HugeBody(Fault):
    """Valid JSON of many megabytes."""

    size_bytes: int = 32 * _MEGABYTE

    def edit(self, reply: Reply) -> Reply:
        """Replace the body by one long string in an object."""
        frame = b'{"padding":""}'
        return replace(reply, body=frame[:-2] + b"x" * max(0, self.size_bytes - len(frame)) + frame[-2:])


@dataclass(frozen=True)
class GzipBomb(Fault):
    """A small body that grows when decompressed, sent without having been negotiated."""

    size_bytes: int = 64 * _MEGABYTE

    def edit(self, reply: Reply) -> Reply:
        """Replace the body by compressed spaces around a null."""
        packer = zlib.compressobj(level=9, wbits=31)
        parts = [packer.compress(b" " * _MEGABYTE) for _ in range(self.size_bytes // _MEGABYTE)]
        rest = packer.compress(b" " * (self.size_bytes % _MEGABYTE) + b"null")
        return replace(reply, body=b"".join((*parts, rest, packer.flush()))).with_header("content-encoding", "gzip")


@dataclass(frozen=True)
class Gzip(Fault):
    """The true body, compressed without having been negotiated."""

    def edit(self, reply: Reply) -> Reply:
        """Compress the body and say so."""
        return replace(reply, body=gzip.compress(reply.body)).with_header("content-encoding", "gzip")


@dataclass(frozen=True)
class DeepNesting(Fault):
    """Arrays within arrays, deeper than any parser's stack."""

    depth: int = 100_000

    def edit(self, reply: Reply) -> Reply:
        """Replace the body."""
        return replace(reply, body=b"[" * self.depth + b"]" * self.depth)
