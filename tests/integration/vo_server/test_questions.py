"""Questions that name a version are answered by what that version made, and by nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
import sample_observations
from django.db import connection

import adql
from archive.models import ObsCoreRow
from provenance import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    UsedRecord,
)
from provenance.description_store import describe
from provenance.descriptions import KindOfActivity
from provenance.store import enter
from provenance.tables.questions import questions
from tap import published

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
#: Jobs: the server's version, edition of the catalogue, engine, version of OSA, day.
JOBS = {
    "old": ("0.9.0", "0042", "coded_mask", None, NOON),
    "new": ("0.10.0", "0043", "coded_mask", None, NOON),
    "by-osa": ("0.10.0", "0043", "osa", "11.2", NOON),
    "by-old-osa": ("0.10.0", "0042", "osa", "11.1", NOON),
    "yesterday": ("0.10.0", "0042", "coded_mask", None, NOON - timedelta(days=1)),
}


def software(name: str) -> InvolvedRecord:
    agent = AgentRecord(f"ivo://x/agent?{name.replace(' ', '-')}", name, AgentType.SOFTWARE)
    return InvolvedRecord(agent, "software")


def product(name: str) -> str:
    return f"ivo://x/product?{name}"


def step(name: str) -> ActivityRecord:
    """The step that computed, with an edition of the catalogue, what a job gave."""
    version, edition, engine, osa, start = JOBS[name]
    catalogue = EntityRecord(
        f"ivo://x/archive?{edition}", location=f"cat/hec/gnrl_refr_cat_{edition}.fits", public=True
    )
    made = EntityRecord(f"ivo://x/entity?{name}", public=True)
    return ActivityRecord(
        f"ivo://x/activity?{name}-step", f"{engine}_image", "3", start, start,
        used=(UsedRecord(catalogue, "catalogue"),),
        generated=(GeneratedRecord(made, "image"),),
        agents=(software(f"vo_server {version}"), software("numpy 2.0"),
                *([software(f"OSA {osa}")] if osa else [])),
        public=True,
    )  # fmt: skip


def job(name: str, version: str, start: datetime, steps_of: str) -> ActivityRecord:
    """A job that gave what a step had made, for it or for another job before."""
    return ActivityRecord(
        f"ivo://x/activity?{name}", "isgri_image", version, start, start,
        used=(UsedRecord(EntityRecord.reference(f"ivo://x/entity?{steps_of}"), "image"),),
        generated=(GeneratedRecord(EntityRecord(product(name), public=True), "mosaic"),),
        agents=(software(f"vo_server {version}"),),
        informants=(f"ivo://x/activity?{steps_of}-step",),
        public=True,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def history() -> None:
    """Two versions of everything, their products listed around the Crab."""
    describe(
        [
            *(
                KindOfActivity("isgri_image", version, type="Analysis", subtype="job")
                for version in ("0.9.0", "0.10.0")
            ),
            *(
                KindOfActivity(f"{engine}_image", "3", type="Reconstruction", subtype=engine)
                for engine in ("coded_mask", "osa")
            ),
        ]
    )
    enter([step(name) for name in JOBS])
    enter([job(name, version, start, name) for name, (version, *_, start) in JOBS.items()])
    sample_observations.enter(len(JOBS))
    for row, name in zip(ObsCoreRow.objects.order_by("obs_id"), JOBS, strict=True):
        row.obs_publisher_did = product(name)
        row.save()


def ask(name: str, version: str, *replaced: tuple[str, str]) -> list[str]:
    """The identifiers in the answer to an example, without what precedes their ``?``."""
    (query,) = (q.query for q in questions(version) if q.identifier == name)
    for old, new in replaced:
        assert old in query
        query = query.replace(old, new)
    with connection.cursor() as cursor:
        cursor.execute(adql.translate(query, published.catalogue(), published.functions()).sql)
        return sorted(row[0].rpartition("?")[2] for row in cursor.fetchall())


def test_products_by_version_of_the_pipeline() -> None:
    assert ask("provenance-version-target", "0.9.0") == ["old"]
    newer = ["by-old-osa", "by-osa", "new", "yesterday"]
    assert ask("provenance-version-target", "0.10.0") == newer
    assert ask("provenance-version-target", "0.1") == []


def test_products_by_version_of_the_calibration() -> None:
    assert ask("provenance-calibration", "0.10.0") == ["by-osa", "new"]
    older = ask("provenance-calibration", "0.10.0", ("refr_cat_0043", "refr_cat_0042"))
    assert older == ["by-old-osa", "old", "yesterday"]


def test_jobs_of_a_day_by_version_of_the_embedded_engine() -> None:
    # what OSA computed was called by the server of that version, too
    assert ask("provenance-day", "0.10.0") == ["new"]
    assert ask("provenance-day", "0.9.0") == ["old"]
    day = (("2026-11-21T", "2026-11-20T"), ("2026-11-22T", "2026-11-21T"))
    assert ask("provenance-day", "0.10.0", *day) == ["yesterday"]


def test_jobs_of_a_day_by_version_of_osa() -> None:
    for version, found in (("11.2", "by-osa"), ("11.1", "by-old-osa")):
        engine = (("'coded_mask'", "'osa'"), ("'vo_server 0.10.0'", f"'OSA {version}'"))
        assert ask("provenance-day", "0.10.0", *engine) == [found]


def test_a_job_that_found_its_results_in_the_cache_counts_by_who_computed_them() -> None:
    enter([job("today", "0.10.0", NOON, "old")])
    assert ask("provenance-day", "0.9.0") == ["old", "today"]
    assert ask("provenance-day", "0.10.0") == ["new"]
