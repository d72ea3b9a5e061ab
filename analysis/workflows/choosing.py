"""From a job's parameters to the Science Windows that it analyses."""

import random
from dataclasses import dataclass
from typing import TypeVar

from analysis.canonical import digest
from analysis.errors import EmptyScWList, NoScWData, NoValidScW
from analysis.products.catalogue_source import CatalogueSource
from analysis.workflows.selection import ScienceWindowParameters
from archive import catalogue, object_names
from archive.selection import (
    ScienceWindowRecord,
    SelectionError,
    UnknownScienceWindowError,
    WithheldScienceWindowError,
    select,
)
from auth.principal import Principal
from uws.errors import JobFailure

ParametersType = TypeVar("ParametersType", bound=ScienceWindowParameters)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a job analyses.

    found: how many matched. seed: of the random subset, where not all that matched were taken.
    """

    windows: tuple[ScienceWindowRecord, ...]
    found: int
    seed: int | None = None

    def told(self) -> str:
        """A line for the job's owner."""
        taken = len(self.windows)
        if self.seed is None:
            return f"{taken} Science Windows"
        return f"{taken} of {self.found} Science Windows, chosen at random with seed {self.seed}"


def choose(parameters: ScienceWindowParameters, owner: Principal) -> Choice:
    """The Science Windows that the job's parameters name or describe, rights checked.

    Raises `NoScWData` for unknown ones, `NoValidScW` for withheld ones, `EmptyScWList` for none,
    `JobFailure` for what can't be a selection, an unknown source, or more than the owner may take.
    """
    _check_number(parameters.max_pointings, owner)
    try:
        if parameters.scw_list:
            windows = select(
                principal=owner,
                ids=parameters.scw_list,
                limit=parameters.max_pointings,
                kind=parameters.event_kind,
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
    source = source_of_interest(parameters)
    if source is None:
        raise JobFailure("give scw_list, or a position by RA and DEC or src_name")
    ra, dec = source.ra, source.dec
    start, end = parameters.period
    found = _with_rights(
        parameters,
        select(
            principal=owner,
            ra=ra,
            dec=dec,
            radius=parameters.radius,
            t_start=start,
            t_end=end,
            kind=parameters.event_kind,
        ),
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


def located(parameters: ParametersType) -> ParametersType:
    """The same with the position of the source that is asked for by its name alone.

    What is found is as good as given: it is looked up once, and stands in the provenance with the
    other parameters, the name as the catalogue writes it. Raises as `source_of_interest`.
    """
    if parameters.ra is not None or parameters.src_name is None:
        return parameters
    source = source_of_interest(parameters)
    assert source is not None  # noqa: S101 - there is a name
    return parameters.model_copy(
        update={"src_name": source.name, "ra": source.ra, "dec": source.dec}
    )


def source_of_interest(parameters: ScienceWindowParameters) -> CatalogueSource | None:
    """The source that the job asks for by name or position; ``None`` where it asks for none.

    A name is looked up in the server's catalogue, then by Sesame where the site allows it. With RA
    and DEC it is just a name. Raises `JobFailure` for a name that nobody knows.
    """
    name = parameters.src_name
    if parameters.ra is not None and parameters.dec is not None:
        plain = name or f"RA{parameters.ra:.3f}DEC{parameters.dec:+.3f}"
        return CatalogueSource(plain, parameters.ra, parameters.dec)
    if name is None:
        return None
    known = catalogue.source_named(name)
    if known is not None:
        return CatalogueSource(known.name, known.ra % 360.0, known.dec)
    try:
        place = object_names.position_of(name)
    except LookupError as error:
        raise JobFailure(f"src_name: {name!r} can't be looked up: {error}", "transient") from error
    if place is None:
        raise JobFailure(
            f"src_name: {name!r} is unknown to {object_names.places()}"
            " (integral.source lists the catalogue); give RA and DEC instead"
        )
    return CatalogueSource(name, *place)


def _check_number(asked: int, owner: Principal) -> None:
    """How many Science Windows the owner may take at once."""
    most = _MOST_ANONYMOUS
    if not owner.is_anonymous:
        most = _MOST_ADMINISTRATOR if owner.is_administrator else _MOST_SIGNED_IN
    if asked > most:
        hint = "; sign in to take more" if owner.is_anonymous else ""
        raise JobFailure(f"max_pointings: {asked} is above your limit, {most}{hint}")


#: Science Windows in one job. The ODA's limits: 50 for anybody, 500 with a role for more.
_MOST_ANONYMOUS = 50
_MOST_SIGNED_IN = 500
_MOST_ADMINISTRATOR = 2000


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
