"""The image job from parameters to products, on simulated Science Windows of the Crab."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from django.db import connection

from analysis import cache_index, plans
from analysis.cache import Cache
from analysis.jobs import ISGRI_IMAGE
from analysis.models import CachedStep, StepPin
from archive.models import ScienceWindow
from auth.principal import ANONYMOUS, Principal
from dali.parameters import Parameters
from uws.errors import JobFailure

Image = Callable[..., Any]
CRAB = SkyCoord(83.6331, 22.0145, unit="deg")


def rows(sql: str) -> list[tuple[Any, ...]]:
    """What the published tables hold."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.fixture
def embargoed_scw(archive) -> str:
    return str(ScienceWindow.objects.filter(release_date__year=2099).first().scw)


def test_the_same_job_again_runs_no_step(image: Image, crab_scws: list[str]):
    first = image(scw_list=tuple(crab_scws[:2]))
    again = image(scw_list=tuple(reversed(crab_scws[:2])))
    assert len(first.steps("done")) == 4 * 2 + 5
    assert again.steps("done") == []
    assert again.steps("restored from cache") == [
        "mosaic_sources",
        "source_lists",
        "mosaic",
        "preview",
    ]
    pins = StepPin.objects.values("identity")
    pinned = CachedStep.objects.filter(identity__in=pins).values_list("kind", flat=True)
    assert {"mosaic", "mosaic_sources", "preview"} <= set(pinned), "published products hold them"
    assert all(rights.is_public() for rights in cache_index.rights(_all_steps()).values())
    with fits.open(first.results["mosaic"]) as one, fits.open(again.results["mosaic"]) as other:
        for a, b in zip(one[2:6], other[2:6], strict=True):
            assert np.array_equal(a.data, b.data, equal_nan=True)


def _all_steps() -> list[str]:
    return list(CachedStep.objects.values_list("identity", flat=True))


def _windows_behind(done: Any) -> set[str]:
    """The Science Windows whose events a job's mosaic comes from."""
    entity = fits.getheader(done.results["mosaic"])["PROVENT"]
    found = rows(
        "SELECT e.location FROM provenance.lineage l JOIN provenance.entity e ON e.id = l.ancestor"
        f" WHERE l.descendant = '{entity}' AND e.location LIKE '%isgri_events%'"
    )
    return {location.split("/")[2] for (location,) in found}


def planned(scws: list[str]) -> dict[str, int]:
    """How many steps a job would run now."""
    sent = Parameters([("scw_list", ",".join(scws))])
    counts: dict[str, int] = plans.of_request(ISGRI_IMAGE, sent, ANONYMOUS).json()["steps"]
    return counts


def test_one_new_science_window_runs_its_own_steps_and_the_mosaic(
    image: Image, crab_scws: list[str], settings
):
    image(scw_list=tuple(crab_scws[:3]))
    before = planned(crab_scws[1:4])
    assert (before["to_run"], before["provisional"]) == (3 + 5 + 3, 3 + 2), "as far as is known"
    more = image(scw_list=tuple(crab_scws[1:4]))
    assert sorted(more.steps("done")) == [
        "clean",
        "events",
        "mosaic",
        "mosaic",
        "mosaic_sources",
        "preview",
        "shadowgram",
        "sky_image",
        "source_lists",
    ]
    assert more.steps("restored from cache").count("clean") == 2
    # two were told by a list made with a Science Window that isn't in this mosaic
    assert crab_scws[0] not in _windows_behind(more)
    assert set(crab_scws[1:4]) == _windows_behind(more)
    after = planned(crab_scws[1:4])
    assert (after["to_run"], after["provisional"]) == (0, 0)
    for row in CachedStep.objects.filter(kind="mosaic_sources"):
        path = Cache(Path(settings.VO_CACHE_ROOT)).path(row.identity, row.file_name)
        path.write_bytes(path.read_bytes()[:-1])
    damaged = planned(crab_scws[1:4])
    assert damaged["provisional"] == 3 + 2, "nothing is told by a damaged list"


def test_another_energy_band_reuses_the_good_events(image: Image, crab_scws: list[str]):
    first = image(scw_list=tuple(crab_scws[:2]))
    other = image(scw_list=tuple(crab_scws[:2]), E1_keV="40", E2_keV="80")
    assert first.steps("main done").count("events") == 2
    assert other.steps("restored from cache") == ["events", "events"]
    assert {"shadowgram", "sky_image", "mosaic"} <= set(other.steps("main done"))
    assert "events" not in other.steps("main done")


def test_science_windows_are_found_by_place_and_time(image: Image, crab_scws: list[str]):
    found = image(src_name="crab", radius="5", T1="2008-03-01T00:00:00", T2="2008-05-01T00:00:00")
    assert found.messages[0] == f"{len(crab_scws)} Science Windows"
    # the position is the catalogue's: the job's steps have used that, of which none is a value
    told = rows(
        "SELECT p.name, p.value_entity_id FROM provenance.parameter p"
        " JOIN provenance.was_configured_by c ON c.parameter_id = p.id"
        " JOIN provenance.activity a ON a.id = c.activity_id"
        " WHERE a.name = 'isgri_image' AND p.name IN ('RA', 'DEC') ORDER BY 1"
    )
    assert told == [("DEC", None), ("RA", None)]
    users = rows(
        "SELECT DISTINCT a.name FROM provenance.used u"
        " JOIN provenance.activity a ON a.id = u.activity_id WHERE u.role = 'catalogue' ORDER BY 1"
    )
    assert users == [("mosaic_sources",), ("sky_image",)]


def test_a_random_subset_is_taken_where_more_match_and_its_seed_is_recorded(
    image: Image, crab_scws: list[str]
):
    done = image(RA="83.6", DEC="22", max_pointings="2")
    assert f"2 of {len(crab_scws)} Science Windows, chosen at random with seed" in done.messages[0]
    seed = done.messages[0].split()[-1]
    assert rows("SELECT \"value\" FROM provenance.parameter WHERE name = 'selection_seed'") == [
        (seed,)
    ]
    assert image(RA="83.6", DEC="22", max_pointings="2").steps("done") == []


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"scw_list": "012300010010.001"}, "012300010010.001"),
        ({"src_name": "No Such Source"}, "No Such Source"),
        ({"RA": "200", "DEC": "-60", "radius": "3"}, "EmptyScWList"),
        ({"src_name": "Crab", "T1": "2004-01-01T00:00:00", "T2": "2004-01-02T00:00:00"}, "Empty"),
    ],
)
def test_what_the_archive_does_not_have_is_said(image: Image, sent: dict[str, str], said: str):
    with pytest.raises(JobFailure, match=said):
        image(**sent)


def test_withheld_data_are_refused_to_strangers(image: Image, embargoed_scw: str):
    with pytest.raises(JobFailure, match=f"{embargoed_scw} are not public"):
        image(scw_list=embargoed_scw)


def test_an_administrator_may_use_withheld_data_and_nothing_of_it_becomes_public(
    image: Image, embargoed_scw: str, django_user_model
):
    user = django_user_model.objects.create_superuser("operator")
    root = Principal(user.pk, "operator", is_administrator=True)
    with pytest.raises(JobFailure, match="all-private"):
        image(root, scw_list=embargoed_scw)
    done = image(root, scw_list=embargoed_scw, integral_data_rights="all-private")
    assert rows("SELECT 1 FROM ivoa.obscore WHERE calib_level > 1") == []
    entity = fits.getheader(done.results["mosaic"])["PROVENT"]
    assert rows(f"SELECT 1 FROM provenance.entity WHERE id = '{entity}'") == []
    assert rows("SELECT 1 FROM provenance.activity WHERE name = 'isgri_image'") == []
    released = CachedStep.objects.values_list("kind", "release_date__year")
    assert ("mosaic", 2099) in released, "the embargo sticks to what is made from the data"
    assert {year for _, year in released} == {2099}
    assert not StepPin.objects.exists()


def test_a_job_that_is_not_to_publish_leaves_no_row(image: Image, crab_scws: list[str]):
    done = image(ANONYMOUS, scw_list=crab_scws[0], publish="0")
    assert done.results["mosaic"].exists()
    assert rows("SELECT 1 FROM ivoa.obscore WHERE calib_level > 1") == []


def test_a_damaged_science_window_is_left_out_and_named(
    image: Image, crab_scws: list[str], tmp_path, settings, small_archive
):
    root = tmp_path / "archive"
    shutil.copytree(small_archive, root)
    settings.VO_ARCHIVE_ROOT = root
    bad = crab_scws[1]
    (root / f"scw/{bad[:4]}/{bad}/isgri_events.fits.gz").write_bytes(b"not a FITS file")
    done = image(scw_list=tuple(crab_scws[:3]))
    assert any("left out" in message and bad in message for message in done.messages)
    assert fits.getheader(done.results["mosaic"])["NSCW"] == 2
    settings.VO_ANALYSIS_MOST_FAILED = 0.3
    with pytest.raises(JobFailure, match=f"EmptyImageList: 1 of 3.*{bad}"):
        image(scw_list=tuple(crab_scws[:3]))


def test_a_job_with_nothing_but_damaged_science_windows_fails_by_name(
    image: Image, crab_scws: list[str], tmp_path, settings
):
    settings.VO_ARCHIVE_ROOT = tmp_path / "empty"
    with pytest.raises(JobFailure, match=f"EmptyImageList.*{crab_scws[0]}"):
        image(scw_list=crab_scws[0])


def test_the_threshold_decides_what_is_listed_not_what_is_cleaned(
    image: Image, crab_scws: list[str]
):
    all_of_them = image(scw_list=crab_scws[0], detection_threshold="7")
    none = image(scw_list=crab_scws[0], detection_threshold="1000")
    assert len(Table.read(all_of_them.results["sources"], format="votable")) >= 1
    assert len(Table.read(none.results["sources"], format="votable")) == 0
    assert none.steps("done") == ["preview"], "the mosaic is the same"
