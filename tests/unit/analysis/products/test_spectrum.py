"""Spectra in the mission's form, ours and real ones."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from gammapy_readers import RegionNDMap
from real_products import needs_real_data, real
from sample_spectra import CRAB, sample_spectrum

from analysis.products.detectors import ISGRI, JEMX_1, JEMX_2, SPI_ACS
from analysis.products.fits_reading import ProductFileError
from analysis.products.spectrum import Spectrum, read_spectra, read_spectrum, write_spectrum

DETECTORS = pytest.mark.parametrize("detector", [ISGRI, JEMX_1, JEMX_2], ids=lambda d: d.name)
SCWS = ["010200210010.001", "010200220010.001"]


def written(path: Path, spectrum: Spectrum) -> Path:
    """The spectrum as a file."""
    file = path / "spectrum.fits"
    write_spectrum(file, spectrum, science_windows=SCWS, cards=[("ENGINE", "coded_mask", "By")])
    return file


@DETECTORS
def test_a_spectrum_comes_back_as_it_was_written(detector, tmp_path) -> None:
    spectrum = sample_spectrum(detector)
    back = read_spectrum(written(tmp_path, spectrum))
    assert (back.detector, back.source, back.coverage) == (detector, CRAB, spectrum.coverage)
    assert (back.ancillary_file, back.response_file) == ("crab_arf.fits", "crab_rmf.fits")
    assert (back.first_channel, back.source_exposure_s) == (0, 15000.0)
    for name in ("rate", "stat_err", "sys_err", "e_min_kev", "e_max_kev", "quality", "grouping"):
        np.testing.assert_allclose(getattr(back, name), getattr(spectrum, name), rtol=1e-7)
    np.testing.assert_array_equal(back.good, [False] * 3 + [True] * 61)


@DETECTORS
def test_its_file_is_whole_and_keeps_to_the_standards(detector, tmp_path) -> None:
    path = written(tmp_path, sample_spectrum(detector))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(path, checksum=True) as hdus:
            hdus.verify("exception")
            header = hdus[1].header
            assert header["EXTNAME"] == detector.spectrum_extension
            # OGIP/92-007, section 3.1.1: mandatory keywords
            for keyword in (
                *("TELESCOP", "INSTRUME", "FILTER", "EXPOSURE", "BACKFILE", "CORRFILE"),
                *("CORRSCAL", "RESPFILE", "ANCRFILE", "HDUCLASS", "HDUCLAS1", "HDUVERS"),
                *("POISSERR", "CHANTYPE", "DETCHANS", "AREASCAL", "BACKSCAL"),
            ):
                assert keyword in header, keyword
            assert [header[f"HDUCLAS{n}"] for n in (1, 3)] == ["SPECTRUM", "RATE"]
            assert header["POISSERR"] is False
            assert (header["TLMIN1"], header["TLMAX1"], header["DETCHANS"]) == (0, 63, 64)
            assert {c.name for c in hdus[1].columns if c.unit == "count/s"} == {"RATE", "STAT_ERR"}
            assert hdus[0].header["SCW2"] == SCWS[1]
            assert all(hdu.header["ENGINE"] == "coded_mask" for hdu in hdus)
            assert all("DATE" not in hdu.header for hdu in hdus)
            assert all({"CHECKSUM", "DATASUM"} <= set(hdu.header) for hdu in hdus)


def test_the_same_spectrum_gives_the_same_bytes(tmp_path) -> None:
    first = written(tmp_path, sample_spectrum()).read_bytes()
    assert written(tmp_path, sample_spectrum()).read_bytes() == first


def test_channels_without_data_are_marked_as_the_mission_marks_them(tmp_path) -> None:
    path = written(tmp_path, sample_spectrum())
    with fits.open(path) as hdus:
        row = hdus[1].data[0]
        assert np.isnan(row["RATE"])
        assert np.isinf(row["STAT_ERR"])
        assert row["QUALITY"] == 3


def test_astropy_and_gammapy_read_it_without_a_warning(tmp_path) -> None:
    spectrum = sample_spectrum()
    path = written(tmp_path, spectrum)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = Table.read(path, hdu="ISGR-EVTS-SPE")
        seen = RegionNDMap.read(path, format="ogip", ogip_column="RATE", hdu="ISGR-EVTS-SPE")
    assert str(table["RATE"].unit) == "ct / s"
    np.testing.assert_allclose(seen.data.ravel(), spectrum.rate, rtol=1e-6)
    np.testing.assert_allclose(
        seen.geom.axes["energy"].edges.to_value("keV")[:-1], spectrum.e_min_kev, rtol=1e-6
    )


def test_a_detector_without_spectra_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="SPI-ACS has no spectra"):
        write_spectrum(tmp_path / "s.fits", replace(sample_spectrum(), detector=SPI_ACS))


def test_energies_of_another_number_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="2 channels, the spectrum 64"):
        sample_spectrum().with_bounds(np.zeros(2), np.ones(2))


class TestErrors:
    """What can't be read is named by file, extension and column."""

    def test_no_fits_file(self, tmp_path) -> None:
        path = tmp_path / "notes.fits"
        path.write_text("hello")
        with pytest.raises(ProductFileError, match=r"notes\.fits: no FITS file"):
            read_spectrum(path)

    def test_no_spectrum_in_it(self, tmp_path) -> None:
        path = tmp_path / "empty.fits"
        fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(name="MAP")]).writeto(path)
        with pytest.raises(ProductFileError, match=r"no extension holds a spectrum .*MAP"):
            read_spectrum(path)

    def test_a_column_is_missing(self, tmp_path) -> None:
        path = written(tmp_path, sample_spectrum())
        with fits.open(path) as hdus:
            table = fits.BinTableHDU.from_columns(
                [column for column in hdus[1].columns if column.name != "STAT_ERR"],
                header=fits.Header([("HDUCLAS1", "SPECTRUM"), ("INSTRUME", "IBIS")]),
                name="ISGR-EVTS-SPE",
            )
            table.writeto(tmp_path / "bad.fits")
        with pytest.raises(
            ProductFileError,
            match=r"ProductFileError: bad\.fits, extension ISGR-EVTS-SPE: no column STAT_ERR$",
        ):
            read_spectrum(tmp_path / "bad.fits")

    def test_a_column_is_in_another_unit(self, tmp_path) -> None:
        path = written(tmp_path, sample_spectrum())
        fits.setval(path, "TUNIT2", value="keV", ext=1)
        with pytest.raises(ProductFileError, match=r"column RATE is in keV, not in count/s"):
            read_spectrum(path)

    def test_a_stranger_telescope(self, tmp_path) -> None:
        path = written(tmp_path, sample_spectrum())
        fits.setval(path, "INSTRUME", value="XRT", ext=1)
        with pytest.raises(ProductFileError, match="INSTRUME is 'XRT'"):
            read_spectrum(path)

    def test_several_spectra_where_one_is_wanted(self, tmp_path) -> None:
        path = written(tmp_path, sample_spectrum())
        with fits.open(path) as hdus:
            fits.HDUList([hdus[0], hdus[1], hdus[1].copy()]).writeto(tmp_path / "two.fits")
        with pytest.raises(ProductFileError, match=r"holds 2 spectra \(Crab, Crab\)"):
            read_spectrum(tmp_path / "two.fits")
        assert len(read_spectra(tmp_path / "two.fits")) == 2


REAL = pytest.mark.parametrize(
    ("name", "detector"),
    [
        ("isgri_spectra_lc/IBIS_spectrum_GRB221009A.fits", ISGRI),
        ("isgri_spectra_lc/phaI.fits.gz", ISGRI),
        ("jemx/JMX1_spectrum_GRB221009A.fits", JEMX_1),
        ("jemx/JMX2_spectrum_GRB221009A.fits", JEMX_2),
    ],
)


@needs_real_data
@REAL
def test_the_missions_spectra_are_read(name, detector) -> None:
    spectrum = read_spectrum(real(name))
    assert spectrum.detector == detector
    assert spectrum.source.name in ("GRB221009A", "1A 0535+262")
    assert len(spectrum.rate) == (256 if detector == ISGRI else 16)
    assert spectrum.first_channel == (0 if detector == ISGRI else 1)
    assert spectrum.response_file.endswith(".fits")
    assert 1e4 < spectrum.coverage.livetime_s < spectrum.coverage.ontime_s < 6e4
    assert np.isfinite(spectrum.rate[spectrum.good]).all()
    if detector == ISGRI:
        assert (spectrum.quality[~spectrum.good] == 3).all()
        assert np.isnan(spectrum.rate[0])
        assert np.isinf(spectrum.stat_err[0])


@needs_real_data
@REAL
def test_ours_have_the_shape_of_the_missions(name, detector, tmp_path) -> None:
    ours = written(tmp_path, sample_spectrum(detector))
    with fits.open(ours) as own, fits.open(real(name)) as theirs:
        assert own[1].name == theirs[1].name
        assert own[1].columns.names == theirs[1].columns.names
        units = {column.name: column.unit or "" for column in own[1].columns}
        assert units == {column.name: (column.unit or "").strip() for column in theirs[1].columns}
        missing = set(theirs[1].header) - set(own[1].header)
    # who made it and how, in the words of the mission's software
    told_otherwise = {
        *("CONFIGUR", "CREATOR", "DATE", "STAMP", "EXTREL", "ORIGIN", "RDATASUM", "OGID"),
        *("BKGPARAM", "OFFCORR", "FITTYPE", "GRPID1", "REVOL", "REVOLS", "SW_TYPE"),
        *("LONGSTRN", "COMMENT", "RADECSYS", "EQUINOX", "TUNIT3"),
    }
    assert missing <= told_otherwise
