"""Rows of the tables as records again: activities and entities of given keys.

Relations name nothing outside these keys. What is private of agents stays in the tables.
"""

from collections import defaultdict
from collections.abc import Collection

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
    WasInformedBy,
)
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    UsedRecord,
)

Keys = Collection[int]
"""Keys of rows, each once."""


def activity_records(activities: Keys, entities: Keys) -> tuple[ActivityRecord, ...]:
    """These activities, with what they used and made of these entities, or had settings from."""
    used: dict[int, list[UsedRecord]] = defaultdict(list)
    for use in (
        Used.objects.filter(activity__in=activities, entity__in=entities)
        .select_related("entity")
        .order_by("id")
    ):
        entity = EntityRecord.reference(use.entity.identifier)
        used[use.activity_id].append(UsedRecord(entity, use.role, use.time))
    generated: dict[int, list[GeneratedRecord]] = defaultdict(list)
    for made in (
        WasGeneratedBy.objects.filter(activity__in=activities, entity__in=entities)
        .select_related("entity")
        .order_by("entity__identifier")
    ):
        entity = EntityRecord.reference(made.entity.identifier)
        generated[made.activity_id].append(GeneratedRecord(entity, made.role))
    agents: dict[int, list[InvolvedRecord]] = defaultdict(list)
    for association in (
        WasAssociatedWith.objects.filter(activity__in=activities)
        .select_related("agent")
        .order_by("id")
    ):
        agents[association.activity_id].append(_involved(association))
    parameters: dict[int, list[ParameterRecord]] = defaultdict(list)
    for setting in (
        WasConfiguredBy.objects.filter(activity__in=activities, parameter__isnull=False)
        .select_related("parameter__parameter_description", "parameter__value_entity")
        .order_by("id")
    ):
        parameters[setting.activity_id].append(_parameter(setting, entities))
    files: dict[int, list[ConfigFileRecord]] = defaultdict(list)
    for setting in (
        WasConfiguredBy.objects.filter(activity__in=activities, config_file__isnull=False)
        .select_related("config_file")
        .order_by("id")
    ):
        if setting.config_file is not None:
            file = setting.config_file
            files[setting.activity_id].append(
                ConfigFileRecord(file.name, file.location, file.comment)
            )
    informants: dict[int, list[str]] = defaultdict(list)
    for informed, informant in (
        WasInformedBy.objects.filter(informed__in=activities, informant__in=activities)
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
            config_files=tuple(files[activity.pk]),
            informants=tuple(informants[activity.pk]),
            public=activity.public,
        )
        for activity in Activity.objects.filter(pk__in=activities)
        .select_related("activity_description")
        .order_by("id")
    )


def entity_records(entities: Keys) -> tuple[EntityRecord, ...]:
    """These entities, with the derivations and memberships between them."""
    derived: dict[int, list[str]] = defaultdict(list)
    for generated, used in (
        WasDerivedFrom.objects.filter(generated_entity__in=entities, used_entity__in=entities)
        .values_list("generated_entity", "used_entity__identifier")
        .order_by("used_entity__identifier")
    ):
        derived[generated].append(used)
    members: dict[int, list[str]] = defaultdict(list)
    for collection, member in (
        HadMember.objects.filter(collection__in=entities, entity__in=entities)
        .values_list("collection", "entity__identifier")
        .order_by("entity__identifier")
    ):
        members[collection].append(member)
    agents: dict[int, list[InvolvedRecord]] = defaultdict(list)
    for attribution in (
        WasAttributedTo.objects.filter(entity__in=entities).select_related("agent").order_by("id")
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
        for entity in Entity.objects.filter(pk__in=entities)
        .select_related("entity_description")
        .order_by("id")
    )


def agent_records(agents: Keys) -> tuple[AgentRecord, ...]:
    """These agents, without what is private of them."""
    if not agents:
        return ()
    return tuple(
        agent_record(agent) for agent in Agent.objects.filter(pk__in=agents).order_by("id")
    )


def agent_record(agent: Agent) -> AgentRecord:
    """An agent, without what is private of it."""
    return AgentRecord(
        id=agent.identifier,
        name=agent.name,
        type=AgentType(agent.type) if agent.type else None,
        comment=agent.comment,
        affiliation=agent.affiliation,
        url=agent.url,
    )


def _involved(relation: WasAssociatedWith | WasAttributedTo) -> InvolvedRecord:
    """An agent and its role."""
    return InvolvedRecord(agent_record(relation.agent), relation.role)


def _parameter(relation: WasConfiguredBy, entities: Keys) -> ParameterRecord:
    """A parameter with what its description says; of these entities, the one it was taken from."""
    parameter = relation.parameter
    if parameter is None:
        raise ValueError(f"{relation} has no parameter")
    value_entity = parameter.value_entity
    origin = value_entity.identifier if value_entity and value_entity.pk in entities else None
    described = parameter.parameter_description
    if described is None:
        return ParameterRecord(parameter.name, parameter.value, value_entity=origin)
    return ParameterRecord(
        parameter.name,
        parameter.value,
        value_type=described.value_type,
        unit=described.unit,
        ucd=described.ucd,
        description=described.description,
        value_entity=origin,
    )
