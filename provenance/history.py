"""Walks recorded history: from a product to what it came from, or from data to what they became.

Only what everybody may see, unless the caller asks for more. The answer is made of records
(`provenance.records`), as they were entered, less the relations to what lies outside the part that
was asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from dali.errors import DaliError, NotFoundError
from provenance.description_store import read_activities, read_entities
from provenance.descriptions import KindOfActivity, KindOfEntity
from provenance.models import (
    Activity,
    Agent,
    Entity,
    HadMember,
    Used,
    WasAssociatedWith,
    WasAttributedTo,
    WasConfiguredBy,
    WasDerivedFrom,
    WasGeneratedBy,
)
from provenance.reading import activity_records, agent_records, entity_records
from provenance.records import ActivityRecord, AgentRecord, EntityRecord, InvolvedRecord

MOST_ENTITIES = 5000
"""A history of more entities, or of more activities, is not written into one document."""
MOST_STEPS = 100
"""How far a walk goes where all steps are asked for."""


class Direction(StrEnum):
    """Which way a walk goes."""

    BACK = "BACK"  #: to what things came from
    FORWARD = "FORWARD"  #: to what became of them


@dataclass(frozen=True, slots=True)
class History:
    """A part of the graph; relations name entities and activities of this part only.

    The entities in the activities' relations are references; `entities` has them in full.
    asked: the identifiers that the walk began with. kinds, entity_kinds: what the activities and
    entities are described by, where that was asked for. cut: what the server left out, in words.
    agents: those that were asked for themselves; all others are in the relations alone.
    """

    activities: tuple[ActivityRecord, ...]
    entities: tuple[EntityRecord, ...]
    asked: tuple[str, ...] = ()
    kinds: tuple[KindOfActivity, ...] = ()
    entity_kinds: tuple[KindOfEntity, ...] = ()
    cut: str | None = None
    agents: tuple[AgentRecord, ...] = ()

    def without_agents(self) -> "History":
        """The same, but no agent is named other than those that were asked for."""
        asked = {agent.id for agent in self.agents}

        def of_asked(parts: tuple[InvolvedRecord, ...]) -> tuple[InvolvedRecord, ...]:
            return tuple(part for part in parts if part.agent.id in asked)

        return replace(
            self,
            activities=tuple(replace(a, agents=of_asked(a.agents)) for a in self.activities),
            entities=tuple(
                replace(e, attributed_to=of_asked(e.attributed_to)) for e in self.entities
            ),
        )

    def without_configuration(self) -> "History":
        """The same, but without parameters and files of settings."""
        return replace(
            self,
            activities=tuple(
                replace(activity, parameters=(), config_files=()) for activity in self.activities
            ),
            kinds=tuple(replace(kind, parameters=(), config_files=()) for kind in self.kinds),
        )

    def described(self, level: int) -> "History":
        """The same with descriptions: 0 none, 1 those of activities, 2 all.

        Reads the tables.
        """
        if level == 0:
            return self
        kinds = read_activities({(a.name, a.version) for a in self.activities})
        if level == 1:
            bare = (
                replace(kind, usages=(), generations=(), parameters=(), config_files=())
                for kind in kinds
            )
            return replace(self, kinds=tuple(bare))
        named = {entity.description for entity in self.entities if entity.description}
        for kind in kinds:
            for role in (*kind.usages, *kind.generations):
                named.update(role.entities)
        return replace(self, kinds=kinds, entity_kinds=read_entities(named))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a walk may see: public rows, or hidden ones as well; ``whole``: however many."""

    hidden: bool
    whole: bool

    def entities(self, path: str = "") -> dict[str, bool]:
        """The condition on an entity at the end of ``path`` (as Django writes it)."""
        return {} if self.hidden else {f"{path}public": True}

    def activities(self, path: str = "") -> dict[str, bool]:
        """The same on an activity, which must be known by more than its identifier."""
        return {f"{path}status__isnull": False, **self.entities(path)}


@dataclass(slots=True)
class _Walk:
    """What a walk has reached, by keys of the tables.

    seen: which rows it may see. members: whether it goes between collections and their members.
    left: the entities that it has gone on from.
    """

    direction: Direction
    seen: _Seen
    members: bool
    entities: set[int]
    activities: set[int]
    left: set[int] = field(default_factory=set)

    def step(self, entities: set[int], activities: set[int]) -> tuple[set[int], set[int]]:
        """What one step from these entities and activities reaches."""
        if self.direction is Direction.BACK:
            activities = activities | _makers(entities, self.seen)
            reached = _inputs(activities, self.seen) | _origins(entities, self.seen)
            reached |= _values(activities, self.seen)
            if self.members:
                reached |= _members(entities, self.seen)
        else:
            activities = activities | _users(entities, self.seen) | _set(entities, self.seen)
            reached = _outputs(activities, self.seen) | _derivations(entities, self.seen)
            if self.members:
                reached |= _collections(entities, self.seen)
        return reached, activities

    def too_many(self, reached: set[int], via: set[int]) -> str:
        """Of what there would be too many for a document with what a step reaches, if of any."""
        if self.seen.whole:
            return ""
        if len(self.entities | reached) > MOST_ENTITIES:
            return "entities"
        return "activities" if len(self.activities | via) > MOST_ENTITIES else ""


def backwards(
    identifiers: Iterable[str],
    depth: int | None = 1,
    *,
    hidden: bool = False,
    members: bool = True,
    whole: bool | None = None,
) -> History:
    """What these entities or activities came from, over ``depth`` steps or (``None``) all.

    Agents may be among them, who come from nothing.

    A step leads from an entity to the activity that made it and what that used, values of its
    parameters among it (as in the table ``lineage``), to what it was derived from, and from a
    collection to its members; from an activity to what it used.

    hidden: for the owner of what was made: rows that aren't public are part of it.
    members: whether collections are followed to their members.
    whole: without limits, however much it is; unless it is said, where ``hidden`` is.

    Raises `NotFoundError` for an unknown identifier, and `DaliError` where one step is too large
    for one document. A history that is too long ends before the step that makes it so, and its
    ``cut`` says so.
    """
    return _history(Direction.BACK, identifiers, depth, hidden, members, whole)


def forwards(
    identifiers: Iterable[str],
    depth: int | None = 1,
    *,
    hidden: bool = False,
    members: bool = True,
    whole: bool | None = None,
) -> History:
    """What became of these entities or activities, over ``depth`` steps or (``None``) all.

    A step leads from an entity to the activities that used it and what these made, to what was
    derived from it, and to the collections that hold it; from an activity to what it made; from
    an agent that was asked for to the activities and entities that it is responsible for. For the
    rest see `backwards`.
    """
    return _history(Direction.FORWARD, identifiers, depth, hidden, members, whole)


def _history(
    direction: Direction,
    identifiers: Iterable[str],
    depth: int | None,
    hidden: bool,
    members: bool,
    whole: bool | None,
) -> History:
    seen = _Seen(hidden, hidden if whole is None else whole)
    asked = tuple(dict.fromkeys(identifiers))
    entities, activities, agents = _find(asked, seen)
    responsible = agents if direction is Direction.FORWARD else set()
    walk = _Walk(direction, seen, members, set(entities), set(activities))
    cut = None
    steps = 0
    while (entities or activities or responsible) and (depth is None or steps < depth):
        if steps == MOST_STEPS and not seen.whole:
            cut = f"The server goes {MOST_STEPS} steps at most; there is more."
            break
        reached, via = walk.step(entities, activities)
        deeds = _deeds(responsible, seen) - via
        reached |= _works(responsible, seen)
        what = walk.too_many(reached, via | deeds)
        if what:
            if steps == 0:
                raise DaliError(
                    f"one step has more than {MOST_ENTITIES} {what}, too many for one document: "
                    f"ask the table provenance.{_table(what, responsible)}"
                )
            cut = (
                f"The server stopped after {steps} step{'s' if steps > 1 else ''}: with the next, "
                f"there would be more than {MOST_ENTITIES} {what}."
            )
            break
        walk.left |= entities
        walk.activities |= via | deeds
        walk.entities |= reached
        entities, activities, responsible = reached - walk.left, deeds, set()
        steps += 1
    return History(
        activity_records(walk.activities, walk.entities),
        entity_records(walk.entities),
        asked,
        cut=cut,
        agents=agent_records(agents),
    )


def entities_with_checksum(checksum: str) -> tuple[str, ...]:
    """Identifiers of all entities, hidden ones too, of that content; the newest last."""
    found = Entity.objects.filter(checksum=checksum).order_by("id")
    return tuple(found.values_list("identifier", flat=True))


def checksum_of(entity: str) -> str | None:
    """The checksum of an entity, hidden or not; ``None`` where none is known."""
    return Entity.objects.filter(identifier=entity).values_list("checksum", flat=True).first()


def known_activities(identifiers: Iterable[str]) -> frozenset[str]:
    """Those of these activities, hidden or not, that are recorded."""
    found = Activity.objects.filter(identifier__in=list(identifiers), status__isnull=False)
    return frozenset(found.values_list("identifier", flat=True))


def made_by(activity: str) -> dict[str, str]:
    """All that an activity made, hidden or not: the entities' identifiers, each with its role."""
    found = WasGeneratedBy.objects.filter(activity__identifier=activity)
    return {entity: role or "" for entity, role in found.values_list("entity__identifier", "role")}


def _find(identifiers: tuple[str, ...], seen: _Seen) -> tuple[set[int], set[int], set[int]]:
    """The keys of entities, activities and agents of these identifiers."""
    entities = dict(
        Entity.objects.filter(identifier__in=identifiers, **seen.entities()).values_list(
            "identifier", "id"
        )
    )
    activities = dict(
        Activity.objects.filter(identifier__in=identifiers, **seen.activities()).values_list(
            "identifier", "id"
        )
    )
    others = [i for i in identifiers if i not in entities and i not in activities]
    agents: dict[str, int] = {}
    if others:
        found = Agent.objects.filter(identifier__in=others, **seen.entities())
        agents = dict(found.values_list("identifier", "id"))
    for identifier in others:
        if identifier not in agents:
            raise NotFoundError(f"nothing public is known of {identifier!r}")
    return set(entities.values()), set(activities.values()), set(agents.values())


def _table(what: str, responsible: set[int]) -> str:
    """The table that tells of a step which has too many entities or activities to be told here."""
    if not responsible:
        return "lineage"
    return "was_attributed_to" if what == "entities" else "was_associated_with"


def _deeds(agents: set[int], seen: _Seen) -> set[int]:
    """The activities that these agents are responsible for."""
    if not agents:
        return set()
    parts = WasAssociatedWith.objects.filter(agent__in=agents, **seen.activities("activity__"))
    return _keys(parts, "activity", seen)


def _works(agents: set[int], seen: _Seen) -> set[int]:
    """The entities that these agents are responsible for."""
    if not agents:
        return set()
    parts = WasAttributedTo.objects.filter(agent__in=agents, **seen.entities("entity__"))
    return _keys(parts, "entity", seen)


def _makers(entities: set[int], seen: _Seen) -> set[int]:
    """The activities that made these entities."""
    made = WasGeneratedBy.objects.filter(entity__in=entities, **seen.activities("activity__"))
    return _keys(made, "activity", seen)


def _users(entities: set[int], seen: _Seen) -> set[int]:
    """The activities that used these entities."""
    uses = Used.objects.filter(entity__in=entities, **seen.activities("activity__"))
    return _keys(uses, "activity", seen)


def _inputs(activities: set[int], seen: _Seen) -> set[int]:
    """The entities that these activities used."""
    uses = Used.objects.filter(activity__in=activities, **seen.entities("entity__"))
    return _keys(uses, "entity", seen)


def _values(activities: set[int], seen: _Seen) -> set[int]:
    """The entities that values of these activities' parameters were taken from."""
    end = "parameter__value_entity"
    taken = WasConfiguredBy.objects.filter(
        activity__in=activities, **{f"{end}__isnull": False}, **seen.entities(f"{end}__")
    )
    return _keys(taken, end, seen)


def _set(entities: set[int], seen: _Seen) -> set[int]:
    """The activities that had values of parameters from these entities."""
    taken = WasConfiguredBy.objects.filter(
        parameter__value_entity__in=entities, **seen.activities("activity__")
    )
    return _keys(taken, "activity", seen)


def _outputs(activities: set[int], seen: _Seen) -> set[int]:
    """The entities that these activities made."""
    made = WasGeneratedBy.objects.filter(activity__in=activities, **seen.entities("entity__"))
    return _keys(made, "entity", seen)


def _origins(entities: set[int], seen: _Seen) -> set[int]:
    """The entities that these were derived from."""
    derived = WasDerivedFrom.objects.filter(
        generated_entity__in=entities, **seen.entities("used_entity__")
    )
    return _keys(derived, "used_entity", seen)


def _derivations(entities: set[int], seen: _Seen) -> set[int]:
    """The entities that were derived from these."""
    derived = WasDerivedFrom.objects.filter(
        used_entity__in=entities, **seen.entities("generated_entity__")
    )
    return _keys(derived, "generated_entity", seen)


def _members(entities: set[int], seen: _Seen) -> set[int]:
    """The entities that these collections hold."""
    held = HadMember.objects.filter(collection__in=entities, **seen.entities("entity__"))
    return _keys(held, "entity", seen)


def _collections(entities: set[int], seen: _Seen) -> set[int]:
    """The collections that hold these entities."""
    held = HadMember.objects.filter(entity__in=entities, **seen.entities("collection__"))
    return _keys(held, "collection", seen)


def _keys(relations: "QuerySet[Any]", end: str, seen: _Seen) -> set[int]:
    """The keys at that end of relations; one more than a document takes is enough to know."""
    keys = relations.values_list(end, flat=True).distinct()
    return set(keys if seen.whole else keys[: MOST_ENTITIES + 1])
