"""Images that the mission's software made."""

import numpy as np
import pytest
from real_products import needs_real_data, real

from analysis.products.image_files import read_image


@needs_real_data
@pytest.mark.parametrize("name", ["isgri_mosa_ima_2.fits.gz", "isgri_sky_ima_1.fits.gz"])
def test_the_missions_images_are_read(name) -> None:
    image = read_image(real(f"isgri_images/{name}"))
    assert {"INTENSITY", "VARIANCE", "SIGNIFICANCE", "EXPOSURE"} <= set(image.maps)
    assert image.plane.pixel_deg == pytest.approx(0.0823, abs=0.001)
    row, column = np.unravel_index(np.nanargmax(image.maps["SIGNIFICANCE"]), image.plane.shape)
    ra, dec = image.plane.sky(column, row)
    expected = (255.95, -37.88) if "mosa" in name else (83.62, 22.05)
    assert (float(ra), float(dec)) == pytest.approx(expected, abs=0.1)
