"""One simulated device: a house that follows a clock, and what the gateway knows of itself."""

import threading

from .clock import Clock
from .jitter import Channel, jitter
from .model import House
from .payloads import View
from .profile import Identity, Profile
from .truth import Truth

_UPTIME_SECONDS = 800_000.0


class Device:
    """Joins house, profile and clock; safe to ask from any thread."""

    def __init__(self, profile: Profile, seed: int, clock: Clock) -> None:
        now = clock.now()
        self._profile = profile
        self._identity = Identity(seed)
        self._clock = clock
        self._zone = profile.zone()
        self._house = House(profile.plant, seed, now, self._zone)
        self._boot_unix_seconds = now - _UPTIME_SECONDS * (1.0 + 0.5 * jitter(seed, 0, Channel.BOOT))
        self._lock = threading.Lock()

    def truth(self) -> Truth:
        """Return what is so now."""
        with self._lock:
            self._house.advance(self._clock.now())
            return self._house.truth()

    def view(self) -> View:
        """Return what payloads are made from, now."""
        return View(self.truth(), self._profile, self._identity, self._zone, self._boot_unix_seconds)

    def reboot(self) -> None:
        """Begin the uptime anew."""
        self._boot_unix_seconds = self._clock.now()
