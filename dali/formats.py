"""Which format a table is written in: RESPONSEFORMAT and FORMAT.

DALI 1.1, section 3.4.5; TAP 1.1, section 2.7.2. A format is asked for by a media type, with or
without its parameters, or by one of its short names; never by HTTP's Accept, since clients send
``text/html`` there and want a VOTable.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from dali.errors import ParameterError
from dali.parameters import Parameters
from dali.tables import TableStream
from dali.writers import (
    arrow,
    binary,
    binary2,
    csv,
    fits,
    html,
    json,
    parquet,
    plain,
    tabledata,
    tsv,
)


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type (RFC 6838), its parameters in any order; compared without regard to case."""

    name: str
    parameters: frozenset[tuple[str, str]]

    @classmethod
    def parse(cls, text: str) -> "MediaType":
        """Read ``type/subtype;name=value;…``, with blanks and quotes where people put them."""
        name, *rest = (part.strip() for part in text.lower().split(";"))
        pairs = (part.partition("=") for part in rest if part)
        return cls(name, frozenset((k.strip(), v.strip().strip('"')) for k, _, v in pairs))


@dataclass(frozen=True, slots=True)
class TableFormat:
    """One format of tables.

    media_type: as the response and the capabilities name it. aliases: short names, and further
    media types that mean the same. identifier: TAPRegExt's IVOID of the format, if it has one.
    extension: of a file that holds it. is_compressed: whether compressing it again is in vain.
    """

    media_type: str
    aliases: tuple[str, ...]
    extension: str
    write: Callable[[TableStream], Iterator[bytes]]
    identifier: str | None = None
    is_compressed: bool = False


BINARY2 = TableFormat(
    media_type="application/x-votable+xml;serialization=BINARY2",
    aliases=("votable/b2", "votable", "application/x-votable+xml", "text/xml", "application/xml"),
    extension="vot",
    write=binary2.write,
    identifier="ivo://ivoa.net/std/TAPRegExt#output-votable-binary2",
)
TABLEDATA = TableFormat(
    media_type="application/x-votable+xml;serialization=TABLEDATA",
    aliases=("votable/td", "text/xml;serialization=TABLEDATA"),
    extension="vot",
    write=tabledata.write,
    identifier="ivo://ivoa.net/std/TAPRegExt#output-votable-td",
)
CSV = TableFormat(
    media_type="text/csv;header=present;charset=UTF-8",
    aliases=("csv", "text/csv", "text/csv;header=present"),
    extension="csv",
    write=csv.write,
)
BINARY = TableFormat(
    media_type="application/x-votable+xml;serialization=BINARY",
    aliases=("votable/b", "text/xml;serialization=BINARY"),
    extension="vot",
    write=binary.write,
    identifier="ivo://ivoa.net/std/TAPRegExt#output-votable-binary",
)
TSV = TableFormat(
    media_type="text/tab-separated-values;charset=UTF-8",
    aliases=("tsv", "text/tab-separated-values"),
    extension="tsv",
    write=tsv.write,
)
FITS = TableFormat(
    media_type="application/fits",
    aliases=("fits", "application/fits;type=table"),
    extension="fits",
    write=fits.write,
)
PARQUET = TableFormat(
    media_type="application/vnd.apache.parquet",
    aliases=("parquet", "application/x-parquet", "application/parquet"),
    extension="parquet",
    write=parquet.write,
    is_compressed=True,
)
ARROW = TableFormat(
    media_type="application/vnd.apache.arrow.stream",
    aliases=("arrow",),
    extension="arrows",
    write=arrow.write,
)
JSON = TableFormat(
    media_type="application/json", aliases=("json",), extension="json", write=json.write
)
HTML = TableFormat(
    media_type="text/html;charset=UTF-8",
    aliases=("html", "text/html"),
    extension="html",
    write=html.write,
)
TEXT = TableFormat(
    media_type="text/plain;charset=UTF-8",
    aliases=("txt", "text", "text/plain"),
    extension="txt",
    write=plain.write,
)
#: formats of tables, the default first
FORMATS = (BINARY2, BINARY, TABLEDATA, CSV, TSV, FITS, PARQUET, ARROW, JSON, HTML, TEXT)


def table_format(parameters: Parameters, formats: Sequence[TableFormat] = FORMATS) -> TableFormat:
    """The format that a request asks for, the first where it asks for none.

    Whoever asks by a media type is answered with that very one (DALI 1.2, section 3.4.2), so that
    a browser can be given ``text/xml``. RESPONSEFORMAT comes before FORMAT, its older name. Raises
    `ParameterError` for an unknown one.
    """
    for name in ("RESPONSEFORMAT", "FORMAT"):
        asked = parameters.one(name)
        if asked is not None and asked.strip():
            return _named(name, asked.strip(), formats)
    return formats[0]


def _answered(own: str, asked: str) -> str:
    """The media type of the answer: what was asked for, with what is known beyond that."""
    wanted, known = MediaType.parse(asked), MediaType.parse(own)
    is_short = not wanted.name.startswith(("application/", "text/"))
    if is_short or (wanted.name == known.name and wanted.parameters <= known.parameters):
        return own
    if wanted.parameters:
        return asked
    _, semicolon, parameters = own.partition(";")
    return wanted.name + semicolon + parameters


def _named(parameter: str, asked: str, formats: Sequence[TableFormat]) -> TableFormat:
    wanted = MediaType.parse(asked)
    for candidate in formats:
        for name in (candidate.media_type, *candidate.aliases):
            if MediaType.parse(name) == wanted:
                return replace(candidate, media_type=_answered(candidate.media_type, name))
    short = ", ".join(candidate.aliases[0] for candidate in formats)
    raise ParameterError(parameter, f"{asked!r} is not offered; there are {short}")
