"""Failures of an analysis that its user should read."""


class AnalysisError(Exception):
    """A step that can't give its result; the message names Science Window, step and reason."""
