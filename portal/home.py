"""What the home page says, collected from the rooms below as one value."""

from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache

from archive.statistics import ArchiveStatistics, Mosaic, archive_statistics, latest_mosaic
from provenance.statistics import Statistics as ProvenanceStatistics
from provenance.statistics import statistics as provenance_statistics
from uws import registry
from uws.statistics import RecentJob, recent_jobs

_LAST_JOBS = 8
# Counting takes long in a large archive; a page that is asked often counts now and then.
_COUNTED_FOR_S = 15
_COUNTS = "portal.home.counts"


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    archive: ArchiveStatistics
    provenance: ProvenanceStatistics


@dataclass(frozen=True, slots=True)
class Workflow:
    """An analysis that is offered. url: its UWS job list. form_url: the page to run it from."""

    title: str
    description: str
    url: str
    form_url: str


@dataclass(frozen=True, slots=True)
class HomePage:
    """All that the page's template needs.

    site_url, tap_url: absolute, without a slash at the end. mosaic: the newest public one.
    """

    site_url: str
    tap_url: str
    counts: Counts
    workflows: tuple[Workflow, ...]
    jobs: tuple[RecentJob, ...]
    mosaic: Mosaic | None

    @property
    def is_simulated(self) -> bool:
        """Whether simulated data are in the archive."""
        return self.counts.archive.simulated_science_windows > 0

    @property
    def is_all_simulated(self) -> bool:
        """Whether nothing but simulated data is in the archive."""
        archive = self.counts.archive
        return self.is_simulated and archive.simulated_science_windows == archive.science_windows


def home_page() -> HomePage:
    """The page as it is now; its counts may be some seconds old."""
    site_url = settings.SITE_URL
    return HomePage(
        site_url=site_url,
        tap_url=f"{site_url}/tap",
        counts=_recent_counts(),
        workflows=tuple(
            Workflow(
                kind.title,
                kind.description,
                f"{site_url}{kind.path}",
                f"{site_url}/analyses/{kind.name}",
            )
            for kind in registry.all()
            if kind.path.startswith("/uws/")
        ),
        jobs=recent_jobs(_LAST_JOBS),
        mosaic=latest_mosaic(),
    )


def _recent_counts() -> Counts:
    """The counts, made at most `_COUNTED_FOR_S` ago."""
    counted = cache.get(_COUNTS)
    if not isinstance(counted, Counts):
        counted = Counts(archive=archive_statistics(), provenance=provenance_statistics())
        cache.set(_COUNTS, counted, _COUNTED_FOR_S)
    return counted
