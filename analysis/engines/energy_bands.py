"""Energy bands that an instrument can't measure, as failures that users know by name."""

from analysis.errors import (
    AnalysisError,
    FractionalEnergyBinsNotAllowed,
    PossiblyWrongEnergyRange,
)
from instruments.isgri import FractionalEnergyError


def band_failure(error: ValueError) -> AnalysisError:
    """What an instrument's check of a band has found, as the failure to tell."""
    if isinstance(error, FractionalEnergyError):
        return FractionalEnergyBinsNotAllowed(str(error))
    return PossiblyWrongEnergyRange(str(error))
