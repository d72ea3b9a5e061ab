"""What a stranger's files become, and what is said of bad ones."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord, SkyOffsetFrame
from astropy.io import fits
from django.core.management import CommandError, call_command
from django.db import connection
from strangers_archive import CRAB, keywords, write_science_window

from archive.file_store import place_folder
from archive.ingest import loading
from archive.ingest.service import Report, ingest
from archive.models import DataProduct, ObsCoreRow, Observation, Revolution, ScienceWindow

pytestmark = pytest.mark.django_db

SCW = "066500330010.001"


def only_problem(report: Report) -> str:
    assert report.loaded == 0
    assert report.bad == 1
    (problem,) = report.problems
    return str(problem)


def test_a_strangers_science_window_becomes_rows(archive_root: Path):
    write_science_window(archive_root)

    report = ingest([archive_root])

    assert (report.loaded, report.unchanged, report.bad) == (1, 0, 0)
    window = ScienceWindow.objects.get()
    assert window.scw == SCW
    assert window.observation_id == "88600010001"
    assert window.event_count == 500
    assert window.good_isgri == pytest.approx(1000, abs=1e-3)
    assert window.live_isgri == pytest.approx(800, abs=1e-3)
    assert not window.is_simulated
    assert Revolution.objects.get().number == 665
    assert Observation.objects.get().target_name == "Crab"
    row = ObsCoreRow.objects.get()
    assert row.obs_publisher_did == (
        f"ivo://x-unregistered.vo-server/archive?scw/0665/{SCW}/isgri_events"
    )
    assert (row.dataproduct_type, row.calib_level, row.obs_id) == ("event", 1, SCW[:12])
    assert row.obs_collection == "INTEGRAL"
    assert (row.scw, row.revolution) == (SCW, 665)
    assert row.data_rights == "public"
    assert row.o_ucd is None
    assert (row.facility_name, row.instrument_name) == ("INTEGRAL", "IBIS/ISGRI")
    # 64.184 s from TT to UTC in 2005
    start = keywords(SCW)["TSTART"]
    assert row.t_min == pytest.approx(start + 51544 - 64.184 / 86400, abs=1e-8)
    assert row.t_max - row.t_min == pytest.approx(1000 / 86400, abs=1e-8)
    # 12.398 pm is 100 keV
    assert row.em_min == pytest.approx(1.23984198e-12, rel=1e-6)
    assert row.em_max == pytest.approx(8.2656132e-11, rel=1e-6)


def contains(ra: float, dec: float) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT spoint(radians(%s), radians(%s)) @ s_region FROM archive_obscore",
            [float(ra), float(dec)],
        )
        return cursor.fetchone()[0]


def test_the_region_is_the_field_of_29_degrees(archive_root: Path):
    write_science_window(archive_root)
    ingest([archive_root])

    ra, dec = CRAB
    assert contains(ra, dec)
    assert contains(ra, dec + 10)
    assert contains(ra, dec - 14.2)
    assert not contains(ra, dec + 25)
    assert not contains(ra, dec - 15.0)
    # a square: 18 deg from the axis is inside towards a corner, outside towards an edge
    frame = SkyOffsetFrame(origin=SkyCoord(ra, dec, unit="deg"))
    corner = SkyCoord(12.7, 12.7, unit="deg", frame=frame).icrs
    edge = SkyCoord(18.0, 0.0, unit="deg", frame=frame).icrs
    assert contains(corner.ra.deg, corner.dec.deg)
    assert not contains(edge.ra.deg, edge.dec.deg)


def test_files_elsewhere_are_copied_to_their_place(archive_root: Path, outside: Path):
    folder = write_science_window(outside)
    (folder / "ibis_hk.fits").write_bytes(b"housekeeping")

    report = ingest([folder])

    assert report.loaded == 1
    place = archive_root / "scw" / "0665" / SCW
    assert sorted(p.name for p in place.iterdir()) == [
        "ibis_hk.fits",
        "isgri_events.fits.gz",
        "swg.fits",
    ]
    for file in place.iterdir():
        assert file.read_bytes() == (folder / file.name).read_bytes()
    assert [p.name for p in place.parent.iterdir()] == [SCW]


def test_the_same_files_again_change_nothing(archive_root: Path, outside: Path):
    write_science_window(outside)
    ingest([outside])
    before = list(ScienceWindow.objects.values()), list(DataProduct.objects.values())

    for path in (outside, archive_root):
        report = ingest([path])
        assert (report.loaded, report.unchanged, report.bad) == (0, 1, 0)

    assert before == (list(ScienceWindow.objects.values()), list(DataProduct.objects.values()))


def test_other_content_under_the_same_version_is_refused(archive_root: Path, outside: Path):
    write_science_window(outside)
    ingest([outside])
    kept = (archive_root / "scw" / "0665" / SCW / "isgri_events.fits.gz").read_bytes()
    other = write_science_window(outside.parent / "other", count=400)

    report = ingest([other])

    assert (report.loaded, report.bad) == (0, 1)
    problem = str(report.problems[-1])
    assert "isgri_events.fits.gz" in problem
    assert "need a new version number" in problem
    assert (archive_root / "scw" / "0665" / SCW / "isgri_events.fits.gz").read_bytes() == kept


def test_a_place_that_is_taken_is_never_overwritten(archive_root: Path, outside: Path):
    place = archive_root / "scw" / "0665" / SCW
    place.mkdir(parents=True)
    (place / "swg.fits").write_bytes(b"somebody else's")
    write_science_window(outside)

    problem = only_problem(ingest([outside]))

    assert "differs from what is at" in problem
    assert (place / "swg.fits").read_bytes() == b"somebody else's"
    assert not ScienceWindow.objects.exists()


def test_a_new_version_stands_beside_the_old(archive_root: Path):
    write_science_window(archive_root)
    write_science_window(archive_root, "066500330010.002", count=400)

    assert ingest([archive_root]).loaded == 2
    assert ObsCoreRow.objects.filter(obs_id=SCW[:12]).count() == 2


def test_a_simulation_says_so(archive_root: Path):
    write_science_window(archive_root, changes={"ORIGIN": "Simulation of a friend"})
    ingest([archive_root])

    row = ObsCoreRow.objects.get()
    assert row.obs_collection == "INTEGRAL-SIM"
    assert "simulated" in row.obs_title


def test_keywords_that_may_be_missing_are_not_missed(archive_root: Path):
    optional = ("OBS_ID", "OBS_TYPE", "EXPID", "OBJECT", "SWBOUND", "TELAPSE", "DATE", "ORIGIN")
    write_science_window(archive_root, changes=dict.fromkeys(optional), checksum=False)

    assert ingest([archive_root]).loaded == 1
    window = ScienceWindow.objects.get()
    assert window.observation is None
    assert window.release_date is not None


def test_events_may_leave_to_the_group_what_it_says(archive_root: Path):
    names = ("SWID", "REVOL", "SW_TYPE", "TELESCOP", "TSTART", "TSTOP", "TELAPSE", "PS")
    write_science_window(archive_root, event_changes=dict.fromkeys(names))

    assert ingest([archive_root]).loaded == 1


def test_good_time_is_the_union_of_the_intervals(archive_root: Path):
    write_science_window(archive_root, gti=[(500, 700), (0, 300), (200, 400), (550, 600)])
    ingest([archive_root])

    window = ScienceWindow.objects.get()
    assert window.good_isgri == pytest.approx(600, abs=1e-3)
    assert window.live_isgri == pytest.approx(480, abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        ({"SWID": "066500340010"}, "SWID", "in folder 066500330010.001 it must be '066500330010'"),
        ({"SWID": 66500330010}, "SWID", "must be a text"),
        ({"SWID": None}, "SWID", "the keyword is missing"),
        ({"REVOL": 666}, "REVOL", "must be 665"),
        ({"SW_TYPE": "SLEW"}, "SW_TYPE", "must be 'POINTING'"),
        ({"SW_TYPE": "WALK"}, "SW_TYPE", "must be POINTING or SLEW or ENGINEERING"),
        ({"TELESCOP": "XMM"}, "TELESCOP", "must be INTEGRAL"),
        ({"TSTART": "soon"}, "TSTART", "must be a number"),
        ({"TSTART": 53544.0}, "TSTART", "outside the mission"),
        ({"TSTOP": 1999.0}, "TSTOP", "must be after TSTART"),
        ({"TELAPSE": 5.0}, "TELAPSE", "TSTOP - TSTART is 1000.000 s"),
        ({"RA_SCZ": 90.0, "DEC_SCZ": 22.0}, "RA_SCX", "must be 90 deg apart"),
        ({"DEC_SCX": 122.0}, "DEC_SCX", "beyond a pole"),
        ({"PS": "perhaps"}, "PS", "must be public or private"),
        ({"DATE": "yesterday"}, "DATE", "must be YYYY-MM-DD"),
    ],
)
def test_a_wrong_keyword_of_the_group_is_named(archive_root: Path, changes, where, what):
    write_science_window(archive_root, changes=changes)

    report = ingest([archive_root])

    assert report.bad == 1
    problem = next(str(p) for p in report.problems if "swg.fits" in str(p))
    assert "[GNRL-SCWG-GRP]" in problem
    assert where in problem
    assert what in problem
    assert not ScienceWindow.objects.exists()
    assert not Revolution.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        {"changes": {"REVOL": 665.0}},
        {"event_changes": {"ONTIME": 999.9999999, "LIVETIME": 1000.0}},
        {"event_changes": {"TUNIT1": "day", "TUNIT2": "KeV"}},
        {"extra": [fits.ImageHDU(np.ones((134, 130)), name="ISGR-EFFI-SHD")]},
    ],
    ids=["revolution as a real number", "rounded live time", "units", "image turned"],
)
def test_what_other_programs_write_differently_is_understood(archive_root: Path, arguments):
    write_science_window(archive_root, **arguments)

    report = ingest([archive_root])

    assert report.problems == ()
    assert ScienceWindow.objects.get().revolution_id == 665


def gap(values: int) -> np.ndarray:
    return np.full(500, values)


@pytest.mark.parametrize(
    ("arguments", "where", "what"),
    [
        ({"event_changes": {"LIVETIME": None}}, "[ISGR-EVTS-ALL] LIVETIME", "missing"),
        ({"event_changes": {"LIVETIME": 1200.0}}, "LIVETIME", "from 0 to ONTIME"),
        ({"event_changes": {"ONTIME": -1.0}}, "ONTIME", "must not be negative"),
        ({"event_changes": {"RA_SCX": None}}, "[ISGR-EVTS-ALL] RA_SCX", "missing"),
        ({"event_changes": {"RA_SCX": 90.0}}, "RA_SCX", "swg.fits has 83.6331"),
        ({"columns": {"DETY": None}}, "[ISGR-EVTS-ALL] DETY", "the column is missing"),
        ({"columns": {"DETY": gap(130)}}, "DETY", "500 events lie outside the detector"),
        ({"columns": {"DETZ": gap(-1)}}, "DETZ", "0..133"),
        ({"columns": {"DETZ": gap(66)}}, "DETY, DETZ", "gaps between modules"),
        ({"columns": {"TIME": gap(1) * 53544.0}}, "TIME", "500 of 500 times lie outside"),
        ({"columns": {"ISGRI_ENERGY": gap(1) * np.nan}}, "ISGRI_ENERGY", "no finite number"),
        ({"formats": {"TIME": "E"}}, "TIME", "must be 1D"),
        ({"formats": {"DETY": "E"}}, "DETY", "must be 1I"),
        ({"gti": [(0, 400), (600, 500)]}, "[IBIS-GNRL-GTI] STOP", "end before their START"),
        ({"gti": [(-50, 400)]}, "[IBIS-GNRL-GTI] START", "outside the Science Window"),
        (
            {"extra": [fits.ImageHDU(np.full((130, 134), 2.0), name="ISGR-EFFI-SHD")]},
            "[ISGR-EFFI-SHD]",
            "outside 0..1",
        ),
        (
            {"extra": [fits.ImageHDU(np.ones((128, 134)), name="ISGR-EFFI-SHD")]},
            "[ISGR-EFFI-SHD]",
            "must be an image of (130, 134)",
        ),
    ],
)
def test_a_fault_of_the_events_is_named(archive_root: Path, arguments, where, what):
    write_science_window(archive_root, **arguments)

    problem = only_problem(ingest([archive_root]))

    assert "isgri_events.fits.gz" in problem
    assert where in problem
    assert what in problem
    assert not DataProduct.objects.exists()


def test_a_truncated_file_is_told_apart(archive_root: Path):
    file = write_science_window(archive_root) / "isgri_events.fits.gz"
    file.write_bytes(file.read_bytes()[:-500])

    assert "gzip file is cut short" in only_problem(ingest([archive_root]))


def test_a_damaged_gzip_file_is_told_apart(archive_root: Path):
    file = write_science_window(archive_root) / "isgri_events.fits.gz"
    file.write_bytes(b"no gzip at all")

    assert "no intact gzip file" in only_problem(ingest([archive_root]))


def test_a_truncated_fits_file_is_told_apart(archive_root: Path):
    file = write_science_window(archive_root, count=2000) / "isgri_events.fits.gz"
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes())[:-8640]))

    assert "no intact FITS file" in only_problem(ingest([archive_root]))


def test_damaged_data_are_found_by_their_checksum(archive_root: Path):
    file = write_science_window(archive_root) / "isgri_events.fits.gz"
    content = bytearray(gzip.decompress(file.read_bytes()))
    at = content.index(b"END" + b" " * 77, 2880 * 2) // 2880 * 2880 + 2880
    content[at + 9] ^= 1
    file.write_bytes(gzip.compress(bytes(content)))

    report = ingest([archive_root])

    assert report.loaded == 0
    assert "[ISGR-EVTS-ALL] DATASUM" in " ".join(map(str, report.problems))


def test_a_missing_extension_or_file_is_named(archive_root: Path):
    folder = write_science_window(archive_root)
    fits.HDUList([fits.PrimaryHDU()]).writeto(folder / "swg.fits", overwrite=True)
    assert "swg.fits [GNRL-SCWG-GRP]: the extension is missing" in only_problem(
        ingest([archive_root])
    )
    (folder / "swg.fits").unlink()
    assert "swg.fits: can't be read" in only_problem(ingest([archive_root]))


def test_a_folder_of_the_wrong_name_is_named(archive_root: Path):
    folder = write_science_window(archive_root)
    folder.rename(folder.parent / "06650033001.001")

    assert "is no Science Window: expected RRRRPPPPSSSF.VVV" in only_problem(ingest([archive_root]))


def test_the_same_path_twice_counts_once(archive_root: Path):
    folder = write_science_window(archive_root)

    report = ingest([archive_root, folder, archive_root])

    assert (report.loaded, report.bad) == (1, 0)


def test_two_trees_with_the_same_science_window_give_one(archive_root: Path, outside: Path):
    write_science_window(outside)
    write_science_window(outside.parent / "other", count=400)

    report = ingest([outside, outside.parent / "other"])

    assert (report.loaded, report.bad) == (1, 1)
    assert "ingest again to compare" in str(report.problems[0])
    assert ScienceWindow.objects.get().event_count == 500


def test_bad_ones_are_skipped_and_good_ones_loaded(archive_root: Path):
    write_science_window(archive_root)
    write_science_window(archive_root, "066500340010.001", changes={"REVOL": 1})
    write_science_window(archive_root, "066500350010.001")

    report = ingest([archive_root])

    assert (report.loaded, report.bad) == (2, 1)
    assert set(ScienceWindow.objects.values_list("scw", flat=True)) == {SCW, "066500350010.001"}


def test_the_command_tells_and_fails_if_any_was_bad(archive_root: Path, capsys):
    write_science_window(archive_root)
    write_science_window(archive_root, "066500340010.001", changes={"REVOL": 1})

    with pytest.raises(CommandError):
        call_command("ingest", str(archive_root))

    told = capsys.readouterr()
    assert "1 Science Windows loaded, 0 unchanged" in told.out
    assert "066500340010.001/swg.fits [GNRL-SCWG-GRP] REVOL: is 1" in told.err


def test_a_path_that_is_not_there_or_holds_nothing_is_bad(tmp_path: Path):
    assert "there is no such folder" in only_problem(ingest([tmp_path / "nowhere"]))
    (tmp_path / "empty").mkdir()
    assert "holds nothing to ingest" in only_problem(ingest([tmp_path / "empty"]))


def test_nothing_is_half_loaded_when_the_copy_fails(archive_root: Path, outside: Path, monkeypatch):
    write_science_window(outside)
    archive_root.mkdir()
    (archive_root / "scw").write_text("a file where a folder should be")

    problem = only_problem(ingest([outside]))

    assert "can't be copied" in problem
    assert not ScienceWindow.objects.exists()
    assert not Observation.objects.exists()


def test_nobody_waits_to_write_history_while_files_are_copied(
    archive_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    delivered = write_science_window(tmp_path / "delivered")
    turns: list[int] = []

    def watched(*arguments: Any) -> dict[str, str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            )
            turns.extend(cursor.fetchone())
        return place_folder(*arguments)

    monkeypatch.setattr(loading, "place_folder", watched)
    assert ingest([delivered]).loaded == 1
    assert turns == [0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                       " AND pid = pg_backend_pid()")  # fmt: skip
        assert cursor.fetchone() == (1,), "the turn is what the count sees"
