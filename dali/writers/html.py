"""An HTML page with the table, for reading in a browser; given only where it is asked for.

Every value is escaped: nothing in a table becomes markup. A NULL is an empty cell.
"""

from collections.abc import Iterator
from html import escape

import pyarrow as pa
import pyarrow.compute as pc

from dali.fields import Field
from dali.tables import Ending, LimitedBatches, TableStream
from dali.writers.tabledata import escaped
from dali.writers.text import PLAIN, cell_text, joined_rows
from dali.writers.xml import writable

_STYLE = (
    "body{font-family:sans-serif}table{border-collapse:collapse}"
    "th,td{border:1px solid #bbb;padding:.1em .4em;text-align:left;vertical-align:top}"
    "thead{background:#eee}.d{font-weight:normal;font-size:smaller}"
)


def write(stream: TableStream) -> Iterator[bytes]:
    """The page; a late failure is told at its end."""
    ending = Ending(LimitedBatches(stream))
    batches = iter(ending)
    batch = next(batches, None)
    yield _head(stream).encode()
    while batch is not None:
        cells = [_cell(f, c) for f, c in zip(stream.fields, batch.columns, strict=True)]
        cells[0] = pc.binary_join_element_wise("<tr><td>", pc.fill_null(cells[0], ""), "")
        yield joined_rows(cells, "</td><td>", "</td></tr>\n")
        batch = next(batches, None)
    status = ending.status
    text = f": {_safe(status.text)}" if status.text else ""
    yield f"</tbody></table>\n<p>Status: {status.value}{text}</p>\n</body></html>\n".encode()


def _safe(text: str) -> str:
    return escape(writable(text))


def _head(stream: TableStream) -> str:
    infos = "".join(
        f"<dt>{_safe(info.name)}</dt><dd><code>{_safe(info.value)}</code> {_safe(info.text)}</dd>\n"
        for info in stream.infos
    )
    rows = "".join(
        f"<tr>{''.join(f'<th{kind}>{_safe(text)}</th>' for text in texts)}</tr>\n"
        for kind, texts in (
            (' scope="col"', [f.name for f in stream.fields]),
            (' class="d"', [f.unit or "" for f in stream.fields]),
            (' class="d"', [f.description or "" for f in stream.fields]),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Result</title>'
        f"<style>{_STYLE}{_alignment(stream)}</style></head>\n<body>\n<h1>Result</h1>\n<dl>\n{infos}</dl>\n"
        f"<table>\n<thead>\n{rows}</thead>\n<tbody>\n"
    )


def _alignment(stream: TableStream) -> str:
    """Numbers stand to the right."""
    return "".join(
        f"td:nth-child({number}){{text-align:right}}"
        for number, field in enumerate(stream.fields, start=1)
        if not field.is_string
    )


def _cell(field: Field, column: pa.Array) -> pa.Array:
    text = cell_text(field, column, PLAIN)
    return escaped(text) if field.is_string else text
