"""A history made small enough to look at: what happened alike is drawn once.

Fifty images made the same way from fifty Science Windows are fifty times the same branch. Two
things are alike where they are of one kind and stand in the same relations to alike things; how
often isn't looked at (the coarsest stable partition of the graph, found by refining colours).
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from provenance.history import History
from provenance.records import ActivityRecord, EntityRecord

MOST_GROUPS = 80
"""Above so many, coarser groups are drawn."""
_ROUNDS = 30


Record = EntityRecord | ActivityRecord


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation between two things, in the model's direction: it points to the origin."""

    tail: str
    head: str
    relation: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Things that are alike; of those that stand alone, one."""

    entities: tuple[EntityRecord, ...] = ()
    activities: tuple[ActivityRecord, ...] = ()

    @property
    def size(self) -> int:
        """How many things it holds."""
        return len(self.entities) + len(self.activities)


@dataclass(frozen=True, slots=True)
class GroupEdge:
    """Relations of one sort between two groups, by their numbers; how many there are."""

    tail: int
    head: int
    relation: str
    role: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Folded:
    """A history in groups."""

    groups: tuple[Group, ...]
    edges: tuple[GroupEdge, ...]


def edges_of(history: History) -> tuple[Edge, ...]:
    """The relations between activities and entities of a history.

    A derivation that says the same as a use and a making is left out: it would be drawn twice.
    """
    edges: list[Edge] = []
    used: dict[str, set[str]] = {}
    maker: dict[str, str] = {}
    for activity in history.activities:
        used[activity.id] = {use.entity.id for use in activity.used}
        edges.extend(Edge(activity.id, u.entity.id, "used", u.role) for u in activity.used)
        edges.extend(
            Edge(activity.id, parameter.value_entity, "wasConfiguredBy", parameter.name)
            for parameter in activity.parameters
            if parameter.value_entity and parameter.value_entity not in used[activity.id]
        )
        for made in activity.generated:
            maker[made.entity.id] = activity.id
            edges.append(Edge(made.entity.id, activity.id, "wasGeneratedBy", made.role))
    for activity in history.activities:
        linked = {maker.get(entity) for entity in used[activity.id]}
        edges.extend(
            Edge(activity.id, informant, "wasInformedBy")
            for informant in activity.informants
            if informant not in linked
        )
    for entity in history.entities:
        inputs = used.get(maker.get(entity.id, ""), set())
        edges.extend(
            Edge(entity.id, origin, "wasDerivedFrom")
            for origin in entity.derived_from
            if origin not in inputs
        )
        edges.extend(Edge(entity.id, member, "hadMember") for member in entity.members)
    return tuple(edges)


def fold(history: History) -> Folded:
    """The history in groups of what is alike; what was asked for stands alone."""
    edges = edges_of(history)
    colours = _first_colours(history)
    coarse = colours
    for _ in range(_ROUNDS):
        finer = _refined(colours, edges)
        if len(set(finer.values())) == len(set(colours.values())):
            break
        colours = finer
    if len(set(colours.values())) > MOST_GROUPS:
        colours = coarse
    return _grouped(history, edges, colours)


def unfolded(history: History) -> Folded:
    """The history with every thing by itself."""
    colours = {record.id: number for number, record in enumerate(_records(history))}
    return _grouped(history, edges_of(history), colours)


def _records(history: History) -> tuple[Record, ...]:
    return (*history.entities, *history.activities)


def kind_of(record: Record) -> tuple[Hashable, ...]:
    """What is alike at first sight."""
    if isinstance(record, ActivityRecord):
        return ("activity", record.name, record.version, record.status)
    word = record.description or record.name or ""
    invalid = record.invalidated_at is not None
    return ("entity", record.entity_class, word, record.content_type, invalid)


def _first_colours(history: History) -> dict[str, int]:
    numbers: dict[Hashable, int] = {}
    asked = set(history.asked)
    colours = {}
    for record in _records(history):
        involved = record.agents if isinstance(record, ActivityRecord) else record.attributed_to
        # what an agent answers for that was asked for isn't drawn with what others do
        answering = frozenset((p.agent.id, p.role) for p in involved if p.agent.id in asked)
        key: Hashable = record.id if record.id in asked else (kind_of(record), answering)
        colours[record.id] = numbers.setdefault(key, len(numbers))
    return colours


def _refined(colours: dict[str, int], edges: Iterable[Edge]) -> dict[str, int]:
    """Colours that also tell what colours the neighbours have."""
    near: dict[str, set[tuple[bool, str, str | None, int]]] = defaultdict(set)
    for edge in edges:
        if edge.tail in colours and edge.head in colours:
            near[edge.tail].add((True, edge.relation, edge.role, colours[edge.head]))
            near[edge.head].add((False, edge.relation, edge.role, colours[edge.tail]))
    numbers: dict[Hashable, int] = {}
    return {
        identifier: numbers.setdefault((colour, frozenset(near[identifier])), len(numbers))
        for identifier, colour in colours.items()
    }


def _grouped(history: History, edges: Iterable[Edge], colours: dict[str, int]) -> Folded:
    entities: dict[int, list[EntityRecord]] = defaultdict(list)
    activities: dict[int, list[ActivityRecord]] = defaultdict(list)
    for entity in history.entities:
        entities[colours[entity.id]].append(entity)
    for activity in history.activities:
        activities[colours[activity.id]].append(activity)
    order = {colour: number for number, colour in enumerate(dict.fromkeys(colours.values()))}
    counted = Counter(
        (order[colours[e.tail]], order[colours[e.head]], e.relation, e.role)
        for e in edges
        if e.tail in colours and e.head in colours
    )
    return Folded(
        tuple(Group(tuple(entities[colour]), tuple(activities[colour])) for colour in order),
        tuple(GroupEdge(*key, count) for key, count in sorted(counted.items(), key=_key)),
    )


def _key(counted: tuple[tuple[int, int, str, str | None], int]) -> tuple[int, int, str, str]:
    tail, head, relation, role = counted[0]
    return tail, head, relation, role or ""
