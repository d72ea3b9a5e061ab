"""How this room's tables and columns are declared, in the fewest words."""

from django.conf import settings

from adql.schema import Column, ForeignKey, Table
from provenance.identifiers import PAGE, PROVSAP

SCHEMA = "provenance"

#: What a column of that name means, in any table.
_UCDS = {
    "affiliation": "meta.id;meta.curation",
    "checksum": "meta.checksum",
    "class": "meta.code.class",
    "comment": "meta.note",
    "content_type": "meta.code.mime",
    "description": "meta.note",
    "docurl": "meta.ref.url",
    "location": "meta.ref",
    "name": "meta.title",
    "role": "meta.code",
    "status": "meta.code.status",
    "step_identity": "meta.checksum",
    "subtype": "meta.code.class",
    "type": "meta.code.class",
    "ucd": "meta.ucd",
    "unit": "meta.unit",
    "value_entity_id": "meta.id",
    "version": "meta.version;meta.software",
}


def text_column(
    name: str,
    description: str,
    utype: str | None = None,
    principal: bool = False,
    indexed: bool = False,
) -> Column:
    """A column of text."""
    return Column(
        name,
        "char",
        "*",
        ucd=_UCDS.get(name),
        utype=utype_of(utype),
        description=description,
        principal=principal,
        indexed=indexed,
    )


def time_column(
    name: str, description: str, utype: str, principal: bool = False, indexed: bool = False
) -> Column:
    """A column of moments, in UTC."""
    return Column(
        name,
        "char",
        "*",
        xtype="timestamp",
        ucd="time.epoch",
        utype=utype_of(utype),
        description=f"{description} (UTC)",
        principal=principal,
        indexed=indexed,
    )


def key_column(
    name: str,
    description: str,
    utype: str | None = None,
    principal: bool = False,
    indexed: bool = False,
) -> Column:
    """A column of whole numbers that join tables of this schema."""
    return Column(
        name,
        "long",
        ucd="meta.id;meta.main" if name == "id" else "meta.id",
        utype=utype_of(utype),
        description=description,
        principal=principal,
        indexed=indexed,
    )


def id_column(utype: str, what: str) -> Column:
    """The identifier of a class that has one in the model."""
    return Column(
        "id",
        "char",
        "*",
        ucd="meta.id;meta.main",
        utype=utype_of(utype),
        description=f"Identifier of the {what}: never changed, never given twice",
        principal=True,
        indexed=True,
    )


def reference_column(name: str, utype: str | None, what: str) -> Column:
    """The identifier of an activity, entity or agent that a relation points at."""
    return Column(
        name,
        "char",
        "*",
        ucd="meta.id",
        utype=utype_of(utype),
        description=f"Identifier of the {what}",
        principal=True,
        indexed=True,
    )


def url_columns(what: str, document: str = "History") -> tuple[Column, ...]:
    """Where people and programs read about it, at this server; document: what programs get."""
    site_url = settings.SITE_URL
    return (
        _url_column("page_url", f"Page about the {what}, for people", f"{site_url}{PAGE}"),
        _url_column(
            "provsap_url", f"{document} of the {what}, for programs", f"{site_url}{PROVSAP}"
        ),
    )


def _url_column(name: str, description: str, start: str) -> Column:
    """A column of addresses that end with the row's identifier, escaped as a query needs it."""
    escaped = "id"
    for sign, code in (("%", "%25"), ("&", "%26"), ("#", "%23"), ("+", "%2B"), (" ", "%20")):
        escaped = f"replace({escaped}, '{sign}', '{code}')"
    quoted = start.replace("'", "''")
    return Column(
        name,
        "char",
        "*",
        ucd="meta.ref.url",
        description=description,
        source=f"'{quoted}' || {escaped}",
    )


def utype_of(vodml_id: str | None) -> str | None:
    """The utype of an element of the model."""
    return f"voprov:{vodml_id}" if vodml_id else None


def table(
    name: str, utype: str | None, description: str, columns: tuple[Column, ...], **targets: str
) -> Table:
    """A table whose rows come from the public view of that name, or are descriptions.

    Descriptions are declared by software and hide nothing. targets: columns that point at the
    key ``id`` of other tables.
    """
    return Table(
        SCHEMA,
        name,
        columns,
        description,
        source=f"provenance_{name}" if "description" in name else f"provenance_public_{name}",
        utype=utype_of(utype),
        foreign_keys=tuple(
            ForeignKey(f"{SCHEMA}.{target}", ((column, "id"),))
            for column, target in targets.items()
        ),
    )
