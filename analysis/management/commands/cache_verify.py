"""Compare every file of the cache with its checksum, and the files with the index."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from analysis import cache_index
from analysis.cache import Cache
from analysis.errors import CacheUnreachable


class Command(BaseCommand):
    """``manage.py cache_verify``; ends with a status other than 0 where something was wrong."""

    help = (
        "Compare every file of the cache with its checksum: damaged ones are set aside, and made"
        " again when they are needed. Files that the index lacks are registered; rows whose files"
        " are gone are removed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """``--accept-folder``."""
        parser.add_argument(
            "--accept-folder",
            action="store_true",
            help="the folder is a new one, or has lost what it held: it is the cache from now on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify; raises `CommandError` where a file was damaged, unreadable or gone."""
        cache = Cache(Path(settings.VO_CACHE_ROOT))
        try:
            cache_index.require_folder(cache, accept=options["accept_folder"])
            is_as_it_should_be = self._verify(cache, options["accept_folder"])
        except CacheUnreachable as problem:
            raise CommandError(
                f"{problem} ({cache.root}); where it is a new one or has lost what it held:"
                " cache_verify --accept-folder"
            ) from problem
        if not is_as_it_should_be:
            raise CommandError(
                "the cache was not as it should be; what it lacks now is made again when it is"
                " needed"
            )

    def _verify(self, cache: Cache, may_lack_files: bool) -> bool:
        identities = list(cache.identities())
        damaged, unreadable = _faults(cache, tqdm(identities, unit="file", disable=None))
        named = cache_index.names([*damaged, *unreadable])
        cache_index.forget(damaged)
        registered = cache_index.register_from_disk(cache)
        lost = cache_index.forget_lost(cache)
        for identity in damaged:
            self.stdout.write(f"damaged, set aside: {named.get(identity, '')} {identity}")
        for identity, words in unreadable.items():
            self.stdout.write(f"can't be read: {named.get(identity, '')} {identity}, {words}")
        for label in lost:
            self.stdout.write(f"in the index, but not on the disk: {label}")
        for identity, words in cache.unlike().items():
            self.stdout.write(f"made twice, and differing beyond tolerance: {identity}, {words}")
        whole = len(identities) - len(damaged) - len(unreadable)
        self.stdout.write(
            f"{whole} files are whole, {len(damaged)} were damaged, {len(unreadable)} can't be"
            f" read, {registered} were not in the index, {len(lost)} rows had no file"
        )
        return not (damaged or unreadable or (lost and not may_lack_files))


def _faults(cache: Cache, identities: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Which of these are damaged, and which can't be read, with the reason in words."""
    damaged: list[str] = []
    unreadable: dict[str, str] = {}
    for identity in identities:
        try:
            if cache.find(identity) is None:
                damaged.append(identity)
        except CacheUnreachable as problem:
            unreadable[identity] = problem.reason
    return damaged, unreadable
