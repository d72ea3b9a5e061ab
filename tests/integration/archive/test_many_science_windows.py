"""An ingest large enough for processes of its own."""

import pytest
from django.db import connection
from strangers_archive import write_science_window

from archive.ingest.parallel import WORTH_PROCESSES
from archive.ingest.service import ingest
from archive.models import ScienceWindow

pytestmark = pytest.mark.django_db


def test_many_are_examined_in_processes_and_loaded_in_order(archive_root):
    scws = [f"0665{n:04d}0010.001" for n in range(WORTH_PROCESSES + 2)]
    for scw in scws:
        write_science_window(archive_root, scw, count=5, changes={"REVOL": 665})
    write_science_window(archive_root, "066600010010.001", count=5, changes={"REVOL": 1})

    report = ingest([archive_root])

    assert (report.loaded, report.bad) == (len(scws), 1)
    assert list(ScienceWindow.objects.order_by("ingested_at").values_list("scw", flat=True)) == scws


def test_a_cone_search_can_use_the_index(archive_root):
    write_science_window(archive_root, count=5)
    ingest([archive_root])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for condition, index in (
            (
                "spoint(radians(s_ra), radians(s_dec)) <@ scircle(spoint(1.46, 0.38), 0.1)",
                "archive_obscore_position",
            ),
            ("s_region ~ spoint(1.46, 0.38)", "archive_obscore_region"),
            ("s_region && scircle(spoint(1.46, 0.38), 0.1)", "archive_obscore_region"),
        ):
            cursor.execute(f"EXPLAIN SELECT obs_id FROM archive_obscore WHERE {condition}")
            assert index in "\n".join(line for (line,) in cursor.fetchall())
