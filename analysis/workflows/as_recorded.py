"""What a job that is made again takes as it once was, whatever the archive has by now."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from django.conf import settings

from analysis.steps import RawFile
from archive.catalogue import CATALOGUE_KIND
from instruments.science_window import ScienceWindowId
from provenance.history import History
from provenance.records import EntityRecord


@dataclass(slots=True)
class Recorded:
    """The inputs of a run that was recorded.

    science_windows: ``RRRRPPPPSSSF.VVV``, in order. catalogue: the edition of the reference
    catalogue; ``None`` where none was read. missed: what was wanted of them when the run was made
    again, and wasn't there any more.
    """

    science_windows: tuple[str, ...]
    catalogue: EntityRecord | None
    missed: list[EntityRecord] = field(default_factory=list)

    def has_catalogue(self) -> bool:
        """Whether the catalogue can be read, or need not be; notes where it is gone."""
        if self.catalogue is None or catalogue_file(self.catalogue).path.is_file():
            return True
        if self.catalogue not in self.missed:
            self.missed.append(self.catalogue)
        return False


def of_history(history: History) -> Recorded:
    """What a history leads to."""
    windows = set()
    for entity in history.entities:
        match PurePosixPath(entity.location or "").parts:
            case ("scw", _, name, _):
                windows.add(str(ScienceWindowId.parse(name)))
    editions = (e for e in history.entities if e.description == CATALOGUE_KIND and e.location)
    return Recorded(tuple(sorted(windows)), next(editions, None))


def catalogue_file(edition: EntityRecord) -> RawFile:
    """An edition of the reference catalogue as the start of a graph; it has a location."""
    location = PurePosixPath(edition.location or "")
    return RawFile(location.name, Path(settings.VO_ARCHIVE_ROOT) / location, edition)


_now: ContextVar[Recorded | None] = ContextVar("analysis_as_recorded", default=None)


@contextmanager
def as_recorded(run: Recorded) -> Iterator[None]:
    """Inside the block, jobs and their plans take what ``run`` took.

    An edition of the catalogue that is gone can't be taken: then it is the archive's of today.
    """
    token = _now.set(run)
    try:
        yield
    finally:
        _now.reset(token)


def recorded() -> Recorded | None:
    """The run that is made again here; ``None`` outside of such a block."""
    return _now.get()
