"""The cache: what a step has made, found again by the step's identity.

Every result has a folder of its own, named by identity, holding the file and ``making.json``: the
provenance record of the activity that made it, with the file's checksum. A folder is whole or
absent, since it is written under a temporary name and renamed; nothing of the run is in the file
itself. A file that no longer has its checksum is never returned: the folder is moved away and the
result made again.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provenance.records import ActivityRecord, EntityRecord

MAKING = "making.json"


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A result and the record of its making.

    entity: the file, with its checksum, as an entity of the provenance. activity: the run of the
    step that generated it.
    """

    path: Path
    entity: EntityRecord
    activity: ActivityRecord


def file_checksum(path: Path) -> str:
    """``sha256:`` and the digest of the file at ``path``."""
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


class Cache:
    """Results below one folder, shared by any number of processes on this machine."""

    def __init__(self, root: Path) -> None:
        """``root`` is made where it doesn't exist."""
        self._root = root
        for name in ("results", "locks", "temporary", "damaged"):
            (root / name).mkdir(parents=True, exist_ok=True)

    def find(self, identity: str) -> CachedFile | None:
        """The result of that identity, checksum verified, or ``None``."""
        folder = self._folder(identity)
        try:
            making = json.loads((folder / MAKING).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        path = folder / making["file"]
        activity = ActivityRecord.from_json(json.dumps(making["activity"]))
        (generated,) = activity.generated
        if not path.exists() or file_checksum(path) != generated.entity.checksum:
            self._set_aside(folder)
            return None
        return CachedFile(path, generated.entity, activity)

    def find_or_make(
        self, identity: str, file_name: str, make: Callable[[Path], ActivityRecord]
    ) -> tuple[CachedFile, bool]:
        """The result of that identity, and whether it had to be made.

        ``make`` writes the file and returns the record of its making, whose one generated entity
        carries the file's checksum. Of several processes that want one result, one makes it and
        the others wait; the lock ends with its process.
        """
        with self._lock(identity):
            found = self.find(identity)
            if found is not None:
                return found, False
            with tempfile.TemporaryDirectory(dir=self._root / "temporary") as name:
                folder = Path(name) / "result"
                folder.mkdir()
                activity = make(folder / file_name)
                making = {"file": file_name, "activity": json.loads(activity.to_json())}
                (folder / MAKING).write_text(json.dumps(making, indent=1), encoding="utf-8")
                for written in folder.iterdir():
                    _flush(written)
                target = self._folder(identity)
                target.parent.mkdir(exist_ok=True)
                folder.rename(target)
                _flush(target.parent)
            made = self.find(identity)
        if made is None:
            raise OSError(f"the result of step {identity[:12]} was damaged while it was stored")
        return made, True

    def _folder(self, identity: str) -> Path:
        return self._root / "results" / identity[:2] / identity

    @contextmanager
    def _lock(self, identity: str) -> Iterator[None]:
        with (self._root / "locks" / identity).open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _set_aside(self, folder: Path) -> None:
        """Keep a damaged result for the operator to look at, only the last one of an identity."""
        target = self._root / "damaged" / folder.name
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)


def _flush(path: Path) -> None:
    """Make sure that what is at ``path`` survives a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
