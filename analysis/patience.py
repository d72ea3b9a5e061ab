"""How long the driver of a graph goes on where not the data fail but what computes.

A step whose machine fails is begun again a few times. One that its place loses is given again, for
as long as places are waited for that can't be reached. Nothing here waits or runs: it counts.
"""

import time
from collections import Counter
from collections.abc import Callable

#: How often a step is begun whose machine fails, or whose inputs are damaged.
_TRIES = 3
#: How often a step may be lost by places that can be reached, over more than the time of patience.
_LOSSES = 20


class Patience:
    """That of one driver of one graph."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """seconds: how long to wait for what steps run on, when it can't be reached."""
        self._seconds = seconds
        self._clock = clock
        self._tries: Counter[str] = Counter()
        self._losses: dict[str, tuple[int, float]] = {}  # how many, and when the first was
        self._lost_since: float | None = None

    def has_failed(self, identity: str) -> bool:
        """A try of this step has failed; whether to begin it again."""
        self._tries[identity] += 1
        return self._tries[identity] < _TRIES

    def was_lost(self, identity: str) -> bool:
        """The place has lost this step, and can be reached; whether to give it again."""
        losses, first = self._losses.get(identity, (0, self._clock()))
        self._losses[identity] = losses + 1, first
        return losses < _LOSSES or self._clock() - first <= self._seconds

    def nowhere(self) -> bool:
        """Nothing can be run now; whether to look again."""
        now = self._clock()
        if self._lost_since is None:
            self._lost_since = now
        return now - self._lost_since <= self._seconds

    def somewhere(self) -> None:
        """A place has taken steps, or has made one: the next loss has all the time again."""
        self._lost_since = None
