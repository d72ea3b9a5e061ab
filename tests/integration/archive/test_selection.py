"""Choosing Science Windows: by name, by place and time, and by right."""

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from strangers_archive import CRAB, write_science_window

from archive.ingest.service import ingest
from archive.models import ScienceWindow
from archive.selection import (
    SelectionError,
    UnknownScienceWindowError,
    WithheldScienceWindowError,
    select,
)
from auth.principal import ANONYMOUS, Principal

pytestmark = pytest.mark.django_db

ADMINISTRATOR = Principal(1, "operator", is_administrator=True)
SOMEBODY = Principal(2, "somebody")


def pointing(number: int) -> str:
    return f"0665{number:04d}0010.001"


def axes(offset: float) -> dict[str, float]:
    """An attitude that many degrees north of the Crab."""
    return {
        "RA_SCX": CRAB[0],
        "DEC_SCX": CRAB[1] + offset,
        "RA_SCZ": CRAB[0],
        "DEC_SCZ": CRAB[1] + offset - 90,
    }


@pytest.fixture
def windows(archive_root: Path) -> list[str]:
    """Pointings 0, 2, 4, ... 10 deg from the Crab, one after the other, all public."""
    for number in range(6):
        write_science_window(archive_root, pointing(number), count=5, changes=axes(2.0 * number))
    assert ingest([archive_root]).bad == 0
    return [pointing(number) for number in range(6)]


def names(**arguments) -> list[str]:
    return [str(r.id) for r in select(principal=ANONYMOUS, **arguments)]


def test_a_record_tells_what_an_analysis_needs(windows, archive_root: Path):
    (record,) = select(principal=ANONYMOUS, ids=[windows[0]])

    assert record.folder == PurePosixPath("scw/0665/066500000010.001")
    assert record.event_file.path == archive_root / record.event_file.location
    assert record.event_file.path.stat().st_size == record.event_file.size
    assert record.frame.ra_x == CRAB[0]
    assert record.good_time_s == pytest.approx(1000, abs=1e-3)
    assert record.obs_id == "88600010001"
    assert record.is_public
    assert record.entity_id.endswith("archive?scw/0665/066500000010.001/isgri_events")


def test_a_cone_takes_pointings_within_its_radius(windows):
    assert names(ra=CRAB[0], dec=CRAB[1], radius=5.0) == windows[:3]


def test_a_cone_may_be_wider_than_half_the_sky(windows):
    opposite = (CRAB[0] + 180, -CRAB[1])
    assert names(ra=opposite[0], dec=opposite[1], radius=180.0) == windows
    assert names(ra=opposite[0], dec=opposite[1], radius=175.0) == windows[3:]
    assert names(ra=opposite[0], dec=opposite[1], radius=90.0) == []


def test_times_take_what_overlaps_them(windows):
    t_min = ScienceWindow.objects.get(scw=windows[2]).t_min
    t_max = ScienceWindow.objects.get(scw=windows[3]).t_max

    assert names(t_start=t_min, t_end=t_max) == windows[2:4]
    assert names(t_start=t_max) == windows[4:]
    assert names(t_end=t_min) == windows[:2]


def test_a_limit_keeps_those_closest_to_the_position_in_order_of_time(windows):
    assert names(ra=CRAB[0], dec=CRAB[1] + 10, radius=30.0, limit=2) == windows[4:]
    assert names(limit=2) == windows[:2]


def test_a_name_without_version_means_the_newest(windows, archive_root: Path):
    write_science_window(archive_root, "066500000010.002", count=5)
    ingest([archive_root])

    assert names(ids=["066500000010"]) == ["066500000010.002"]
    assert names(ids=["066500000010.001"]) == ["066500000010.001"]
    assert names(ra=CRAB[0], dec=CRAB[1], radius=1.0) == ["066500000010.002"]
    with pytest.raises(SelectionError, match="versions of the same data"):
        names(ids=["066500000010.001", "066500000010.002"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ids": ["066599990010.001"]}, "doesn't hold 066599990010.001"),
        ({"ids": ["066599990010"]}, "doesn't hold 066599990010, in any version"),
        ({"ids": ["crab"]}, "is no Science Window"),
        ({"ids": []}, "empty"),
        ({"ids": [pointing(0), pointing(1)], "limit": 1}, "at most 1"),
        ({"ids": [pointing(0)], "t_end": 50000.0}, "outside the position or the time"),
        ({"ra": 83.0, "dec": 22.0}, "declination and radius"),
        ({"ra": float("nan"), "dec": 22.0, "radius": 1.0}, "finite"),
        ({"ra": 83.0, "dec": 95.0, "radius": 1.0}, "outside -90 to 90"),
        ({"ra": 83.0, "dec": 22.0, "radius": 0.0}, "outside 0 to 180"),
        ({"t_start": 2.0, "t_end": 1.0}, "not before the end"),
        ({"t_start": float("inf")}, "finite"),
    ],
)
def test_what_cannot_be_selected_is_said(windows, arguments, message):
    with pytest.raises(SelectionError, match=message):
        names(**arguments)


def test_unknown_names_are_an_error_of_their_own(windows):
    with pytest.raises(UnknownScienceWindowError) as caught:
        names(ids=[windows[0], *(pointing(n) for n in range(100, 120))])
    assert "and 10 more" in caught.value.message


def embargo(scw: str) -> None:
    ScienceWindow.objects.filter(scw=scw).update(release_date=datetime(2099, 1, 1, tzinfo=UTC))


def test_what_may_not_be_read_is_left_out_of_a_search(windows):
    embargo(windows[0])

    assert names(ra=CRAB[0], dec=CRAB[1], radius=5.0) == windows[1:3]
    found = select(principal=ADMINISTRATOR, ra=CRAB[0], dec=CRAB[1], radius=5.0)
    assert [str(r.id) for r in found] == windows[:3]
    assert [r.is_public for r in found] == [False, True, True]


def test_naming_what_may_not_be_read_is_refused(windows):
    embargo(windows[0])

    for principal in (ANONYMOUS, SOMEBODY):
        with pytest.raises(WithheldScienceWindowError, match=windows[0]) as caught:
            select(principal=principal, ids=windows)
        assert caught.value.status == 403
    assert len(select(principal=ADMINISTRATOR, ids=windows)) == 6


def test_a_search_that_finds_only_what_is_withheld_says_so(windows):
    embargo(windows[0])

    with pytest.raises(WithheldScienceWindowError, match="1 Science Windows match"):
        names(ra=CRAB[0], dec=CRAB[1], radius=1.0)
    assert names(ra=0.0, dec=-80.0, radius=1.0) == []
