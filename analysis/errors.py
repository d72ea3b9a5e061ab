"""Failures of an analysis that its user should read, each with a name that one may look up.

The names are those of the ODA's pipelines where it has one (`NoISGRIEvents`, `EmptyImageList`, …).
A message names Science Window, step and reason, and nothing of paths or machines.
"""


class AnalysisError(Exception):
    """A step of an analysis can't be done for a reason that its user can understand.

    reason: a sentence. science_window: ``RRRRPPPPSSSF.VVV``, empty where the step joins several.
    step: the name of the step.
    """

    def __init__(self, reason: str, *, science_window: str = "", step: str = "") -> None:
        self.reason = reason
        self.science_window = science_window
        self.step = step
        where = ", ".join(
            part
            for part in (
                f"Science Window {science_window}" if science_window else "",
                f"step {step}" if step else "",
            )
            if part
        )
        super().__init__(f"{where}: {reason}" if where else reason)


class ScWDataCorrupted(AnalysisError):  # noqa: N818  the name that the ODA's users know
    """A file of a Science Window is damaged or lacks a part that the format demands."""


class NoISGRIEvents(AnalysisError):  # noqa: N818
    """No good event of ISGRI is left in the band and the good time."""


class EfficiencyNotComputed(AnalysisError):  # noqa: N818
    """No pixel is usable, so that no rate can be given."""


class EmptyImageList(AnalysisError):  # noqa: N818
    """There is no image to join in a mosaic."""


class PointingsTooFarApart(AnalysisError):  # noqa: N818
    """Images lie too far apart on the sky for one mosaic."""
