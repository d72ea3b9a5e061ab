"""The reference catalogue and the observation table."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from strangers_archive import CRAB, write_science_window
from strangers_tables import write_catalogue, write_observations

from archive.catalogue import edition, source_named, sources, sources_near
from archive.ingest.service import ingest
from archive.models import DataProduct, ObsCoreRow, Observation, ScienceWindow, Source

pytestmark = pytest.mark.django_db

SCW = "066500330010.001"


def test_a_strangers_catalogue_becomes_sources(archive_root: Path):
    write_catalogue(archive_root)

    assert ingest([archive_root]).others == 1
    crab, cyg = sources()
    assert (crab.name, crab.isgri_flag, crab.isgri_flux_1, crab.source_class) == (
        "Crab",
        1,
        None,
        None,
    )
    assert crab.position_error == pytest.approx(0.001)
    assert [s.name for s in sources(minimum_isgri_flag=1)] == ["Crab"]
    assert [s.name for s in sources_near(*CRAB, 5.0)] == ["Crab"]
    assert source_named("cygx-1") == cyg
    assert source_named("nothing") is None
    found = edition()
    assert found is not None
    assert found.location == "cat/hec/gnrl_refr_cat_0043.fits"
    assert found.entity_id.endswith("/archive?cat/hec/gnrl_refr_cat_0043")


def test_the_same_catalogue_again_changes_nothing(archive_root: Path, outside: Path):
    write_catalogue(outside)
    ingest([outside])
    assert (archive_root / "cat/hec/gnrl_refr_cat_0043.fits").is_file()

    for path in (outside, archive_root):
        report = ingest([path])
        assert (report.others, report.bad) == (0, 0)


def test_a_later_edition_replaces_the_sources_and_an_earlier_one_does_not(archive_root: Path):
    write_catalogue(archive_root, 44, ("Crab", "Vela X-1"))
    ingest([archive_root])
    write_catalogue(archive_root, 43)
    ingest([archive_root])
    assert [s.name for s in sources()] == ["Crab", "Vela X-1"]

    write_catalogue(archive_root, 45, ("Crab", "GRS 1915+105"))
    ingest([archive_root])
    assert [s.name for s in sources()] == ["Crab", "GRS 1915+105"]
    assert DataProduct.objects.filter(kind="reference_catalogue").count() == 3


def test_a_changed_catalogue_of_the_same_number_is_refused(archive_root: Path, outside: Path):
    write_catalogue(outside)
    ingest([outside])
    write_catalogue(outside, names=("Crab", "Sco X-1"))

    report = ingest([outside])

    assert "needs the next number" in str(report.problems[0])
    assert [s.name for s in sources()] == ["Crab", "Cyg X-1"]


@pytest.mark.parametrize(("names", "message"), [(("Crab", ""), "row 2 has no name")])
def test_a_bad_catalogue_is_refused(archive_root: Path, names, message):
    write_catalogue(archive_root, names=names)

    report = ingest([archive_root])

    assert message in str(report.problems[0])
    assert not Source.objects.exists()


def test_a_damaged_catalogue_does_not_stop_the_others(archive_root: Path):
    write_catalogue(archive_root).write_bytes(b"SIMPLE  = perhaps")
    write_science_window(archive_root, count=5)

    report = ingest([archive_root])

    assert (report.loaded, report.bad) == (1, 1)


# --- observations ---------------------------------------------------------------------------------


def test_observations_describe_science_windows(archive_root: Path):
    write_observations(archive_root)
    write_science_window(archive_root, count=5)

    report = ingest([archive_root])

    assert (report.loaded, report.others) == (1, 1)
    observation = Observation.objects.get()
    assert (observation.pi_name, observation.title) == ("A. Nobody", "Crab calibration")
    assert ScienceWindow.objects.get().observation == observation
    assert ObsCoreRow.objects.get().proposal_id == "8860001"
    assert ingest([archive_root]).others == 0


def test_a_release_date_closes_what_the_file_calls_public(archive_root: Path):
    write_observations(archive_root, RELEASE="2099-01-01", PS="private")
    write_science_window(archive_root, count=5)
    ingest([archive_root])

    row = ObsCoreRow.objects.get()
    assert row.obs_release_date == datetime(2099, 1, 1, tzinfo=UTC)
    assert row.data_rights == "proprietary"
    assert set(DataProduct.objects.values_list("data_rights", flat=True)) == {"proprietary"}


def test_observations_that_come_later_change_rights_and_proposals(archive_root: Path):
    write_science_window(archive_root, count=5)
    ingest([archive_root])
    assert ObsCoreRow.objects.get().data_rights == "public"

    write_observations(archive_root, RELEASE="2099-01-01")
    assert ingest([archive_root]).others == 1
    row = ObsCoreRow.objects.get()
    assert (row.data_rights, row.proposal_id) == ("proprietary", "8860001")
    assert ScienceWindow.objects.get().release_date == datetime(2099, 1, 1, tzinfo=UTC)

    write_observations(archive_root, RELEASE="2010-01-01")
    ingest([archive_root])
    assert ObsCoreRow.objects.get().data_rights == "public"
    assert set(DataProduct.objects.values_list("data_rights", flat=True)) == {"public"}


@pytest.mark.parametrize(
    ("ps", "release"),
    [
        ("public", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("private", None),
        # TSTOP is 2005-06-23; nothing said means the mission's year
        (None, datetime(2006, 6, 23, tzinfo=UTC)),
    ],
)
def test_without_observations_the_file_says_when_data_are_public(
    archive_root: Path, ps: str | None, release: datetime | None
):
    write_science_window(archive_root, count=5, changes={"PS": ps})
    ingest([archive_root])

    found = ObsCoreRow.objects.get().obs_release_date
    if release is None:
        assert found is None
        assert ObsCoreRow.objects.get().data_rights == "proprietary"
    else:
        assert found is not None
        assert abs((found - release).total_seconds()) < 86400
        assert ObsCoreRow.objects.get().data_rights == "public"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"RELEASE": "soon"}, "[OBSERVATIONS] RELEASE: row 1: 'soon'; must be YYYY-MM-DD"),
        ({"RELEASE": "2020-02-30"}, "RELEASE"),
        ({"PS": "perhaps"}, "must be public, private or empty"),
        ({"OBS_ID": "a b"}, "is no observation id"),
        ({"RA_OBJ": "east"}, "RA_OBJ"),
    ],
)
def test_a_bad_observation_table_is_refused(archive_root: Path, changes, message):
    write_observations(archive_root, **changes)

    report = ingest([archive_root])

    assert message in str(report.problems[0])
    assert not Observation.objects.exists()


def test_another_observation_table_does_not_replace_the_archives(archive_root: Path, outside: Path):
    write_observations(archive_root)
    ingest([archive_root])
    write_observations(outside, TITLE="Another title")

    report = ingest([outside])

    assert "differs from the archive's own" in str(report.problems[0])
    assert Observation.objects.get().title == "Crab calibration"
