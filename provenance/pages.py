"""What a page says of one entity, activity or agent: read from the tables as one value."""

from collections import Counter
from dataclasses import dataclass, replace

from django.db import connection

from dali.errors import NotFoundError
from provenance.descriptions import KindOfActivity, KindOfEntity
from provenance.history import backwards, forwards
from provenance.models import Activity, Agent, Entity, WasAssociatedWith, WasAttributedTo
from provenance.reading import agent_record
from provenance.records import ActivityRecord, AgentRecord, EntityRecord

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Something that the page links to: what it is to the subject, and its names."""

    role: str
    identifier: str
    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """An entity, activity or agent, with what is around it.

    made_by: of an entity. used, made, others: neighbours (inputs, outputs, and what comes from or
    belongs to it); origins: what an entity comes from over all steps, counted by kind. private:
    what administrators alone are told, else ``None``. hidden: the subject isn't public.
    """

    identifier: str
    title: str
    entity: EntityRecord | None = None
    activity: ActivityRecord | None = None
    agent: AgentRecord | None = None
    kind: KindOfActivity | KindOfEntity | None = None
    made_by: ActivityRecord | None = None
    making: KindOfActivity | None = None
    inputs: tuple[Neighbour, ...] = ()
    outputs: tuple[Neighbour, ...] = ()
    origins: tuple[tuple[str, int], ...] = ()
    private: str | None = None
    hidden: bool = False


def about(identifier: str, *, hidden: bool = False) -> About:
    """What there is to say; ``hidden``: to an administrator, who sees what isn't public.

    Raises `NotFoundError`.
    """
    if "\0" in identifier or not identifier:
        raise NotFoundError(f"nothing public is known of {identifier!r}")
    seen = {} if hidden else {"public": True}
    if Activity.objects.filter(identifier=identifier, status__isnull=False, **seen).exists():
        return _about_activity(identifier, hidden)
    if Entity.objects.filter(identifier=identifier, **seen).exists():
        return _about_entity(identifier, hidden)
    agent = Agent.objects.filter(identifier=identifier, **seen).first()
    if agent is not None:
        return _about_agent(agent, hidden)
    raise NotFoundError(f"nothing public is known of {identifier!r}")


def _about_activity(identifier: str, hidden: bool) -> About:
    before = backwards([identifier], 1, hidden=hidden)
    after = forwards([identifier], 1, hidden=hidden)
    (activity,) = (a for a in after.activities if a.id == identifier)
    (full,) = (a for a in before.activities if a.id == identifier)
    activity = replace(activity, used=full.used)
    kinds = replace(before, activities=(activity,)).described(2).kinds
    row = Activity.objects.get(identifier=identifier)
    names = _names((*before.entities, *after.entities))
    return About(
        identifier,
        activity.name,
        activity=activity,
        kind=kinds[0] if kinds else None,
        inputs=tuple(_neighbour(use.role or "used", use.entity.id, names) for use in activity.used)[
            :MOST_LISTED
        ],
        outputs=tuple(
            _neighbour(made.role or "made", made.entity.id, names) for made in activity.generated
        )[:MOST_LISTED],
        private=row.private_comment if hidden else None,
        hidden=not row.public,
    )


def _about_entity(identifier: str, hidden: bool) -> About:
    before = backwards([identifier], 1, hidden=hidden)
    (entity,) = (e for e in before.entities if e.id == identifier)
    maker = next(
        (a for a in before.activities if any(g.entity.id == identifier for g in a.generated)), None
    )
    described = replace(before, activities=(maker,) if maker else (), entities=(entity,)).described(
        2
    )
    names = _names(before.entities)
    inputs = [
        _neighbour(use.role or "used", use.entity.id, names)
        for use in (maker.used if maker else ())
    ]
    inputs += [_neighbour("member", member, names) for member in entity.members]
    known = {neighbour.identifier for neighbour in inputs}
    inputs += [
        _neighbour("derived from", origin, names)
        for origin in entity.derived_from
        if origin not in known
    ]
    return About(
        identifier,
        entity.name or entity.description or "Entity",
        entity=entity,
        kind=next((k for k in described.entity_kinds if k.name == entity.description), None),
        made_by=maker,
        making=described.kinds[0] if described.kinds else None,
        inputs=tuple(inputs[:MOST_LISTED]),
        outputs=_uses(identifier, hidden),
        origins=_origins(identifier, hidden),
        hidden=not entity.public,
    )


def _about_agent(agent: Agent, hidden: bool) -> About:
    seen = {} if hidden else {"public": True}
    runs = (
        WasAssociatedWith.objects.filter(agent=agent, activity__status__isnull=False, **seen)
        .select_related("activity")
        .order_by("-activity_id")[:MOST_LISTED]
    )
    things = (
        WasAttributedTo.objects.filter(agent=agent, **seen)
        .select_related("entity")
        .order_by("-entity_id")[:MOST_LISTED]
    )
    return About(
        agent.identifier,
        agent.name,
        agent=agent_record(agent),
        inputs=tuple(
            Neighbour(
                run.role or "",
                run.activity.identifier,
                run.activity.name or run.activity.identifier,
                "activity",
            )
            for run in runs
        ),
        outputs=tuple(
            Neighbour(
                thing.role or "", thing.entity.identifier, thing.entity.name or "entity", "entity"
            )
            for thing in things
        ),
        private=agent.email if hidden else None,
        hidden=not agent.public,
    )


def _uses(identifier: str, hidden: bool) -> tuple[Neighbour, ...]:
    """The activities that used an entity, the newest first."""
    seen = {} if hidden else {"public": True}
    found = (
        Activity.objects.filter(used__entity__identifier=identifier, status__isnull=False, **seen)
        .order_by("-id")
        .values_list("used__role", "identifier", "name")[:MOST_LISTED]
    )
    return tuple(Neighbour(role or "used", i, name or i, "activity") for role, i, name in found)


def _origins(identifier: str, hidden: bool) -> tuple[tuple[str, int], ...]:
    """How many things of each kind an entity comes from, over all steps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(k.name, a.entity_class), count(*) FROM provenance_whole_lineage AS l"
            " JOIN provenance_entity AS d ON d.id = l.descendant_id"
            " JOIN provenance_entity AS a ON a.id = l.ancestor_id"
            " LEFT JOIN provenance_entity_description AS k ON k.id = a.entity_description_id"
            " WHERE d.identifier = %s AND (a.public OR %s) GROUP BY 1",
            [identifier, hidden],
        )
        counted = Counter(dict(cursor.fetchall()))
    return tuple(counted.most_common())


def _names(entities: tuple[EntityRecord, ...]) -> dict[str, str]:
    return {entity.id: entity.name or entity.description or entity.id for entity in entities}


def _neighbour(role: str, identifier: str, names: dict[str, str]) -> Neighbour:
    return Neighbour(role, identifier, names.get(identifier, identifier), "entity")
