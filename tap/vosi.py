"""What the service says of itself: capabilities, tables, availability.

VOSI 1.1; TAPRegExt 1.0; VODataService 1.1.
"""

from datetime import UTC, datetime
from typing import Literal

from django.conf import settings
from django.db import DatabaseError, connection
from pydantic import AnyUrl
from vo_models.tapregext.models import (
    DataLimit,
    DataLimits,
    DataModelType,
    Language,
    LanguageFeature,
    LanguageFeatureList,
    OutputFormat,
    TableAccess,
    TimeLimits,
    Version,
)
from vo_models.vodataservice.models import (
    FKColumn,
    ForeignKey,
    Table,
    TableParam,
    TableSchema,
)
from vo_models.voresource.models import AccessURL, Capability, Interface
from vo_models.voresource.types import UTCTimestamp
from vo_models.vosi.availability.models import Availability
from vo_models.vosi.capabilities.models import VOSICapabilities
from vo_models.vosi.tables.models import VOSITable, VOSITableSet

import adql
from adql import schema
from dali.errors import NotFoundError
from dali.fields import Field
from dali.formats import FORMATS
from tap import published
from tap.names import as_written, qualified

_STARTED = datetime.now(UTC)
_OBSCORE = DataModelType(value="ObsCore-1.1", ivo_id="ivo://ivoa.net/std/ObsCore#core-1.1")
_VERSIONS = (
    Version(value="2.0", ivo_id="ivo://ivoa.net/std/ADQL#v2.0"),
    Version(value="2.1", ivo_id="ivo://ivoa.net/std/ADQL#v2.1"),
)


def tap_url(path: str = "") -> str:
    """The address of the service, or of something below it."""
    return f"{settings.SITE_URL}/tap{path}"


def capabilities() -> bytes:
    """The VOSI capabilities document: TAP itself, and the VOSI and DALI resources around it."""
    document = VOSICapabilities(
        capability=[
            _table_access(),
            _resource("ivo://ivoa.net/std/VOSI#capabilities", "/capabilities"),
            _resource("ivo://ivoa.net/std/VOSI#availability", "/availability"),
            _resource("ivo://ivoa.net/std/VOSI#tables-1.1", "/tables"),
            _resource("ivo://ivoa.net/std/DALI#examples", "/examples"),
        ]
    )
    return _xml(document)


def _interface(path: str, use: Literal["base", "full"], version: str | None = None) -> Interface:
    return Interface(
        type="vs:ParamHTTP",
        role="std",
        version=version,
        access_url=[AccessURL(value=AnyUrl(tap_url(path)), use=use)],
    )


def _resource(standard: str, path: str) -> Capability:
    return Capability(standard_id=AnyUrl(standard), interface=[_interface(path, "full")])


def _table_access() -> TableAccess:
    models = [_OBSCORE] if published.catalogue().table("ivoa.obscore") else []
    return TableAccess(
        interface=[_interface("", "base", "1.1")],
        data_model=models,
        language=[_language()],
        output_format=[
            OutputFormat(mime=f.media_type, alias=list(f.aliases), ivo_id=f.identifier)
            for f in FORMATS
        ],
        execution_duration=TimeLimits(
            default=settings.VO_UWS_DEFAULT_EXECUTION_DURATION_S,
            hard=settings.VO_UWS_MAX_EXECUTION_DURATION_S,
        ),
        output_limit=DataLimits(
            default=DataLimit(value=settings.VO_TAP_MAXREC, unit="row"),
            hard=DataLimit(value=settings.VO_TAP_MAXREC_HARD, unit="row"),
        ),
    )


def _language() -> Language:
    return Language(
        name="ADQL",
        version=list(_VERSIONS),
        description="Astronomical Data Query Language",
        language_features=[
            LanguageFeatureList(
                type=kind,
                feature=[LanguageFeature(form=f, description=d) for f, d in features],
            )
            for kind, features in adql.language_features().items()
        ],
    )


def availability() -> bytes:
    """The VOSI availability document: available if the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        reachable = True
    except DatabaseError:
        reachable = False
    note = [] if reachable else ["the database can't be reached"]
    return _xml(
        Availability(
            available=reachable,
            up_since=UTCTimestamp.fromisoformat(_STARTED.isoformat()),
            note=note,
        )
    )


def tables(*, detailed: bool) -> bytes:
    """The VOSI tables document: every schema, its tables with or without their columns."""
    schemas = [_schema(s, detailed) for s in published.catalogue().schemas]
    return _xml(VOSITableSet(tableset_schema=schemas))


def table(name: str) -> bytes:
    """One table with its columns; raises `NotFoundError` for a name that isn't published."""
    found = next((t for t in published.catalogue() if qualified(t).lower() == name.lower()), None)
    if found is None:
        raise NotFoundError(f"no table {name!r} is published; {tap_url('/tables')} lists them all")
    return _xml(_table(found, VOSITable, detailed=True))


def _schema(declared: schema.Schema, detailed: bool) -> TableSchema:
    made = TableSchema(
        schema_name=as_written(declared.name),
        utype=declared.utype,
        table=[_table(t, Table, detailed=detailed) for t in declared.tables],
    )
    # set after validation: vo-models escapes descriptions once itself and once more as XML
    made.description = declared.description or None
    return made


def _table(declared: schema.Table, kind: type[Table], *, detailed: bool) -> Table:
    made = kind(
        table_type="view",
        table_name=declared.qualified_name,
        utype=declared.utype,
        column=[_column(c) for c in declared.columns] if detailed else [],
        foreign_key=[_foreign_key(k) for k in declared.foreign_keys] if detailed else [],
    )
    made.table_name = qualified(declared)
    made.description = declared.description or None
    return made


def _column(declared: schema.Column) -> TableParam:
    field = Field.of(declared)
    made = TableParam(
        column_name=field.name,
        datatype=field.datatype,
        arraysize=field.arraysize,
        unit=field.unit,
        ucd=field.ucd,
        utype=field.utype,
        xtype=field.xtype,
        principal=int(declared.principal),
        indexed=int(declared.indexed),
        std=int(declared.std),
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


def _xml(
    document: VOSICapabilities | VOSITableSet | Table | Availability,
) -> bytes:
    written = document.to_xml(skip_empty=True, encoding="UTF-8", xml_declaration=True)
    return written if isinstance(written, bytes) else written.encode()
