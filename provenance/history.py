"""Reads recorded history back: from a product to what it came from, a step at a time.

Only what everybody may see, unless the caller asks for more. The answer is made of records
(`provenance.records`), as they were entered, less the relations to what lies outside the part that
was asked for.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from dali.errors import DaliError, NotFoundError
from provenance.models import (
    Activity,
    Entity,
    HadMember,
    Used,
    WasAssociatedWith,
    WasAttributedTo,
    WasConfiguredBy,
    WasDerivedFrom,
    WasGeneratedBy,
    WasInformedBy,
)
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    UsedRecord,
)

MOST_ENTITIES = 5000
"""A history of more entities is not written into one document."""


@dataclass(frozen=True, slots=True)
class History:
    """A part of the graph; relations name entities and activities of this part only.

    The entities in the activities' relations are references; `entities` has them in full.
    """

    activities: tuple[ActivityRecord, ...]
    entities: tuple[EntityRecord, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a walk may see: public rows, or hidden ones as well."""

    hidden: bool

    def entities(self, path: str = "") -> dict[str, bool]:
        """The condition on an entity at the end of ``path`` (as Django writes it)."""
        return {} if self.hidden else {f"{path}public": True}

    def activities(self, path: str = "") -> dict[str, bool]:
        """The same on an activity, which must be known by more than its identifier."""
        return {f"{path}status__isnull": False, **self.entities(path)}


@dataclass(slots=True)
class _Walk:
    """What a walk has reached, by keys of the tables.

    seen: which rows the walk may see. left: the entities whose maker was asked for; opened: the
    activities whose inputs were.
    """

    seen: "_Seen"
    entities: set[int]
    activities: set[int]
    left: set[int] = field(default_factory=set)
    opened: set[int] = field(default_factory=set)


def backwards(
    identifiers: Iterable[str],
    depth: int | None = 1,
    *,
    hidden: bool = False,
) -> History:
    """What these entities or activities came from, over ``depth`` steps or (``None``) all.

    A step leads from an entity to the activity that made it and what that used (as in the table
    ``lineage``), to what it was derived from, and from a collection to its members; from an
    activity to what it used.

    hidden: for the owner of what was made: rows that aren't public are part of it, however many.

    Raises `NotFoundError` for an unknown identifier, and `DaliError` for a history that is too
    large for one document.
    """
    seen = _Seen(hidden)
    entities, activities = _find(tuple(dict.fromkeys(identifiers)), seen)
    walk = _Walk(seen, set(entities), set(activities))
    steps = 0
    while (entities or activities) and (depth is None or steps < depth):
        activities |= _makers(entities, seen)
        walk.left |= entities
        walk.opened |= activities
        walk.activities |= activities
        reached = _inputs(activities, seen) | _linked(entities, seen)
        walk.entities |= reached
        if not hidden and len(walk.entities) > MOST_ENTITIES:
            raise DaliError(
                f"the history has more than {MOST_ENTITIES} entities: ask with a smaller DEPTH"
            )
        entities, activities = reached - walk.left, set()
        steps += 1
    return History(_activities(walk), _entities(walk))


def entities_with_checksum(checksum: str) -> tuple[str, ...]:
    """Identifiers of all entities, hidden ones too, of that content; the newest last."""
    found = Entity.objects.filter(checksum=checksum).order_by("id")
    return tuple(found.values_list("identifier", flat=True))


def _find(identifiers: tuple[str, ...], seen: _Seen) -> tuple[set[int], set[int]]:
    """The keys of entities and activities of these identifiers."""
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
    for identifier in identifiers:
        if identifier not in entities and identifier not in activities:
            raise NotFoundError(f"nothing public is known of {identifier!r}")
    return set(entities.values()), set(activities.values())


def _makers(entities: set[int], seen: _Seen) -> set[int]:
    """The activities that made these entities."""
    return set(
        WasGeneratedBy.objects.filter(
            entity__in=entities, **seen.activities("activity__")
        ).values_list("activity", flat=True)
    )


def _inputs(activities: set[int], seen: _Seen) -> set[int]:
    """The entities that these activities used."""
    return set(
        Used.objects.filter(activity__in=activities, **seen.entities("entity__")).values_list(
            "entity", flat=True
        )
    )


def _linked(entities: set[int], seen: _Seen) -> set[int]:
    """The entities that these were derived from or hold."""
    origins = WasDerivedFrom.objects.filter(
        generated_entity__in=entities, **seen.entities("used_entity__")
    ).values_list("used_entity", flat=True)
    members = HadMember.objects.filter(
        collection__in=entities, **seen.entities("entity__")
    ).values_list("entity", flat=True)
    return {*origins, *members}


def _activities(walk: _Walk) -> tuple[ActivityRecord, ...]:
    """The reached activities as records."""
    used: dict[int, list[UsedRecord]] = defaultdict(list)
    for use in (
        Used.objects.filter(activity__in=walk.opened, entity__in=walk.entities)
        .select_related("entity")
        .order_by("id")
    ):
        entity = EntityRecord.reference(use.entity.identifier)
        used[use.activity_id].append(UsedRecord(entity, use.role, use.time))
    generated: dict[int, list[GeneratedRecord]] = defaultdict(list)
    for made in (
        WasGeneratedBy.objects.filter(activity__in=walk.activities, entity__in=walk.left)
        .select_related("entity")
        .order_by("entity__identifier")
    ):
        entity = EntityRecord.reference(made.entity.identifier)
        generated[made.activity_id].append(GeneratedRecord(entity, made.role))
    agents: dict[int, list[InvolvedRecord]] = defaultdict(list)
    for association in (
        WasAssociatedWith.objects.filter(activity__in=walk.activities)
        .select_related("agent")
        .order_by("id")
    ):
        agents[association.activity_id].append(_involved(association))
    parameters: dict[int, list[ParameterRecord]] = defaultdict(list)
    for setting in (
        WasConfiguredBy.objects.filter(activity__in=walk.activities, parameter__isnull=False)
        .select_related("parameter__parameter_description")
        .order_by("id")
    ):
        parameters[setting.activity_id].append(_parameter(setting))
    informants: dict[int, list[str]] = defaultdict(list)
    for informed, informant in (
        WasInformedBy.objects.filter(informed__in=walk.activities, informant__in=walk.activities)
        .values_list("informed", "informant__identifier")
        .order_by("informant")
    ):
        informants[informed].append(informant)
    return tuple(
        ActivityRecord(
            id=activity.identifier,
            name=activity.name or activity.identifier,
            version=activity.activity_description.version
            if activity.activity_description
            else None,
            start=activity.start_time,
            end=activity.end_time,
            status=Status(activity.status or Status.COMPLETED),
            comment=activity.comment,
            used=tuple(used[activity.pk]),
            generated=tuple(generated[activity.pk]),
            agents=tuple(agents[activity.pk]),
            parameters=tuple(parameters[activity.pk]),
            informants=tuple(informants[activity.pk]),
            public=activity.public,
        )
        for activity in Activity.objects.filter(pk__in=walk.activities)
        .select_related("activity_description")
        .order_by("id")
    )


def _entities(walk: _Walk) -> tuple[EntityRecord, ...]:
    """The reached entities as records."""
    derived: dict[int, list[str]] = defaultdict(list)
    for generated, used in (
        WasDerivedFrom.objects.filter(generated_entity__in=walk.left, used_entity__in=walk.entities)
        .values_list("generated_entity", "used_entity__identifier")
        .order_by("used_entity__identifier")
    ):
        derived[generated].append(used)
    members: dict[int, list[str]] = defaultdict(list)
    for collection, member in (
        HadMember.objects.filter(collection__in=walk.left, entity__in=walk.entities)
        .values_list("collection", "entity__identifier")
        .order_by("entity__identifier")
    ):
        members[collection].append(member)
    agents: dict[int, list[InvolvedRecord]] = defaultdict(list)
    for attribution in (
        WasAttributedTo.objects.filter(entity__in=walk.entities)
        .select_related("agent")
        .order_by("id")
    ):
        agents[attribution.entity_id].append(_involved(attribution))
    return tuple(
        EntityRecord(
            id=entity.identifier,
            name=entity.name,
            location=entity.location,
            content_type=entity.content_type,
            checksum=entity.checksum,
            step_identity=entity.step_identity,
            generated_at=entity.generated_at_time,
            invalidated_at=entity.invalidated_at_time,
            comment=entity.comment,
            entity_class=EntityClass(entity.entity_class),
            description=entity.entity_description.name if entity.entity_description else None,
            value=entity.value,
            members=tuple(members[entity.pk]),
            derived_from=tuple(derived[entity.pk]),
            attributed_to=tuple(agents[entity.pk]),
            public=entity.public,
        )
        for entity in Entity.objects.filter(pk__in=walk.entities)
        .select_related("entity_description")
        .order_by("id")
    )


def _involved(relation: WasAssociatedWith | WasAttributedTo) -> InvolvedRecord:
    """An agent and its role, without what is private of it."""
    agent = relation.agent
    return InvolvedRecord(
        AgentRecord(
            id=agent.identifier,
            name=agent.name,
            type=AgentType(agent.type) if agent.type else None,
            comment=agent.comment,
            affiliation=agent.affiliation,
            url=agent.url,
        ),
        relation.role,
    )


def _parameter(relation: WasConfiguredBy) -> ParameterRecord:
    """A parameter with what its description says."""
    parameter = relation.parameter
    if parameter is None:
        raise ValueError(f"{relation} has no parameter")
    described = parameter.parameter_description
    if described is None:
        return ParameterRecord(parameter.name, parameter.value)
    return ParameterRecord(
        parameter.name,
        parameter.value,
        value_type=described.value_type,
        unit=described.unit,
        ucd=described.ucd,
        description=described.description,
    )
