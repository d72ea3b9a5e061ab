"""Maps and a source list to write."""

import numpy as np
import pytest

from analysis.products.sky_maps import SkyMaps
from analysis.products.source_list import Source
from analysis.products.tangent_plane import TangentPlane


@pytest.fixture
def maps() -> SkyMaps:
    """Noise with one peak; a corner that was not seen."""
    random = np.random.default_rng(1)
    intensity = random.normal(0, 1, (80, 90)).astype(np.float32)
    intensity[40, 45] = 60
    intensity[:10, :10] = np.nan
    return SkyMaps(
        plane=TangentPlane.north_up(83.6, 22.0, 0.0823, (80, 90)),
        e_min_kev=20.0,
        e_max_kev=40.0,
        t_start_ijd=3006.0,
        t_stop_ijd=3006.5,
        ontime_s=20000.0,
        livetime_s=16000.0,
        intensity=intensity,
        variance=np.where(np.isnan(intensity), np.nan, 1.0).astype(np.float32),
        exposure_s=np.where(np.isnan(intensity), np.nan, 16000.0).astype(np.float32),
    )


@pytest.fixture
def sources() -> list[Source]:
    """A known source and a new one."""
    return [
        Source("Crab", 83.6331, 22.0145, 0.001, 165.0, 0.5, 330.0, 20.0, 40.0, False),
        Source("NEW_1", 84.9, 22.5, 0.01, 6.5, 1.0, 6.5, 20.0, 40.0, True, "066500330010.001"),
    ]
