"""JEM-X and SPI-ACS: files that not every Science Window has, by the ingest of all others."""

from pathlib import Path

import numpy as np
import pytest
from strangers_archive import write_jemx_events, write_science_window, write_spi_acs_rates

from archive.consistency import check
from archive.ingest.service import ingest
from archive.models import DataProduct, ObsCoreRow, ScienceWindow
from archive.obscore import wavelength_m
from archive.selection import SelectionError, UnknownScienceWindowError, select
from auth.principal import ANONYMOUS
from provenance.models import Entity

pytestmark = pytest.mark.django_db
SCW = "066500330010.001"


def test_their_files_get_rows_of_their_own(archive_root: Path, client):
    folder = write_science_window(archive_root)
    write_jemx_events(folder, 2, gti=[(0, 400), (600, 1000)])
    write_spi_acs_rates(folder)

    report = ingest([archive_root])

    assert (report.loaded, report.problems) == (1, ())
    window = ScienceWindow.objects.get()
    assert (window.good_jemx1, window.live_jemx1) == (0, 0)
    assert window.good_jemx2 == pytest.approx(800, abs=1e-3)
    assert window.live_jemx2 == pytest.approx(664, abs=1e-3)
    assert window.good_spi_acs == pytest.approx(100)
    rows = {row.instrument_name: row for row in ObsCoreRow.objects.all()}
    assert set(rows) == {"IBIS/ISGRI", "JEM-X 2", "SPI-ACS"}
    jemx, acs = rows["JEM-X 2"], rows["SPI-ACS"]
    assert (jemx.dataproduct_type, jemx.calib_level) == ("event", 1)
    assert jemx.obs_publisher_did.endswith(f"archive?scw/0665/{SCW}/jmx2_events")
    assert jemx.s_fov == pytest.approx(13.2, abs=0.05)
    assert jemx.t_exptime == pytest.approx(664, abs=1e-3)
    assert jemx.s_resolution == pytest.approx(200, abs=1)
    assert (acs.dataproduct_type, acs.calib_level, acs.t_xel) == ("timeseries", 1, 2000)
    assert (acs.s_ra, acs.s_dec, acs.s_region, acs.s_fov) == (None, None, None, 360)
    assert (acs.t_resolution, acs.t_exptime) == (0.05, pytest.approx(100))
    assert acs.em_max == pytest.approx(wavelength_m(80))
    assert {(row.obs_id, row.scw, row.t_min, row.t_max) for row in rows.values()} == {
        (window.scw_id, SCW, window.t_min, window.t_max)
    }
    for kind in ("jmx2_events", "spi_acs_rates"):
        file = DataProduct.objects.get(kind=kind)
        response = client.get(f"/products/{file.product_id}")
        assert b"".join(response.streaming_content) == (folder / f"{kind}.fits.gz").read_bytes()
        assert Entity.objects.filter(identifier=file.obs_publisher_did, public=True).exists()


def test_a_bad_file_is_named_and_left_out_and_the_rest_is_loaded(archive_root: Path, tmp_path):
    folder = write_science_window(tmp_path / "elsewhere")
    write_jemx_events(folder, 1)
    write_jemx_events(folder, 2, columns={"PI": np.full(300, 256)})
    write_spi_acs_rates(folder).write_bytes(b"no gzip file")

    report = ingest([folder])

    assert (report.loaded, report.bad) == (1, 1)
    told = [str(problem) for problem in report.problems]
    assert any("jmx2_events.fits.gz" in line and "outside the channels" in line for line in told)
    assert any("spi_acs_rates.fits.gz" in line and "gzip" in line for line in told)
    assert set(DataProduct.objects.values_list("kind", flat=True)) == {
        "swg",
        "isgri_events",
        "jmx1_events",
    }
    # what was mended can come later: its place is free
    write_jemx_events(folder, 2)
    (folder / "spi_acs_rates.fits.gz").unlink()
    assert ingest([folder]).added == 1
    assert DataProduct.objects.filter(kind="jmx2_events").exists()
    assert list(check(checksums=True)) == []


@pytest.mark.parametrize("elsewhere", [False, True])
def test_files_that_come_later_are_added(archive_root: Path, tmp_path, elsewhere):
    folder = write_science_window(tmp_path / "elsewhere" if elsewhere else archive_root)
    ingest([folder])
    write_spi_acs_rates(folder)
    write_jemx_events(folder, 1)

    report = ingest([folder])

    assert (report.loaded, report.added, report.problems) == (0, 1, ())
    assert "1 with further instruments' files" in report.summary
    window = ScienceWindow.objects.get()
    assert window.good_jemx1 == pytest.approx(1000, abs=1e-3)
    assert (archive_root / "scw" / "0665" / SCW / "jmx1_events.fits.gz").is_file()
    assert list(check(checksums=True)) == []
    again = ingest([folder])
    assert (again.added, again.unchanged) == (0, 1)


def test_other_content_under_a_name_that_is_taken_is_refused(archive_root: Path, tmp_path):
    here = write_science_window(archive_root)
    write_jemx_events(here, 1)
    ingest([here])
    there = write_science_window(tmp_path / "elsewhere")
    write_jemx_events(there, 1, count=10)

    report = ingest([there])

    assert (report.bad, report.added) == (1, 0)
    assert "already with other content" in str(report.problems[0])


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"counts": [1, -1, 1]}, "negative counts"),
        ({"width": -0.05}, "TIMEDEL"),
        ({"first_s": 1e4}, "outside the Science Window"),
        ({"first_s": 2000.0, "width": -0.05}, "order of time"),
    ],
)
def test_rates_that_can_not_be_are_left_out(archive_root: Path, changes, word):
    write_spi_acs_rates(write_science_window(archive_root), **changes)

    report = ingest([archive_root])

    assert report.loaded == 1
    assert any(word in str(problem) for problem in report.problems)
    assert not DataProduct.objects.filter(kind="spi_acs_rates").exists()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"header_changes": {"RA_SCX": 10.0}}, "RA_SCX"),
        ({"header_changes": {"LIVETIME": 1001.0}}, "LIVETIME"),
        ({"header_changes": {"SWID": "066500340010"}}, "SWID"),
        ({"gti": [(0, 5000)]}, "outside the Science Window"),
        ({"columns": {"TIME": np.full(300, 5.0)}}, "outside the Science Window"),
    ],
)
def test_jemx_events_that_can_not_be_are_left_out(archive_root: Path, changes, word):
    write_jemx_events(write_science_window(archive_root), 2, **changes)

    report = ingest([archive_root])

    assert report.loaded == 1
    assert any(word in str(problem) for problem in report.problems)
    assert not DataProduct.objects.filter(kind="jmx2_events").exists()


def test_analyses_choose_by_instrument(archive_root: Path):
    write_jemx_events(write_science_window(archive_root, SCW), 2)
    write_science_window(archive_root, "066500340010.001")
    slew = write_science_window(
        archive_root, "066500340021.001", changes={"SW_TYPE": "SLEW", "SWID": "066500340021"}
    )
    write_spi_acs_rates(slew)
    assert ingest([archive_root]).problems == ()

    def chosen(kind: str, **by) -> list[str]:
        return [str(r.id) for r in select(principal=ANONYMOUS, kind=kind, **by)]

    assert chosen("jmx2_events", ra=83.6, dec=22.0, radius=4) == [SCW]
    # a shield that sees the whole sky does so on slews too
    assert chosen("spi_acs_rates") == ["066500340021.001"]
    assert len(chosen("isgri_events")) == 2
    (record,) = select(principal=ANONYMOUS, kind="jmx2_events", ids=[SCW])
    assert record.live_time_s == pytest.approx(830, abs=1e-3)
    assert record.event_file.location.name == "jmx2_events.fits.gz"
    with pytest.raises(UnknownScienceWindowError, match="no JEM-X 1 data of 066500330010"):
        select(principal=ANONYMOUS, kind="jmx1_events", ids=[SCW])
    with pytest.raises(SelectionError, match="outside the position"):
        select(principal=ANONYMOUS, kind="jmx2_events", ids=[SCW], ra=0, dec=0, radius=1)
