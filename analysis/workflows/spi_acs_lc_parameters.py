"""What ``spi_acs_lc`` takes; light to import, since the web server needs no more of it."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from analysis.workflows.time_range import check_format, mjd_utc
from instruments.spi_acs import TIME_BIN_S
from uws.parameters import JobParameters, Meaning

#: Bins in one light curve.
MOST_BINS = 1_000_000


class SpiAcsLightCurveParameters(JobParameters):
    """From when to when, and how long a bin is. Position and name are taken and not used."""

    src_name: Annotated[str | None, Meaning(ucd="meta.id;src")] = Field(
        default=None, description="Not used: SPI-ACS sees the whole sky."
    )
    ra: Annotated[float | None, Meaning(unit="deg", ucd="pos.eq.ra")] = Field(
        default=None, alias="RA", description="Not used: SPI-ACS sees the whole sky."
    )
    dec: Annotated[float | None, Meaning(unit="deg", ucd="pos.eq.dec")] = Field(
        default=None, alias="DEC", description="Not used: SPI-ACS sees the whole sky."
    )
    start: Annotated[str, Meaning(ucd="time.start")] = Field(
        alias="T1", description="Begin of the time range, UTC, in T_format."
    )
    end: Annotated[str, Meaning(ucd="time.end")] = Field(
        alias="T2", description="End of the time range, UTC, in T_format."
    )
    time_format: str = Field(
        default="isot", alias="T_format", description="astropy's name of the format of T1 and T2."
    )
    time_bin: Annotated[float, Meaning(unit="s", ucd="time.interval")] = Field(
        default=1.0,
        ge=TIME_BIN_S,
        le=20000,
        description="Length of the bins; the counts come every 0.05 s.",
    )
    data_level: Literal["ordinary", "realtime"] = Field(
        default="ordinary",
        description="ordinary: consolidated data only; realtime: near-real-time data (version 000) "
        "too, where there is nothing better yet.",
    )
    integral_data_rights: Literal["public", "all-private"] = Field(
        default="public",
        description="public: public data only; all-private: also those that you have rights to.",
    )
    publish: bool = Field(
        default=True, description="Whether products made of public data become public."
    )

    @field_validator("time_format", mode="after")
    @classmethod
    def _known_format(cls, name: str) -> str:
        return check_format(name)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        start, end = self.period
        if start >= end:
            raise ValueError("T1: must be before T2")
        bins = (end - start) * 86400 / self.time_bin
        if bins > MOST_BINS:
            raise ValueError(
                f"time_bin: {bins:.0f} bins between T1 and T2; at most {MOST_BINS} are made"
            )
        return self

    @property
    def period(self) -> tuple[float, float]:
        """T1 and T2 as MJD, UTC; raises ``ValueError`` naming the one that can't be read."""
        return (
            mjd_utc("T1", self.start, self.time_format),
            mjd_utc("T2", self.end, self.time_format),
        )
