"""Puts declared kinds of activities and entities into the tables, and reads them back."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Prefetch

from provenance.descriptions import (
    KindOfActivity,
    KindOfConfigFile,
    KindOfEntity,
    KindOfParameter,
    Role,
)
from provenance.models import (
    ActivityDescription,
    EntityDescription,
    GenerationDescription,
    GenerationDescriptionEntity,
    UsageDescription,
    UsageDescriptionEntity,
)
from provenance.statements import Row, enter_rows


def describe(
    activities: Iterable[KindOfActivity] = (), entities: Iterable[KindOfEntity] = ()
) -> None:
    """Enter kinds of activities and entities as they are declared now.

    What an earlier declaration of the same name and version said is replaced; parameters and
    roles that it alone had stay, since records may point at them. A kind of entity that only a
    role names is entered by its name.
    """
    activities = list(activities)
    with transaction.atomic():
        _describe_entities(entities)
        _describe_activities(activities)
        _describe_roles("usage", [(kind, kind.usages) for kind in activities])
        _describe_roles("generation", [(kind, kind.generations) for kind in activities])


def _describe_entities(kinds: Iterable[KindOfEntity]) -> None:
    """Enter kinds of entities, and what those of datasets and values have beyond."""
    rows = [asdict(kind) for kind in kinds]
    enter_rows("describe_entities", rows)
    enter_rows("describe_datasets", [row for row in rows if row["content_type"] is not None])
    enter_rows("describe_values", [row for row in rows if row["value_type"] is not None])


def _describe_activities(kinds: Iterable[KindOfActivity]) -> None:
    """Enter kinds of activities with their parameters and files of settings."""
    activities: list[Row] = []
    parameters: list[Row] = []
    config_files: list[Row] = []
    for kind in kinds:
        activities.append(
            {
                "name": kind.name,
                "version": kind.version,
                "description": kind.description,
                "docurl": kind.docurl,
                "type": kind.type,
                "subtype": kind.subtype,
            }
        )
        owner = _owner(kind)
        parameters.extend(
            {**asdict(p), **owner, "options": json.dumps(p.options) if p.options else None}
            for p in kind.parameters
        )
        config_files.extend({**asdict(file), **owner} for file in kind.config_files)
    enter_rows("describe_activities", activities)
    enter_rows("describe_parameters", parameters)
    enter_rows("describe_config_files", config_files)


def _describe_roles(noun: str, kinds: Iterable[tuple[KindOfActivity, tuple[Role, ...]]]) -> None:
    """Enter the roles of kinds of activities; ``noun`` is ``usage`` or ``generation``."""
    roles: list[Row] = []
    entities: list[Row] = []
    for kind, declared in kinds:
        owner = _owner(kind)
        for role in declared:
            roles.append(
                {
                    **owner,
                    "role": role.role,
                    "description": role.description,
                    "type": role.type,
                    "multiplicity": role.multiplicity,
                }
            )
            entities.extend({**owner, "role": role.role, "entity": e} for e in role.entities)
    enter_rows(f"describe_{noun}s", roles)
    enter_rows("enter_entity_descriptions", [{"name": row["entity"]} for row in entities])
    enter_rows(f"describe_{noun}_entities", entities)


def _owner(kind: KindOfActivity) -> dict[str, str | None]:
    """What statements find the kind of activity by."""
    return {"activity_name": kind.name, "version": kind.version}


def read_activities(
    names: Iterable[tuple[str, str | None]],
) -> tuple[KindOfActivity, ...]:
    """The kinds of activities of these names and versions, with all that belongs to them."""
    wanted = set(names)
    found = (
        ActivityDescription.objects.filter(name__in={name for name, _ in wanted})
        .prefetch_related(
            "parameterdescription_set",
            "configfiledescription_set",
            _roles_with_entities(UsageDescription, UsageDescriptionEntity),
            _roles_with_entities(GenerationDescription, GenerationDescriptionEntity),
        )
        .order_by("name", "version")
    )
    return tuple(_kind(row) for row in found if (row.name, row.version) in wanted)


def read_entities(names: Iterable[str]) -> tuple[KindOfEntity, ...]:
    """The kinds of entities of these names."""
    found = (
        EntityDescription.objects.filter(name__in=set(names))
        .select_related("dataset", "value")
        .order_by("name")
    )
    kinds = []
    for row in found:
        dataset, value = getattr(row, "dataset", None), getattr(row, "value", None)
        kinds.append(
            KindOfEntity(
                row.name,
                row.description,
                row.docurl,
                row.type,
                content_type=dataset.content_type if dataset else None,
                value_type=value.value_type if value else None,
                unit=value.unit if value else None,
                ucd=value.ucd if value else None,
                utype=value.utype if value else None,
            )
        )
    return tuple(kinds)


def _roles_with_entities(
    role: type[UsageDescription | GenerationDescription],
    link: type[UsageDescriptionEntity | GenerationDescriptionEntity],
) -> Any:
    """Roles in one query, the kinds of entities that go with them in another."""
    entities = link._default_manager.select_related("entity_description")
    links = f"{link._meta.model_name}_set"
    roles = role._default_manager.order_by("role").prefetch_related(Prefetch(links, entities))
    return Prefetch(f"{role._meta.model_name}_set", roles)


def _kind(row: ActivityDescription) -> KindOfActivity:
    """A description as it was declared."""
    return KindOfActivity(
        row.name,
        row.version,
        row.description,
        row.docurl,
        row.type,
        row.subtype,
        usages=tuple(
            _role(usage, usage.usagedescriptionentity_set.all())
            for usage in row.usagedescription_set.all()
        ),
        generations=tuple(
            _role(generation, generation.generationdescriptionentity_set.all())
            for generation in row.generationdescription_set.all()
        ),
        parameters=tuple(
            KindOfParameter(
                p.name,
                p.value_type,
                p.unit,
                p.ucd,
                p.utype,
                p.min,
                p.max,
                p.default,
                tuple(json.loads(p.options)) if p.options else (),
                p.description,
            )
            for p in sorted(row.parameterdescription_set.all(), key=lambda p: p.pk)
        ),
        config_files=tuple(
            KindOfConfigFile(file.name, file.content_type, file.description)
            for file in sorted(row.configfiledescription_set.all(), key=lambda file: file.pk)
        ),
    )


def _role(
    row: UsageDescription | GenerationDescription,
    entities: Iterable[UsageDescriptionEntity | GenerationDescriptionEntity],
) -> Role:
    """A role as it was declared."""
    return Role(
        row.role,
        row.description,
        row.type,
        row.multiplicity,
        tuple(sorted(link.entity_description.name for link in entities)),
    )
