"""Keeps who descends from whom true, as relations come.

How lineages are stored, and what counts as their depth and kinds: `provenance.models.lineage`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from django.db import connection, transaction

from provenance.models import PathKind, PathKinds
from provenance.statements import execute, statement, take_turn

LEAST_SHARED = 32
"""Lineages of fewer ancestors are written out, longer ones shared where that spares rows."""


@dataclass(frozen=True, slots=True)
class Step:
    """One relation, or two over an activity, that leads from an entity to what it comes from.

    child, parent: identifiers of entities.
    """

    child: str
    parent: str
    kind: PathKind


def extend(steps: Iterable[Step]) -> None:
    """Enter new steps into the lineages of all whom they concern.

    In the turn of this transaction (`provenance.statements.take_turn`). All steps of an entity
    together: where it is new, it then shares its parents' lineages, by whichever relations it
    comes from them. Parents before children, for the same reason.
    """
    parents: dict[str, dict[str, int]] = {}
    for step in steps:
        if step.child == step.parent:  # changed in place: no entity is its own ancestor
            continue
        known = parents.setdefault(step.child, {})
        known[step.parent] = known.get(step.parent, 0) | PathKinds.of_step(step.kind).stored
    try:
        order = [one for one in TopologicalSorter(parents).static_order() if one in parents]
    except CycleError:
        order = list(parents)
    together: dict[tuple[tuple[str, int], ...], list[str]] = {}
    for child in order:
        together.setdefault(tuple(sorted(parents[child].items())), []).append(child)
    for origins, children in together.items():
        _extend([name for name, _ in origins], [kinds for _, kinds in origins], children)


def rebuild(tell: Callable[[int], object] = lambda written: None) -> None:
    """Write all lineages anew from what the relations say, in one transaction.

    Others can neither read nor write lineages meanwhile. tell: is called after each portion with
    the number of entities whose lineages are written so far.
    """
    with transaction.atomic():
        take_turn()
        execute("order_steps")
        generation = 0
        while execute("order_next_generation", generation=generation) != [(0,)]:
            generation += 1
        written = 0
        with connection.chunked_cursor() as ordered:
            ordered.execute(statement("list_steps_in_order"))
            for parents, kinds, children in ordered:
                _extend(parents, kinds, children)
                written += len(children)
                tell(written)


def _extend(parents: list[str], kinds: list[int], children: list[str]) -> None:
    """Enter that each child comes from each parent, by steps of the kinds given for that parent."""
    execute("extend_lineage", parents=parents, kinds=kinds, children=children, worth=LEAST_SHARED)
