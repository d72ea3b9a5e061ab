"""Where the archive's files come from, as the provenance tables tell."""

import os
import socket
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from strangers_archive import write_science_window
from strangers_tables import write_catalogue, write_observations

from archive.ingest.edits import edit
from archive.ingest.problems import Problem
from archive.ingest.recording import record_refusal
from archive.ingest.reference import load_catalogue, load_observations
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
    assert [role for _, role in attributed] == ["Creator"]
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


def test_an_ingest_names_the_operators_as_a_group_and_the_software(archive_root: Path):
    write_science_window(archive_root, count=5)
    ingest([archive_root])
    write_science_window(archive_root, "066500340010.001", count=5, changes={"REVOL": 1})
    ingest([archive_root])
    associated = rows(
        "SELECT a.status, w.public, w.role, split_part(g.name, ' ', 1), g.type"
        " FROM provenance_was_associated_with AS w"
        " JOIN provenance_agent AS g ON g.id = w.agent_id"
        " JOIN provenance_activity AS a ON a.id = w.activity_id"
        " WHERE w.role NOT IN ('platform', 'source') ORDER BY a.id, w.role"
    )
    assert associated == [
        ("completed", True, "Operator", "Operators", "Organization"),
        ("completed", True, "software", "vo_server", "SoftwareAgent"),
        ("failed", False, "Operator", "Operators", "Organization"),
        ("failed", False, "software", "vo_server", "SoftwareAgent"),
    ]


def test_a_folder_whose_name_is_not_utf_8_is_ingested(archive_root: Path, tmp_path: Path):
    tree = tmp_path / os.fsdecode(b"gr\xfcn")
    write_science_window(tree, count=5)
    write_science_window(tree, "066500340010.001", count=5, changes={"REVOL": 1})
    report = ingest([tree])
    assert (report.loaded, report.bad) == (1, 1)
    told = rows("SELECT status, private_comment FROM provenance_activity ORDER BY 1")
    assert [status for status, _ in told] == ["completed", "failed"]
    assert all("gr\N{REPLACEMENT CHARACTER}n/scw" in comment for _, comment in told)


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


def test_an_ingest_that_failed_its_checks_is_recorded_for_administrators(archive_root: Path):
    folder = write_science_window(archive_root, count=5, changes={"REVOL": 1})
    (archive_root / "obs").mkdir()
    (archive_root / "obs" / "observations.fits").write_text("no FITS")
    ingest([archive_root])

    told = rows(
        "SELECT name, status, public, comment, private_comment FROM provenance_activity ORDER BY 1"
    )
    assert [(name, status, public) for name, status, public, _, _ in told] == [
        ("ingest", "failed", False),
        ("ingest_observations", "failed", False),
    ]
    for _, _, _, comment, private in told:
        assert comment == "Refused: one fault."
        assert str(archive_root) in private
    assert "REVOL" in told[0][4]
    assert folder.exists()


def test_of_many_faults_the_first_twenty_are_recorded(db: None, tmp_path: Path):
    faults = [Problem(tmp_path / "file.fits", f"fault {number}") for number in range(25)]
    record_refusal("ingest", tmp_path, faults)
    ((comment, private),) = rows("SELECT comment, private_comment FROM provenance_activity")
    assert comment == "Refused: 25 faults."
    assert "fault 19" in private
    assert "fault 20" not in private


def changes(activity: str) -> list[tuple[str, dict[str, str]]]:
    """Remark and parameters of each run of an activity, in order."""
    found = rows(
        "SELECT a.id, a.comment, p.name, p.value FROM provenance_activity AS a"
        " JOIN provenance_was_configured_by AS w ON w.activity_id = a.id AND w.public"
        " JOIN provenance_parameter AS p ON p.id = w.parameter_id"
        f" WHERE a.name = '{activity}' AND a.public ORDER BY a.id"
    )
    told: dict[int, tuple[str, dict[str, str]]] = {}
    for key, comment, name, value in found:
        told.setdefault(key, (comment or "", {}))[1][name] = value
    return list(told.values())


def test_a_new_edition_of_the_catalogue_tells_what_it_changes_and_the_old_one_stays_explained(
    archive_root: Path,
):
    load_catalogue(write_catalogue(archive_root, 43, ("Crab", "Cyg X-1")))
    load_catalogue(write_catalogue(archive_root, 44, ("Crab Nebula", "Cyg X-1", "GX 5-1")))
    load_catalogue(write_catalogue(archive_root, 42, ("Crab",)))

    first, second, third = changes("ingest_catalogue")
    assert "replaces" not in first[1]
    old = "ivo://x-unregistered.vo-server/archive?cat/hec/gnrl_refr_cat_0043"
    assert second[1].items() >= {
        ("replaces", old), ("added", "1"), ("removed", "0"), ("changed", "2")
    }  # fmt: skip
    assert second[0].startswith("Added: J000002. Changed: J000000 (name, isgri_flag); J000001 (")
    assert third[0] == "An older edition than gnrl_refr_cat_0044.fits, which stays in use."
    kept = rows(
        "SELECT e.location, e.invalidated_at_time FROM provenance_entity AS e"
        " JOIN provenance_was_generated_by AS w ON w.entity_id = e.id"
        f" WHERE e.identifier = '{old}' AND e.public"
    )
    assert kept == [("cat/hec/gnrl_refr_cat_0043.fits", None)]
    assert rows("SELECT count(*) FROM provenance_lineage") == [(0,)], (
        "what is made from one edition does not come from another"
    )


def test_each_change_of_the_observation_table_is_recorded_as_a_generation_of_it(
    archive_root: Path,
):
    table = write_observations(archive_root)
    assert load_observations(table)
    assert not load_observations(table)
    assert load_observations(write_observations(archive_root, TITLE="Crab", RELEASE="2030-01-01"))
    assert load_observations(write_observations(archive_root))

    made, edited, back = changes("ingest_observations")
    assert made[1].items() >= {("added", "1"), ("changed", "0")}
    assert edited[1].items() >= {("added", "0"), ("changed", "1")}
    assert edited[0] == back[0] == "Changed: 88600010001 (title, release_date)."
    checksums = rows(
        "SELECT checksum FROM provenance_entity WHERE location = 'obs/observations.fits'"
        " ORDER BY id"
    )
    assert len(checksums) == 3
    assert checksums[0] == checksums[2] != checksums[1]
    assert rows("SELECT count(*) FROM provenance_was_generated_by WHERE public") == [(3,)]


@given(
    before=st.dictionaries(st.sampled_from("abc"), st.integers(0, 1)),
    after=st.dictionaries(st.sampled_from("abc"), st.integers(0, 1)),
)
def test_an_edit_is_nothing_exactly_where_all_is_as_before(before, after):
    def entries(values):
        return {key: {"x": value} for key, value in values.items()}

    made = edit(entries(before), entries(after))
    assert bool(made) == (before != after)
    assert {*made.added, *made.changed} <= set(after)
    assert set(made.removed) == set(before) - set(after)
