"""The whole history of a product inside the product: a FITS table of PROV-JSON records.

The last HDU, a binary table named PROVENANCE, has a row for every record of the document: column
``KIND`` is the member of the PROV-JSON document that the record stands in (``prefix``, ``entity``,
``activity``, ``used``, …), ``ID`` its name there, ``RECORD`` the record as JSON. Together they are
the document again: `read_history`. The file itself is in it without a checksum, which it can't
hold of itself.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from analysis.products.fits_files import Card, checksummed

EXTENSION = "PROVENANCE"
_BLOCK = 2880
#: One for all records, of which there are thousands.
_AS_JSON = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), sort_keys=True)

Document = dict[str, dict[str, Any]]
"""A PROV-JSON document: kinds of record, names, records."""


class NoHistoryError(ValueError):
    """A file that holds no history."""


def joined(one: Document, other: Document) -> Document:
    """Both documents in one; of a record that both have, the first one's stands.

    Relations have no names of their own but numbers, of each document anew: the second one's get
    new ones. Raises ``ValueError`` where a prefix means one thing here and another there.
    """
    whole = {kind: dict(records) for kind, records in one.items()}
    for kind, records in other.items():
        known = whole.setdefault(kind, {})
        for own_name, record in records.items():
            name = own_name
            if kind == "prefix" and known.get(name, record) != record:
                raise ValueError(f"the prefix {name} has two meanings")
            while name.startswith("_:") and name in known:
                name += "b"
            known.setdefault(name, record)
    return whole


def add_history(path: Path, step: Sequence[Card], document: Document) -> None:
    """Put the last step's cards into the primary header and the document into a last HDU.

    The other HDUs stay as they are, to the byte.
    """
    rows = [
        (kind, name, _AS_JSON.encode(record))
        for kind, records in document.items()
        for name, record in records.items()
    ]
    history = _table(
        [
            (kind.encode("ascii"), name.encode("ascii"), text.encode("ascii"))
            for kind, name, text in rows
        ]
    )
    whole = path.with_name(f"{path.name}.whole")
    with fits.open(path, memmap=False) as hdus:
        for keyword, value, comment in step:
            hdus[0].header[keyword] = (value, comment)
        checksummed(hdus[0])
        hdus.append(checksummed(history))
        hdus.writeto(whole)
    whole.replace(path)


def read_history(path: Path) -> Document:
    """The PROV-JSON document in the file.

    Raises `NoHistoryError` where the file isn't FITS or has no such table, or a broken one.
    """
    try:
        with fits.open(path, memmap=False) as hdus:
            if EXTENSION not in hdus:
                raise NoHistoryError(f"{path.name} has no extension {EXTENSION}")
            table = hdus[EXTENSION].data
            document: Document = {}
            for kind, name, record in zip(table["KIND"], table["ID"], table["RECORD"], strict=True):
                document.setdefault(str(kind), {})[str(name)] = json.loads(_joined(record))
            return document
    except (OSError, KeyError, json.JSONDecodeError) as problem:
        raise NoHistoryError(f"{path.name} holds no history that can be read: {problem}") from None


def _joined(record: Any) -> str:
    """A cell's text; astropy's arrays of characters would lose the blanks in it."""
    return record if isinstance(record, str) else "".join(record.view(np.ndarray))


def _table(rows: Sequence[tuple[bytes, bytes, bytes]]) -> fits.BinTableHDU:
    """The table of kinds, names and records, these as arrays of varying length (FITS 4.0, 7.3.5).

    Laid out here, since astropy takes some hundred microseconds for each such array.
    """
    kinds, names, records = zip(*rows, strict=True) if rows else ((), (), ())
    kind, name, record = (max(map(len, values), default=1) for values in (kinds, names, records))
    table = np.zeros(
        len(rows), dtype=[("kind", f"S{kind}"), ("name", f"S{name}"), ("record", ">i4", 2)]
    )
    lengths = [len(text) for text in records]
    table["kind"], table["name"] = kinds, names
    table["record"][:, 0] = lengths
    table["record"][:, 1] = np.cumsum([0, *lengths[:-1]])[: len(rows)]
    header = fits.Header(
        [
            ("XTENSION", "BINTABLE", "binary table extension"),
            ("BITPIX", 8, "array data type"),
            ("NAXIS", 2, "number of array dimensions"),
            ("NAXIS1", table.itemsize, "length of dimension 1"),
            ("NAXIS2", len(rows), "length of dimension 2"),
            ("PCOUNT", sum(lengths), "number of group parameters"),
            ("GCOUNT", 1, "number of groups"),
            ("TFIELDS", 3, "number of table fields"),
            ("TTYPE1", "KIND"),
            ("TFORM1", f"{kind}A"),
            ("TTYPE2", "ID"),
            ("TFORM2", f"{name}A"),
            ("TTYPE3", "RECORD"),
            ("TFORM3", f"PA({record})"),
            ("EXTNAME", EXTENSION, "extension name"),
            ("PROVFORM", "PROV-JSON", "Format of the records: W3C, with IVOA's terms"),
        ]
    )
    data = table.tobytes() + b"".join(records)
    padding = bytes(-len(data) % _BLOCK)
    return fits.BinTableHDU.fromstring(header.tostring().encode("ascii") + data + padding)
