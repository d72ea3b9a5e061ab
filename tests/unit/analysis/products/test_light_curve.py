"""Light curves in the mission's forms, ours and real ones."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from real_products import needs_real_data, real
from sample_spectra import sample_light_curve

from analysis.products.detectors import ISGRI, JEMX_1, JEMX_2, SPI_ACS, Detector
from analysis.products.fits_reading import ProductFileError
from analysis.products.light_curve import read_light_curve, read_light_curves, write_light_curve

DETECTORS = pytest.mark.parametrize("detector", [ISGRI, JEMX_1, SPI_ACS], ids=lambda d: d.name)


def written(folder: Path, detector: Detector) -> Path:
    """The sample as a file."""
    path = folder / "lc.fits"
    write_light_curve(
        path,
        sample_light_curve(detector),
        science_windows=["010200210010.001"],
        cards=[("ENGINE", "coded_mask", "By")],
    )
    return path


@DETECTORS
def test_a_light_curve_comes_back_as_it_was_written(detector, tmp_path) -> None:
    curve = sample_light_curve(detector)
    back = read_light_curve(written(tmp_path, detector))
    assert (back.detector, back.source.name) == (detector, curve.source.name)
    assert (back.e_min_kev, back.e_max_kev) == (curve.e_min_kev, curve.e_max_kev)
    # a tenth of a millisecond
    np.testing.assert_allclose(back.time_ijd, curve.time_ijd, rtol=0, atol=1e-9)
    assert back.coverage.t_start_ijd == pytest.approx(3006.0, abs=1e-9)
    assert back.coverage.livetime_s == pytest.approx(28000.0)
    for name in ("width_d", "rate", "error", "exposed", "total_counts", "background"):
        expected = getattr(curve, name)
        if expected is None:
            assert getattr(back, name) is None
        else:
            np.testing.assert_allclose(getattr(back, name), expected, rtol=1e-6)


@DETECTORS
def test_its_file_is_whole_and_the_same_each_time(detector, tmp_path) -> None:
    path = written(tmp_path, detector)
    first = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(path, checksum=True) as hdus:
            hdus.verify("exception")
            assert hdus[1].name == detector.light_curve_extension
            assert hdus[1].header["TIMESYS"] == "TT"
            assert all(hdu.header["ENGINE"] == "coded_mask" for hdu in hdus)
        Table.read(path, hdu=1)
    assert written(tmp_path, detector).read_bytes() == first


def test_isgri_gives_half_bins_and_days(tmp_path) -> None:
    with fits.open(written(tmp_path, ISGRI)) as hdus:
        table = hdus[1].data
        np.testing.assert_allclose(table["XAX_E"], table["TIMEDEL"] / 2, rtol=1e-6)
        header = hdus[1].header
        assert (header["TIMEPIXR"], header["TIMEUNIT"], header["MJDREF"]) == (0.5, "d", 51544.0)
        assert (header["E_MIN"], header["E_MAX"]) == (28.0, 80.0)
        assert header["TIMEDEL"] == pytest.approx(0.025)


def test_spi_acs_counts_seconds_from_timezero(tmp_path) -> None:
    with fits.open(written(tmp_path, SPI_ACS)) as hdus:
        header, table = hdus[1].header, hdus[1].data
        assert header["TIMEZERO"] == pytest.approx(3006.25 * 86400)
        assert header["TSTART"] == pytest.approx(3006.0 * 86400)
        assert header["TIMEDEL"] == pytest.approx(0.025 * 86400)
        assert table["TIME"][0] == pytest.approx(-0.25 * 86400 + 0.0125 * 86400)


def test_a_table_without_rates_is_no_light_curve(tmp_path) -> None:
    path = tmp_path / "none.fits"
    fits.BinTableHDU.from_columns([fits.Column("TIME", "D")], name="EVENTS").writeto(path)
    with pytest.raises(ProductFileError, match=r"no extension holds a light curve .*EVENTS"):
        read_light_curve(path)


@needs_real_data
@pytest.mark.parametrize(
    ("name", "detector", "bins", "band"),
    [
        ("isgri_spectra_lc/IBIS_lc_GRB221009A.fits", ISGRI, 335, (28.0, 80.0)),
        ("isgri_spectra_lc/IBIS_lc_SGR_1935+2154.fits", ISGRI, 338, (28.0, 80.0)),
        ("jemx/JMX1_lc_GRB221009A.fits", JEMX_1, 198, (4.12, 29.66)),
        ("jemx/JMX2_lc_GRB221009A.fits", JEMX_2, None, None),
        ("jemx/jemx_query_lc.fits.gz", JEMX_1, 96, (3.04, 34.88)),
        ("spiacs/spiacs_lc_query-3.1.fits", SPI_ACS, 5400, (None, None)),
    ],
)
def test_the_missions_light_curves_are_read(name, detector, bins, band) -> None:
    (curve,) = read_light_curves(real(name))
    assert curve.detector == detector
    if bins:
        assert len(curve.rate) == bins
        assert (curve.e_min_kev, curve.e_max_kev) == band
    # files joined of several Science Windows repeat bins at their borders
    assert np.median(np.diff(curve.time_ijd)) > 0
    assert (curve.width_d > 0).all()
    assert curve.coverage.t_start_ijd <= curve.time_ijd[0] < curve.coverage.t_stop_ijd
    # never more than what lies between start and end
    elapsed_s = (curve.coverage.t_stop_ijd - curve.coverage.t_start_ijd) * 86400
    assert 0.1 * elapsed_s < curve.coverage.ontime_s <= elapsed_s * 1.0001
    if detector == SPI_ACS:
        # GRB 230307A, 2023-03-07
        assert curve.time_ijd[np.nanargmax(curve.rate)] == pytest.approx(8466.66, abs=0.01)
        assert np.nanmax(curve.rate) == pytest.approx(1.74e6, rel=0.01)
    if curve.barycentric_ijd is not None:
        assert np.isnan(curve.barycentric_ijd).all()


@needs_real_data
@pytest.mark.parametrize(
    ("name", "detector"),
    [
        ("isgri_spectra_lc/IBIS_lc_GRB221009A.fits", ISGRI),
        ("jemx/JMX1_lc_GRB221009A.fits", JEMX_1),
        ("spiacs/spiacs_lc_query-3.1.fits", SPI_ACS),
    ],
)
def test_ours_have_the_shape_of_the_missions(name, detector, tmp_path) -> None:
    with fits.open(written(tmp_path, detector)) as own, fits.open(real(name)) as theirs:
        assert own[1].name == theirs[1].name
        assert own[1].columns.names == theirs[1].columns.names
        missing = set(theirs[1].header) - set(own[1].header)
    # who made it and how, and a single Science Window's place in a merged file's header
    told_otherwise = {
        *("BANDTYPE", "BKGPARAM", "COMMENT", "CONFIGUR", "CREATOR", "DATE", "EXTREL", "FITTYPE"),
        *("GRPID1", "OBTEND", "OBTSTART", "OFFCORR", "ORIGIN", "REVOL", "SRCCNT", "SRCCNTE"),
        *("STAMP", "SWBOUND", "SWID", "SW_TYPE", "TIERABSO", "TIERRELA", "VIGNET", "Y_FIN"),
        *("Z_FIN", "EXP_SRC", "RADECSYS", "EQUINOX", "CHANMAX", "CHANMIN", "DATAMODE"),
        *("DETSIG", "OFFANGLE", "PROPHECY", "EPHS"),
    }
    assert missing <= told_otherwise
