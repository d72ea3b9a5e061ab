"""What JEM-X's jobs take; light to import, since the web server needs no more of them."""

from typing import Annotated

from pydantic import Field

from analysis.engines.energy_bands import band_failure
from analysis.workflows.selection import (
    ImagingParameters,
    LightCurveParameters,
    SpectrumParameters,
)
from archive.kinds import JEMX_KINDS
from instruments import jemx
from uws.parameters import Meaning


class _JemxBand(ImagingParameters):
    """One of the two units, JEM-X's small field and low energies."""

    jemx_num: Annotated[int, Meaning(ucd="meta.id;instr")] = Field(
        default=2, ge=1, le=2, description="Which of the two units: 1 or 2."
    )
    radius: Annotated[float, Meaning(unit="deg", ucd="phys.angSize")] = Field(
        default=4.0,
        gt=0,
        le=180,
        description="Science Windows whose pointing lies within this of the position are taken.",
    )
    e_min_kev: Annotated[float, Meaning(unit="keV", ucd="em.energy;stat.min")] = Field(
        default=3.0, alias="E1_keV", description="Lower limit of the energy band, from 3."
    )
    e_max_kev: Annotated[float, Meaning(unit="keV", ucd="em.energy;stat.max")] = Field(
        default=20.0, alias="E2_keV", description="Upper limit of the energy band, up to 35."
    )

    @property
    def event_kind(self) -> str:
        """The unit's event lists."""
        return JEMX_KINDS[self.jemx_num]

    def check_values(self) -> None:
        """As `ImagingParameters`, and the band."""
        super().check_values()
        try:
            jemx.check_energy_band(self.e_min_kev, self.e_max_kev)
        except jemx.JemxBandError as error:
            raise ValueError(f"E1_keV, E2_keV: {band_failure(error)}") from error


class JemxImageParameters(_JemxBand):
    """What a JEM-X image is made of and how."""


class JemxSpectrumParameters(_JemxBand, SpectrumParameters):
    """What JEM-X spectra are made of and how."""


class JemxLightCurveParameters(_JemxBand, LightCurveParameters):
    """What JEM-X light curves are made of and how."""
