"""A tenth of the engine's suite on random fields, always the same; ``make soak`` runs the whole."""

from collections.abc import Callable

import pytest
from engine_suite import SUITE, Outcome


@pytest.mark.parametrize(
    ("part", "trials"),
    [pytest.param(part, max(1, trials // 10), id=part.__name__) for part, trials in SUITE],
)
def test_what_was_simulated_comes_back(part: Callable[[int], Outcome], trials: int) -> None:
    outcome = part(trials)
    assert not outcome.missed, outcome
