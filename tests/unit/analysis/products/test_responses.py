"""Responses as OGIP files, ours and the mission's."""

import warnings

import numpy as np
import pytest
from astropy.io import fits
from gammapy_readers import EDispKernel, RegionNDMap
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from real_products import needs_real_data, real
from sample_spectra import sample_response

from analysis.products.detectors import ISGRI, JEMX_1, JEMX_2
from analysis.products.fits_reading import ProductFileError
from analysis.products.responses import (
    FULL,
    RedistributionMatrix,
    read_ancillary_response,
    read_redistribution_matrix,
    write_ancillary_response,
    write_redistribution_matrix,
)


@pytest.mark.parametrize("detector", [ISGRI, JEMX_1, JEMX_2], ids=lambda d: d.name)
def test_responses_come_back_as_they_were_written(detector, tmp_path) -> None:
    arf, rmf = sample_response(detector)
    write_ancillary_response(tmp_path / "arf.fits", arf)
    write_redistribution_matrix(tmp_path / "rmf.fits", rmf)
    area = read_ancillary_response(tmp_path / "arf.fits")
    matrix = read_redistribution_matrix(tmp_path / "rmf.fits")
    assert area.detector == matrix.detector == detector
    for name in ("energy_low_kev", "energy_high_kev"):
        np.testing.assert_allclose(getattr(area, name), getattr(arf, name), rtol=1e-7)
        np.testing.assert_allclose(getattr(matrix, name), getattr(rmf, name), rtol=1e-7)
    np.testing.assert_allclose(area.area_cm2, arf.area_cm2, rtol=1e-7)
    np.testing.assert_allclose(matrix.matrix, rmf.matrix, rtol=1e-7)
    np.testing.assert_allclose(matrix.e_max_kev, rmf.e_max_kev, rtol=1e-7)
    assert (matrix.kind, matrix.first_channel) == ("REDIST", 0)


@settings(max_examples=50, deadline=None)
@given(
    matrix=arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 7)),
        elements=st.one_of(st.just(0.0), st.floats(0.0, 1.0, width=32)),
    ),
    first_channel=st.integers(0, 5),
)
def test_any_matrix_survives_the_file(matrix, first_channel, tmp_path_factory) -> None:
    rows, channels = matrix.shape
    edges = np.arange(1.0, channels + 2)
    energies = np.arange(1.0, rows + 2)
    rmf = RedistributionMatrix(
        ISGRI, energies[:-1], energies[1:], matrix, edges[:-1], edges[1:], first_channel, FULL
    )
    path = tmp_path_factory.mktemp("rmf") / "rmf.fits"
    write_redistribution_matrix(path, rmf)
    back = read_redistribution_matrix(path)
    np.testing.assert_array_equal(back.matrix, matrix)
    assert (back.first_channel, back.kind) == (first_channel, FULL)


def test_the_files_are_whole_and_the_same_each_time(tmp_path) -> None:
    arf, rmf = sample_response()
    for _ in range(2):
        path = tmp_path / f"{_}.fits"
        write_redistribution_matrix(path, rmf, cards=[("ENGINE", "coded_mask", "By")])
        write_ancillary_response(tmp_path / f"arf{_}.fits", arf)
        with fits.open(path, checksum=True) as hdus:
            hdus.verify("exception")
            assert [hdu.name for hdu in hdus] == ["PRIMARY", "EBOUNDS", "SPECRESP MATRIX"]
            header = hdus[2].header
            assert (header["HDUCLAS2"], header["HDUCLAS3"]) == ("RSP_MATRIX", "REDIST")
            assert (header["TLMIN4"], header["TLMAX4"], header["DETCHANS"]) == (0, 63, 64)
            assert header["NUMELT"] == sum(len(row) for row in hdus[2].data["MATRIX"])
            assert all(hdu.header["ENGINE"] == "coded_mask" for hdu in hdus)
    assert (tmp_path / "0.fits").read_bytes() == (tmp_path / "1.fits").read_bytes()
    assert (tmp_path / "arf0.fits").read_bytes() == (tmp_path / "arf1.fits").read_bytes()


@pytest.mark.parametrize("detector", [ISGRI, JEMX_1], ids=lambda d: d.name)
def test_gammapy_reads_them_without_a_warning(detector, tmp_path) -> None:
    arf, rmf = sample_response(detector)
    write_ancillary_response(tmp_path / "arf.fits", arf)
    write_redistribution_matrix(tmp_path / "rmf.fits", rmf)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kernel = EDispKernel.read(tmp_path / "rmf.fits", hdu1="SPECRESP MATRIX")
        area = RegionNDMap.read(tmp_path / "arf.fits", format="ogip-arf")
    np.testing.assert_allclose(kernel.pdf_matrix, rmf.matrix, rtol=1e-6)
    np.testing.assert_allclose(area.quantity.to_value("cm2").ravel(), arf.area_cm2, rtol=1e-6)


def test_a_matrix_that_leaves_its_channels_is_named_by_row(tmp_path) -> None:
    _, rmf = sample_response()
    write_redistribution_matrix(tmp_path / "rmf.fits", rmf)
    fits.setval(tmp_path / "rmf.fits", "TLMIN4", value=40, ext=2)
    with pytest.raises(
        ProductFileError, match=r"^ProductFileError: rmf\.fits, extension SPECRESP MATRIX, row "
    ):
        read_redistribution_matrix(tmp_path / "rmf.fits")


def test_an_arf_is_no_rmf(tmp_path) -> None:
    arf, _ = sample_response()
    write_ancillary_response(tmp_path / "arf.fits", arf)
    with pytest.raises(ProductFileError, match="no extension holds energies of channels"):
        read_redistribution_matrix(tmp_path / "arf.fits")


@needs_real_data
@pytest.mark.parametrize(
    ("arf", "rmf", "detector", "channels"),
    [
        ("isgri_spectra_lc/IBIS_arf_GRB221009A.fits", "isgri_spectra_lc/IBIS_rmf_GRB221009A.fits",
         ISGRI, 256),
        ("isgri_spectra_lc/arf.fits.gz", "isgri_spectra_lc/rmf.fits.gz", ISGRI, 256),
        ("jemx/JMX1_arf_GRB221009A.fits", "jemx/JMX1_rmf_GRB221009A.fits", JEMX_1, 16),
        ("jemx/JMX2_arf_GRB221009A.fits", "jemx/JMX2_rmf_GRB221009A.fits", JEMX_2, 16),
    ],
)  # fmt: skip
def test_the_missions_responses_are_read(arf, rmf, detector, channels) -> None:
    area, matrix = read_ancillary_response(real(arf)), read_redistribution_matrix(real(rmf))
    assert area.detector == matrix.detector == detector
    assert matrix.matrix.shape == (len(area.area_cm2), channels)
    np.testing.assert_allclose(area.energy_low_kev, matrix.energy_low_kev, rtol=1e-6)
    if detector == ISGRI:
        # the area is in the matrix: of the order of the detector's
        assert 50 < matrix.matrix.sum(axis=1).max() < 2600
        assert set(np.unique(area.area_cm2)) == {1.0}
        assert matrix.first_channel == 0
    else:
        assert matrix.first_channel == 1
        assert 60 < area.area_cm2.max() < 70
        assert matrix.matrix.sum(axis=1).max() == pytest.approx(1.0, abs=1e-6)


@needs_real_data
@pytest.mark.parametrize("name", ["arf", "rmf"])
def test_ours_have_the_shape_of_the_missions(name, tmp_path) -> None:
    arf, rmf = sample_response()
    write_ancillary_response(tmp_path / "arf.fits", arf)
    write_redistribution_matrix(tmp_path / "rmf.fits", rmf)
    with (
        fits.open(tmp_path / f"{name}.fits") as own,
        fits.open(real(f"isgri_spectra_lc/IBIS_{name}_GRB221009A.fits")) as theirs,
    ):
        assert [hdu.name for hdu in own] == [hdu.name for hdu in theirs]
        for ours, other in zip(own[1:], theirs[1:], strict=True):
            assert ours.columns.names == other.columns.names
            required = {"TELESCOP", "INSTRUME", "DETNAM", "HDUCLASS", "HDUCLAS1", "HDUCLAS2"}
            assert required <= set(ours.header) & set(other.header)
            assert ours.header["HDUCLAS2"] == other.header["HDUCLAS2"]
