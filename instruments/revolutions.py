"""Revolution number and time: two straight lines through the mission.

INTEGRAL's orbit lasted 2.991 d until the manoeuvres of January and February 2015 and 2.659 d from
then on. The lines pass through published points: revolution 789.6317 at IJD 3378.0925 (orbit file
of Science Window 078900560010) and the first pointing of revolution 2542 at IJD 8274.348
(2022-08-27T08:19:45 UTC), some 0.2 d after the start of that revolution. They meet at the end of
January 2015. The orbit drifted about them, so they are good to some hours: enough to plan a
simulation, never to date real data, whose REVOL and TSTART keywords count.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Era:
    revolution: float
    ijd: float
    period_days: float

    def start(self, revolution: float) -> float:
        return self.ijd + (revolution - self.revolution) * self.period_days

    def revolution_at(self, ijd: float) -> float:
        return self.revolution + (ijd - self.ijd) / self.period_days


_LONG_ORBIT = _Era(revolution=789.6317, ijd=3378.0925, period_days=2.991)
_SHORT_ORBIT = _Era(revolution=2542, ijd=8274.15, period_days=2.6593)
#: First revolution counted on the shorter orbit.
FIRST_SHORT_REVOLUTION = 1502
#: Part of a revolution above the radiation belts, when data are useful.
USEFUL_PHASES = (0.06, 0.95)


def revolution_start_ijd(revolution: int) -> float:
    """About when a revolution began, IJD (TT)."""
    era = _LONG_ORBIT if revolution < FIRST_SHORT_REVOLUTION else _SHORT_ORBIT
    return era.start(revolution)


def revolution_at_ijd(ijd: float) -> int:
    """About which revolution an IJD (TT) lies in."""
    if ijd < revolution_start_ijd(FIRST_SHORT_REVOLUTION):
        return min(int(_LONG_ORBIT.revolution_at(ijd)), FIRST_SHORT_REVOLUTION - 1)
    return int(_SHORT_ORBIT.revolution_at(ijd))


def useful_interval_ijd(revolution: int) -> tuple[float, float]:
    """About when a revolution's useful data begin and end, IJD (TT)."""
    start = revolution_start_ijd(revolution)
    period = revolution_start_ijd(revolution + 1) - start
    return start + USEFUL_PHASES[0] * period, start + USEFUL_PHASES[1] * period
