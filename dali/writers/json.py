"""JSON (RFC 8259), written while the rows arrive: one object, with a row per line.

::

    {"info": [{"name": …, "value": …, "text": …}, …],
     "metadata": [{"name": …, "datatype": …, "arraysize": …, "xtype": …, "unit": …, "ucd": …,
                   "utype": …, "description": …, "system": …}, …],
     "data": [[…], …],
     "status": {"value": "OK" | "OVERFLOW" | "ERROR", "text": …}}

A row is an array in the order of ``metadata``. The words are VOTable's, and what a column doesn't
have is left out; ``system`` has a ``frame``, or ``scale``, ``origin`` and ``place``. NULL is
``null``; numbers that JSON doesn't have are the strings ``"NaN"``, ``"Infinity"`` and
``"-Infinity"``; arrays of numbers are arrays. Integers have all their digits, beyond 2^53 more
than JavaScript's numbers. ``status`` comes last, so that it tells whether rows were left out or
the query failed in the middle.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dali.columns import as_declared, joined_lists, text_bytes
from dali.fields import Field
from dali.tables import Ending, Info, LimitedBatches, TableStream
from dali.writers.text import Spelling, joined_rows, number_text

_SPELLING = Spelling('"NaN"', '"Infinity"', '"-Infinity"')
_FIRST_PRINTABLE = 0x20


def write(stream: TableStream) -> Iterator[bytes]:
    """The document; a late failure is told at its end."""
    rows = LimitedBatches(stream)
    ending = Ending(rows)
    batches = iter(ending)
    batch = next(batches, None)
    infos = ",\n".join(_text(_info(info)) for info in stream.infos)
    metadata = ",\n".join(_text(_description(field)) for field in stream.fields)
    yield f'{{"info": [\n{infos}\n],\n"metadata": [\n{metadata}\n],\n"data": ['.encode()
    skipped = 1  # the first row has no comma before it
    while batch is not None:
        yield _rows(stream.fields, batch)[skipped:]
        skipped = 0
        batch = next(batches, None)
    status = _text({"value": ending.status.value, "text": ending.status.text})
    yield f'\n],\n"status": {status}}}\n'.encode()


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _info(info: Info) -> dict[str, str]:
    return {"name": info.name, "value": info.value, "text": info.text}


def _description(field: Field) -> dict[str, Any]:
    return asdict(field, dict_factory=lambda pairs: {k: v for k, v in pairs if v is not None})


def _rows(fields: tuple[Field, ...], batch: pa.RecordBatch) -> bytes:
    cells = [_cell(f, c) for f, c in zip(fields, batch.columns, strict=True)]
    cells[0] = pc.binary_join_element_wise(",\n[", cells[0], "")
    return joined_rows(cells, ",", "]")


def _cell(field: Field, column: pa.Array) -> pa.Array:
    column = as_declared(field, column)
    if field.is_string:
        text = pc.binary_join_element_wise('"', _escaped(column), '"', "")
    elif field.is_array:
        elements = pc.fill_null(number_text(column.flatten(), _SPELLING), "null")
        text = pc.binary_join_element_wise("[", joined_lists(column, elements, ","), "]", "")
    else:
        text = number_text(column, _SPELLING)
    return pc.fill_null(text, "null")


def _escaped(text: pa.Array) -> pa.Array:
    """Strings as they stand between JSON's quotes."""
    _, data = text_bytes(text)
    there = np.bincount(data, minlength=128)
    for character in ("\\", '"'):
        if there[ord(character)]:
            text = pc.replace_substring(text, character, "\\" + character)
    for code in np.flatnonzero(there[:_FIRST_PRINTABLE]):
        text = pc.replace_substring(text, chr(code), f"\\u{code:04x}")
    return text
