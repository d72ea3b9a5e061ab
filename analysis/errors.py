"""Failures of an analysis that its user should read, each with a name that one may look up.

The names are those of the ODA's and OSA's pipelines where these have one (`NoISGRIEvents`,
`EmptyImageList`, …). A message names failure, Science Window, step and reason, and nothing of paths
or machines. Failures travel between processes whole: they are pickled with all their parts.

A failure of the data stays the same however often it is tried. A failure of the machine
(`MachineFailure`) may not come again, so that its step is tried again, unless trying at once is
known to be in vain.
"""

from typing import ClassVar, Literal, Self

from provenance.records import ActivityRecord


class AnalysisError(Exception):
    """A step of an analysis can't be done for a reason that its user can understand.

    reason: a sentence. science_window: ``RRRRPPPPSSSF.VVV``, empty where the step joins several.
    step: the name of the step. of_machine: whether the machine failed, not the data.
    retry: whether trying again at once may help. attempt: the provenance record of the run that
    failed, where one has begun.
    """

    of_machine: ClassVar[bool] = False
    retry: ClassVar[bool] = False

    def __init__(self, reason: str, *, science_window: str = "", step: str = "") -> None:
        self.reason = reason
        self.science_window = science_window
        self.step = step
        self.attempt: ActivityRecord | None = None
        where = ", ".join(
            part
            for part in (
                f"Science Window {science_window}" if science_window else "",
                f"step {step}" if step else "",
            )
            if part
        )
        super().__init__(": ".join(part for part in (self.name, where, reason) if part))

    def __reduce__(self) -> tuple[object, ...]:
        """Whole: class, reason, Science Window, step and record."""
        return _again, (type(self), self.reason, self.science_window, self.step, self.attempt)

    @property
    def name(self) -> str:
        """What one may look up; empty for a failure that is no kind of its own."""
        return "" if type(self) is AnalysisError else type(self).__name__

    @property
    def kind(self) -> Literal["fatal", "transient"]:
        """UWS's word (1.1, section 2.1.3) for whether running the job again may help."""
        return "transient" if self.of_machine else "fatal"

    def at(self, science_window: str, step: str) -> Self:
        """The same failure, told of that Science Window and step where it names none itself."""
        same = type(self)(
            self.reason,
            science_window=self.science_window or science_window,
            step=self.step or step,
        )
        same.attempt = self.attempt
        return same


def _again(
    failure: type[AnalysisError],
    reason: str,
    science_window: str,
    step: str,
    attempt: ActivityRecord | None,
) -> AnalysisError:
    same = failure(reason, science_window=science_window, step=step)
    same.attempt = attempt
    return same


# --- Of the request ------------------------------------------------------------------------------


class EmptyScWList(AnalysisError):  # noqa: N818  names that the ODA's users know, here and below
    """No Science Window is where and when it was asked for."""


class NoValidScW(AnalysisError):  # noqa: N818
    """Science Windows that were asked for may not be analysed, as those that are not public."""


class FractionalEnergyBinsNotAllowed(AnalysisError):  # noqa: N818
    """The limit of an energy band lies within a channel of the instrument."""


class PossiblyWrongEnergyRange(AnalysisError):  # noqa: N818
    """An energy band is empty or outside what the instrument measures."""


# --- Of the data ---------------------------------------------------------------------------------


class NoScWData(AnalysisError):  # noqa: N818
    """The archive lacks a Science Window, or its data of the instrument."""


class ScWDataCorrupted(AnalysisError):  # noqa: N818
    """A file of a Science Window is damaged or lacks a part that the format demands."""


class NoISGRIEvents(AnalysisError):  # noqa: N818
    """No good event of ISGRI is left in the band and the good time."""


class NoJEMXEvents(AnalysisError):  # noqa: N818
    """No good event of JEM-X is left in the band and the good time."""


class EfficiencyNotComputed(AnalysisError):  # noqa: N818
    """No pixel is usable, so that no rate can be given."""


class EmptyImageList(AnalysisError):  # noqa: N818
    """There is no image to join in a mosaic, or too many of them failed."""


class PointingsTooFarApart(AnalysisError):  # noqa: N818
    """Images lie too far apart on the sky for one mosaic."""


# --- Of the machine ------------------------------------------------------------------------------


class MachineFailure(AnalysisError):  # noqa: N818
    """Not the data failed but what computes; the step may be tried again."""

    of_machine = True
    retry = True


class ProcessEnded(MachineFailure):
    """The process that ran the step was ended from outside, most likely for want of memory."""


class DiskFull(MachineFailure):
    """There is no room for the step's result. Another attempt would find none either."""

    retry = False


class NotEnoughMemory(MachineFailure):
    """The step needs more memory than it may use, or than there is."""

    retry = False


class ClusterLost(MachineFailure):
    """What the steps run on can't be reached, or has given up a step."""


class ClusterUnfit(MachineFailure):
    """What the steps run on can't run any of this server, as without its software."""

    retry = False


class CacheUnreachable(MachineFailure):
    """The folder of cached results can't be read, or isn't the server's own: not mounted, say."""


class SoftwareChanged(MachineFailure):
    """The engine's software is no longer that with which the graph was planned."""

    retry = False


class StepBroken(AnalysisError):  # noqa: N818
    """The step's program stopped for a reason that it wasn't made for: a defect of the server."""
