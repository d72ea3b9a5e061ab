"""Image products in the mission's form."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from analysis.products.image_files import read_image, write_image

CARDS = [("CREATOR", "coded_mask 1", "Software"), ("SIMULATD", True, "Simulated data")]


@pytest.fixture
def path(maps, tmp_path) -> Path:
    """A mosaic product."""
    path = tmp_path / "mosaic.fits"
    write_image(path, maps, science_windows=["066500330010.001"], cards=CARDS)
    return path


def test_a_mosaic_has_the_missions_extensions_and_keywords(path) -> None:
    with fits.open(path, checksum=True) as hdus:
        hdus.verify("exception")
        names = [hdu.name for hdu in hdus]
        assert names == ["PRIMARY", "GROUPING", *["ISGR-MOSA-IMA"] * 4]
        assert hdus[1].header["GRPNAME"] == "ISGR-MOSA-IMA-IDX"
        types = [hdu.header["IMATYPE"] for hdu in hdus[2:]]
        assert types == ["INTENSITY", "VARIANCE", "SIGNIFICANCE", "EXPOSURE"]
        assert list(hdus[1].data["IMATYPE"]) == types
        assert list(hdus[1].data["MEMBER_POSITION"]) == [3, 4, 5, 6]
        assert [hdu.header["BUNIT"] for hdu in hdus[2:]] == ["count/s", "count2/s2", "", "s"]
        for version, hdu in enumerate(hdus[2:], start=1):
            header = hdu.header
            assert (header["TELESCOP"], header["INSTRUME"]) == ("INTEGRAL", "IBIS")
            assert (header["E_MIN"], header["E_MAX"]) == (20.0, 40.0)
            assert (header["TSTART"], header["TSTOP"]) == (3006.0, 3006.5)
            assert header["EXTVER"] == version
            assert header["CREATOR"] == "coded_mask 1"
        for hdu in hdus:
            assert "CHECKSUM" in hdu.header
            assert "DATASUM" in hdu.header
        assert hdus[0].header["SCW1"] == "066500330010.001"
        # 2000-01-01 and 3006 days
        assert hdus[2].header["DATE-OBS"] == "2008-03-25T00:00:00"


def test_the_maps_come_back_where_they_were(path, maps) -> None:
    image = read_image(path)
    np.testing.assert_array_equal(image.maps["INTENSITY"], maps.intensity)
    np.testing.assert_array_equal(image.maps["SIGNIFICANCE"], maps.significance)
    assert image.plane == maps.plane
    assert (image.e_min_kev, image.e_max_kev) == (20.0, 40.0)


def test_astropy_reads_the_coordinates_without_a_warning(path) -> None:
    with fits.open(path) as hdus, warnings.catch_warnings():
        warnings.simplefilter("error")
        wcs = WCS(hdus[2].header)
    ra, dec = wcs.all_pix2world(44.5, 39.5, 0)
    assert float(ra) == pytest.approx(83.6)
    assert float(dec) == pytest.approx(22.0)


def test_the_same_maps_give_the_same_bytes(path, maps, tmp_path) -> None:
    write_image(tmp_path / "again.fits", maps, science_windows=["066500330010.001"], cards=CARDS)
    assert (tmp_path / "again.fits").read_bytes() == path.read_bytes()


def test_a_file_without_maps_is_no_image(tmp_path) -> None:
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    with pytest.raises(KeyError):
        read_image(tmp_path / "empty.fits")
