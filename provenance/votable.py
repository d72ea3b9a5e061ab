"""A history as a VOTable: one TABLE per class and relation, with ProvTAP's columns and utypes.

No text of PROV-VOTABLE is published; the tables are those of schema ``provenance``
(`provenance.tables`), so that what is asked here and by ADQL reads the same.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from lxml import etree

from adql.schema import Table
from provenance.history import History
from provenance.qualified_names import writable
from provenance.records import AgentRecord, ConfigFileRecord, ParameterRecord
from provenance.tables import published_schemas

VOTABLE = "http://www.ivoa.net/xml/VOTable/v1.3"

Row = dict[str, str | None]


def to_votable(history: History) -> str:
    """The history as a VOTable document, its tables those that have rows."""
    root = etree.Element(f"{{{VOTABLE}}}VOTABLE", {"version": "1.4"}, nsmap={None: VOTABLE})
    resource = etree.SubElement(root, f"{{{VOTABLE}}}RESOURCE", {"type": "results"})
    _info(resource, "QUERY_STATUS", "OK")
    if history.cut:
        _info(resource, "CUT", "1", history.cut)
    rows = _rows(history)
    for schema in published_schemas():
        for table in schema.tables:
            if found := rows.get(table.name):
                _add_table(resource, table, found)
    return str(
        etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()
    )


def _info(parent: etree._Element, name: str, value: str, text: str | None = None) -> None:
    element = etree.SubElement(parent, f"{{{VOTABLE}}}INFO", {"name": name, "value": value})
    element.text = text


def _add_table(parent: etree._Element, table: Table, rows: list[Row]) -> None:
    """A table with the columns that any row has, its FIELDs as TAP gives them."""
    said = {name for row in rows for name, value in row.items() if value is not None}
    columns = [column for column in table.columns if column.name in said]
    attributes = {"name": table.qualified_name}
    if table.utype:
        attributes["utype"] = table.utype
    element = etree.SubElement(parent, f"{{{VOTABLE}}}TABLE", attributes)
    etree.SubElement(element, f"{{{VOTABLE}}}DESCRIPTION").text = table.description
    for column in columns:
        # times are of ASCII; names and remarks are anything
        datatype = "char" if column.xtype else "unicodeChar"
        described = {"name": column.name, "datatype": datatype, "arraysize": "*"}
        described |= {
            name: value
            for name, value in (
                ("xtype", column.xtype),
                ("ucd", column.ucd),
                ("utype", column.utype),
                ("unit", column.unit),
            )
            if value
        }
        field = etree.SubElement(element, f"{{{VOTABLE}}}FIELD", described)
        etree.SubElement(field, f"{{{VOTABLE}}}DESCRIPTION").text = column.description
    data = etree.SubElement(element, f"{{{VOTABLE}}}DATA")
    body = etree.SubElement(data, f"{{{VOTABLE}}}TABLEDATA")
    for row in rows:
        line = etree.SubElement(body, f"{{{VOTABLE}}}TR")
        for column in columns:
            etree.SubElement(line, f"{{{VOTABLE}}}TD").text = writable(row.get(column.name) or "")


def _rows(history: History) -> dict[str, list[Row]]:
    """The rows of all tables, by the tables' names."""
    tables: dict[str, list[Row]] = {}
    agents: dict[str, Row] = {}
    for table, row in _relations(history, agents):
        tables.setdefault(table, []).append(row)
    tables["agent"] = list(agents.values())
    return tables


def _relations(history: History, agents: dict[str, Row]) -> Iterator[tuple[str, Row]]:
    """Every row with its table's name; agents are collected in ``agents``."""
    keys: dict[object, str] = {}

    def key(*what: object) -> str:
        return keys.setdefault(what, str(len(keys) + 1))

    def agent(a: AgentRecord) -> str:
        agents[a.id] = {
            "id": a.id,
            "name": a.name,
            "type": str(a.type) if a.type else None,
            "comment": a.comment,
            "affiliation": a.affiliation,
            "url": a.url,
        }
        return a.id

    kinds = {(kind.name, kind.version): {p.name for p in kind.parameters} for kind in history.kinds}
    roles_of = {
        (kind.name, kind.version): {
            **{("usage", role.role): role for role in kind.usages},
            **{("generation", role.role): role for role in kind.generations},
        }
        for kind in history.kinds
    }
    files_of = {(k.name, k.version): {file.name for file in k.config_files} for k in history.kinds}

    def role_key(noun: str, kind: tuple[str, str | None], role: str | None) -> str | None:
        """The key of the description of a role, where there is one."""
        if (noun, role) not in roles_of.get(kind, {}):
            return None
        return key(noun, key("activity", *kind), role)

    entity_kinds = {kind.name for kind in history.entity_kinds}
    for asked in history.agents:
        agent(asked)
    for activity in history.activities:
        kind = (activity.name, activity.version)
        yield (
            "activity",
            {
                "id": activity.id,
                "name": activity.name,
                "version": activity.version,
                "start_time": _time(activity.start),
                "end_time": _time(activity.end),
                "comment": activity.comment,
                "status": str(activity.status),
                "activity_description_id": key("activity", *kind) if kind in kinds else None,
            },
        )
        for use in activity.used:
            row = {"activity_id": activity.id, "entity_id": use.entity.id, "role": use.role}
            row |= {"usage_description_id": role_key("usage", kind, use.role)}
            yield "used", {**row, "time": _time(use.time)}
        for made in activity.generated:
            row = {"entity_id": made.entity.id, "activity_id": activity.id, "role": made.role}
            row |= {"generation_description_id": role_key("generation", kind, made.role)}
            yield "was_generated_by", row
        for informant in activity.informants:
            yield "was_informed_by", {"informed_id": activity.id, "informant_id": informant}
        for involved in activity.agents:
            row = {
                "activity_id": activity.id,
                "agent_id": agent(involved.agent),
                "role": involved.role,
            }
            yield "was_associated_with", row
        artefacts: tuple[ParameterRecord | ConfigFileRecord, ...] = (
            *activity.parameters,
            *activity.config_files,
        )
        for artefact in artefacts:
            number = key("artefact", activity.id, len(keys))
            if isinstance(artefact, ParameterRecord):
                is_described = artefact.name in kinds.get(kind, set())
                described = key("parameter", *kind, artefact.name) if is_described else None
                yield (
                    "parameter",
                    {
                        "id": number,
                        "name": artefact.name,
                        "value": artefact.value,
                        "value_entity_id": artefact.value_entity,
                        "parameter_description_id": described,
                    },
                )
                column, artefact_type = "parameter_id", "Parameter"
            else:
                row = {"id": number, "name": artefact.name, "location": artefact.location}
                is_known = artefact.name in files_of.get(kind, set())
                known = key("config_file", *kind, artefact.name) if is_known else None
                row |= {"comment": artefact.comment, "config_file_description_id": known}
                yield "config_file", row
                column, artefact_type = "config_file_id", "Configfile"
            row = {"activity_id": activity.id, "artefact_type": artefact_type}
            yield "was_configured_by", {**row, column: number}
    for entity in history.entities:
        yield (
            "entity",
            {
                "id": entity.id,
                "class": str(entity.entity_class),
                "name": entity.name,
                "location": entity.location,
                "generated_at_time": _time(entity.generated_at),
                "invalidated_at_time": _time(entity.invalidated_at),
                "comment": entity.comment,
                "value": entity.value,
                "content_type": entity.content_type,
                "checksum": entity.checksum,
                "step_identity": entity.step_identity,
                "entity_description_id": key("entity", entity.description)
                if entity.description in entity_kinds
                else None,
            },
        )
        for origin in entity.derived_from:
            yield (
                "was_derived_from",
                {"generated_entity_id": entity.id, "used_entity_id": origin},
            )
        for member in entity.members:
            yield "had_member", {"collection_id": entity.id, "entity_id": member}
        for involved in entity.attributed_to:
            row = {"entity_id": entity.id, "agent_id": agent(involved.agent), "role": involved.role}
            yield "was_attributed_to", row
    for kind_of in history.kinds:
        own = key("activity", kind_of.name, kind_of.version)
        yield (
            "activity_description",
            {
                "id": own,
                "name": kind_of.name,
                "version": kind_of.version,
                "description": kind_of.description,
                "docurl": kind_of.docurl,
                "type": kind_of.type,
                "subtype": kind_of.subtype,
            },
        )
        for noun, roles in (("usage", kind_of.usages), ("generation", kind_of.generations)):
            for role in roles:
                yield (
                    f"{noun}_description",
                    {
                        "id": key(noun, own, role.role),
                        "activity_description_id": own,
                        "role": role.role,
                        "description": role.description,
                        "type": role.type,
                        "multiplicity": role.multiplicity,
                    },
                )
                for entity_name in role.entities:
                    if entity_name in entity_kinds:
                        yield (
                            f"{noun}_description_entity",
                            {
                                f"{noun}_description_id": key(noun, own, role.role),
                                "entity_description_id": key("entity", entity_name),
                            },
                        )
        for p in kind_of.parameters:
            yield (
                "parameter_description",
                {
                    "id": key("parameter", kind_of.name, kind_of.version, p.name),
                    "activity_description_id": own,
                    "name": p.name,
                    "value_type": p.value_type,
                    "unit": p.unit,
                    "ucd": p.ucd,
                    "utype": p.utype,
                    "min": p.min,
                    "max": p.max,
                    "default": p.default,
                    "options": json.dumps(p.options) if p.options else None,
                    "description": p.description,
                },
            )
        for file in kind_of.config_files:
            yield (
                "config_file_description",
                {
                    "id": key("config_file", kind_of.name, kind_of.version, file.name),
                    "activity_description_id": own,
                    "name": file.name,
                    "content_type": file.content_type,
                    "description": file.description,
                },
            )
    for entity_kind in history.entity_kinds:
        own = key("entity", entity_kind.name)
        row = {"id": own, "name": entity_kind.name, "description": entity_kind.description}
        yield (
            "entity_description",
            {**row, "docurl": entity_kind.docurl, "type": entity_kind.type},
        )
        if entity_kind.content_type:
            row = {"entity_description_id": own, "content_type": entity_kind.content_type}
            yield "dataset_description", row
        if entity_kind.value_type:
            yield (
                "value_description",
                {
                    "entity_description_id": own,
                    "value_type": entity_kind.value_type,
                    "unit": entity_kind.unit,
                    "ucd": entity_kind.ucd,
                    "utype": entity_kind.utype,
                },
            )


def _time(time: datetime | None) -> str | None:
    """A moment as DALI writes it: in UTC, without a zone."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat() if time else None
