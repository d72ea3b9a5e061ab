"""What belongs to a file: the links of DataLink 1.1, as values and as a table.

Section 3.2 says what a link is. Identifiers are those of `archive.identifiers`; whoever asks, they
are told of every file, and whether they may have it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass

import pyarrow as pa
from django.conf import settings

from archive.identifiers import access_url
from archive.models import DataProduct
from archive.rights import Rights, may_read
from auth.principal import Principal
from dali.fields import Field
from dali.formats import FORMATS, TABLEDATA, TableFormat
from dali.services import Service
from dali.tables import Info, TableStream
from dali.writers import tabledata

STANDARD_ID = "ivo://ivoa.net/std/DataLink#links-1.1"
MEDIA_TYPE = "application/x-votable+xml;content=datalink"
#: Identifiers that are answered in one request; an overflow tells of more (section 2.1.1).
MOST_IDENTIFIERS = 500
#: What answers are written in, first what is written where nothing else is asked for.
LINK_FORMATS = (
    TableFormat(
        media_type=MEDIA_TYPE,
        aliases=("votable", "application/x-votable+xml", "text/xml", "application/xml"),
        extension="vot",
        write=tabledata.write,
    ),
    *(each for each in FORMATS if each is not TABLEDATA),
    TABLEDATA,
)

#: What belongs to a kind of product: kinds that are published with it, and how they are related.
#: The same in another format is a file with a history of its own, no part of ``#this``: both come
#: from the result of one step, which makes them coderived ("sharing one or more progenitors").
_BESIDE = {
    "mosaic": {
        "preview": "#preview",
        "sources": "#coderived",
        "sources_fits": "#coderived",
        "sources_scw": "#coderived",
    },
    "sources": {"sources_fits": "#coderived", "sources_scw": "#coderived"},
    "fit_fits": {"preview": "#preview", "fit": "#coderived", "fit_table": "#coderived"},
    "spectrum": {"preview": "#preview", "arf": "#calibration", "rmf": "#calibration"},
    "lightcurve": {"preview": "#preview"},
}
#: What a file without a row, and so without a title, is to people.
_IN_WORDS = {
    "preview": "Picture to look at first",
    "sources_fits": "Sources in the mosaic, as FITS",
    "sources_scw": "Sources in each Science Window, as VOTable",
    "fit": "All that the fit found, as JSON",
    "fit_table": "Parameters of the fit, as VOTable",
}
#: Files of one source among several bear its number and name: ``isgri_arf_2_Crab.fits``.
_OF_ONE_SOURCE = re.compile(r"[a-z0-9]+_[a-z]+_([0-9]+_.+)\.[a-z]+")
_IVOID = re.compile(r"ivo://[!-~]+", re.IGNORECASE)


def offered_services() -> tuple[Service, ...]:
    """The links service, for results that hold identifiers of files."""
    return (
        Service(
            name="links",
            description="The file of each row, its picture, and whether you may have them",
            access_url=f"{settings.SITE_URL}/datalink/links",
            standard_id=STANDARD_ID,
            content_type=MEDIA_TYPE,
            parameter="ID",
            utype="obscore:Curation.publisherDID",
        ),
    )


@dataclass(frozen=True, slots=True)
class Link:
    """A row of the answer: what is linked to an identifier, or why nothing is.

    identifier: as it was asked for. error: begins with one of the standard's words (section 3.4).
    semantics: term of the vocabulary ``datalink/core``. content_length: bytes. content_qualifier:
    term of the vocabulary ``product-type``. local_semantics: the kind of product, our own word.
    authentication: ``true``, ``false`` or ``optional``. is_authorised: whether whoever asks may
    have it.
    """

    identifier: str
    semantics: str
    access_url: str | None = None
    error: str | None = None
    description: str | None = None
    content_type: str | None = None
    content_length: int | None = None
    content_qualifier: str | None = None
    local_semantics: str | None = None
    authentication: str | None = None
    is_authorised: bool | None = None


def links(identifiers: Sequence[str], principal: Principal) -> list[Link]:
    """The links of each identifier, in the order of asking; each identifier once."""
    asked = [text for text in dict.fromkeys(identifiers) if text]
    files = _files(text for text in asked if _IVOID.fullmatch(text))
    beside = _beside(files.values())
    found = []
    for text in asked:
        file = files.get(text) or files.get(text.lower())
        if file is None:
            found.append(Link(text, "#this", error=_error(text)))
            continue
        found.append(_link(text, "#this", file, principal))
        related = beside.get((file.obs_id, _source(file)), {})
        for kind, semantics in _BESIDE.get(file.kind, {}).items():
            if kind in related:
                found.append(_link(text, semantics, related[kind], principal))
    return found


def link_table(identifiers: Sequence[str], principal: Principal) -> TableStream:
    """The links as a table, cut between identifiers where there are too many."""
    asked = tuple(text for text in dict.fromkeys(identifiers) if text)
    answered = links(asked[:MOST_IDENTIFIERS], principal)
    # a row beyond the limit makes the answer say that it was cut
    beyond = [Link(text, "#this") for text in asked[MOST_IDENTIFIERS : MOST_IDENTIFIERS + 1]]
    return TableStream(
        _FIELDS,
        _batches([*answered, *beyond]),
        infos=(Info("standardID", STANDARD_ID),),
        limit=len(answered) if beyond else None,
    )


def _files(identifiers: Iterable[str]) -> dict[str, DataProduct]:
    """Files by identifier; IVOIDs don't differ by case, and ours are lower case."""
    names = {name for text in identifiers for name in (text, text.lower())}
    files = DataProduct.objects.select_related("obscore").filter(obs_publisher_did__in=names)
    return {file.obs_publisher_did: file for file in files}


def _beside(
    files: Iterable[DataProduct],
) -> dict[tuple[str | None, str], dict[str, DataProduct]]:
    """What was published with files, by obs_id and source, then by kind; the newest of each."""
    groups = {file.obs_id for file in files if file.kind in _BESIDE and file.obs_id}
    kinds = {kind for related in _BESIDE.values() for kind in related}
    found: dict[tuple[str | None, str], dict[str, DataProduct]] = {}
    for file in (
        DataProduct.objects.select_related("obscore")
        .filter(kind__in=kinds, obs_id__in=groups)
        .order_by("created")
    ):
        found.setdefault((file.obs_id, _source(file)), {})[file.kind] = file
    return found


def _source(file: DataProduct) -> str:
    """Number and name of the source that a file is of; empty for a file of all."""
    match = _OF_ONE_SOURCE.fullmatch(file.file_name)
    return match[1] if match else ""


def _error(identifier: str) -> str:
    if _IVOID.fullmatch(identifier):
        return "NotFoundFault: this server has no file of that identifier"
    return "UsageFault: an identifier begins with ivo:// and holds printable ASCII only"


def _link(identifier: str, semantics: str, file: DataProduct, principal: Principal) -> Link:
    rights = Rights(file.data_rights, file.release_date, file.owner_id)
    row = getattr(file, "obscore", None)
    return Link(
        identifier,
        semantics,
        access_url=access_url(file.product_id),
        description=_description(file),
        content_type=file.media_type,
        content_length=file.size,
        content_qualifier=f"#{row.dataproduct_type}" if row and row.dataproduct_type else None,
        local_semantics=file.kind,
        authentication="optional" if rights.is_public() else "true",
        is_authorised=may_read(principal, rights),
    )


def _description(file: DataProduct) -> str:
    row = getattr(file, "obscore", None)
    if row is not None and row.obs_title:
        return str(row.obs_title)
    return _IN_WORDS.get(file.kind, file.file_name)


def _batches(found: Sequence[Link]) -> Iterator[pa.RecordBatch]:
    if found:
        columns = zip(*(_cells(link) for link in found), strict=True)
        yield pa.record_batch(
            [
                pa.array(cells, type=_TYPES[f.datatype])
                for f, cells in zip(_FIELDS, columns, strict=True)
            ],
            names=[f.name for f in _FIELDS],
        )


def _cells(link: Link) -> tuple[object, ...]:
    """A row in the order of the fields."""
    identifier, semantics, url, error, description, *rest = astuple(link)
    return (identifier, url, None, error, description, semantics, *rest)


_TYPES = {"char": pa.string(), "long": pa.int64(), "boolean": pa.bool_()}


def _text(name: str, ucd: str | None, description: str) -> Field:
    return Field(name, "char", "*", ucd=ucd, description=description)


_FIELDS = (
    _text("ID", "meta.id;meta.main", "Identifier that was asked for"),
    _text("access_url", "meta.ref.url", "Link to the data"),
    _text("service_def", "meta.ref", "Reference to a service descriptor; none is used here"),
    _text("error_message", "meta.code.error", "Why there is no link"),
    _text("description", "meta.note", "What the link is to"),
    _text("semantics", "meta.code", "Relation of the link to the identifier"),
    _text("content_type", "meta.code.mime", "Media type of what the link returns"),
    Field(
        "content_length",
        "long",
        unit="byte",
        ucd="phys.size;meta.file",
        description="Size of what the link returns",
    ),
    _text("content_qualifier", None, "Kind of data product, a term of the IVOA's product-type"),
    _text("local_semantics", "meta.id.assoc", "Kind of product, as in integral.product"),
    _text("link_auth", "meta.code", "Whether the link needs signing in: true, false, optional"),
    Field(
        "link_authorized",
        "boolean",
        ucd="meta.code",
        description="Whether you may use the link, as you are signed in now",
    ),
)
