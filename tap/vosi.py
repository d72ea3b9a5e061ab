"""What the service says of itself: its capabilities (VOSI 1.1, TAPRegExt 1.0), its availability.

What it publishes is in `tap.table_documents`.
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
    UploadMethod,
    Version,
)
from vo_models.voresource.models import AccessURL, Capability, Interface
from vo_models.voresource.types import UTCTimestamp
from vo_models.vosi.availability.models import Availability
from vo_models.vosi.capabilities.models import VOSICapabilities

import adql
from dali.formats import FORMATS
from tap import published

#: Since when this process has been there.
STARTED = datetime.now(UTC)
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
        retention_period=TimeLimits(
            default=int(settings.VO_UWS_DEFAULT_DESTRUCTION_DAYS * 86400),
            hard=int(settings.VO_UWS_MAX_DESTRUCTION_DAYS * 86400),
        ),
        execution_duration=TimeLimits(
            default=settings.VO_UWS_DEFAULT_EXECUTION_DURATION_S,
            hard=settings.VO_UWS_MAX_EXECUTION_DURATION_S,
        ),
        output_limit=DataLimits(
            default=DataLimit(value=settings.VO_TAP_MAXREC, unit="row"),
            hard=DataLimit(value=settings.VO_TAP_MAXREC_HARD, unit="row"),
        ),
        upload_method=[
            UploadMethod(ivo_id=f"ivo://ivoa.net/std/TAPRegExt#upload-{method}")
            for method in ("inline", "http", "https")
        ],
        # the standard has one limit of one unit before it is raised, and one beyond that
        upload_limit=DataLimits(
            default=DataLimit(value=settings.VO_TAP_UPLOAD_MAX_ROWS, unit="row"),
            hard=DataLimit(value=settings.VO_TAP_UPLOAD_MAX_BYTES, unit="byte"),
        ),
    )


def _language() -> Language:
    return Language(
        name="ADQL",
        version=list(_VERSIONS),
        description=f"Astronomical Data Query Language. {adql.UNDECLARED}",
        language_features=[
            LanguageFeatureList(
                type=kind,
                feature=[LanguageFeature(form=f, description=d) for f, d in features],
            )
            for kind, features in adql.language_features(published.functions()).items()
        ],
    )


def is_available() -> bool:
    """Whether queries can be answered: the database is there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def availability() -> bytes:
    """The VOSI availability document."""
    available = is_available()
    return _xml(
        Availability(
            available=available,
            up_since=UTCTimestamp.fromisoformat(STARTED.isoformat()),
            note=[] if available else ["the database can't be reached"],
        )
    )


def _xml(document: VOSICapabilities | Availability) -> bytes:
    written = document.to_xml(skip_empty=True, encoding="UTF-8", xml_declaration=True)
    return written if isinstance(written, bytes) else written.encode()
