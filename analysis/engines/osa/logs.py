"""What OSA says, understood: the line that names a failure becomes a typed error.

OSA's programs tell of failures by ``Error_1`` and ``Error_2`` lines, the last of which is ``Task
<name> terminating with status <number>``; some end with exit status 0 all the same. What their
words mean is known from the pipelines of the INTEGRAL Online Data Analysis.
"""

import re
from dataclasses import dataclass

from analysis.errors import (
    AnalysisError,
    EfficiencyNotComputed,
    MachineFailure,
    NoISGRIEvents,
    NoScWData,
    PossiblyWrongEnergyRange,
    ScWDataCorrupted,
)


class NoDeadData(AnalysisError):  # noqa: N818  names that the ODA's users know, here and below
    """OSA made no dead times of a Science Window."""


class BinnedMapsNotComputed(AnalysisError):  # noqa: N818
    """OSA found no shadowgrams in the energy bins that it was to work on."""


class NoUsefulData(AnalysisError):  # noqa: N818
    """A Science Window holds too little of JEM-X to be analysed."""


class NoGainHistory(AnalysisError):  # noqa: N818
    """JEM-X's energies can't be worked out: its gain history is missing or can't be solved."""


class OsaFailed(AnalysisError):  # noqa: N818
    """OSA failed for a reason that is known by its status alone."""


class OsaCrashed(MachineFailure):
    """An executable of OSA was ended by a fault of its own or by the system."""


class OsaTimedOut(MachineFailure):
    """An executable of OSA took longer than the site allows."""

    retry = False


#: What a log says, the failure that it means, and what to tell. The first that matches counts:
#: a cause before its consequences.
_MEANINGS: tuple[tuple[str, type[AnalysisError], str], ...] = (
    (r"Segmentation fault|segmentation violation", OsaCrashed, "it crashed"),
    (r"Can not open the new scw", ScWDataCorrupted, "og_create can't open the Science Window"),
    (r"ERR_ISGR_OSM_DATA_INCONSISTENCY", ScWDataCorrupted, "good times or maps are inconsistent"),
    (
        r"GTI_\d+ (is not time coherent|overlaps GTI_\d+)",
        ScWDataCorrupted,
        "good time intervals overlap or run backwards",
    ),
    (
        r"Verif8Bins\s+Status :\s+0 Bands error 2 in TIME bins",
        EfficiencyNotComputed,
        "there is no efficiency for the time bins",
    ),
    (
        r"ReadBkgUnifBin\s+Status :\s+0 Uncorrect Bckg\s+maps",
        PossiblyWrongEnergyRange,
        "there are no background maps for the energy band",
    ),
    (r"No shd found of type", BinnedMapsNotComputed, "there are no shadowgrams"),
    (r"no usable event data|ISGR-EVTS-\S+ (was )?not found", NoISGRIEvents, "there are no events"),
    (r"J_SCW_NO_MINIMUM_DATA", NoUsefulData, "there is too little data"),
    (r"Element JMX[12]-SPEC-\S* was not found", NoUsefulData, "there are no events"),
    (r"null or NaN values for this particular revolution", NoUsefulData, "there is no calibration"),
    (
        r"J_COR_BAD_GAINHISTDOL|Could not solve gain history time-variation problem"
        r"|Couldn't find SCP and gain history elapsed time|After one-pass-loop, status = -1",
        NoGainHistory,
        "energies can't be corrected",
    ),
    (
        r"Error -35805 searching for source spectra in SWG",
        ScWDataCorrupted,
        "spe_pick finds no spectra in a Science Window",
    ),
    (r"[Nn]o space left on device", MachineFailure, "the disk is full"),
    (r"Can not open (the )?(input )?swg|swg\.fits\S* (was )?not found", NoScWData, "no data"),
)
_STATUS = re.compile(r"Task (?P<task>\w+) (?:\S+ )?terminating with status (?P<status>-?\d+)")
_ERROR = re.compile(r"\bError(?:_\d)?:?\s+(?P<text>\S.*)")
_WARNING = re.compile(r"\bWarn(?:ing)?_\d:?\s+(?P<text>\S.*)")
_PATH = re.compile(r"(?<![\w.])(?:/[\w.+-]+){2,}/?")
_MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class OsaLog:
    """A log's contents.

    statuses: task and status of each that told one. errors, warnings: their texts, in order, each
    once, without the machine's folders.
    """

    text: str
    statuses: tuple[tuple[str, int], ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether some task ended with a status that isn't 0."""
        return any(status != 0 for _, status in self.statuses)


def parse_log(text: str) -> OsaLog:
    """The contents of what OSA wrote to its log or to the screen."""
    return OsaLog(
        text,
        tuple((match["task"], int(match["status"])) for match in _STATUS.finditer(text)),
        _texts(_ERROR, text),
        _texts(_WARNING, text),
    )


def failure(
    log: OsaLog, executable: str, exit_status: int, science_window: str = ""
) -> AnalysisError:
    """The failure that a log of a failed call tells of.

    exit_status: of the process, negative where a signal ended it.
    """
    named = {"science_window": science_window, "step": executable}
    for pattern, kind, words in _MEANINGS:
        if re.search(pattern, log.text):
            return kind(words, **named)
    if exit_status < 0:
        return OsaCrashed(f"signal {-exit_status} ended it", **named)
    bad = [(task, status) for task, status in log.statuses if status != 0]
    told = f"status {bad[0][1]} of {bad[0][0]}" if bad else f"exit status {exit_status}"
    causes = [text for text in log.errors if "terminating" not in text]
    return OsaFailed(told + (f": {causes[0][:_MOST_WORDS]}" if causes else ""), **named)


def _texts(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = (match["text"].strip() for match in pattern.finditer(text))
    return tuple(dict.fromkeys(_PATH.sub(_last_part, line) for line in found))


def _last_part(path: re.Match[str]) -> str:
    return path[0].rstrip("/").rpartition("/")[2]
