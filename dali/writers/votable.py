"""VOTable documents: the frame around the rows, and error documents.

VOTable 1.4; DALI 1.1, section 4.4: one RESOURCE of type ``results``, QUERY_STATUS before the table
and, for an overflow or a late failure, once more after it.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import pyarrow as pa

from adql.schema import SpaceSystem, TimeSystem
from dali.fields import Field
from dali.services import Service
from dali.tables import QUERY_STATUS, Ending, Info, LimitedBatches, TableStream
from dali.writers.xml import XmlPieces

Systems = Mapping[SpaceSystem | TimeSystem | None, str]
_IDENTIFIER = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_TEXT = {"datatype": "char", "arraysize": "*"}
_VOTABLE = {
    "version": "1.4",
    "xmlns": "http://www.ivoa.net/xml/VOTable/v1.3",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


class RowEncoder(ABC):
    """How the rows are written between ``<DATA>`` and ``</DATA>``."""

    #: elements around the rows, outermost first, with their attributes
    envelope: tuple[tuple[str, dict[str, str | None]], ...]
    #: the number that means NULL, by datatype, where the rows have no other way to tell
    nulls: Mapping[str, int] = MappingProxyType({})

    @abstractmethod
    def encode(self, batch: pa.RecordBatch) -> bytes:
        """Rows of one batch."""

    def finish(self) -> bytes:
        """What is still held back after the last batch."""
        return b""


def _info(xml: XmlPieces, info: Info) -> None:
    xml.element("INFO", {"name": info.name, "value": info.value, "ucd": info.ucd}, info.text)
    xml.line()


def _system(xml: XmlPieces, system: SpaceSystem | TimeSystem, identifier: str) -> None:
    if isinstance(system, SpaceSystem):
        attributes = {
            "ID": identifier,
            "system": system.frame,
            "equinox": system.equinox,
            "epoch": system.epoch,
        }
        xml.element("COOSYS", attributes)
    else:
        attributes = {
            "ID": identifier,
            "timescale": system.scale,
            "timeorigin": system.origin,
            "refposition": system.place,
        }
        xml.element("TIMESYS", attributes)
    xml.line()


def _identifier(field: Field) -> str | None:
    """The field's name, by which astropy names its columns, where XML allows that."""
    return field.name if _IDENTIFIER.fullmatch(field.name) else None


@lru_cache(maxsize=4096)
def _field(field: Field, system: str | None, null: int | None) -> str:
    """A FIELD; kept, as the published columns leave again and again."""
    xml = XmlPieces()
    xml.take()
    attributes = {
        "name": field.name,
        "ID": _identifier(field),
        "datatype": field.datatype,
        "arraysize": field.arraysize,
        "xtype": field.xtype,
        "unit": field.unit,
        "ucd": field.ucd,
        "utype": field.utype,
        "ref": system,
    }
    xml.start("FIELD", attributes)
    if field.description:
        xml.element("DESCRIPTION", text=field.description)
    if null is not None:
        xml.element("VALUES", {"null": str(null)})
    xml.end()
    xml.line()
    return xml.take().decode()


def _systems(fields: Iterable[Field]) -> Systems:
    """Identifiers of the systems that the fields refer to, each system once."""
    distinct = dict.fromkeys(field.system for field in fields if field.system is not None)
    # no name of a column has a full stop here
    return {system: f"system.{number}" for number, system in enumerate(distinct, start=1)}


def _begin(xml: XmlPieces, infos: Iterable[Info], systems: Systems | None = None) -> None:
    xml.start("VOTABLE", _VOTABLE)
    xml.line()
    xml.start("RESOURCE", {"type": "results"})
    xml.line()
    for info in infos:
        _info(xml, info)
    for system, identifier in (systems or {}).items():
        if system is not None:
            _system(xml, system, identifier)


def _begin_table(xml: XmlPieces, stream: TableStream, nulls: Mapping[str, int]) -> None:
    systems = _systems(stream.fields)
    _begin(xml, (Info(QUERY_STATUS, "OK"), *stream.infos), systems)
    xml.start("TABLE", {"name": "result"})
    xml.line()
    for field in stream.fields:
        xml.written(_field(field, systems.get(field.system), nulls.get(field.datatype)))


def _end_table(xml: XmlPieces, stream: TableStream, status: Info | None) -> None:
    """From the end of the table to the end of the document."""
    xml.end()  # TABLE
    xml.line()
    if status is not None and status.value != "OK":
        _info(xml, status)
    xml.end()  # RESOURCE
    xml.line()
    for service in stream.services:
        field = service.column(stream.fields)
        if field is not None and _identifier(field) is not None:
            _service(xml, service, field)
    xml.end_all()


def _service(xml: XmlPieces, service: Service, field: Field) -> None:
    """A service descriptor (DataLink 1.1, section 4.1)."""
    xml.start("RESOURCE", {"type": "meta", "utype": "adhoc:service", "name": service.name})
    xml.element("DESCRIPTION", text=service.description)
    for name, value in (
        ("standardID", service.standard_id),
        ("accessURL", service.access_url),
        ("contentType", service.content_type),
    ):
        xml.element("PARAM", {"name": name, **_TEXT, "value": value})
    xml.start("GROUP", {"name": "inputParams"})
    reference = {"value": "", "ref": _identifier(field)}
    xml.element("PARAM", {"name": service.parameter, **_TEXT, **reference})
    xml.end()
    xml.end()
    xml.line()


def description(stream: TableStream, status: Info | None = None) -> bytes:
    """The document without its rows, for formats that carry one beside theirs.

    status: what is said after the table, `QUERY_STATUS` where the result was cut.
    """
    xml = XmlPieces()
    _begin_table(xml, stream, {})
    _end_table(xml, stream, status)
    return xml.take()


def write_votable(stream: TableStream, encoder: RowEncoder) -> Iterator[bytes]:
    """The document, beginning with its header once the first batch is there.

    A `DaliError` from the batches before the first row is raised; later ones are told in the
    document, which stays well-formed.
    """
    ending = Ending(LimitedBatches(stream))
    batches = iter(ending)
    batch = next(batches, None)
    xml = XmlPieces()
    _begin_table(xml, stream, encoder.nulls)
    xml.start("DATA")
    for tag, attributes in encoder.envelope:
        xml.start(tag, attributes)
    xml.line()
    yield xml.take()
    while batch is not None:
        yield encoder.encode(batch)
        batch = next(batches, None)
    yield encoder.finish()
    for _ in encoder.envelope:
        xml.end()
    xml.end()  # DATA
    _end_table(xml, stream, ending.status)
    yield xml.take()


def error_document(message: str, infos: Sequence[Info] = ()) -> bytes:
    """A VOTable that says what went wrong (DALI 1.1, section 4.2)."""
    xml = XmlPieces()
    _begin(xml, (Info(QUERY_STATUS, "ERROR", message), *infos))
    xml.end_all()
    return xml.take()
