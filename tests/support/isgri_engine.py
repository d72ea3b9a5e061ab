"""The generic engine with ISGRI's camera put in."""

from functools import partial

from analysis.engines import coded_mask
from analysis.engines.coded_mask.isgri import ISGRI, isgri_camera

find_sources = partial(coded_mask.find_sources, camera=isgri_camera())
clean = partial(coded_mask.clean, camera=isgri_camera())
sky_image = partial(coded_mask.sky_image, camera=isgri_camera())
mosaic = partial(coded_mask.mosaic, pixel_deg=ISGRI.image_pixel_deg)
mosaic_sources = partial(coded_mask.mosaic_sources, camera=isgri_camera())
