"""What ``spectral_fit`` takes; light to import, since the web server needs no more of it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from uws.parameters import JobParameters, Meaning


class SpectralFitParameters(JobParameters):
    """Which spectrum is fitted, with which model, in which range."""

    identifier: Annotated[str, Meaning(ucd="meta.id", separator=None)] = Field(
        alias="ID",
        min_length=1,
        max_length=1000,
        description="The spectrum: its obs_publisher_did, or its id or address under /products/. "
        "Its responses are found from it.",
    )
    xspec_model: Literal["powerlaw", "bknpower", "cutoffpl", "bbody"] = Field(
        default="powerlaw",
        description="The model, by XSPEC's name, with XSPEC's parameters and normalisation.",
    )
    e_min_kev: Annotated[float | None, Meaning(unit="keV", ucd="em.energy;stat.min")] = Field(
        default=None,
        alias="E_min_keV",
        gt=0,
        le=1e5,
        description="Lower limit of the fitted range; 30 keV for ISGRI, 5 keV for JEM-X unless "
        "given.",
    )
    e_max_kev: Annotated[float | None, Meaning(unit="keV", ucd="em.energy;stat.max")] = Field(
        default=None,
        alias="E_max_keV",
        gt=0,
        le=1e5,
        description="Upper limit of the fitted range; 300 keV for ISGRI, 20 keV for JEM-X unless "
        "given.",
    )
    publish: bool = Field(
        default=True, description="Whether the fit of a public spectrum becomes public."
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        low, high = self.e_min_kev, self.e_max_kev
        if low is not None and high is not None and not low < high:
            raise ValueError("E_min_keV: must be below E_max_keV")
        return self
