"""Runs that use nothing made before: for checking what the cache has."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from analysis import cache_index
from analysis.cache import Cache, CachedFile
from analysis.comparison import agree
from analysis.outcomes import StepResult
from analysis.steps import Step
from provenance.files import file_checksum


@dataclass(frozen=True, slots=True)
class Remade:
    """A step that was made anew, beside what the cache has of it.

    cached_checksum: of the file that lies in the cache; ``None`` where it has none. damaged: that
    isn't the checksum with which it was stored, so that nothing else is said of it. identical: the
    same bytes. agrees: identical, or equal within the step's stated tolerance.
    """

    step: Step
    checksum: str
    cached_checksum: str | None
    damaged: bool
    identical: bool
    agrees: bool

    @property
    def words(self) -> str:
        """What came out, for the job's log."""
        if self.cached_checksum is None:
            return "made anew; the cache has nothing to compare it with"
        if self.damaged:
            return "made anew; the cached file is damaged"
        if self.identical:
            return "made anew: identical to the cached file"
        return "made anew: differs, within the tolerance" if self.agrees else "made anew: DIFFERS"


@dataclass(slots=True)
class Anew:
    """A run that makes all anew. cache: of its own. remade: each step that it made, in order."""

    cache: Cache
    remade: list[Remade] = field(default_factory=list)

    def compare(self, result: StepResult) -> Remade:
        """Note how a new result compares with what the cache has, as it is read from there."""
        shared = Cache(Path(settings.VO_CACHE_ROOT))
        identity = result.step.identity
        cached = cache_index.find(shared, [identity]).get(identity)
        try:
            remade = _compared(result, cached)
        except FileNotFoundError:  # nothing holds the cached one: it has just been given up
            remade = _compared(result, None)
        self.remade.append(remade)
        return remade


def _compared(result: StepResult, cached: CachedFile | None) -> Remade:
    checksum = file_checksum(result.file.path)
    if cached is None:
        return Remade(result.step, checksum, None, damaged=False, identical=False, agrees=False)
    of_cached = file_checksum(cached.path)
    is_damaged = of_cached != cached.entity.checksum
    is_identical = not is_damaged and checksum == of_cached
    agrees = is_identical or (
        not is_damaged and agree(result.file.path, cached.path, result.step.kind.tolerance)
    )
    return Remade(result.step, checksum, of_cached, is_damaged, is_identical, agrees)


_now: ContextVar[Anew | None] = ContextVar("analysis_anew", default=None)


@contextmanager
def everything_anew() -> Iterator[Anew]:
    """Inside the block no graph finds anything in the cache, nor changes anything there.

    Results are new entities of the provenance. Their files lie in a folder of the block's own,
    below the cache's since that is what processes on other machines reach, and go at its end.
    """
    anew = Anew(Cache(Path(settings.VO_CACHE_ROOT)).private())
    token = _now.set(anew)
    try:
        yield anew
    finally:
        _now.reset(token)
        anew.cache.discard()


def anew() -> Anew | None:
    """The block that this runs in; ``None`` outside of one."""
    return _now.get()
