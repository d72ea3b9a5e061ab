"""Keep the cache in order: register what isn't in the index, evict down to the limit, tidy up."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from analysis import cache_index
from analysis.cache import Cache

#: A running job registers what it has made within a second, and tells its owner that it made it.
_SETTLED_S = 60.0


class Command(BaseCommand):
    """``manage.py cache_tend``: workers run it themselves every few minutes."""

    help = "Register what lies in the cache, evict what exceeds VO_CACHE_MAX_BYTES, tidy up."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it once; says only what was done."""
        cache = Cache(Path(settings.VO_CACHE_ROOT))
        registered = cache_index.register_from_disk(cache, older_than_s=_SETTLED_S)
        if registered:
            self.stdout.write(f"{registered} results that lay in the cache were registered")
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
