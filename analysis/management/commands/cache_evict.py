"""Give up the least valuable results of the cache."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis import cache_index
from analysis.cache import Cache
from analysis.errors import CacheUnreachable


class Command(BaseCommand):
    """``manage.py cache_evict [--to BYTES] [--dry-run]``; workers do it themselves, too."""

    help = (
        "Give up results until the cache has at most VO_CACHE_MAX_BYTES: those first that cost"
        " little to make, are wanted little and take much room. Results that published products"
        " were made from, and such as a running job holds, stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """``--to`` and ``--dry-run``."""
        parser.add_argument(
            "--to",
            type=int,
            default=settings.VO_CACHE_MAX_BYTES,
            metavar="BYTES",
            help="how much may stay (default: VO_CACHE_MAX_BYTES = %(default)s)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        """Evict, and say what went; raises `CommandError` where the folder isn't there."""
        limit: int = options["to"]
        if limit < 0:
            raise CommandError("--to: a number of bytes, 0 or more")
        cache = Cache(Path(settings.VO_CACHE_ROOT))
        try:
            evicted = cache_index.evict(cache, limit, dry_run=options["dry_run"])
        except CacheUnreachable as problem:
            raise CommandError(f"{problem} ({cache.root}); see docs/operations.md") from problem
        for item in evicted:
            self.stdout.write(f"{item.kind} {item.label}, {item.size / 1e6:.1f} MB")
        would = "would be" if options["dry_run"] else "were"
        size = sum(item.size for item in evicted)
        self.stdout.write(f"{len(evicted)} results with {size / 1e6:.1f} MB {would} evicted")
        left = cache_index.total_size() - (size if options["dry_run"] else 0)
        if left > limit:
            self.stderr.write(f"{left / 1e6:.1f} MB stay: they are pinned, or held by running jobs")
