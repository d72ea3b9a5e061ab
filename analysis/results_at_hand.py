"""Results that lie in the cache, for those who plan: not held, and not counted as used."""

from contextlib import suppress
from pathlib import Path

from django.conf import settings

from analysis.cache import Cache, file_checksum
from analysis.models import CachedStep
from analysis.steps import Step


def path_of(step: Step) -> Path | None:
    """Where a step's result lies, whole; ``None`` where there is none that can be read here."""
    rows = CachedStep.objects.filter(identity=step.identity)
    for name, checksum in rows.values_list("file_name", "checksum"):
        # a web server may share the database with the workers, and not their files
        with suppress(OSError):
            path = Cache(Path(settings.VO_CACHE_ROOT)).path(step.identity, name)
            if file_checksum(path) == checksum:
                return path
    return None
