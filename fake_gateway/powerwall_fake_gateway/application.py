"""What the gateway answers to a request: routes, the door, faults, and a record of everything. No sockets here."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Protocol

from .access import Access, forbidden, read_login
from .device import Device
from .exchange import Delivery, Record, Reply, Request
from .faults import Action, Fault, FaultBook
from .payloads import View
from .payloads.view import JSON_TYPE, complaint, refused
from .spelling import Json, http_date, json_bytes

RECORDS_KEPT = 100_000
_LOGIN = "/api/login/Basic"
_LOGOUT = "/api/logout"
_PAGE = b"<!DOCTYPE html><html><head><title>Powerwall</title></head><body>fake gateway</body></html>"


class Answering(Protocol):
    """How one path answers a GET."""

    @property
    def needs_token(self) -> bool:
        """Return whether only members may ask."""

    def reply(self, view: View) -> Reply:
        """Return the answer to somebody who may ask."""

    def payload(self, view: View) -> Json:
        """Return what is answered, before it is spelled."""


# GETs that change something on a real gateway, and what.
SIDE_EFFECTS: Mapping[str, str] = {
    "/api/sitemaster/stop": "stops the battery",
    "/api/sitemaster/run": "restarts the site controller",
    "/api/config/completed": "ends commissioning",
    _LOGOUT: "drops a token",
}

# Paths that contain a serial number.
_PATTERNS: Mapping[str, Answering] = {
    f"/api/meters/*synchrometer{letter}/ct_config": refused(
        500, f"meter type must be Neurio (synchrometer{letter})", "Unable to get Amp configuration"
    )
    for letter in "XY"
}

# What becomes of requests on connections that outlived a restart.
_BY_STAGE: Mapping[str, Delivery] = {
    "yes": Delivery(),
    "no": Delivery(ending="reset"),
    "silent": Delivery(hang_before_header=True),
}


class Application:
    """Answers requests one by one and remembers them; safe to call from any thread."""

    def __init__(
        self,
        device: Device,
        endpoints: Mapping[str, Answering],
        access: Access,
        faults: FaultBook,
        actions: Mapping[Action, Callable[[], None]],
        *,
        headless: bool = False,
        records_kept: int = RECORDS_KEPT,
    ) -> None:
        self._device = device
        self.endpoints = endpoints
        self._headless = headless
        self._access = access
        self._faults = faults
        self._actions = actions
        self._lock = threading.Lock()
        self.records: deque[Record] = deque(maxlen=records_kept)
        self.logins = 0

    def answer(self, request: Request) -> tuple[Reply, Delivery]:
        """Return what to send and how; never raises for anything a client can send."""
        self._device.catch_up()
        met = self._faults.meet_request(request.method, request.path)
        faults = [force.fault for force in met]
        for fault in faults:
            if fault.action is not None:
                self._actions[fault.action]()
        view = self._device.view()
        for force in met:
            view = force.bend(view)
        now = view.truth.time_unix_seconds
        reply, authorised, offence = self._route(request, view)
        delivery = _BY_STAGE[self._device.stage().connects]
        for fault in faults:
            reply, delivery = fault.edit(reply), fault.deliver(delivery)
        self.records.append(
            Record(
                method=request.method,
                path=request.path,
                status=reply.status,
                authorised=authorised,
                forbidden=offence,
                faults=tuple(_name(fault) for fault in faults),
                connection=request.connection,
                time_unix_seconds=now,
            )
        )
        head = (("cache-control", "no-cache, no-store"), *reply.headers, ("date", http_date(now)))
        return Reply(reply.status, reply.body, head), delivery

    def _route(self, request: Request, view: View) -> tuple[Reply, bool, str]:
        """Return the reply before any fault, whether the client was authorised, and why it should not have asked."""
        if request.method == "POST" and request.path == _LOGIN:
            return self._login(request, view)
        challenge = self._access.challenge(request)
        authorised = challenge is None
        if request.method != "GET":
            return forbidden(request.method), authorised, "writes"
        if offence := SIDE_EFFECTS.get(request.path, ""):
            if request.path == _LOGOUT:
                self._access.leave(request)
            return challenge or Reply(204), authorised, offence
        if request.path == "/" and not self._headless:
            return Reply(200, _PAGE, (("content-type", "text/html; charset=utf-8"),)), authorised, ""
        endpoint = self._endpoint(request.path)
        if endpoint is None:
            return _not_found(), authorised, ""
        if challenge and endpoint.needs_token:
            return challenge, False, ""
        return endpoint.reply(view), authorised, ""

    def _endpoint(self, path: str) -> Answering | None:
        patterns = (endpoint for pattern, endpoint in _PATTERNS.items() if fnmatchcase(path, pattern))
        return self.endpoints.get(path) or (None if self._headless else next(patterns, None))

    def _login(self, request: Request, view: View) -> tuple[Reply, bool, str]:
        with self._lock:
            self.logins += 1
        login = read_login(request)
        if login is None:
            return _unreadable(), False, ""
        offence = "force_sm_off stops the battery" if login.force_sm_off else ""
        reply = self._access.admit(login, view.moment() if view.profile.release.login_time else "")
        return reply, reply.status == 200, offence


def _not_found() -> Reply:
    """Return Go's own 404: 19 bytes of plain text."""
    headers = (("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff"))
    return Reply(404, b"404 page not found\n", headers)


def _unreadable() -> Reply:
    body = json_bytes(complaint(400, "invalid request body", "Login Error"))
    return Reply(400, body, (("content-type", JSON_TYPE),))


def _name(fault: Fault) -> str:
    return type(fault).__name__
