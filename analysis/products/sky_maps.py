"""Maps of the sky in one energy band: what every image is, of one Science Window or of many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.products.tangent_plane import TangentPlane

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SkyMaps:
    """Four maps of shape ``plane.shape``, NaN where nothing was seen; SIGNIFICANCE is derived.

    intensity: INTENSITY (count/s), the rate on axis of a source at the pixel's centre
    (`instruments.isgri.EFFECTIVE_AREA_CM2`); variance: its statistical variance (count2/s2);
    exposure_s: live time times the part of the detector that is coded and alive. t_start_ijd,
    t_stop_ijd: first and last good time, IJD (TT); ontime_s: length of the good time; livetime_s:
    the same without dead time.
    """

    plane: TangentPlane
    e_min_kev: float
    e_max_kev: float
    t_start_ijd: float
    t_stop_ijd: float
    ontime_s: float
    livetime_s: float
    intensity: Map
    variance: Map
    exposure_s: Map

    @property
    def significance(self) -> Map:
        """INTENSITY over the root of VARIANCE."""
        return np.asarray(self.intensity / np.sqrt(self.variance), dtype=np.float32)
