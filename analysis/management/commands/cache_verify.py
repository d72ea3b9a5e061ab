"""Compare every file of the cache with its checksum, and the files with the index."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from analysis import cache_index
from analysis.cache import Cache


class Command(BaseCommand):
    """``manage.py cache_verify``; ends with a status other than 0 where something was wrong."""

    help = (
        "Compare every file of the cache with its checksum: damaged ones are set aside, and made"
        " again when they are needed. Files that the index lacks are registered; rows whose files"
        " are gone are removed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify; raises `CommandError` where a file was damaged or gone."""
        cache = Cache(Path(settings.VO_CACHE_ROOT))
        identities = list(cache.identities())
        damaged = [
            identity
            for identity in tqdm(identities, unit="file", disable=None)
            if cache.find(identity) is None
        ]
        named = cache_index.names(damaged)
        cache_index.forget(damaged)
        registered = cache_index.register_from_disk(cache)
        lost = cache_index.forget_lost(cache)
        for identity in damaged:
            self.stdout.write(f"damaged, set aside: {named.get(identity, '')} {identity}")
        for label in lost:
            self.stdout.write(f"in the index, but not on the disk: {label}")
        for identity, words in cache.unlike().items():
            self.stdout.write(f"made twice, and differing beyond tolerance: {identity}, {words}")
        self.stdout.write(
            f"{len(identities) - len(damaged)} files are whole, {len(damaged)} were damaged,"
            f" {registered} were not in the index, {len(lost)} rows had no file"
        )
        if damaged or lost:
            raise CommandError(
                "the cache was not as it should be; it is now, and what it lacks is made again when"
                " it is needed"
            )
