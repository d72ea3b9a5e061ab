"""What ISGRI's jobs take; light to import, since the web server needs no more of them."""

from analysis.engines.energy_bands import band_failure
from analysis.workflows.selection import (
    ImagingParameters,
    LightCurveParameters,
    SpectrumParameters,
)
from instruments import isgri


class _IsgriBand(ImagingParameters):
    """The band must be one that ISGRI's images can be made in."""

    def check_values(self) -> None:
        """As `ImagingParameters`, and the band."""
        super().check_values()
        try:
            isgri.check_energy_band(self.e_min_kev, self.e_max_kev)
        except isgri.EnergyBandError as error:
            raise ValueError(f"E1_keV, E2_keV: {band_failure(error)}") from error


class IsgriImageParameters(_IsgriBand):
    """What an ISGRI image is made of and how."""


class IsgriSpectrumParameters(_IsgriBand, SpectrumParameters):
    """What ISGRI spectra are made of and how."""


class IsgriLightCurveParameters(_IsgriBand, LightCurveParameters):
    """What ISGRI light curves are made of and how."""
