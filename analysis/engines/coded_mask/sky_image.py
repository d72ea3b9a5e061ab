"""Sky images of one Science Window."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.products.tangent_plane import TangentPlane


@dataclass(frozen=True, slots=True, eq=False)
class SkyImage:
    """Maps over the field of a Science Window; float32, shape ``plane.shape``, NaN where not coded.

    Rows follow the spacecraft's Z axis, columns its -Y axis, so that the sky is seen from inside
    (east to the left where north is up). INTENSITY (count/s) is the rate on axis of a source at the
    pixel's centre (`instruments.isgri.EFFECTIVE_AREA_CM2`), VARIANCE (count2/s2) its statistical
    variance, SIGNIFICANCE their ratio, EXPOSURE (s) the live time times the part of the detector
    that is coded and alive.
    """

    science_window: str
    plane: TangentPlane
    e_min_kev: float
    e_max_kev: float
    t_start_ijd: float
    t_stop_ijd: float
    ontime_s: float
    livetime_s: float
    intensity: NDArray[np.float32]
    variance: NDArray[np.float32]
    exposure_s: NDArray[np.float32]

    @property
    def significance(self) -> NDArray[np.float32]:
        """INTENSITY over the root of VARIANCE."""
        return self.intensity / np.sqrt(self.variance)
