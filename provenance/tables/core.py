"""Activities, entities, agents, their relations, and the lineage."""

from adql.schema import Column, ForeignKey, Table
from provenance.tables.columns import (
    SCHEMA,
    id_column,
    key_column,
    reference_column,
    table,
    text_column,
    time_column,
    url_columns,
)

CORE = (
    table(
        "activity",
        "Activity",
        "Runs of something: what happened, when, and how it ended",
        (
            id_column("Activity.id", "activity"),
            text_column("name", "Name of what ran", "Activity.name", principal=True),
            text_column(
                "version", "Version of what ran", "ActivityDescription.version", principal=True
            ),
            time_column("start_time", "Start", "Activity.startTime", principal=True, indexed=True),
            time_column("end_time", "End", "Activity.endTime", principal=True),
            text_column("comment", "Remark", "Activity.comment"),
            text_column("status", "How it ended: completed or failed", principal=True),
            key_column("activity_description_id", "Its kind", "Activity.activityDescription"),
            *url_columns("activity"),
        ),
        activity_description_id="activity_description",
    ),
    table(
        "entity",
        "Entity",
        "What activities use and make: one row for each generation of a file, value or collection",
        (
            id_column("Entity.id", "entity; of a published product, its obs_publisher_did"),
            text_column(
                "class", "Entity, DatasetEntity, ValueEntity or Collection", principal=True
            ),
            text_column("name", "Name to show", "Entity.name", principal=True),
            text_column(
                "location",
                "Where it is: a path below the archive's root, or a URL",
                "Entity.location",
                principal=True,
                indexed=True,
            ),
            time_column("generated_at_time", "When it was made", "Entity.generatedAtTime"),
            time_column(
                "invalidated_at_time",
                "When it ceased to be usable: data that were marked as bad have it",
                "Entity.invalidatedAtTime",
                indexed=True,
            ),
            text_column("comment", "Remark", "Entity.comment"),
            text_column("value", "The value of a ValueEntity", "ValueEntity.value"),
            text_column("content_type", "Media type", "DatasetDescription.contentType"),
            text_column("checksum", "Digest of the bytes, its algorithm first", indexed=True),
            text_column(
                "step_identity",
                "Digest of all that the result depends on: equal for results made the same way",
                indexed=True,
            ),
            key_column("entity_description_id", "Its kind", "Entity.entityDescription"),
            *url_columns("entity"),
        ),
        entity_description_id="entity_description",
    ),
    table(
        "agent",
        "Agent",
        "Who or what is responsible: people under the name they chose, organisations, software",
        (
            id_column("Agent.id", "agent"),
            text_column(
                "name", "Name; of software, with its version", "Agent.name", principal=True
            ),
            text_column(
                "type", "Person, Organization or SoftwareAgent", "Agent.type", principal=True
            ),
            text_column("comment", "Remark", "Agent.comment"),
            text_column("affiliation", "Where the agent belongs", "Agent.affiliation"),
            Column(
                "url",
                "char",
                "*",
                ucd="meta.ref.url",
                utype="voprov:Agent.url",
                description="About the agent",
            ),
            *url_columns("agent", "Record"),
        ),
    ),
)

RELATIONS = (
    table(
        "used",
        "Used",
        "Which activities took in which entities",
        (
            reference_column("activity_id", "Activity.used", "activity"),
            reference_column("entity_id", "Used.entity", "entity"),
            text_column("role", "What the entity was to the activity", "Used.role", principal=True),
            time_column("time", "When its use began", "Used.time"),
            key_column("usage_description_id", "Its kind", "Used.usageDescription"),
        ),
        activity_id="activity",
        entity_id="entity",
        usage_description_id="usage_description",
    ),
    table(
        "was_generated_by",
        "WasGeneratedBy",
        "Which entities were made by which activities, each by one at most",
        (
            reference_column("entity_id", "Entity.wasGeneratedBy", "entity"),
            reference_column("activity_id", "WasGeneratedBy.activity", "activity"),
            text_column(
                "role", "What the entity was to the activity", "WasGeneratedBy.role", principal=True
            ),
            key_column(
                "generation_description_id", "Its kind", "WasGeneratedBy.generationDescription"
            ),
        ),
        entity_id="entity",
        activity_id="activity",
        generation_description_id="generation_description",
    ),
    table(
        "was_derived_from",
        "Entity.usedEntity",
        "Which entities are said to come from which others",
        (
            reference_column("generated_entity_id", None, "entity that came from the other"),
            reference_column("used_entity_id", "Entity.usedEntity", "entity that it came from"),
        ),
        generated_entity_id="entity",
        used_entity_id="entity",
    ),
    table(
        "was_informed_by",
        "Activity.informant",
        "Which activities were told the outcome of which others, such as of their parts",
        (
            reference_column("informed_id", None, "activity that was told"),
            reference_column("informant_id", "Activity.informant", "activity that told"),
        ),
        informed_id="activity",
        informant_id="activity",
    ),
    table(
        "was_associated_with",
        "WasAssociatedWith",
        "Which agents are responsible for which activities",
        (
            reference_column("activity_id", "Activity.wasAssociatedWith", "activity"),
            reference_column("agent_id", "WasAssociatedWith.agent", "agent"),
            text_column(
                "role",
                "What the agent was to the activity",
                "WasAssociatedWith.role",
                principal=True,
            ),
        ),
        activity_id="activity",
        agent_id="agent",
    ),
    table(
        "was_attributed_to",
        "WasAttributedTo",
        "Which agents are responsible for which entities",
        (
            reference_column("entity_id", "Entity.wasAttributedTo", "entity"),
            reference_column("agent_id", "WasAttributedTo.agent", "agent"),
            text_column(
                "role", "What the agent was to the entity", "WasAttributedTo.role", principal=True
            ),
        ),
        entity_id="entity",
        agent_id="agent",
    ),
    table(
        "had_member",
        "Collection.entity",
        "Which collections hold which entities",
        (
            reference_column("collection_id", None, "collection"),
            reference_column("entity_id", "Collection.entity", "entity in it"),
        ),
        collection_id="entity",
        entity_id="entity",
    ),
)

LINEAGE = Table(
    SCHEMA,
    "lineage",
    (
        reference_column("ancestor", None, "entity that the descendant comes from, over any steps"),
        reference_column("descendant", None, "entity that comes from the ancestor"),
        Column(
            "depth",
            "int",
            ucd="meta.number",
            description="Least number of steps between them; 1: used directly by the activity that "
            "made the descendant, or had a setting's value, named as what it was derived from, or "
            "a member of it",
            principal=True,
        ),
        text_column(
            "path_kind",
            "The relation that one of the shortest paths between them follows all along: used,"
            " was_configured_by, was_derived_from or had_member, the first of these if there are"
            " several; mixed, if there is none",
            principal=True,
        ),
        text_column(
            "path_relations",
            "All of these relations that any of the shortest paths between them follows, in the"
            " same order with blanks between",
        ),
    ),
    "All ancestors and descendants of every entity, so that no query needs recursion",
    source="provenance_public_lineage",
    foreign_keys=(
        ForeignKey(f"{SCHEMA}.entity", (("ancestor", "id"),)),
        ForeignKey(f"{SCHEMA}.entity", (("descendant", "id"),)),
    ),
)
