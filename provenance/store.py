"""Enters records into the tables and keeps the lineage true.

Used by whoever registers a result: the analysis, the ingest. Not by the steps themselves, which
make their records with `provenance.recorder` and need no database.
"""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Model

from provenance.errors import ProvenanceError
from provenance.lineage import Step, extend
from provenance.models import (
    Activity,
    Agent,
    ConfigFile,
    Entity,
    Parameter,
    PathKind,
    WasAssociatedWith,
    WasAttributedTo,
    WasConfiguredBy,
)
from provenance.numbered import first_of
from provenance.records import ActivityRecord, AgentRecord, EntityRecord, InvolvedRecord
from provenance.statements import Row, enter_rows, execute, take_turn


def enter(records: Iterable[ActivityRecord | EntityRecord]) -> None:
    """Enter activities, with all that they name, or entities of which no activity is known.

    All in one transaction, in any order, also after records that build on them. An activity whose
    record is in already stays as it is; of a known entity only what wasn't known is filled in;
    ``public`` may be gained, never lost. Entering the same records twice changes nothing.

    Raises `ProvenanceError` where an entity was made by another activity than a record says: what
    is made again is a new entity.
    """
    given = list(records)
    activities = {r.id: r for r in given if isinstance(r, ActivityRecord)}
    entities = _entities(given)
    with transaction.atomic():
        take_turn()
        shown = [entity.id for entity in entities.values() if entity.public]
        known: set[str] = set()
        risen_keys: list[int] = []
        opened: list[int] = []
        for kind, key, identifier, public in execute(
            "find_known", activities=list(activities), entities=shown
        ):
            if kind == "entity":
                opened.append(key)
                continue
            known.add(identifier)
            if activities[identifier].public and not public:
                risen_keys.append(key)
        _open_activities(risen_keys)
        new = [record for identifier, record in activities.items() if identifier not in known]
        agents = _enter_agents([*new, *entities.values()])
        _enter_entities(entities.values())
        _enter_activities(new)
        extend([*_enter_links(entities.values()), *_enter_relations(new)])
        _open_relations(risen_keys, opened)
        opened_activities = [record.id for record in new if record.public]
        note_to_send([*risen_keys, *_keys(opened_activities)])
        if agents:
            execute(
                "open_agents", agents=agents, activities=list(activities), entities=list(entities)
            )


def make_public(entity_ids: Iterable[str]) -> None:
    """Let everybody see these entities and the whole of their making, back to the beginning.

    For whoever publishes a product. Records of cached steps may have been made in another user's
    job; these name software only, so that no one's name gets out this way.
    """
    with transaction.atomic():
        take_turn()
        reached: dict[str, list[int]] = {"entity": [], "activity": []}
        for kind, key in execute("find_making", identifiers=list(entity_ids)):
            reached[kind].append(key)
        # Relations are looked for of what was hidden only: an input that all share has millions.
        entities = _hidden(Entity, reached["entity"])
        activities = _hidden(Activity, reached["activity"])
        _open(Entity, entities)
        recorded = Activity.objects.filter(pk__in=activities, status__isnull=False)
        note_to_send(list(recorded.values_list("pk", flat=True)))
        _open_activities(activities)
        _open_relations(activities, entities)
        attributed = WasAttributedTo.objects.filter(entity__in=entities)
        _open(Agent, attributed.values_list("agent", flat=True))


def note_to_send(activities: list[int]) -> None:
    """Put public activities, by their keys, into the outbox, where anything is sent at all.

    One that is being sent right now is sent again: it may be told as it was before.
    """
    if activities and settings.VO_SPARQL_GRAPH_STORE:
        execute("note_to_send", activities=sorted(set(activities)))


def _keys(identifiers: list[str]) -> list[int]:
    """The keys of activities, which only the outbox needs here."""
    if not identifiers or not settings.VO_SPARQL_GRAPH_STORE:
        return []
    return list(Activity.objects.filter(identifier__in=identifiers).values_list("pk", flat=True))


def _open_activities(keys: Iterable[int]) -> None:
    """Make activities public, with their parameters, files of settings and agents."""
    keys = list(keys)
    if not keys:
        return
    _open(Activity, keys)
    configured = WasConfiguredBy.objects.filter(activity__in=keys)
    _open(Parameter, configured.values_list("parameter", flat=True))
    _open(ConfigFile, configured.values_list("config_file", flat=True))
    associated = WasAssociatedWith.objects.filter(activity__in=keys)
    _open(Agent, associated.values_list("agent", flat=True))


def _open_relations(activities: list[int], entities: list[int]) -> None:
    """Make relations and lineages public of activities and entities that have become so."""
    if activities or entities:
        execute("open_relations", activities=activities, entities=entities)


def _hidden(model: type[Model], keys: list[int]) -> list[int]:
    """Those of these keys whose rows aren't public."""
    found = model._default_manager.filter(pk__in=keys, public=False)
    return list(found.values_list("pk", flat=True))


def _open(model: type[Model], keys: Iterable[int | None]) -> None:
    """Make the rows of these keys public.

    The keys are fetched first: by them PostgreSQL finds the rows at once in a table of any size.
    """
    found = {key for key in keys if key is not None}
    model._default_manager.filter(pk__in=found, public=False).update(public=True)


def _entities(records: Iterable[ActivityRecord | EntityRecord]) -> dict[str, EntityRecord]:
    """All entities that the records name, each once with all that they say of it.

    In a fixed order of identifiers, so that two transactions never wait for each other.
    """
    found: dict[str, EntityRecord] = {}

    def meet(entity: EntityRecord) -> None:
        met = found.get(entity.id)
        found[entity.id] = met.filled_from(entity) if met else entity
        for identifier in (*entity.members, *entity.derived_from):
            found.setdefault(identifier, EntityRecord.reference(identifier))

    for record in records:
        if isinstance(record, EntityRecord):
            meet(record)
            continue
        # What the maker says of an entity comes first.
        for generated in record.generated:
            meet(generated.entity)
        for used in record.used:
            meet(used.entity)
        for parameter in record.parameters:
            if parameter.value_entity:
                meet(EntityRecord.reference(parameter.value_entity))
    return dict(sorted(found.items()))


def _enter_agents(records: Iterable[ActivityRecord | EntityRecord]) -> list[str]:
    """Enter all agents that are involved in activities or entities; gives their identifiers."""
    agents: dict[str, AgentRecord] = {}
    for record in records:
        for involved in _involved(record):
            agents.setdefault(involved.agent.id, involved.agent)
    enter_rows(
        "enter_agents",
        [
            {
                "identifier": agent.id,
                "name": agent.name,
                "type": agent.type,
                "comment": agent.comment,
                "email": agent.email,
                "affiliation": agent.affiliation,
                "phone": agent.phone,
                "address": agent.address,
                "url": agent.url,
            }
            for agent in agents.values()
        ],
    )
    return list(agents)


def _involved(record: ActivityRecord | EntityRecord) -> tuple[InvolvedRecord, ...]:
    """The agents of an activity or entity."""
    return record.agents if isinstance(record, ActivityRecord) else record.attributed_to


def _enter_entities(entities: Iterable[EntityRecord]) -> None:
    """Enter entities, and the kinds that they name."""
    rows: list[Row] = [
        {
            "identifier": entity.id,
            "entity_class": entity.entity_class,
            "name": entity.name,
            "location": entity.location,
            "generated_at_time": _time(entity.generated_at),
            "invalidated_at_time": _time(entity.invalidated_at),
            "comment": entity.comment,
            "value": entity.value,
            "content_type": entity.content_type,
            "checksum": entity.checksum,
            "step_identity": entity.step_identity,
            "public": entity.public,
            "description": entity.description,
        }
        for entity in entities
    ]
    enter_rows(
        "enter_entity_descriptions",
        [{"name": row["description"]} for row in rows if row["description"] is not None],
    )
    enter_rows("enter_entities", rows)


def _enter_activities(records: Iterable[ActivityRecord]) -> None:
    """Enter activities, and what they tell of their kinds."""
    rows: list[Row] = []
    parameters: list[Row] = []
    for record in records:
        rows.append(
            {
                "identifier": record.id,
                "name": record.name,
                "version": record.version,
                "start_time": _time(record.start),
                "end_time": _time(record.end),
                "comment": record.comment,
                "private_comment": record.private_comment,
                "status": record.status,
                "public": record.public,
            }
        )
        parameters.extend(
            {
                "activity_name": record.name,
                "version": record.version,
                "name": parameter.name,
                "value_type": parameter.value_type,
                "unit": parameter.unit,
                "ucd": parameter.ucd,
                "description": parameter.description,
            }
            for parameter in record.parameters
        )
    enter_rows("enter_activity_descriptions", rows)
    enter_rows("enter_parameter_descriptions", parameters)
    enter_rows("enter_activities", rows)


def _enter_links(entities: Iterable[EntityRecord]) -> list[Step]:
    """Enter what entities say of others and of agents; gives the new steps of lineage."""
    derivations: list[Row] = []
    members: list[Row] = []
    attributions: list[Row] = []
    for entity in entities:
        derivations.extend({"descendant": entity.id, "ancestor": a} for a in entity.derived_from)
        members.extend({"descendant": entity.id, "ancestor": m} for m in entity.members)
        attributions.extend(
            {"entity": entity.id, "agent": involved.agent.id, "role": involved.role}
            for involved in entity.attributed_to
        )
    enter_rows("enter_attributions", attributions)
    return [
        Step(descendant, ancestor, kind)
        for kind, new in (
            (PathKind.WAS_DERIVED_FROM, enter_rows("enter_derivations", derivations)),
            (PathKind.HAD_MEMBER, enter_rows("enter_members", members)),
        )
        for descendant, ancestor in new
    ]


def _enter_relations(records: Iterable[ActivityRecord]) -> list[Step]:
    """Enter what activities say of entities, agents and each other; gives the steps of lineage."""
    used: list[Row] = []
    generated: list[Row] = []
    associations: list[Row] = []
    parameters: list[Row] = []
    config_files: list[Row] = []
    informants: list[Row] = []
    steps: list[Step] = []
    for record in records:
        used.extend(
            {"activity": record.id, "entity": u.entity.id, "role": u.role, "time": _time(u.time)}
            for u in record.used
        )
        generated.extend(
            {"activity": record.id, "entity": g.entity.id, "role": g.role} for g in record.generated
        )
        associations.extend(
            {"activity": record.id, "agent": involved.agent.id, "role": involved.role}
            for involved in record.agents
        )
        parameters.extend(
            {
                "activity": record.id,
                "name": parameter.name,
                "value": parameter.value,
                "value_entity": parameter.value_entity,
            }
            for parameter in record.parameters
        )
        config_files.extend(
            {
                "activity": record.id,
                "name": file.name,
                "location": file.location,
                "comment": file.comment,
            }
            for file in record.config_files
        )
        informants.extend({"informed": record.id, "informant": i} for i in record.informants)
        taken = [(u.entity.id, PathKind.USED) for u in record.used]
        taken += [
            (parameter.value_entity, PathKind.WAS_CONFIGURED_BY)
            for parameter in record.parameters
            if parameter.value_entity
        ]
        steps += [Step(g.entity.id, one, kind) for g in record.generated for one, kind in taken]
    enter_rows("enter_used", used)
    enter_rows(
        "describe_numbered_generations",
        [{**row, "first": first} for row in generated if (first := first_of(str(row["role"])))],
    )
    enter_rows("enter_generated", generated)
    others = [entity for (entity,) in enter_rows("find_other_makers", generated)]
    if others:
        raise ProvenanceError(f"made by another activity already: {', '.join(others)}")
    enter_rows("enter_associations", associations)
    enter_rows("enter_parameters", parameters)
    enter_rows("enter_config_files", config_files)
    enter_rows("enter_informants", informants)
    return steps


def _time(time: datetime | None) -> str | None:
    """The moment as PostgreSQL reads it, with its zone."""
    return time.isoformat() if time else None
