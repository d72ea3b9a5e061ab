"""Results that lie in the cache, for those who plan: not held, and not counted as used."""

from pathlib import Path

from django.conf import settings

from analysis.cache import Cache
from analysis.models import CachedStep
from analysis.steps import Step


def path_of(step: Step) -> Path | None:
    """Where the result of a step lies; ``None`` where there is none that can be read here."""
    names = CachedStep.objects.filter(identity=step.identity).values_list("file_name", flat=True)
    for name in names:
        path = Cache(Path(settings.VO_CACHE_ROOT)).path(step.identity, name)
        if path.is_file():
            return path
    return None
