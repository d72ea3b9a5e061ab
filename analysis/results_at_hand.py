"""Results that lie in the cache, for those who plan: not held, and not counted as used."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from analysis.cache import Cache
from analysis.models import CachedStep
from analysis.steps import Step
from provenance.files import file_checksum

T = TypeVar("T")


def told(step: Step, read: Callable[[Path | None], T]) -> T:
    """What ``read`` makes of the step's result; of ``None``, where there is none to be read.

    That is also where it goes while it is read, since nothing holds it.
    """
    with suppress(OSError):
        return read(_path_of(step))
    return read(None)


def _path_of(step: Step) -> Path | None:
    """Where a step's result lies, whole; ``None`` where there is none that can be read here."""
    rows = CachedStep.objects.filter(identity=step.identity)
    for name, checksum in rows.values_list("file_name", "checksum"):
        # a web server may share the database with the workers, and not their files
        with suppress(OSError):
            path = Cache(Path(settings.VO_CACHE_ROOT)).path(step.identity, name)
            if file_checksum(path) == checksum:
                return path
    return None
