"""What the cache's index knows that planning needs: which results are there, what runs took.

Each question is one statement, however large the graph is.
"""

import json
from collections.abc import Iterable
from typing import Any

from analysis.planning import Cost, Costs, Plan, plan_of
from analysis.statements import execute
from analysis.steps import Step, in_order


def planned(targets: tuple[Step, ...]) -> Plan:
    """The plan of a graph by the cache's index as it is now.

    A file that was lost or damaged since it was entered is found out by the run alone.
    """
    return plan_of(targets, cached_among(step.identity for step in in_order(targets)))


def cached_among(identities: Iterable[str]) -> frozenset[str]:
    """Those of these results that the cache has."""
    rows = execute("cached_among", identities=list(identities))
    return frozenset(identity for (identity,) in rows)


def past_costs(steps: Iterable[Step]) -> Costs:
    """What past runs of these kinds of steps took; kinds that never ran are not in it."""
    kinds = sorted({(step.engine, step.kind.name) for step in steps})
    rows: list[tuple[Any, ...]] = execute(
        "past_costs",
        engines=[engine for engine, _ in kinds],
        kinds=[kind for _, kind in kinds],
    )
    return {
        (engine, kind): Cost(
            float(seconds),
            None if size is None else int(size),
            int(runs),
            tuple((breadth, taken) for breadth, taken in json.loads(by_breadth or "[]")),
        )
        for engine, kind, seconds, size, runs, by_breadth in rows
    }
