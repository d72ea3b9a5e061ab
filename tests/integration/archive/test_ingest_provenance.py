"""Where the archive's files come from, as the provenance tables tell."""

import socket
from pathlib import Path

import pytest
from django.db import connection
from strangers_archive import write_science_window

from archive.ingest.reference import load_catalogue
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
        (DID.removesuffix("/isgri_events"), None, True),
    ]
    assert rows("SELECT count(*) FROM provenance_had_member") == [(2,)]
    assert rows("SELECT name, status FROM provenance_activity") == [("ingest", "completed")]
    agents = {name for (name,) in rows("SELECT name FROM provenance_agent WHERE public")}
    assert any(name.startswith("vo_server 0") or name.startswith("vo_server 1") for name in agents)
    assert any(" on " in name and "Python" in name for name in agents)
    attributed = rows(
        "SELECT DISTINCT g.name, w.role FROM provenance_was_attributed_to AS w"
        " JOIN provenance_agent AS g ON g.id = w.agent_id WHERE w.public"
    )
    assert [role for _, role in attributed] == ["creator"]
    parameters = dict(rows("SELECT name, value FROM provenance_parameter WHERE public"))
    assert parameters == {"checks": "structure, keywords, SHA-256", "files": "2"}


def test_an_ingest_tells_administrators_alone_where_it_ran_and_what_it_read(archive_root: Path):
    write_science_window(archive_root, count=5)
    ingest([archive_root])
    ((private, public),) = rows("SELECT private_comment, comment FROM provenance_activity")
    assert f"Ran on {socket.gethostname()} as " in private
    assert str(archive_root) in private
    assert public is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM provenance_public_activity")
        assert "private_comment" not in {column.name for column in cursor.description}


def test_an_edition_of_the_catalogue_is_an_entity_that_an_ingest_made(
    archive_root: Path, small_archive: Path
):
    (catalogue,) = (small_archive / "cat").rglob("gnrl_refr_cat*")
    assert load_catalogue(catalogue)
    assert not load_catalogue(catalogue)
    ((name, location),) = rows(
        "SELECT a.name, e.location FROM provenance_was_generated_by AS w"
        " JOIN provenance_activity AS a ON a.id = w.activity_id"
        " JOIN provenance_entity AS e ON e.id = w.entity_id WHERE w.public"
    )
    assert name == "ingest_catalogue"
    assert location.startswith("cat/")


def test_a_bad_science_window_leaves_no_provenance(archive_root: Path):
    write_science_window(archive_root, count=5, changes={"REVOL": 1})
    ingest([archive_root])

    assert rows("SELECT count(*) FROM provenance_entity") == [(0,)]
