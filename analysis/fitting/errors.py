"""Why a fit can't be had."""

from analysis.errors import AnalysisError


class NoResponseFound(AnalysisError):  # noqa: N818  named as the other failures of an analysis
    """The spectrum's redistribution matrix or ancillary response isn't there or isn't its own."""


class TooFewChannels(AnalysisError):  # noqa: N818
    """Not more good bins in the range than the model has free parameters."""


class FitNotConverged(AnalysisError):  # noqa: N818
    """The minimiser found no minimum, so that there are no values to report."""
