"""Who may read: passwords, tokens, and the lock against too many logins. Secrets never leave by a repr or a log.

Rules of the real gateway: any login counts, good or bad; too many lock the login for everybody until none has been
tried for a while; a reboot forgets every token. The thresholds are not known in public and are settings here.
"""

import base64
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .clock import Clock
from .exchange import Reply, Request
from .payloads.view import TEXT_TYPE, complaint
from .spelling import Json, json_bytes

TOKEN_BYTES = 64  # 88 characters of base64
_CUSTOMER = "customer"
_INSTALLERS = ("installer", "engineer", "admin")


@dataclass(frozen=True)
class LoginLimit:
    """How many logins within how long lock the login, and for how long without any further attempt."""

    attempts: int = 10
    window_seconds: float = 600.0
    lock_seconds: float = 600.0


@dataclass(frozen=True, repr=False)
class Login:
    """The fields of a login, whatever the case of their names."""

    username: str
    password: str
    email: str
    force_sm_off: bool


class Access:
    """The door: gives tokens for the password and tells who holds one."""

    def __init__(self, password: str, clock: Clock, limit: LoginLimit, random_bytes: Callable[[int], bytes]) -> None:
        self._password = password
        self._password_until = float("inf")
        self._clock = clock
        self._limit = limit
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._tokens: set[str] = set()
        self._expired: set[str] = set()
        self._attempts: list[float] = []
        self._locked_until = float("-inf")

    def __repr__(self) -> str:
        return "Access(***)"

    def admit(self, login: Login, login_time: str) -> Reply:
        """Answer a login: 200 with a token, 401, or 429 while locked."""
        with self._lock:
            if self._is_locked():
                return throttled()
            if login.username in _INSTALLERS:
                return denied("roles [Provider_Engineer] require physical access")
            if login.username != _CUSTOMER or login.password != self._valid_password():
                return denied("bad credentials")
            token = base64.urlsafe_b64encode(self._random_bytes(TOKEN_BYTES)).decode()
            self._tokens.add(token)
        return _welcome(token, login.email, login_time)

    def challenge(self, request: Request) -> Reply | None:
        """Return None for a valid token as Bearer or AuthCookie, otherwise the refusal: 403, or 401 if it expired."""
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme and scheme.lower() != "bearer":
            return _error(401, "", "token does not have the appropriate segments")
        token = bearer.strip() or cookies(request.headers.get("cookie", "")).get("AuthCookie", "")
        with self._lock:
            if token in self._tokens:
                return None
            expired = token in self._expired
        return _error(401, "", "Token Expired") if expired else forbidden("GET")

    def leave(self, request: Request) -> None:
        """Drop the token of a request, as /api/logout does."""
        token = request.headers.get("authorization", "").partition(" ")[2].strip()
        with self._lock:
            self._tokens.discard(token or cookies(request.headers.get("cookie", "")).get("AuthCookie", ""))

    def forget_tokens(self) -> None:
        """Forget every token, as a reboot does: they are answered 403 from now on."""
        with self._lock:
            self._tokens.clear()
            self._expired.clear()

    def expire_tokens(self) -> None:
        """Let every token run out: they are answered 401 from now on."""
        with self._lock:
            self._expired |= self._tokens
            self._tokens.clear()

    def forget_password(self, after_seconds: float = 0.0) -> None:
        """Refuse every login from then on while the granted tokens live on (24.36 on Gateway 1)."""
        with self._lock:
            self._password_until = self._clock.now() + after_seconds

    def set_password(self, password: str) -> None:
        """Let this be the password from now on."""
        with self._lock:
            self._password = password
            self._password_until = float("inf")

    def lock_out(self) -> None:
        """Lock the login now, as too many attempts do."""
        with self._lock:
            self._locked_until = self._clock.now() + self._limit.lock_seconds

    def _valid_password(self) -> str | None:
        return self._password if self._clock.now() < self._password_until else None

    def _is_locked(self) -> bool:
        """Count an attempt and tell whether the login is locked; an attempt while locked prolongs the lock."""
        now = self._clock.now()
        self._attempts = [at for at in self._attempts if at > now - self._limit.window_seconds]
        self._attempts.append(now)
        if now >= self._locked_until and len(self._attempts) <= self._limit.attempts:
            return False
        self._locked_until = now + self._limit.lock_seconds
        return True


def read_login(request: Request) -> Login | None:
    """Read a login from JSON or a form; None where the body is neither or names nobody."""
    given = {name.lower(): value for name, value in _fields(request).items()}
    if not given.keys() & {"username", "password"}:
        return None
    return Login(
        username=str(given.get("username") or ""),
        password=str(given.get("password") or ""),
        email=str(given.get("email") or ""),
        force_sm_off=str(given.get("force_sm_off", False)).lower() == "true",
    )


def cookies(header: str) -> dict[str, str]:
    """Split a Cookie header into names and values."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value.strip('"') for name, _, value in pairs if name}


def denied(error: str) -> Reply:
    """Return the 401 of a refused login."""
    return _error(401, error, "Login Error")


def forbidden(method: str) -> Reply:
    """Return the 403 that stands for no token, a dead token or a missing right alike."""
    return _error(403, f"Unable to {method} to resource", "User does not have adequate access rights")


def throttled() -> Reply:
    """Return the 429 of a locked login."""
    return _error(429, "Api Limit reached for this endpoint", "API Limit Reached")


def _fields(request: Request) -> Mapping[str, object]:
    text = request.body.decode("utf-8", errors="replace")
    if not text.lstrip().startswith("{"):
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        decoded = json.loads(text)
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _error(status: int, error: str, message: str) -> Reply:
    headers = (("content-type", "application/json"), ("x-content-type-options", "nosniff"))
    return Reply(status, json_bytes(complaint(status, error, message)) + b"\n", headers)


def _welcome(token: str, email: str, login_time: str) -> Reply:
    """Return a granted login with its two cookies; the label of its body is text, as seen in the field."""
    answer: dict[str, Json] = {
        "email": email,
        "firstname": "Tesla",
        "lastname": "Energy",
        "roles": ["Home_Owner"],
        "token": token,
        "provider": "Basic",
    }
    if login_time:
        answer["loginTime"] = login_time
    body = json_bytes(answer)
    user_record = base64.b64encode(body).decode()
    headers = (
        ("content-type", TEXT_TYPE),
        ("set-cookie", f"AuthCookie={token}; Path=/"),
        ("set-cookie", f"UserRecord={user_record}; Path=/"),
    )
    return Reply(200, body, headers)
