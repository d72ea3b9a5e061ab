"""Keep in order what jobs leave: the cache and its index, and records of jobs that were lost."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from analysis import cache_index, failed_jobs
from analysis.cache import Cache
from analysis.errors import CacheUnreachable


class Command(BaseCommand):
    """``manage.py cache_tend``: workers run it themselves every few minutes."""

    help = (
        "Register what lies in the cache, evict what exceeds VO_CACHE_MAX_BYTES, tidy up; record "
        "jobs that were aborted or killed in the provenance."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it once; says only what was done. Raises `CommandError` where the folder is gone."""
        cache = Cache(Path(settings.VO_CACHE_ROOT))
        try:
            cache_index.require_folder(cache)
            self._tend(cache)
        except CacheUnreachable as problem:
            raise CommandError(f"{problem} ({cache.root}); see docs/operations.md") from problem

    def _tend(self, cache: Cache) -> None:
        try:
            registered = cache_index.register_from_disk(cache)
            if registered:
                self.stdout.write(f"{registered} results that lay in the cache were registered")
        finally:  # whatever lies there, the limit holds
            self._limit(cache)

    def _limit(self, cache: Cache) -> None:
        evicted = cache_index.evict(cache, settings.VO_CACHE_MAX_BYTES)
        if evicted:
            size = sum(item.size for item in evicted) / 1e6
            self.stdout.write(f"{len(evicted)} results with {size:.0f} MB were evicted")
        excess = cache_index.total_size() - settings.VO_CACHE_MAX_BYTES
        if excess > 0:
            self.stderr.write(
                f"the cache exceeds its limit by {excess / 1e6:.0f} MB: all else is pinned or held"
            )
        cache.sweep()
        lost = failed_jobs.record_lost()
        if lost:
            self.stdout.write(f"{lost} jobs that were aborted or killed were recorded")
