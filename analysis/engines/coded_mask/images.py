"""The engine's images as values."""

from dataclasses import dataclass

from analysis.products.sky_maps import SkyMaps


@dataclass(frozen=True, slots=True, eq=False)
class SkyImage(SkyMaps):
    """Maps over the field of one Science Window, ``RRRRPPPPSSSF.VVV``.

    Rows follow the spacecraft's Z axis, columns its -Y axis, so that the sky is seen from inside
    (east to the left where Z is north). One pixel moves the mask's shadow by one detector pixel.
    """

    science_window: str


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic(SkyMaps):
    """Maps over the union of fields, north up. On-times, live times and exposures are sums.

    science_windows: those joined, in order of time.
    """

    science_windows: tuple[str, ...]
