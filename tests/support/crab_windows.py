"""A simulated archive of any number of Science Windows of the Crab, with short exposures."""

from dataclasses import replace
from pathlib import Path

from fixtures.plan import SMALL_PLAN, Plan
from fixtures.simulate import simulate_archive


def simulate_crab(tree: Path, windows: int) -> None:
    """Write so many Science Windows, of ISGRI alone, below that folder."""
    crab = SMALL_PLAN.visits[0]
    offsets = (crab.offsets * windows)[:windows]
    visit = replace(crab, offsets=offsets, jemx_units=(), jemx_pointings=0)
    simulate_archive(tree, plan=Plan((visit,)), processes=2)
