"""The record of a making, and the text by which it lies beside its result in the cache.

The text is JSON in two lines. The first holds a checksum of the second, so that a record with any
byte changed is known for damaged. Texts of a single line are of earlier versions, without checksum.
"""

import hashlib
import json
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from provenance.records import ActivityRecord, EntityRecord


class DamagedRecordError(ValueError):
    """The text isn't what was written."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of the making of a result, without the file.

    engine, label: of the step. seconds: that it took. peak_memory: bytes, where it was measured.
    key: under which it was made, identity and fencing number. messages: what the step told.
    """

    activity: ActivityRecord
    engine: str
    label: str
    seconds: float
    peak_memory: int | None = None
    key: str = ""
    messages: tuple[str, ...] = ()

    @property
    def entity(self) -> EntityRecord:
        """The file as an entity of the provenance, with its checksum."""
        (generated,) = self.activity.generated
        return generated.entity


_RECORD = TypeAdapter(Record)


def record_text(record: Record, file_name: str) -> str:
    """The record of the making of the file of that name, as `read_record` reads it."""
    making = {
        "file": file_name,
        "engine": record.engine,
        "label": record.label,
        "seconds": record.seconds,
        "peak_memory": record.peak_memory,
        "key": record.key,
        "messages": record.messages,
        "activity": json.loads(record.activity.to_json()),
    }
    body = f'"making": {json.dumps(making)}}}'
    return f"{_head(body)}\n{body}"


def read_record(content: bytes) -> tuple[Record, str]:
    """The record and the name of its file; raises `DamagedRecordError`."""
    try:
        text = content.decode("utf-8")
        head, line_break, body = text.partition("\n")
        if line_break and head != _head(body):
            raise DamagedRecordError("its checksum is another")
        making = json.loads(text)
        if line_break:
            making = making["making"]
        file_name = making.pop("file")
        record = _RECORD.validate_python(making)
        if not isinstance(file_name, str) or len(record.activity.generated) != 1:
            raise DamagedRecordError("the record is of no file")
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedRecordError(str(error)) from error
    return record, file_name


def _head(body: str) -> str:
    return f'{{"checksum": "sha256:{hashlib.sha256(body.encode()).hexdigest()}",'
