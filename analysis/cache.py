"""The cache's files: what a step has made, found again by the step's identity.

Every result has a folder of its own, named by identity, holding the file and ``making.json``: the
provenance record of the activity that made it, with the file's checksum, and what the index in
PostgreSQL (`analysis.cache_index`) needs to know. A folder is whole or absent, since it is written
under a temporary name, flushed and renamed; the first one stands. After a loss of power the last
ones may be absent, but what is there is whole. Nothing of the run is in the file itself. Nothing
here needs a database: processes on any machine that reaches the folder write here.

The folder's file system must rename folders atomically: a local POSIX file system, or NFS v4.
"""

import errno
import json
import logging
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.comparison import EXACT, difference
from analysis.steps import Tolerance
from provenance.files import file_checksum
from provenance.records import ActivityRecord, EntityRecord
from uws.durability import make_durable

logger = logging.getLogger(__name__)

MAKING = "making.json"
_DIFFERENCE = "difference.txt"
#: What is left under a temporary name by a process that died is removed after this time.
_LEFT_BEHIND_S = 24 * 3600.0
#: Notes are worked out anew, and what was set aside is removed, after this time.
_OLD_S = 30 * 86400.0


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


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A result in the cache.

    entity: the file, with its checksum, as an entity of the provenance. activity: the run of the
    step that generated it; no more than identifier and name where it was found in the index.
    """

    path: Path
    entity: EntityRecord
    activity: ActivityRecord


class Cache:
    """Results below one folder, shared by any number of processes."""

    def __init__(self, root: Path) -> None:
        """``root`` is made where it doesn't exist."""
        self.root = root
        for name in ("results", "temporary", "damaged", "unlike", "private", "notes"):
            (root / name).mkdir(parents=True, exist_ok=True)

    def path(self, identity: str, file_name: str) -> Path:
        """Where the result of that identity lies, if it is there."""
        return self._folder(identity) / file_name

    def read(self, identity: str) -> tuple[CachedFile, Record] | None:
        """What lies under that identity, its checksum not looked at; ``None`` for nothing."""
        folder = self._folder(identity)
        try:
            making = json.loads((folder / MAKING).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            self.set_aside(identity)
            return None
        record = Record(
            ActivityRecord.from_json(json.dumps(making["activity"])),
            engine=making["engine"],
            label=making["label"],
            seconds=making["seconds"],
            peak_memory=making.get("peak_memory"),
            key=making.get("key", ""),
            messages=tuple(making.get("messages", ())),
        )
        path = folder / making["file"]
        if not path.is_file():
            self.set_aside(identity)
            return None
        return CachedFile(path, record.entity, record.activity), record

    def find(self, identity: str) -> tuple[CachedFile, Record] | None:
        """The result of that identity if it is whole; one without its checksum is set aside."""
        found = self.read(identity)
        if found is None or self.is_whole(found[0]):
            return found
        self.set_aside(identity)
        return None

    def is_whole(self, file: CachedFile) -> bool:
        """Whether the file has the checksum that it was stored with."""
        try:
            return file_checksum(file.path) == file.entity.checksum
        except FileNotFoundError:
            return False

    def store(
        self,
        identity: str,
        file_name: str,
        make: Callable[[Path], Record],
        tolerance: Tolerance = EXACT,
    ) -> tuple[CachedFile, Record, bool]:
        """Store what ``make`` writes, unless another was first; whether this one's stands.

        ``make`` is given the path to write to and returns the record of the making, whose one
        generated entity carries the file's checksum. A result that comes second is compared with
        the first and dropped; one that differs by more than the tolerance is kept aside for the
        operator (`unlike`). Raises `OSError` where the disk is full, leaving nothing behind.
        """
        folder = self.root / "temporary" / uuid.uuid4().hex
        folder.mkdir()
        try:
            record = make(folder / file_name)
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
            (folder / MAKING).write_text(json.dumps(making), encoding="utf-8")
            make_durable(folder.iterdir())
            target = self._folder(identity)
            while True:
                target.parent.mkdir(exist_ok=True)
                try:
                    folder.rename(target)
                except OSError as error:
                    if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
                    first = self.find(identity)
                    if first is None:
                        continue  # it was damaged, or has just been evicted
                    unlike = difference(folder / file_name, first[0].path, tolerance)
                    if unlike is not None:
                        self._keep_unlike(identity, folder, record, unlike)
                    return *first, False
                stored = CachedFile(target / file_name, record.entity, record.activity)
                return stored, record, True
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def set_aside(self, identity: str) -> None:
        """Keep a damaged result for the operator to look at, only the last one of an identity."""
        target = self.root / "damaged" / identity
        shutil.rmtree(target, ignore_errors=True)
        try:
            self._folder(identity).rename(target)
            os.utime(target)  # it stays a month from now (`sweep`)
        except FileNotFoundError:
            return  # another process has just done so
        logger.warning("cached step %s is damaged and was set aside", identity[:12])

    def _keep_unlike(self, identity: str, folder: Path, record: Record, words: str) -> None:
        logger.warning(
            "step %s %s (%s) was made again with another result; the first stands: %s",
            record.activity.name,
            record.label,
            identity[:12],
            words,
        )
        target = self.root / "unlike" / identity
        try:
            (folder / _DIFFERENCE).write_text(words, encoding="utf-8")
            shutil.rmtree(target, ignore_errors=True)
            folder.rename(target)
        except OSError as error:
            # another process keeps one of its own, or the disk is full
            logger.warning("the other result was not kept (%s)", error.strerror)

    def unlike(self) -> dict[str, str]:
        """What differs, by identity, in results that were made twice beyond their tolerance.

        The second ones lie in the folder ``unlike``, only the last one of an identity, until an
        operator removes them or time has (`sweep`).
        """
        found = {}
        for folder in sorted((self.root / "unlike").iterdir()):
            with suppress(OSError):  # it is being replaced
                making = json.loads((folder / MAKING).read_text(encoding="utf-8"))
                what = f"{making['activity']['name']} {making['label']}".strip()
                words = (folder / _DIFFERENCE).read_text(encoding="utf-8")
                found[folder.name] = f"{what}: {words}"
        return found

    def remove(self, identity: str) -> None:
        """Remove the result of that identity: at once gone for everybody, then from the disk."""
        with tempfile.TemporaryDirectory(dir=self.root / "temporary") as name:
            try:
                self._folder(identity).rename(Path(name) / "result")
            except FileNotFoundError:
                return

    def identities(self) -> Iterator[str]:
        """Of all results that lie here."""
        for shelf in sorted((self.root / "results").iterdir()):
            for folder in sorted(shelf.iterdir()):
                yield folder.name

    def age_s(self, identity: str) -> float:
        """How long ago the result of that identity was stored, in seconds; 0 for none."""
        try:
            return time.time() - (self._folder(identity) / MAKING).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def damaged(self) -> int:
        """How many damaged results have been set aside."""
        return sum(1 for _ in (self.root / "damaged").iterdir())

    def size_aside(self) -> int:
        """Bytes of what was set aside, as damaged or as `unlike` the first."""
        size = 0
        for name in ("damaged", "unlike"):
            for path in (self.root / name).glob("*/*"):
                with suppress(FileNotFoundError):  # it is being replaced
                    size += path.stat().st_size
        return size

    def note(self, key: str) -> Any:
        """What was kept under that key beside the results; ``None`` for nothing."""
        try:
            return json.loads((self.root / "notes" / f"{key}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def keep_note(self, key: str, value: object) -> None:
        """Keep what is laborious to work out from results and never changes; JSON.

        It is removed after some time.
        """
        with tempfile.NamedTemporaryFile(
            "w", dir=self.root / "temporary", encoding="utf-8", delete=False
        ) as file:
            json.dump(value, file)
        Path(file.name).rename(self.root / "notes" / f"{key}.json")

    def private(self) -> "Cache":
        """A new cache for one run that shall use nothing made before; `discard` it afterwards."""
        return Cache(Path(tempfile.mkdtemp(dir=self.root / "private")))

    def discard(self) -> None:
        """Remove a private cache with all that it holds."""
        shutil.rmtree(self.root, ignore_errors=True)

    def sweep(self, older_than_s: float = _LEFT_BEHIND_S) -> None:
        """Remove what processes that died have left under temporary names; and, after a month,
        notes and what was set aside."""
        for left in (*(self.root / "temporary").iterdir(), *(self.root / "private").iterdir()):
            try:
                if time.time() - left.stat().st_mtime > older_than_s:
                    shutil.rmtree(left, ignore_errors=True)
                    left.unlink(missing_ok=True)
            except (FileNotFoundError, IsADirectoryError):
                continue
        for note in (self.root / "notes").iterdir():
            if time.time() - note.stat().st_mtime > _OLD_S:
                note.unlink(missing_ok=True)
        for aside in (*(self.root / "damaged").iterdir(), *(self.root / "unlike").iterdir()):
            with suppress(FileNotFoundError):
                if time.time() - aside.stat().st_mtime > _OLD_S:
                    shutil.rmtree(aside, ignore_errors=True)

    def _folder(self, identity: str) -> Path:
        return self.root / "results" / identity[:2] / identity
