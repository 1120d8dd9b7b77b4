"""Counters as they should be read: what looks like a reset and is none never leaves.

A gateway's counters read 0 for some cycles after it boots, and the load's, which is computed from the others,
steps back a little when one of them is refreshed first. Either would count a lifetime of energy again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from powerwall_exporter.model import Kind, Metric, Sample

ZERO_SECONDS = 600.0
"""How long a zero after another value is taken for a gateway that still starts."""
STEP_BACK_JOULES = 100 * 3600.0
"""A hundred watt hours: larger than any step of the computed counter, smaller than what any real reset loses."""


@dataclass(slots=True)
class _Seen:
    value: float
    zero_since: float | None = None


class Counters:
    """The counters of one gateway, by series."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Metric, tuple[str, ...]], _Seen] = {}

    def honest(self, samples: Iterable[Sample], now: float) -> tuple[Sample, ...]:
        """Return the samples read at the monotonic time `now`, without what only looks like a reset.

        A zero is left out, a small step back holds the value before it, and any other decrease is passed on.
        """
        return tuple(told for sample in samples if (told := self._told(sample, now)) is not None)

    def _told(self, sample: Sample, now: float) -> Sample | None:
        if sample.metric.kind is not Kind.COUNTER:
            return sample
        seen = self._seen.setdefault((sample.metric, sample.labels), _Seen(sample.value))
        if sample.value == 0 < seen.value:
            seen.zero_since = now if seen.zero_since is None else seen.zero_since
            if now - seen.zero_since < ZERO_SECONDS:
                return None
        else:
            seen.zero_since = None
        if 0 < seen.value - sample.value <= STEP_BACK_JOULES and sample.value != 0:
            return sample._replace(value=seen.value)
        seen.value = sample.value
        return sample
