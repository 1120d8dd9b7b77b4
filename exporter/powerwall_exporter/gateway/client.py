"""Reads endpoints of one gateway: a request, one login and one repeat where the token is refused, a judgement.

Knows statuses and bodies as the gateway uses them, and no meaning of a payload.
"""

import json
import math
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import requests

from powerwall_exporter.errors import (
    BrokenAnswer,
    Busy,
    ControllerStopped,
    Forbidden,
    GatewayError,
    NotJson,
    Redirected,
    ServerFailed,
    Throttled,
    TimedOut,
    TlsFailed,
    TooLarge,
    Unreachable,
    Unsupported,
)
from powerwall_exporter.gateway.endpoints import LOGIN, OPEN, READABLE
from powerwall_exporter.gateway.login import Login
from powerwall_exporter.model import Clock, Json

REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
"""A gateway answers an unknown token with either of the two."""

_ERRORS_BY_STATUS: dict[int, type[GatewayError]] = {
    400: Unsupported,  # only usable while the site controller is stopped
    404: Unsupported,
    405: Unsupported,
    409: Unsupported,
    410: Unsupported,
    501: Unsupported,
    429: Throttled,
    503: Busy,
}


class Client:
    """One gateway's API, for one thread at a time."""

    def __init__(
        self,
        url: str,
        session: requests.Session,
        login: Login,
        clock: Clock,
        *,
        connect_seconds: float = 3.0,
        total_seconds: float = 10.0,
    ) -> None:
        self._url = url
        self._session = session
        self._login = login
        self._clock = clock
        self._timeout = (connect_seconds, total_seconds)
        self._readable: set[str] = set()
        """Endpoints that were read before, and not because they are open to all."""
        self._requests: dict[str, requests.PreparedRequest] = {}

    def get(self, path: str) -> Json:
        """Return the payload of an endpoint of the read-only list.

        Raises GatewayError; the token is renewed at most once, and only where it may be the token's fault.
        """
        if path not in READABLE:
            raise ValueError(f"{path} is not on the read-only list")
        response = self._request("GET", path)
        if response.status_code in REFUSED and self._may_be_the_token(path, response.status_code):
            self._login.renew(self._post_login)
            response = self._request("GET", path)
            if response.status_code not in REFUSED:
                self._login.prove()
            else:
                raise self._still_refused(path)
        if response.status_code == HTTPStatus.FORBIDDEN:
            self._login.forbid(path)
            raise Forbidden(f"{path}: forbidden to this login")
        if response.status_code == HTTPStatus.OK and path not in OPEN:
            self._readable.add(path)
        return self._judged(path, response)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _may_be_the_token(self, path: str, status: int) -> bool:
        """Tell a token that is worn out from an endpoint that this login may not read.

        403 says both. It is the token where there is none, or where the endpoint was readable before; it is not
        where the present one has opened another endpoint, or where a login did not help before.
        """
        if self._login.token is None or status == HTTPStatus.UNAUTHORIZED or path in self._readable:
            return True
        return not self._login.proven and not self._login.forbids(path)

    def _still_refused(self, path: str) -> GatewayError:
        """Return what it means that a new token does not help: a useless login, whatever else."""
        useless = self._login.refused("the gateway refuses the token that it gave")
        self._readable.discard(path)
        if not self._readable:
            return useless  # never the last endpoint: it is left to find out when a login helps again
        self._login.forbid(path)
        return Forbidden(f"{path}: forbidden to this login")

    def _post_login(self, body: dict[str, Json]) -> Json:
        response = self._request("POST", LOGIN, body)
        if response.status_code in REFUSED:
            raise self._login.refused(f"the gateway refused the password ({_said(response) or response.status_code})")
        return self._judged(LOGIN, response)

    def _request(self, method: str, path: str, body: dict[str, Json] | None = None) -> requests.Response:
        try:
            request = self._reading(path) if body is None else self._prepared(method, path, body)
            return self._session.send(request, timeout=self._timeout, allow_redirects=False)
        except requests.RequestException as error:
            raise _as_gateway_error(path, error) from error
        except TooLarge as error:
            raise TooLarge(f"{path}: {error}") from error
        except ValueError as error:  # a Location that is no URL, which requests reads though it need not follow
            raise Redirected(f"{path}: a redirect to nowhere") from error

    def _reading(self, path: str) -> requests.PreparedRequest:
        """Return the request that reads an endpoint; to prepare it each time would cost more than to send it."""
        if path not in self._requests:
            self._requests[path] = self._prepared("GET", path)
        request = self._requests[path].copy()
        if self._login.token:
            request.headers["Authorization"] = f"Bearer {self._login.token}"
        return request

    def _prepared(self, method: str, path: str, body: dict[str, Json] | None = None) -> requests.PreparedRequest:
        return self._session.prepare_request(requests.Request(method, self._url + path, json=body))

    def _judged(self, path: str, response: requests.Response) -> Json:
        status = response.status_code
        if status == HTTPStatus.OK:
            return _parsed(path, response.content)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise Redirected(f"{path}: a redirect, which no gateway answers; is this the gateway's address?")
        if status == HTTPStatus.BAD_GATEWAY and not response.content:
            raise ControllerStopped(f"{path}: the site controller is stopped or starting")
        message = f"{path}: HTTP {status}" + (f", {said}" if (said := _said(response)) else "")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Throttled(message, _retry_after_seconds(response, self._clock.time_ns() / 1e9))
        raise _ERRORS_BY_STATUS.get(status, ServerFailed)(message)


def _as_gateway_error(path: str, error: requests.RequestException) -> GatewayError:
    for kind, meaning in (
        (requests.Timeout, TimedOut),
        (requests.exceptions.SSLError, TlsFailed),
        (requests.exceptions.ChunkedEncodingError, BrokenAnswer),
        (requests.ConnectionError, Unreachable),
    ):
        if isinstance(error, kind):
            return meaning(f"{path}: {error}")
    return BrokenAnswer(f"{path}: {error}")


def _parsed(path: str, body: bytes) -> Json:
    """Return the JSON of a body, whatever its header calls it."""
    try:
        parsed: Json = json.loads(body.decode("utf-8-sig"), parse_int=_whole_number, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise NotJson(f"{path}: {_described(body)} instead of JSON") from error
    return parsed


def _whole_number(digits: str) -> int | float:
    # Python refuses to read integers of some thousand digits; as a float they are infinite, and dropped later.
    return int(digits) if len(digits) < 20 else float(digits)


def _no_number(word: str) -> float:
    """Read NaN and Infinity, which JSON does not have, as what the catalogue drops."""
    return math.nan


def _described(body: bytes) -> str:
    """Name what a body is, without a word of it: a broken answer to a login may hold a token."""
    if not body.strip():
        return "an empty answer"
    return "an HTML page" if body.lstrip()[:1] == b"<" else f"{len(body)} bytes of something else"


def _said(response: requests.Response) -> str:
    """Return what an error body says, cut short; nothing where it says nothing readable."""
    try:
        body = _parsed("", response.content)
    except NotJson:
        return ""
    said = body.get("error") or body.get("message") if isinstance(body, dict) else None
    return " ".join(str(said).split())[:100] if said else ""


def _retry_after_seconds(response: requests.Response, now: float) -> float | None:
    """Return how long a `Retry-After` header asks to wait, in seconds or until a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None
