"""Whom to believe: TLS contexts and the check of the certificate before a byte is sent.

Gateway certificates are issued per device and their issuer is not known, so the usual check cannot pass.
"""

import hashlib
import logging
import socket
import ssl
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from urllib3.util.wait import wait_for_read

from powerwall_exporter.errors import CertificateChanged
from powerwall_exporter.gateway.store import Store

log = logging.getLogger(__name__)

Check = Callable[[bytes], None]
"""Takes the certificate as DER and raises CertificateChanged where it is not the right one."""


class DeadlineSocket(ssl.SSLSocket):
    """A TLS socket whose reads share one deadline; a timeout per read would let 1 byte a second go on for ever."""

    deadline: float | None = None
    """Monotonic seconds."""

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Read what is there, or raise TimeoutError at the deadline."""
        if self.deadline is not None:
            remaining = self.deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("deadline passed while reading")
            self.settimeout(remaining)
        return super().recv_into(buffer, nbytes, flags)


@lru_cache(maxsize=8)
def context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that verifies against a file, or leaves the certificate to a check.

    One for all gateways: making one costs 20 ms and 800 kB where it loads the system's authorities.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.sslsocket_class = DeadlineSocket
    if ca_file is None:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    else:
        made.load_verify_locations(cafile=ca_file)
        # A gateway sends its leaf without the issuer, so the leaf itself must do as an anchor.
        made.verify_flags = (made.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
    return made


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a DER certificate, in lower-case hex."""
    return hashlib.sha256(certificate).hexdigest()


def anything(certificate: bytes) -> None:
    """Accept any certificate: verified by the context already, or insecure on request."""


def pinned(expected: str) -> Check:
    """Return a check for one fingerprint."""

    def check(certificate: bytes) -> None:
        if (seen := fingerprint(certificate)) != expected:
            raise CertificateChanged(f"certificate {seen} is not the one in tls_fingerprint; nothing was sent to it")

    return check


def first_use(store: Store, gateway: str) -> Check:
    """Return a check that remembers the first certificate and refuses another."""

    def check(certificate: bytes) -> None:
        seen, known = fingerprint(certificate), store.get("fingerprint")
        if seen != known:
            store.reload()  # its owner may have deleted the file in order to accept another one
            known = store.get("fingerprint")
        if store.broken:
            raise CertificateChanged(
                f"{store.place} cannot be read ({store.broken}), so nothing tells whether this is the right gateway;"
                " delete it to believe the one that is there"
            )
        if known is None:
            log.info("%s: first contact, remembering certificate %s in %s", gateway, seen, store.place)
            store.put(fingerprint=seen)
        elif seen != known:
            raise CertificateChanged(
                f"certificate {seen} is not the remembered one; nothing was sent to it. If the gateway was replaced"
                f" or reset, delete {store.place} to accept the new one"
            )

    return check


def is_quiet(connection: socket.socket) -> bool:
    """Tell whether an idle connection is still good: readable means closed, or left-over bytes."""
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return False
    if not wait_for_read(connection, timeout=0):
        return True
    connection.settimeout(0.0)
    try:
        connection.recv(1)
    except (ssl.SSLWantReadError, BlockingIOError):
        return True
    except OSError:
        return False
    return False
