"""Parameters by which every workflow chooses its Science Windows.

Names and defaults are those of the INTEGRAL Online Data Analysis, so that its users find their
words again. Where ``scw_list`` is given, position and times don't choose.
"""

import re
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from analysis.engines.registry import engine_names, require_installed
from analysis.products.catalogue_source import CatalogueSource
from analysis.workflows import selected_catalog
from analysis.workflows.time_range import check_format, mjd_utc
from archive.kinds import EVENT_KIND
from instruments.science_window import ScienceWindowId
from uws.parameters import JobParameters, Meaning, missing

_SCW_LIST_DECORATION = re.compile(r"[\[\]'\"\s]")


class ScienceWindowParameters(JobParameters):
    """Which Science Windows a job analyses, with which engine, and who gets the products."""

    src_name: Annotated[str | None, Meaning(ucd="meta.id;src")] = Field(
        default=None,
        description="Name of the source of interest, looked up in this server's catalogue, "
        "then, where it is set, by Sesame, where RA and DEC are not given.",
    )
    ra: Annotated[float | None, Meaning(unit="deg", ucd="pos.eq.ra")] = Field(
        default=None, alias="RA", ge=0, lt=360, description="Right ascension, ICRS."
    )
    dec: Annotated[float | None, Meaning(unit="deg", ucd="pos.eq.dec")] = Field(
        default=None, alias="DEC", ge=-90, le=90, description="Declination, ICRS."
    )
    radius: Annotated[float, Meaning(unit="deg", ucd="phys.angSize")] = Field(
        default=15.0,
        gt=0,
        le=180,
        description="Science Windows whose pointing lies within this of the position are taken.",
    )
    start: Annotated[str | None, Meaning(ucd="time.start")] = Field(
        default=None, alias="T1", description="Begin of the time range, UTC, in T_format."
    )
    end: Annotated[str | None, Meaning(ucd="time.end")] = Field(
        default=None, alias="T2", description="End of the time range, UTC, in T_format."
    )
    time_format: str = Field(
        default="isot", alias="T_format", description="astropy's name of the format of T1 and T2."
    )
    scw_list: list[str] = Field(
        default_factory=list,
        description="Science Windows, RRRRPPPPSSSF.VVV, repeated or separated by commas.",
    )
    max_pointings: Annotated[int, Meaning(ucd="meta.number")] = Field(
        default=50,
        ge=1,
        le=2000,
        description="Where more Science Windows match, this many of them are taken, chosen at "
        "random with a seed that the provenance holds. At most 50 unless you sign in.",
    )
    selected_catalog: Annotated[str | None, Meaning(ucd="meta.record", separator=None)] = Field(
        default=None,
        description="Your own list of sources instead of the server's catalogue: a VOTable, or an "
        "ODA catalogue as JSON, with names and positions.",
    )
    integral_data_rights: Literal["public", "all-private"] = Field(
        default="public",
        description="public: public data only; all-private: also those that you have rights to.",
    )
    engine: Annotated[str, Meaning(options=engine_names)] = Field(
        default="coded_mask",
        description="What computes. coded_mask: this server's own; osa: the mission's.",
        json_schema_extra=lambda schema: schema.update(enum=list(engine_names())),
    )
    osa_version: str = Field(
        default="OSA11.2",
        pattern=r"^OSA(10\.2|11\.2)(-[A-Za-z0-9.]+)?(--[a-z0-9]+)*$",
        description="Version of the mission's software, for the engine osa.",
    )
    publish: bool = Field(
        default=True, description="Whether products made of public data become public."
    )

    @field_validator("scw_list", mode="after")
    @classmethod
    def _science_windows(cls, given: list[str]) -> list[str]:
        """Accept the form of a Python list too, which clients of the ODA send."""
        plain = [_SCW_LIST_DECORATION.sub("", text) for text in given]
        return [str(ScienceWindowId.parse(text)) for text in plain if text]

    @field_validator("engine", mode="after")
    @classmethod
    def _installed(cls, name: str) -> str:
        require_installed(name)
        return name

    @field_validator("time_format", mode="after")
    @classmethod
    def _known_format(cls, name: str) -> str:
        return check_format(name)

    @field_validator("src_name", mode="after")
    @classmethod
    def _writable_name(cls, name: str | None) -> str | None:
        if name is not None and not (
            0 < len(name) <= 100 and name.isascii() and name.isprintable()
        ):
            raise ValueError("a name of 1 to 100 printable ASCII signs")
        return name

    @field_validator("selected_catalog", mode="after")
    @classmethod
    def _readable_catalogue(cls, text: str | None) -> str | None:
        if text is not None:
            selected_catalog.parse(text)
        return text

    @property
    def selected_sources(self) -> tuple[CatalogueSource, ...] | None:
        """The sources of ``selected_catalog``."""
        return None if self.selected_catalog is None else _parsed(self.selected_catalog)

    def check_values(self) -> None:
        """Raise ``ValueError`` for values that contradict each other; workflows add their own."""
        start, end = self.period
        if start is not None and end is not None and start >= end:
            raise ValueError("T1: must be before T2")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.check_values()
        if not self.scw_list:
            if (self.ra is None) != (self.dec is None):
                raise missing("RA, DEC: give both or neither")
            if self.ra is None and self.src_name is None:
                raise missing("give scw_list, or a position by RA and DEC or src_name")
        return self

    @property
    def event_kind(self) -> str:
        """The kind of file that a Science Window must have (`archive.kinds`)."""
        return EVENT_KIND

    @property
    def period(self) -> tuple[float | None, float | None]:
        """T1 and T2 as MJD, UTC; raises ``ValueError`` naming the one that can't be read."""
        start, end = (
            None if text is None else mjd_utc(name, text, self.time_format)
            for name, text in (("T1", self.start), ("T2", self.end))
        )
        return start, end


@lru_cache(maxsize=4)
def _parsed(catalogue: str) -> tuple[CatalogueSource, ...]:
    return selected_catalog.parse(catalogue)


class ImagingParameters(ScienceWindowParameters):
    """What an image of a coded-mask instrument is made of and how.

    Spectra and light curves begin with one, since it tells which sources are there.
    """

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


class SpectrumParameters(ImagingParameters):
    """What spectra are made of and how; the band is that of the image that shows the sources."""


class LightCurveParameters(ImagingParameters):
    """What light curves are made of and how."""

    time_bin: Annotated[float, Meaning(unit="s", ucd="time.interval")] = Field(
        default=1000.0,
        gt=0.1,
        le=20000,
        description="Length of the bins. None is longer than its Science Window.",
    )
