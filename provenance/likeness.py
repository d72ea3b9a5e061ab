"""Whether two histories tell of the same making, and what differs.

Identifiers and times are those of a run: two histories are alike if the same steps, in the same
versions, with the same parameters, by the same software, made files of the same content from
inputs of the same content. Who had them made, and what they are called by now, makes no difference.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from provenance.graph import Graph

_SOFTWARE_DIGEST = "software_digest"

Trait = tuple[str, str]
"""Where something stands in a history (a step, a file), and what it is there."""


class Aspect(StrEnum):
    """What two makings may differ in."""

    INPUTS = "inputs"  #: what no step computed
    VERSIONS = "versions"  #: of steps and of software
    PARAMETERS = "parameters"
    NUMBERS = "numbers"  #: the content of what steps computed
    STRUCTURE = "structure"  #: which steps there were, or how a file is built


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that isn't the same.

    where: a step, a file, a keyword. original, again: what it is in either; nothing where it isn't.
    """

    aspect: Aspect
    where: str
    original: str
    again: str


def differences(
    original: Graph, again: Graph, free_parameters: frozenset[str] = frozenset()
) -> tuple[Difference, ...]:
    """All that isn't alike in two histories.

    free_parameters: names that may have other values, of the activities that made the histories'
    last entities: what chose the inputs, say, where the inputs are compared themselves.
    """
    found: list[Difference] = []
    ours, theirs = _steps(original), _steps(again)
    for aspect in (Aspect.INPUTS, Aspect.VERSIONS, Aspect.PARAMETERS, Aspect.NUMBERS):
        one = Counter(_traits(original, aspect, free_parameters))
        other = Counter(_traits(again, aspect, free_parameters))
        if ours != theirs and aspect in (Aspect.VERSIONS, Aspect.PARAMETERS):
            # a step that ran more often isn't another version of it, nor has it other settings
            one, other = Counter(set(one)), Counter(set(other))
        found += _unlike(aspect, one - other, other - one)
    for name in sorted({*ours, *theirs}):
        if ours[name] != theirs[name]:
            times = (f"run {steps[name]} times" for steps in (ours, theirs))
            found.append(Difference(Aspect.STRUCTURE, name, *times))
    if not found and _shape(original) != _shape(again):
        found.append(
            Difference(Aspect.STRUCTURE, "history", "steps in one order", "steps in another")
        )
    return tuple(found)


def _steps(graph: Graph) -> Counter[str]:
    """How often each step was run."""
    return Counter(node.name for node in graph.activities.values())


def _traits(graph: Graph, aspect: Aspect, free: frozenset[str]) -> Iterator[Trait]:
    ends = graph.last()
    last = {graph.generated_by[entity][0] for entity in ends}
    match aspect:
        case Aspect.INPUTS:
            for identifier, node in graph.entities.items():
                if identifier not in ends and not node.get("stepIdentity"):
                    yield node.get("location") or node.name, node.get("checksum")
        case Aspect.VERSIONS:
            for identifier, node in graph.activities.items():
                yield node.name, node.get("version")
                for agent in graph.agents.get(identifier, ()):
                    yield node.name, agent
                for name, value in graph.parameters.get(identifier, ()):
                    if name == _SOFTWARE_DIGEST:
                        yield node.name, f"{_SOFTWARE_DIGEST} {value}"
        case Aspect.PARAMETERS:
            for identifier, node in graph.activities.items():
                for name, value in graph.parameters.get(identifier, ()):
                    if name == _SOFTWARE_DIGEST or (identifier in last and name in free):
                        continue
                    yield f"{node.name}: {name}", value
        case Aspect.NUMBERS:
            for identifier, (maker, role) in graph.generated_by.items():
                entity = graph.entities.get(identifier)
                checksum = entity.get("checksum") if entity else ""
                if entity is not None and checksum and entity.get("stepIdentity"):
                    activity = graph.activities.get(maker)
                    yield f"{activity.name if activity else maker}: {role}", checksum


def _unlike(aspect: Aspect, lost: Counter[Trait], new: Counter[Trait]) -> Iterator[Difference]:
    """Differences by place, each told once: many steps differ in the same."""
    places = sorted({place for place, _ in (*lost, *new)})
    for place in places:
        one, other = (
            sorted({value for where, value in side if where == place}) for side in (lost, new)
        )
        yield Difference(aspect, place, ", ".join(one), ", ".join(other))


def _shape(graph: Graph) -> Counter[object]:
    """The history's steps and the ways between them, without identifiers.

    A record may say that an activity used what it made itself. Where a way leads in such a circle,
    the entity that it comes back to counts by its content.
    """
    known: dict[str, object] = {}
    open_: set[str] = set()  # what is on the way from the last entity to the one looked at

    def content(entity: str) -> str:
        node = graph.entities.get(entity)
        return node.get("checksum") if node else ""

    def of(entity: str) -> object:
        stack = [entity]
        while stack:
            current = stack[-1]
            maker, role = graph.generated_by.get(current, ("", ""))
            uses = graph.used.get(maker, ())
            open_.add(current)
            missing = [used for used, _ in uses if used not in known and used not in open_]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            open_.discard(current)
            activity = graph.activities.get(maker)
            ways = sorted((way, hash(known.get(used, content(used)))) for used, way in uses)
            name = activity.name if activity else ""
            known[current] = (content(current), role, name, tuple(ways))
        return hash(known[entity])

    return Counter(of(entity) for entity in graph.last())
