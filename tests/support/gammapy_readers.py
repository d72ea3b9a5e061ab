"""gammapy, as far as it reads OGIP files.

gammapy 2.1 imports a helper of regions that regions 0.12 renamed; no reader calls it.
"""

import warnings

with warnings.catch_warnings():
    # what gammapy's dependencies think of each other is not ours to mend
    warnings.simplefilter("ignore")
    import regions._utils.wcs_helpers as _helpers

    if not hasattr(_helpers, "pixel_scale_angle_at_skycoord"):
        _helpers.pixel_scale_angle_at_skycoord = None
    from gammapy.irf import EDispKernel
    from gammapy.maps import RegionNDMap
    from gammapy.modeling import models

__all__ = ["EDispKernel", "RegionNDMap", "models"]
