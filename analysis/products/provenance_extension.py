"""The whole history of a product inside the product: a FITS table of PROV-JSON records.

The last HDU, a binary table named PROVENANCE, has a row for every record of the document: column
``KIND`` is the member of the PROV-JSON document that the record stands in (``prefix``, ``entity``,
``activity``, ``used``, …), ``ID`` its name there, ``RECORD`` the record as JSON. Together they are
the document again: `read_history`. The file itself is in it without a checksum, which it can't
hold of itself.
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from analysis.products.fits_files import Card, checksummed

EXTENSION = "PROVENANCE"

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
        for name, record in records.items():
            if kind == "prefix" and known.get(name, record) != record:
                raise ValueError(f"the prefix {name} has two meanings")
            known.setdefault(f"{name}b" if name.startswith("_:") else name, record)
    return whole


def add_history(path: Path, step: Sequence[Card], document: Document) -> None:
    """Put the last step's cards into the primary header and the document into a last HDU.

    The other HDUs stay as they are, to the byte.
    """
    rows = [
        (kind, name, json.dumps(record, ensure_ascii=True, separators=(",", ":"), sort_keys=True))
        for kind, records in document.items()
        for name, record in records.items()
    ]
    kinds, names, records = zip(*rows, strict=True) if rows else ((), (), ())
    table = fits.BinTableHDU.from_columns(
        [
            _text("KIND", kinds),
            _text("ID", names),
            fits.Column("RECORD", "PA()", array=np.array(records, dtype=object)),
        ],
        name=EXTENSION,
    )
    table.header["PROVFORM"] = ("PROV-JSON", "Format of the records: W3C, with IVOA's terms")
    # what a table with arrays of varying length holds is settled only when it is written
    written = io.BytesIO()
    table.writeto(written)
    written.seek(0)
    whole = path.with_name(f"{path.name}.whole")
    with fits.open(path, memmap=False) as hdus, fits.open(written) as history:
        for keyword, value, comment in step:
            hdus[0].header[keyword] = (value, comment)
        checksummed(hdus[0])
        hdus.append(checksummed(history[EXTENSION]))
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


def _text(name: str, values: Sequence[str]) -> fits.Column:
    width = max(map(len, values), default=1)
    return fits.Column(name, f"{width}A", array=np.array(values, dtype=f"U{width}"))
