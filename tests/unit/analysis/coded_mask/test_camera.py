"""What pixels see through a mask, against rays followed one by one."""

import numpy as np
import pytest

from analysis.engines.coded_mask.camera import Camera, tangents
from analysis.engines.coded_mask.isgri import isgri_camera

H = 3202.97


def is_open(y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
    """The mask as the archive's rules state it, written anew."""
    residues = {k * k % 53 for k in range(1, 53)}
    period = np.zeros((53, 53), dtype=bool)
    for i in range(53):
        for j in range(53):
            if i == 0:
                period[i, j] = False
            elif j == 0:
                period[i, j] = True
            else:
                period[i, j] = (i in residues) == (j in residues)
    i = np.floor(y_mm / 11.2 + 47.5).astype(int)
    j = np.floor(z_mm / 11.2 + 47.5).astype(int)
    inside = (i >= 0) & (i < 95) & (j >= 0) & (j < 95)
    return inside & period[(i - 47) % 53, (j - 47) % 53]


@pytest.mark.parametrize("tangent", [(0.0, 0.0), (0.031, -0.052), (-0.19, 0.11), (0.24, 0.22)])
def test_lit_fractions_are_those_of_rays_through_the_mask(tangent: tuple[float, float]) -> None:
    lit = isgri_camera().illumination(*tangent)
    random = np.random.default_rng(1)
    rows, columns = random.integers(0, 130, 60), random.integers(0, 134, 60)
    offsets = (np.arange(40) + 0.5) / 40 * 4.0 - 2.0
    for row, column in zip(rows, columns, strict=True):
        y = (row - 64.5) * 4.6 + offsets[:, None]
        z = (column - 66.5) * 4.6 + offsets[None, :]
        # a photon that crossed the mask at ym meets the detector at y = ym - H sY/sX
        through = is_open(y + H * tangent[0] + 0 * z, z + H * tangent[1] + 0 * y).mean()
        gap = row in (64, 65) or column in (32, 33, 66, 67, 100, 101)
        assert lit[row, column] == pytest.approx(0.0 if gap else through, abs=0.04)


def test_slopes_are_the_derivatives_of_the_lit_fractions() -> None:
    camera = isgri_camera()
    step = 1e-6
    lit, by_y, by_z = camera.illumination_with_slopes(0.05, -0.08)
    np.testing.assert_allclose(lit, camera.illumination(0.05, -0.08), atol=1e-12)
    assert (camera.illumination(0.05 + step, -0.08) - lit) / step == pytest.approx(by_y, abs=1e-3)
    assert (camera.illumination(0.05, -0.08 + step) - lit) / step == pytest.approx(by_z, abs=1e-3)


def test_no_pixel_is_coded_beyond_the_field_and_all_are_on_axis() -> None:
    camera = isgri_camera()
    assert camera.coded(0.0, 0.0).sum() == 16384
    steps_y, steps_z = camera.field_steps
    assert camera.coded(steps_y * camera.pixel_tangent, 0.0).any()
    assert not camera.coded((steps_y + 1) * camera.pixel_tangent, 0.0).any()
    assert not camera.coded(0.0, -(steps_z + 1) * camera.pixel_tangent).any()
    assert not camera.illumination(0.0, -(steps_z + 1) * camera.pixel_tangent).any()


def test_a_mask_on_finer_cells_than_its_openings_is_the_same_mask() -> None:
    coarse = isgri_camera()
    fine = Camera(
        mask=np.kron(coarse.mask, np.ones((2, 2))),
        mask_cell_mm=coarse.mask_cell_mm / 2,
        mask_element_mm=coarse.mask_element_mm,
        mask_distance_mm=coarse.mask_distance_mm,
        pixels=coarse.pixels,
        pixel_pitch_mm=coarse.pixel_pitch_mm,
        pixel_sensitive_mm=coarse.pixel_sensitive_mm,
        full_rate_fraction=coarse.full_rate_fraction,
    )
    for tangent in ((0.0, 0.0), (0.07, -0.11)):
        np.testing.assert_allclose(
            fine.illumination(*tangent), coarse.illumination(*tangent), atol=1e-12
        )


def test_a_direction_behind_the_telescope_has_no_tangents(frame_at) -> None:
    frame = frame_at(ra=80.0, dec=20.0)
    tangent_y, _, cosine = tangents(frame, 260.0, -20.0)
    assert cosine < 0
    assert np.isnan(tangent_y)
