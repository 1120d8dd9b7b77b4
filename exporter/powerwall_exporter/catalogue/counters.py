"""Counters as they should be read: what looks like a reset and is none never leaves.

A gateway's counters read 0 for some cycles after it boots, also when this program boots with it, and the load's,
which is computed from the others, steps back a little when one of them is refreshed first. Either would count a
lifetime of energy again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from powerwall_exporter.model import Kind, Metric, Sample

ZERO_SECONDS = 600.0
"""How long a zero after another value is taken for a gateway that still starts."""
STEP_BACK_JOULES = 3.6e6
"""A kilowatt hour: larger than any step of the computed counter, smaller than what a real reset loses."""
MOST_SERIES = 10_000
"""Series that are remembered; a gateway has some fifty."""


@dataclass(slots=True)
class _Seen:
    value: float | None
    zero_since: float | None = None


class Counters:
    """The counters of one gateway, by series."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Metric, tuple[str, ...]], _Seen] = {}

    def honest(self, samples: Iterable[Sample], now: float) -> tuple[Sample, ...]:
        """Return the samples read at the monotonic time `now`, without what only looks like a reset.

        A zero is left out, a small step back holds the value before it, and any other decrease is passed on.
        """
        if len(self._seen) > MOST_SERIES:
            self._seen.clear()  # only a gateway that makes up names gets here
        listed = tuple(samples)
        counting = {s.labels for s in listed if s.metric.kind is Kind.COUNTER and s.value != 0}
        return tuple(told for sample in listed if (told := self._told(sample, now, counting)) is not None)

    def _told(self, sample: Sample, now: float, counting: set[tuple[str, ...]]) -> Sample | None:
        """Return what to tell of a sample; `counting` are the things that have a counter other than zero."""
        if sample.metric.kind is not Kind.COUNTER:
            return sample
        seen = self._seen.setdefault((sample.metric, sample.labels), _Seen(None))
        if sample.value == 0 and not self._means_zero(seen, now, counts=sample.labels in counting):
            return None
        if sample.value and seen.value is not None and 0 < seen.value - sample.value <= STEP_BACK_JOULES:
            return sample._replace(value=seen.value)
        seen.value, seen.zero_since = sample.value, None
        return sample

    def _means_zero(self, seen: _Seen, now: float, *, counts: bool) -> bool:
        """Tell a counter at its beginning from one of a gateway that still starts."""
        if seen.value == 0 or (seen.value is None and counts):
            return True
        seen.zero_since = now if seen.zero_since is None else seen.zero_since
        return now - seen.zero_since >= ZERO_SECONDS
