"""An ingest in processes of its own, and searches of what it loaded."""

import pytest
from django.db import connection
from strangers_archive import write_science_window

from adql import translate
from adql.schema import Catalogue
from archive.ingest import parallel
from archive.ingest.service import ingest
from archive.models import ScienceWindow
from archive.tables import published_schemas

pytestmark = pytest.mark.django_db


def test_many_are_examined_in_processes_and_loaded_in_order(archive_root, monkeypatch):
    monkeypatch.setattr(parallel, "WORTH_PROCESSES_BYTES", 0)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})
    scws = [f"0665{n:04d}0010.001" for n in range(5)]
    for scw in scws:
        write_science_window(archive_root, scw, count=5, changes={"REVOL": 665})
    write_science_window(archive_root, "066600010010.001", count=5, changes={"REVOL": 1})

    report = ingest([archive_root])

    assert (report.loaded, report.bad) == (len(scws), 1)
    assert list(ScienceWindow.objects.order_by("ingested_at").values_list("scw", flat=True)) == scws


OBSCORE = Catalogue(published_schemas())


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (
            "1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(83.6, 22.0, 10.0))",
            "archive_obscore_position",
        ),
        ("DISTANCE(POINT(s_ra, s_dec), POINT(83.6, 22.0)) < 10.0", "archive_obscore_position"),
        ("1 = CONTAINS(POINT(83.6, 22.0), s_region)", "archive_obscore_region"),
        ("1 = INTERSECTS(s_region, CIRCLE(83.6, 22.0, 1.0))", "archive_obscore_region"),
    ],
)
def test_queries_of_the_sky_use_the_indexes(archive_root, condition: str, index: str):
    write_science_window(archive_root, count=5)
    ingest([archive_root])
    query = translate(f"SELECT obs_publisher_did FROM ivoa.obscore WHERE {condition}", OBSCORE)

    with connection.cursor() as cursor:
        # the planner would rather read a table of one row
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + query.sql)
        plan = "\n".join(line for (line,) in cursor.fetchall())
        assert index in plan
        cursor.execute(query.sql)
        assert len(cursor.fetchall()) == 1
