"""From a job's parameters to the Science Windows that it analyses."""

import random
from dataclasses import dataclass

from analysis.canonical import digest
from analysis.errors import EmptyScWList, NoScWData, NoValidScW
from analysis.workflows.selection import ScienceWindowParameters
from archive import catalogue
from archive.selection import (
    ScienceWindowRecord,
    SelectionError,
    UnknownScienceWindowError,
    WithheldScienceWindowError,
    select,
)
from auth.principal import Principal
from uws.errors import JobFailure


@dataclass(frozen=True, slots=True)
class Choice:
    """What a job analyses.

    found: how many matched. seed: of the random subset, where not all that matched were taken.
    position: ICRS degrees and the name of the source of interest, where one was given.
    """

    windows: tuple[ScienceWindowRecord, ...]
    found: int
    seed: int | None = None


def choose(parameters: ScienceWindowParameters, owner: Principal) -> Choice:
    """The Science Windows that the job's parameters name or describe, rights checked.

    Raises `NoScWData` for unknown ones, `NoValidScW` for withheld ones, `EmptyScWList` for none,
    `JobFailure` for what can't be a selection and an unknown source.
    """
    try:
        if parameters.scw_list:
            windows = select(
                principal=owner, ids=parameters.scw_list, limit=parameters.max_pointings
            )
            return Choice(_with_rights(parameters, windows), len(windows))
        return _by_place_and_time(parameters, owner)
    except UnknownScienceWindowError as problem:
        raise NoScWData(problem.message) from None
    except WithheldScienceWindowError as problem:
        raise NoValidScW(problem.message) from None
    except SelectionError as problem:
        raise JobFailure(problem.message) from None


def _by_place_and_time(parameters: ScienceWindowParameters, owner: Principal) -> Choice:
    ra, dec = _position(parameters)
    start, end = parameters.period
    found = _with_rights(
        parameters,
        select(principal=owner, ra=ra, dec=dec, radius=parameters.radius, t_start=start, t_end=end),
    )
    if not found:
        raise EmptyScWList(
            f"no Science Window points within {parameters.radius:g} deg of"
            f" RA {ra:.4f}, DEC {dec:.4f} in the time range"
        )
    if len(found) <= parameters.max_pointings:
        return Choice(found, len(found))
    # the same request takes the same subset, so that its results are found in the cache
    seed = int(digest([str(window.id) for window in found])[:8], 16)
    taken = random.Random(seed).sample(found, parameters.max_pointings)
    return Choice(tuple(sorted(taken, key=lambda w: w.start_ijd)), len(found), seed)


def _position(parameters: ScienceWindowParameters) -> tuple[float, float]:
    if parameters.ra is not None and parameters.dec is not None:
        return parameters.ra, parameters.dec
    source = catalogue.source_named(parameters.src_name or "")
    if source is None:
        raise JobFailure(
            f"src_name: {parameters.src_name!r} is not in this server's catalogue"
            " (integral.source lists it); give RA and DEC instead"
        )
    return source.ra, source.dec


def _with_rights(
    parameters: ScienceWindowParameters, windows: tuple[ScienceWindowRecord, ...]
) -> tuple[ScienceWindowRecord, ...]:
    """Those that the job's choice of data rights admits; naming another is an error."""
    if parameters.integral_data_rights == "all-private":
        return windows
    public = tuple(window for window in windows if window.is_public)
    if parameters.scw_list and len(public) < len(windows):
        names = ", ".join(str(window.id) for window in windows if not window.is_public)
        raise NoValidScW(
            f"{names}: not public; ask with integral_data_rights=all-private to use your rights"
        )
    return public
