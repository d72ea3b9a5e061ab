"""The cache's files: what a step has made, found again by the step's identity.

Every result has a folder of its own, named by identity, holding the file and ``making.json``: the
provenance record of the activity that made it, with the file's checksum, and what the index in
PostgreSQL (`analysis.cache_index`) needs to know. A folder is whole or absent, since it is written
under a temporary name, flushed and renamed; the first one stands. It is on the disk, and so is its
name, before anybody is told of it. Nothing of the run is in the file itself. Nothing here needs a
database: processes on any machine that reaches the folder write here.

What isn't as it was stored, file or record, is damaged: it is set aside and made again. What can't
be read now, as where a server of files doesn't answer, stays where it is (`CacheUnreachable`).

The folder's file system must rename folders atomically: a local POSIX file system, or NFS v4.
"""

import errno
import json
import logging
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.comparison import EXACT, difference
from analysis.errors import CacheUnreachable
from analysis.steps import Tolerance
from analysis.stored_records import DamagedRecordError, Record, read_record, record_text
from provenance.files import file_checksum
from provenance.records import ActivityRecord, EntityRecord
from uws.durability import make_durable

logger = logging.getLogger(__name__)

MAKING = "making.json"
_DIFFERENCE = "difference.txt"
_MARKER = "marker"
_SHELF, _IDENTITY = re.compile("[0-9a-f]{2}"), re.compile("[0-9a-f]{64}")
#: How often a result's place is freed from something damaged before it is given up.
_TRIES = 10
#: There is none, or something of another kind.
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
#: What is left under a temporary name by a process that died is removed after this time.
_LEFT_BEHIND_S = 24 * 3600.0
#: Notes are worked out anew, and what was set aside is removed, after this time.
_OLD_S = 30 * 86400.0


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

    def marker(self) -> str:
        """What tells this folder from any other, as from the place where it isn't mounted now.

        It is given to a folder that has none. Raises `CacheUnreachable`.
        """
        path = self.root / _MARKER
        with _reached():
            if not path.exists():
                with tempfile.NamedTemporaryFile("w", dir=self.root / "temporary") as file:
                    file.write(uuid.uuid4().hex)
                    file.flush()
                    make_durable([Path(file.name)])
                    with suppress(FileExistsError):  # another process was first
                        os.link(file.name, path)
            return path.read_text(encoding="utf-8", errors="replace").strip()

    def path(self, identity: str, file_name: str) -> Path:
        """Where the result of that identity lies, if it is there."""
        return self._folder(identity) / file_name

    def read(self, identity: str) -> tuple[CachedFile, Record] | None:
        """What lies under that identity, the file's checksum not looked at; ``None`` for nothing.

        What lacks its record or its file, or has a damaged record, is set aside. Raises
        `CacheUnreachable`.
        """
        folder = self._folder(identity)
        with _reached():
            try:
                record, file_name = read_record((folder / MAKING).read_bytes())
                path = folder / file_name
                if not path.is_file():
                    raise DamagedRecordError("its file is gone")
            except (*_ABSENT, DamagedRecordError):
                if os.path.lexists(folder):
                    self.set_aside(identity)
                return None
        return CachedFile(path, record.entity, record.activity), record

    def find(self, identity: str) -> tuple[CachedFile, Record] | None:
        """The result of that identity if it is whole; what is damaged is set aside.

        Raises `CacheUnreachable`.
        """
        found = self.read(identity)
        if found is None or self.is_whole(found[0]):
            return found
        self.set_aside(identity)
        return None

    def is_whole(self, file: CachedFile) -> bool:
        """Whether the file has the checksum that it was stored with; `CacheUnreachable`."""
        with _reached():
            try:
                return file_checksum(file.path) == file.entity.checksum
            except _ABSENT:
                return False

    def size(self, file: CachedFile) -> int | None:
        """Bytes of the file; ``None`` where it is gone. Raises `CacheUnreachable`."""
        with _reached():
            try:
                return file.path.stat().st_size
            except _ABSENT:
                return None

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
        operator (`unlike`). Raises `OSError` where the disk is full, leaving nothing behind, and
        `CacheUnreachable`.
        """
        folder = self.root / "temporary" / uuid.uuid4().hex
        with _reached():
            folder.mkdir()
        try:
            record = make(folder / file_name)
            with _reached():
                (folder / MAKING).write_text(record_text(record, file_name), encoding="utf-8")
                make_durable([*folder.iterdir(), folder])
                first = self._put(identity, folder)
            if first is None:
                path = self.path(identity, file_name)
                return CachedFile(path, record.entity, record.activity), record, True
            with _reached():
                unlike = difference(folder / file_name, first[0].path, tolerance)
            if unlike is not None:
                self._keep_unlike(identity, folder, record, unlike)
            return *first, False
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _put(self, identity: str, folder: Path) -> tuple[CachedFile, Record] | None:
        """Give a folder its place among the results; the whole one that has it already, if any."""
        target = self._folder(identity)
        for _ in range(_TRIES):
            target.parent.mkdir(exist_ok=True)
            try:
                folder.rename(target)
                make_durable([target.parent, self.root / "results"])
                return None
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise
                first = self.find(identity)
                if first is not None:
                    return first
                # it was damaged, or has just been evicted
        raise CacheUnreachable("what lies in the place of a result can't be moved away")

    def set_aside(self, identity: str) -> None:
        """Keep a damaged result for the operator to look at, only the last one of an identity.

        Raises `CacheUnreachable`.
        """
        target = self.root / "damaged" / identity
        _remove(target)
        with _reached():
            try:
                self._folder(identity).rename(target)
                os.utime(target)  # it stays a month from now (`sweep`)
            except FileNotFoundError:
                return  # another process has just done so
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                self.remove(identity)  # another process has set one aside of its own
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
            with suppress(OSError, DamagedRecordError):  # it is being replaced
                record, _ = read_record((folder / MAKING).read_bytes())
                what = f"{record.activity.name} {record.label}".strip()
                words = (folder / _DIFFERENCE).read_text(encoding="utf-8")
                found[folder.name] = f"{what}: {words}"
        return found

    def remove(self, identity: str) -> None:
        """Remove the result of that identity: at once gone for everybody, then from the disk."""
        with self.removing() as take_away:
            take_away(identity)

    @contextmanager
    def removing(self) -> Iterator[Callable[[str], None]]:
        """A function that makes a result be gone for everybody, at once; from the disk at the end.

        Raises `CacheUnreachable`.
        """
        with tempfile.TemporaryDirectory(
            dir=self.root / "temporary", ignore_cleanup_errors=True
        ) as name:

            def take_away(identity: str) -> None:
                with _reached(), suppress(FileNotFoundError):
                    self._folder(identity).rename(Path(name) / identity)

            yield take_away

    def identities(self) -> Iterator[str]:
        """Of all results that lie here; what else lies among them is passed over."""
        for shelf in _named(self.root / "results", _SHELF):
            for folder in _named(shelf, _IDENTITY):
                yield folder.name

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
        """Keep what is laborious to work out from results; JSON. It is removed after some time.

        Whoever reads it sees to it that it is still true.
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
        ages = {"temporary": older_than_s, "private": older_than_s}
        for name in ("temporary", "private", "notes", "damaged", "unlike"):
            for left in (self.root / name).iterdir():
                with suppress(FileNotFoundError):  # another process has just done so
                    if time.time() - left.stat().st_mtime > ages.get(name, _OLD_S):
                        _remove(left)

    def _folder(self, identity: str) -> Path:
        return self.root / "results" / identity[:2] / identity


@contextmanager
def _reached() -> Iterator[None]:
    """Tell what goes wrong inside as `CacheUnreachable`, but for a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        logger.warning("the cache can't be reached: %s", error)
        raise CacheUnreachable(f"the cache can't be reached ({error.strerror})") from error


def _remove(path: Path) -> None:
    """Remove a folder or a file, whatever it is."""
    shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        path.unlink()


def _named(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    """What has such a name in the folder, in order."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name))
    return []
