"""One simulated device: a house that follows a clock, and what the gateway knows of itself."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from .boot import UNPOWERED, UP, Stage, stage
from .clock import Clock
from .island import Island
from .jitter import Channel, jitter
from .model import House
from .narrator import Happening
from .payloads import View
from .profile import Identity, Profile, Role
from .truth import Truth, blank, with_energies

_UPTIME_SECONDS = 800_000.0
_HAPPENINGS_KEPT = 1_000


@dataclass(frozen=True)
class Plan:
    """Something that is to happen at a moment: to the house, and to whatever else."""

    at_unix_seconds: float
    deed: Callable[[float], None]
    """Is called with the moment."""
    house: Mapping[str, object] | None = None
    words: str = ""


class Device:
    """Joins house, profile and clock; safe to ask from any thread."""

    def __init__(self, profile: Profile, seed: int, clock: Clock, on_boot: Callable[[], None] = lambda: None) -> None:
        now = clock.now()
        self.running = profile.role is not Role.STOPPED
        """Whether the site controller is to run; one that boots does not, in spite of it."""
        self._profile = profile
        self._identity = Identity(seed)
        self._clock = clock
        self._zone = profile.zone()
        self._house = House(profile.plant, seed, now, self._zone)
        self._boot_unix_seconds = now - _UPTIME_SECONDS * (1.0 + 0.5 * jitter(seed, 0, Channel.BOOT))
        self._booting = False
        self._on_boot = on_boot
        self._plans: deque[Plan] = deque()
        self.happenings: deque[Happening] = deque(maxlen=_HAPPENINGS_KEPT)
        """What happened of what was planned."""
        self._lock = threading.Lock()
        if profile.role is Role.BOOTING:
            self.reboot(slowly=True)

    def catch_up(self) -> None:
        """Let everything happen that is due by now: time in the house, and what was planned."""
        now = self._clock.now()
        while True:
            with self._lock:
                due = self._plans and self._plans[0].at_unix_seconds <= now
                plan = self._plans.popleft() if due else None
                self._house.advance(plan.at_unix_seconds if plan else now)
                if plan and plan.house:
                    self._house.change(**plan.house)
                back = self._house.power_back_unix_seconds
            if back is not None and back > self._boot_unix_seconds:
                self.reboot(slowly=True, at_unix_seconds=back)
            if plan is None:
                return
            if plan.words:
                self.happenings.append(Happening(plan.at_unix_seconds, plan.words))
            plan.deed(plan.at_unix_seconds)

    def truth(self) -> Truth:
        """Return what is so now."""
        self.catch_up()
        with self._lock:
            return self._house.truth()

    def plan(self, plans: Iterable[Plan]) -> None:
        """Let things happen at their times, which are to be in order."""
        with self._lock:
            self._plans.extend(plans)

    def set_house(self, **conditions: object) -> None:
        """Change conditions of the house by name, now; TypeError, ValueError for what cannot be."""
        self.catch_up()
        with self._lock:
            self._house.change(**conditions)

    def states(self) -> list[Island]:
        """Return how the house stood to the grid so far, the newest last."""
        self.catch_up()
        with self._lock:
            return list(self._house.states)

    def stage(self) -> Stage:
        """Return how far a boot has come; without power the gateway is dead."""
        self.catch_up()
        if self._house.states[-1].dark:
            return UNPOWERED
        return stage(self._clock.now() - self._boot_unix_seconds) if self._booting else UP

    def flash(self, profile: Profile) -> None:
        """Have the firmware of another profile from now on; the house stays."""
        self._profile = replace(self._profile, release=profile.release)

    @property
    def profile(self) -> Profile:
        """Return the device as it is now."""
        return self._profile

    def view(self) -> View:
        """Return what payloads are made from, now: the truth, as this gateway sees it."""
        truth, stage = self.truth(), self.stage()
        if self._profile.role is Role.FOLLOWER:
            truth = blank(truth)
        if stage.zero_counters:
            truth = with_energies(truth, truth, lambda now, then: 0.0)
        if stage.grid_state:
            truth = replace(truth, grid_state=stage.grid_state)
        running = self.running and stage.controller
        return View(truth, self._profile, self._identity, self._zone, self._boot_unix_seconds, running)

    def reboot(self, *, slowly: bool = False, at_unix_seconds: float | None = None) -> None:
        """Begin the uptime anew; slowly through all the stages of a boot, else as if that were over at once."""
        self._boot_unix_seconds = self._clock.now() if at_unix_seconds is None else at_unix_seconds
        self._booting = slowly
        self._on_boot()
