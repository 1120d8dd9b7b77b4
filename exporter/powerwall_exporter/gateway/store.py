"""What must survive a restart, one small file per gateway: its first-seen certificate and its token.

Files are 0600 and replaced atomically. A folder that cannot be written costs the memory over restarts, never
the data: it is said once, and the store goes on in memory.
"""

import json
import logging
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

log = logging.getLogger(__name__)


class Store:
    """The remembered words of one gateway, by name; `folder` None keeps them in memory only."""

    def __init__(self, folder: Path | None, gateway: str) -> None:
        self._path = folder / f"{quote(gateway, safe='')}.json" if folder else None
        self._gateway = gateway
        self._words: dict[str, str] | None = None
        self.broken = ""
        """What keeps a file that is there from being read."""

    @property
    def place(self) -> str:
        """Where the words are kept, for messages."""
        return str(self._path) if self._path else "memory"

    def get(self, name: str) -> str | None:
        """Return a remembered word."""
        if self._words is None:
            self.reload()
        return (self._words or {}).get(name)

    def reload(self) -> None:
        """Read the words again; others may have changed the file."""
        if self._path is not None or self._words is None:
            self._words = self._load()

    def put(self, **words: str | None) -> None:
        """Remember these words and forget those that are None; writes only what changes something."""
        if all(self.get(name) == word for name, word in words.items()):
            return
        self.reload()
        self._words = {name: word for name, word in {**(self._words or {}), **words}.items() if word is not None}
        self._save(self._words)

    def keeps(self) -> bool:
        """Tell whether words are kept over a restart."""
        if self._path is None:
            return False
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._path.parent):
                return True
        except OSError:
            return False

    def _load(self) -> dict[str, str]:
        self.broken = ""
        if self._path is None:
            return {}
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return {name: word for name, word in found.items() if isinstance(word, str)}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError) as error:
            self.broken = error.strerror or "unreadable" if isinstance(error, OSError) else "not as it was written"
            return {}

    def _save(self, words: dict[str, str]) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._path, json.dumps(words))
        except OSError as error:
            log.warning(
                "%s: cannot write %s, remembering in memory only: %s; make the folder writable or set state_directory",
                self._gateway,
                self._path,
                error.strerror or error,
            )
            self._path = None


def _replace(path: Path, text: str) -> None:
    """Put a text into a file that others see either as it was or whole, also after a power cut."""
    # mkstemp makes the file 0600 before anything is in it.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
