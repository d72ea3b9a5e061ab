"""Reading an uploaded table without putting the server at risk.

A short document can say that its table is huge, and a long one keeps a processor busy for minutes:
astropy's reader takes tens of bytes for one that it reads. So all but small tables are read in a
process of their own, with limits of memory and time, and come back as a file that is mapped into
memory rather than read. Small ones are read at once, which takes some milliseconds.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import pyarrow as pa

from adql.schema import Column, SpaceSystem, Table, TimeSystem
from dali.errors import DaliError
from dali.votable_reader import NoRoomError
from tap import uploaded_tables
from tap.uploaded_tables import UploadedTable

_ROOT = Path(__file__).resolve().parent.parent
#: What is read at once: bytes of the document, and of the memory that it takes.
_SMALL_DOCUMENT = 4_000_000
_SMALL_MEMORY = 48_000_000
#: Seconds that any document within the limit of bytes is read in, even on a busy machine.
_LONGEST_S = 600
#: Exit status of the process where the document can't be taken, and its output is the reason.
_REFUSED = 3
_METADATA = b"upload"
#: How many large tables a process of the server lets be read at a time; further ones wait.
_gate = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What reading one table may take: rows of the table, bytes of memory, seconds."""

    rows: int
    memory: int
    timeout_s: float


def read(name: str, number: int, document: BinaryIO, limits: ReadingLimits) -> UploadedTable:
    """As `uploaded_tables.read`, within the limits; raises `DaliError`."""
    if limits.memory <= 0:
        raise NoRoomError
    size = document.seek(0, 2)
    document.seek(0)
    if size <= _SMALL_DOCUMENT:
        memory = min(_SMALL_MEMORY, limits.memory)
        try:
            return uploaded_tables.read(name, number, document, limits.rows, memory)
        except NoRoomError:
            document.seek(0)
    with _gate:
        return _read_apart(name, number, document, limits)


def _read_apart(name: str, number: int, document: BinaryIO, limits: ReadingLimits) -> UploadedTable:
    timeout_s = min(limits.timeout_s, _LONGEST_S)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as result:
        shutil.copyfileobj(document, given)
        given.seek(0)
        words = [name, str(number), str(limits.rows), str(limits.memory), str(timeout_s)]
        try:
            done = subprocess.run(  # noqa: S603 - of our own words
                [sys.executable, "-m", "tap.reading", *words],
                cwd=_ROOT,
                env=_environment(),
                stdin=given,
                stdout=result,
                stderr=subprocess.DEVNULL,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"reading it took longer than the limit of {timeout_s:g} s"
            raise DaliError(message, 413) from None
        result.seek(0)
        if done.returncode == _REFUSED:
            refusal = json.load(result)
            raise DaliError(refusal["message"], refusal["status"])
        if done.returncode != 0:  # the system has ended it
            raise NoRoomError
        with pa.memory_map(f"/proc/self/fd/{result.fileno()}") as mapped:
            rows = pa.ipc.open_stream(mapped).read_all()
    return _described(rows)


def _environment() -> dict[str, str]:
    """What the process needs; nothing that it could tell, and one thread of each library."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _told(upload: UploadedTable) -> bytes:
    """All of an uploaded table but its rows."""
    parts = {"table": upload.table, "shapes": upload.shapes, "positions": upload.positions}
    return json.dumps(parts, default=asdict).encode()


def _described(rows: pa.Table) -> UploadedTable:
    """An uploaded table from its rows and what `_told` said of it."""
    told = json.loads(rows.schema.metadata[_METADATA])
    columns = [_column(**column) for column in told["table"].pop("columns")]
    told["table"]["foreign_keys"] = ()
    return UploadedTable(
        table=Table(columns=tuple(columns), **told["table"]),
        rows=rows.replace_schema_metadata(None),
        shapes=tuple((column, shape) for column, shape in told["shapes"]),
        positions=None if told["positions"] is None else tuple(told["positions"]),
    )


def _column(*, system: dict[str, Any] | None, **described: Any) -> Column:
    kind = SpaceSystem if system and "frame" in system else TimeSystem
    return Column(**described, system=kind(**system) if system else None)


def _main(name: str, number: str, rows: str, memory: str, timeout_s: str) -> NoReturn:
    """Read the document at standard input, and write its table to standard output."""
    import astropy.io.votable.tree  # noqa: F401 - counts as what was there before

    status = Path("/proc/self/status").read_text()
    taken = int(status.partition("VmData:")[2].split()[0]) * 1024
    limit = taken + int(memory)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    seconds = int(float(timeout_s)) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    out = sys.stdout.buffer
    try:
        found = uploaded_tables.read(name, int(number), sys.stdin.buffer, int(rows), int(memory))
        if found.rows.nbytes > int(memory):
            raise NoRoomError
        described = found.rows.replace_schema_metadata({_METADATA: _told(found)})
        with pa.ipc.new_stream(out, described.schema) as writer:
            writer.write_table(described)
    except (DaliError, MemoryError) as error:
        refusal = error if isinstance(error, DaliError) else NoRoomError()
        out.seek(0)
        out.truncate()
        out.write(json.dumps({"message": refusal.message, "status": refusal.status}).encode())
        out.flush()
        os._exit(_REFUSED)
    out.flush()
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
