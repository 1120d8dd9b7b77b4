"""A clock that stands still until a test moves it."""


class SteppedClock:
    """Both clocks of the exporter, moved by hand."""

    def __init__(self, start_seconds: float = 1_700_000_000.0) -> None:
        self._start_ns = int(start_seconds * 1e9)
        self._passed_seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds moved so far."""
        return self._passed_seconds

    def time_ns(self) -> int:
        """Return the start and what was moved since."""
        return self._start_ns + int(self._passed_seconds * 1e9)

    def step(self, seconds: float) -> None:
        """Move both clocks on."""
        self._passed_seconds += seconds
