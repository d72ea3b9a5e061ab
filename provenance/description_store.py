"""Puts declared kinds of activities and entities into the tables."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from django.db import transaction

from provenance.descriptions import KindOfActivity, KindOfEntity, Role
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
