"""Where the archive's files come from, as the provenance tables tell."""

from pathlib import Path

import pytest
from django.db import connection
from strangers_archive import write_science_window

from archive.ingest.service import ingest

pytestmark = pytest.mark.django_db

DID = "ivo://x-unregistered.vo-server/archive?scw/0665/066500330010.001/isgri_events"


def rows(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_an_event_file_is_an_entity_that_an_ingest_made(archive_root: Path):
    write_science_window(archive_root, count=5)
    ingest([archive_root])
    ingest([archive_root])

    entities = rows("SELECT identifier, location, public FROM provenance_entity ORDER BY 1 DESC")
    assert entities == [
        (DID.replace("isgri_events", "swg"), "scw/0665/066500330010.001/swg.fits", True),
        (DID, "scw/0665/066500330010.001/isgri_events.fits.gz", True),
    ]
    assert rows("SELECT name, status FROM provenance_activity") == [("ingest", "completed")]
    (agent,) = rows("SELECT name FROM provenance_agent")
    assert agent[0].startswith("vo_server ")


def test_a_bad_science_window_leaves_no_provenance(archive_root: Path):
    write_science_window(archive_root, count=5, changes={"REVOL": 1})
    ingest([archive_root])

    assert rows("SELECT count(*) FROM provenance_entity") == [(0,)]
