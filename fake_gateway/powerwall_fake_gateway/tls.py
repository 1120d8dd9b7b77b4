"""The fake's TLS identities: fixed key pairs that come with the package, so that a fingerprint outlives a restart.

The keys are published with the source. They identify nobody and protect nothing.
"""

import ssl
from functools import lru_cache
from hashlib import sha256
from importlib.resources import as_file, files

CERTIFICATES = ("first.pem", "second.pem")
"""The certificate of every fake, and the one it changes to."""

SERVER_NAMES = ("teg", "powerwall", "powerpack")
"""The only names a client may ask for; none at all is fine, too."""


@lru_cache(maxsize=len(CERTIFICATES))
def server_context(name: str) -> ssl.SSLContext:
    """Return the context of a certificate; one for all fakes, as a context takes time and memory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0  # Nobody resumes; tickets to a client that has left would end in a reset.
    context.set_alpn_protocols(["http/1.1"])
    context.sni_callback = _check_server_name
    with as_file(files(__package__) / "certificates" / name) as path:
        context.load_cert_chain(path)
    return context


@lru_cache(maxsize=1)
def broken_context() -> ssl.SSLContext:
    """Return a context whose every handshake ends in an alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = _refuse
    return context


@lru_cache(maxsize=len(CERTIFICATES))
def fingerprint(name: str) -> str:
    """Return SHA-256 over the DER form of a certificate, in lower-case hex."""
    text = (files(__package__) / "certificates" / name).read_text(encoding="ascii")
    _, begin, rest = text.partition("-----BEGIN CERTIFICATE-----")
    body, end, _ = rest.partition("-----END CERTIFICATE-----")
    return sha256(ssl.PEM_cert_to_DER_cert(begin + body + end)).hexdigest()


def _check_server_name(
    connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext
) -> int | None:
    """Abort the handshake for a name the gateway does not know."""
    if name is None or name in SERVER_NAMES:
        return None
    return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


def _refuse(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
    return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
