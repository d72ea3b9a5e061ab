"""The VOSI tables documents (VOSI 1.1, section 5; VODataService 1.2, section 3.3).

Made with the classes of vo-models and what these lack: a datatype's extended type. Texts are set
after validation, since the classes escape them once, and writing does it again.
"""

from dataclasses import replace
from typing import TypeVar
from xml.etree import ElementTree

from defusedxml.ElementTree import fromstring
from pydantic_xml import attr, element
from vo_models.vodataservice.models import (
    DataType,
    FKColumn,
    ForeignKey,
    Table,
    TableParam,
    TableSchema,
)
from vo_models.vosi.tables.models import NSMAP, VOSITable, VOSITableSet

from adql import schema
from dali.errors import NotFoundError
from dali.fields import Field
from tap import published
from tap.names import as_written, qualified
from tap.row_counts import row_counts

_TAP_PLUS = "http://esa.int/xml/EsaTapPlus"


class _DataType(DataType, tag="dataType", nsmap=NSMAP):
    extended_type: str | None = attr(name="extendedType", default=None)


class _Column(TableParam, tag="column"):
    datatype: _DataType | None = element(tag="dataType", default=None)


class _Table(Table, tag="table", ns="", nsmap={"": ""}, skip_empty=True):
    column: list[_Column] | None = element(tag="column", default_factory=list, ns="")  # type: ignore[assignment]


class _Schema(TableSchema, tag="schema", ns="", nsmap={"": ""}, skip_empty=True):
    table: list[_Table] | None = element(tag="table", default_factory=list)  # type: ignore[assignment]


class _TableSet(VOSITableSet, tag="tableset", ns="vosi", nsmap=NSMAP):
    tableset_schema: list[_Schema] = element(tag="schema")  # type: ignore[assignment]


class _OneTable(VOSITable, tag="table", ns="vosi", nsmap=NSMAP):
    column: list[_Column] | None = element(tag="column", default_factory=list, ns="")  # type: ignore[assignment]


AnyTable = TypeVar("AnyTable", _Table, _OneTable)


def tables(*, detailed: bool) -> bytes:
    """Every schema and its tables, with or without their columns."""
    return _xml(
        _TableSet(tableset_schema=[_schema(s, detailed) for s in published.catalogue().schemas])
    )


def table(name: str) -> bytes:
    """One table with its columns; raises `NotFoundError` for a name that isn't published."""
    return _xml(_table(_published(name), _OneTable, detailed=True))


def tables_for_tap_plus(names: str) -> bytes:
    """Some tables, named with commas between them, as the client TapPlus (astroquery) asks for.

    It stops at columns without an attribute that VODataService doesn't know, so that this document,
    and no other, has it. Raises `NotFoundError` for a name that isn't published.
    """
    found = [_published(name.strip()) for name in names.split(",")]
    asked = [
        replace(s, tables=chosen)
        for s in published.catalogue().schemas
        if (chosen := tuple(t for t in s.tables if t in found))
    ]
    document = _TableSet(tableset_schema=[_schema(s, detailed=True) for s in asked])
    root = fromstring(_xml(document))
    for column in root.iter("column"):
        column.set(f"{{{_TAP_PLUS}}}flags", "0")
    ElementTree.register_namespace("esatapplus", _TAP_PLUS)
    written: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _published(name: str) -> schema.Table:
    found = next((t for t in published.catalogue() if qualified(t).lower() == name.lower()), None)
    if found is None:
        raise NotFoundError(f"no table {name!r} is published; /tables lists those that are")
    return found


def _schema(declared: schema.Schema, detailed: bool) -> _Schema:
    made = _Schema(
        schema_name=as_written(declared.name),
        utype=declared.utype,
        table=[_table(t, _Table, detailed=detailed) for t in declared.tables],
    )
    made.description = declared.description or None
    return made


def _table(declared: schema.Table, kind: type[AnyTable], *, detailed: bool) -> AnyTable:
    made = kind(
        table_type="view",
        table_name=declared.name,
        utype=declared.utype,
        nrows=row_counts().get(declared.qualified_name),
        column=[_column(c) for c in declared.columns] if detailed else [],
        foreign_key=[_foreign_key(k) for k in declared.foreign_keys] if detailed else [],
    )
    made.table_name = qualified(declared)
    made.description = declared.description or None
    return made


def _column(declared: schema.Column) -> _Column:
    field = Field.of(declared)
    made = _Column(
        column_name=field.name,
        unit=field.unit,
        ucd=field.ucd,
        utype=field.utype,
        datatype=_DataType(
            value=field.datatype, arraysize=field.arraysize, extended_type=field.xtype
        ),
        flag=[f for f in ("principal", "indexed", "std") if getattr(declared, f)],
    )
    made.column_name = as_written(field.name)
    made.description = field.description
    return made


def _foreign_key(declared: schema.ForeignKey) -> ForeignKey:
    return ForeignKey(
        target_table=declared.target,
        fk_column=[
            FKColumn(from_column=as_written(here), target_column=as_written(there))
            for here, there in declared.columns
        ],
        description=declared.description or None,
        utype=declared.utype,
    )


def _xml(document: VOSITableSet | Table) -> bytes:
    written = document.to_xml(skip_empty=True, encoding="UTF-8", xml_declaration=True)
    return written if isinstance(written, bytes) else written.encode()
