"""A source that is known: light to import, for parameters of jobs hold some."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CatalogueSource:
    """A known source: its name and its ICRS position in degrees."""

    name: str
    ra: float
    dec: float
