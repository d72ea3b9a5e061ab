"""What ``isgri_image`` takes; light to import, since the web server needs no more of it."""

from typing import Annotated

from pydantic import Field

from analysis.workflows.selection import ScienceWindowParameters
from instruments import isgri
from uws.parameters import Meaning


class IsgriImageParameters(ScienceWindowParameters):
    """What an ISGRI image is made of and how."""

    e_min_kev: Annotated[float, Meaning(unit="keV", ucd="em.energy;stat.min")] = Field(
        default=20.0, alias="E1_keV", description="Lower limit of the energy band."
    )
    e_max_kev: Annotated[float, Meaning(unit="keV", ucd="em.energy;stat.max")] = Field(
        default=40.0, alias="E2_keV", description="Upper limit of the energy band."
    )
    detection_threshold: Annotated[float, Meaning(ucd="stat.snr")] = Field(
        default=7.0,
        ge=3,
        le=1000,
        description="Least significance (sigma) of the sources listed for the mosaic.",
    )

    def check_values(self) -> None:
        """The band too must be one that images can be made in."""
        super().check_values()
        try:
            isgri.check_energy_band(self.e_min_kev, self.e_max_kev)
        except isgri.EnergyBandError as error:
            raise ValueError(f"E1_keV, E2_keV: {error}") from error
