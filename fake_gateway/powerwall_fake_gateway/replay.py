"""Recorded answers by path: a folder or zip of files, served instead of the model's.

`meters.aggregates.json` or `meters/aggregates.json` is the body of a 200 to `/api/meters/aggregates`; a `.err` file is
a raw answer with its status line and headers. Other suffixes (`.bin`, `.txt`, `.html`) are bodies, too.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .exchange import Reply
from .payloads import View
from .payloads.view import BINARY_TYPE, JSON_TYPE, TEXT_TYPE
from .spelling import Json

_TYPES = {".json": JSON_TYPE, ".txt": TEXT_TYPE, ".html": "text/html; charset=utf-8", ".bin": BINARY_TYPE, ".err": ""}
_OPEN = ("/api/status", "/api/customer/registration", "/api/auth/toggle/supported")
_OWN_HEADERS = ("content-length", "date", "cache-control", "connection", "transfer-encoding")
_MOST_BYTES = 16 << 20


class UnreadableReplayError(ValueError):
    """A recording that cannot be served; the message says why, and gives a remedy."""


@dataclass(frozen=True)
class Recorded:
    """One recorded answer, always the same."""

    answer: Reply
    needs_token: bool

    def reply(self, view: View) -> Reply:
        """Return the answer."""
        return self.answer

    def payload(self, view: View) -> Json:
        """Return its body as JSON; ValueError if it is not."""
        decoded: Json = json.loads(self.answer.body)
        return decoded


def load(place: Path) -> Mapping[str, Recorded]:
    """Read all answers of a folder or zip by path; UnreadableReplayError where there are none."""
    try:
        answers = {_path(name): _recorded(name, body) for name, body in _files(place)}
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadableReplayError(f"{place} cannot be read: {error}; give a folder or a zip") from error
    if not answers:
        raise UnreadableReplayError(f"{place} holds no answers; name them e.g. meters.aggregates.json")
    return answers


def _files(place: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield relative names and contents of what has a known suffix."""
    if place.is_dir():
        for file in sorted(place.rglob("*")):
            if file.suffix in _TYPES and file.is_file():
                yield PurePosixPath(file.relative_to(place).as_posix()), file.read_bytes()
        return
    with zipfile.ZipFile(place) as packed:
        for entry in packed.infolist():
            name = PurePosixPath(entry.filename)
            if name.suffix in _TYPES and not entry.is_dir():
                if entry.file_size > _MOST_BYTES:
                    raise UnreadableReplayError(f"{place}: {name} is larger than {_MOST_BYTES} bytes; leave it out")
                yield name, packed.read(entry)


def _path(name: PurePosixPath) -> str:
    """Return the path of a file's name: dots and slashes are the same, and `api` may be left out."""
    parts = [part for part in str(name.with_suffix("")).replace("/", ".").split(".") if part]
    return "/" + "/".join(parts if parts[0] in ("api", "tedapi") else ["api", *parts])


def _recorded(name: PurePosixPath, body: bytes) -> Recorded:
    needs_token = _path(name) not in _OPEN
    if name.suffix == ".err":
        return Recorded(_raw(name, body), needs_token)
    return Recorded(Reply(200, body, (("content-type", _TYPES[name.suffix]),)), needs_token)


def _raw(name: PurePosixPath, text: bytes) -> Reply:
    """Read a raw answer; what its length does not cover was added when it was saved."""
    head, _, body = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").splitlines() or [""]
    status = first.split(" ")[1] if first.startswith("HTTP/") and " " in first else ""
    if not status.isdigit():
        raise UnreadableReplayError(f"{name} does not begin with a status line; write e.g. HTTP/1.1 502")
    headers = [(key.strip().lower(), value.strip()) for key, _, value in (line.partition(":") for line in lines)]
    length = dict(headers).get("content-length", "")
    kept = tuple(header for header in headers if header[0] not in _OWN_HEADERS)
    return Reply(int(status), body[: int(length)] if length.isdigit() else body, kept)
