"""``selected_catalog``: the user's own list of sources, as the ODA's clients send it.

Either the dictionary of an ODA catalogue as JSON (columns by name, ``cat_frame`` and
``cat_lon_name``), or a VOTable with columns of names and positions.
"""

import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.products.catalogue_source import CatalogueSource

MAX_SOURCES = 500
_NAMES = ("src_names", "name", "NAME", "SOURCE_NAME", "main_id")
_RIGHT_ASCENSIONS = ("ra", "RA", "RA_FIN", "RA_OBJ", "_RAJ2000")
_DECLINATIONS = ("dec", "DEC", "DEC_FIN", "DEC_OBJ", "_DEJ2000")
#: The ODA says fk5 for the mission's coordinates, which are those of the ICRS to some milliarcsec.
_FRAMES = ("fk5", "icrs")


def parse(text: str) -> tuple[CatalogueSource, ...]:
    """The sources of a catalogue, each name once; raises ``ValueError`` with a reason."""
    columns = _of_votable(text) if text.lstrip().startswith("<") else _of_dictionary(text)
    names, ras, decs = (
        _column(columns, known, what)
        for known, what in (
            (_NAMES, "names"),
            (_RIGHT_ASCENSIONS, "right ascensions"),
            (_DECLINATIONS, "declinations"),
        )
    )
    if not len(names) == len(ras) == len(decs):
        raise ValueError("selected_catalog: its columns differ in length")
    if len(names) > MAX_SOURCES:
        raise ValueError(f"selected_catalog: more than {MAX_SOURCES} sources")
    sources: dict[str, CatalogueSource] = {}
    for number, (name, ra, dec) in enumerate(zip(names, ras, decs, strict=True), start=1):
        sources.setdefault(str(name).strip(), _source(number, name, ra, dec))
    if not sources:
        raise ValueError("selected_catalog: holds no source")
    return tuple(sources.values())


def _source(number: int, name: Any, ra: Any, dec: Any) -> CatalogueSource:
    plain = str(name if name is not None else "").strip()
    if not plain or not plain.isascii() or not plain.isprintable() or len(plain) > 100:
        raise ValueError(f"selected_catalog: row {number} has no usable name")
    try:
        place = float(ra), float(dec)
    except (TypeError, ValueError):
        place = (math.nan, math.nan)
    if not (math.isfinite(place[0]) and abs(place[1]) <= 90):
        raise ValueError(f"selected_catalog: row {number} ({plain}) has no position in degrees")
    return CatalogueSource(plain, place[0] % 360.0, place[1])


def _of_dictionary(text: str) -> Mapping[str, Sequence[Any]]:
    try:
        document = json.loads(text)
        names, columns = document["cat_column_names"], document["cat_column_list"]
        frame = str(document.get("cat_frame", "fk5")).lower()
        unit = str(document.get("cat_coord_units", "deg"))
        found = {str(name): list(column) for name, column in zip(names, columns, strict=True)}
        # the two that the document itself calls longitude and latitude
        for key, plain in (("cat_lon_name", "ra"), ("cat_lat_name", "dec")):
            if document.get(key) in found:
                found.setdefault(plain, found[document[key]])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            "selected_catalog: neither a VOTable nor the dictionary of an ODA catalogue"
            " (cat_column_names, cat_column_list)"
        ) from error
    if frame not in _FRAMES:
        raise ValueError(f"selected_catalog: cat_frame is {frame!r}, not one of {_FRAMES}")
    if unit != "deg":
        raise ValueError(f"selected_catalog: cat_coord_units is {unit!r}, not deg")
    return found


def _of_votable(text: str) -> Mapping[str, Sequence[Any]]:
    from dali import votable_reader

    try:
        table = votable_reader.read(io.BytesIO(text.encode()), MAX_SOURCES)
    except votable_reader.TableError as error:
        raise ValueError(f"selected_catalog: {error}") from error
    return {
        field.name: column.to_pylist()
        for field, column in zip(table.fields, table.columns, strict=True)
    }


def _column(columns: Mapping[str, Sequence[Any]], known: Sequence[str], what: str) -> Sequence[Any]:
    for name in known:
        if name in columns:
            return columns[name]
    raise ValueError(f"selected_catalog: no column of {what}; one of {', '.join(known)} is needed")
