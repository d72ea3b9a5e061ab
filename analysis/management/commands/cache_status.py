"""Show what the cache holds, what it has saved, and what is being made."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from analysis import cache_index, cache_summary, embedded_cluster, ledger
from analysis.cache import Cache
from analysis.errors import CacheUnreachable


class Command(BaseCommand):
    """``manage.py cache_status``."""

    help = (
        "Show what the cache holds, what it has saved, and what is being made. MB: of the files;"
        " memory: the most MB that any run of such a step has taken."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """A table by kind of step, then totals."""
        root = Path(settings.VO_CACHE_ROOT)
        cache = Cache(root)
        write = self.stdout.write
        header = f"{'engine':<14}{'step':<20}{'files':>8}{'MB':>10}{'pinned':>8}{'hits':>9}"
        write(f"{header}{'cost':>10}{'saved':>10}{'memory':>8}")
        rows = cache_summary.summaries()
        for row in rows:
            write(
                f"{row.engine:<14}{row.kind:<20}{row.files:>8}{row.size / 1e6:>10.1f}"
                f"{row.pinned:>8}{row.hits:>9}{_time(row.seconds):>10}"
                f"{_time(row.saved_seconds):>10}{row.peak_memory / 1e6:>8.0f}"
            )
        size, limit = sum(row.size for row in rows), settings.VO_CACHE_MAX_BYTES
        saved = sum(row.saved_seconds for row in rows)
        write(
            f"\n{sum(row.files for row in rows)} files with {size / 1e6:.1f} MB of at most"
            f" {limit / 1e6:.0f} MB ({size / limit:.1%}); {_time(saved)} of computing saved"
        )
        write(
            f"{cache_summary.running()} steps are being made; {ledger.held_by_jobs()} results are"
            f" held by running jobs; {cache.damaged()} damaged files were set aside"
        )
        unlike = cache.unlike()
        if unlike:
            write(
                f"{len(unlike)} results were made twice and differ beyond their tolerance;"
                " cache_verify tells how"
            )
        aside = cache.size_aside()
        if aside:
            write(f"what was set aside takes {aside / 1e6:.1f} MB more, until it is a month old")
        try:
            cache_index.require_folder(cache)
        except CacheUnreachable as problem:
            write(f"{problem} ({root}); docs/operations.md tells what to do")
        write(embedded_cluster.words(root, settings.VO_DASK_SCHEDULER))


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
