"""``reproduce``: makes a product again from nothing but its provenance, and compares.

The job's type and parameters are those of the recorded activity, the Science Windows those that
its history leads to. The products made again stay results of this job; what came out of the
comparison is a JSON document, and itself recorded.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from pydantic import BaseModel

from analysis.anew import everything_anew
from analysis.products.differences import file_differences
from analysis.publishing import given
from analysis.steps import Step
from analysis.workflow_types import targets_of
from analysis.workflows.as_recorded import Recorded, as_recorded, of_history
from analysis.workflows.reproduce_parameters import ReproduceParameters
from archive import stored_products
from archive.stored_products import StoredProduct
from auth.principal import Principal
from dali.errors import NotFoundError
from provenance import agents, recorder, store
from provenance.files import file_checksum
from provenance.history import History, backwards, made_by
from provenance.identifiers import new_entity_id
from provenance.likeness import Aspect, Difference
from provenance.records import (
    ActivityRecord,
    EntityClass,
    EntityRecord,
    InvolvedRecord,
    ParameterRecord,
)
from uws import registry
from uws.errors import InvalidParametersError, JobFailure, UnknownJobTypeError
from uws.parameters import Values, check, describe
from uws.types import JobContext, JobType, ResultFile

NAME = "reproduce"
#: Parameters that choose the inputs, which are compared themselves, and who sees the products. A
#: source that is extracted stands in the steps' parameters, name and position.
FREE_PARAMETERS = frozenset(
    {"src_name", "RA", "DEC", "scw_list", "max_pointings", "selection_seed", "publish"}
)
#: Results that tell of a run rather than of the sky.
_NOT_COMPARED = frozenset({"log"})


@dataclass(frozen=True, slots=True)
class Compared:
    """A product and what came of it when it was made again.

    result: its name among the job's results. again: ``None`` where nothing was made.
    """

    result: str
    original: StoredProduct
    again: ResultFile | None
    differences: tuple[Difference, ...]

    @property
    def identical(self) -> bool:
        """The same but for dates and identifiers."""
        return self.again is not None and not self.differences


def run(context: JobContext[ReproduceParameters]) -> None:
    """Make it again and compare; raises `JobFailure`."""
    activity, history, asked = _recorded(context.parameters.identifier, context.owner)
    job_type = _job_type(activity)
    made = made_by(activity.id)
    originals = (asked,) if asked else _stored(activity, tuple(made), context.owner)
    context.message(f"running {activity.name} again as {activity.id} did")
    past = of_history(history)
    inner = _run_again(context, job_type, activity, past)
    missed = tuple(_missed(past))
    compared = [_compare(made[o.obs_publisher_did], o, inner, missed) for o in originals]
    for item in compared:
        context.message(f"{item.result}: {_verdict(item)}")
    for result in inner.results:
        context.add_result(result.name, result.path, result.media_type)
    path = context.folder / "comparison.json"
    path.write_text(json.dumps(_document(context, activity, compared), indent=1), encoding="utf-8")
    context.add_result("comparison", path, "application/json")
    context.at_completion.extend(inner.at_completion)
    context.at_completion.append(partial(_record, context, inner, compared, path))


def targets(parameters: ReproduceParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps of the job that would be run again; raises what the job would."""
    activity, history, _ = _recorded(parameters.identifier, owner)
    job_type = _job_type(activity)
    past = of_history(history)
    again = _recorded_parameters(job_type, activity, past)
    try:
        find = targets_of(job_type.name)
    except KeyError:
        raise JobFailure(f"ID: jobs of {job_type.name} have no plan") from None
    with as_recorded(past):
        return find(again, owner)


def _recorded(
    identifier: str, owner: Principal
) -> tuple[ActivityRecord, History, StoredProduct | None]:
    """The activity to run again, what it came from, and the product that was asked for, if any."""
    asked: StoredProduct | None
    try:
        asked = stored_products.find(identifier, owner)
    except NotFoundError:
        asked = None  # perhaps an activity
    start = asked.obs_publisher_did if asked else identifier
    if asked is None:
        try:
            backwards([start], 1)
        except NotFoundError:
            raise JobFailure(
                f"ID: no public product or activity {identifier!r} is known; give the"
                " obs_publisher_did of a product (PROVENT in a file's header) or the activity that"
                " made it (PROVACT)"
            ) from None
    # what a person may read, they may know the whole history of
    history = backwards([start], None, hidden=True)
    activity = next((a for a in history.activities if _is_meant(a, start)), None)
    if activity is None:
        raise JobFailure(f"ID: {identifier!r} was not made by any activity that is recorded here")
    return activity, history, asked


def _stored(
    activity: ActivityRecord, made: Sequence[str], owner: Principal
) -> tuple[StoredProduct, ...]:
    """Those of the activity's products that are stored; raises `JobFailure` where none is."""
    found = stored_products.find_all(made, owner)
    if not found:
        raise JobFailure(f"ID: no product of activity {activity.id!r} is stored here")
    return found


def _is_meant(activity: ActivityRecord, identifier: str) -> bool:
    """Whether the identifier is the activity's or that of something that it made."""
    return activity.id == identifier or any(
        generated.entity.id == identifier for generated in activity.generated
    )


def _job_type(activity: ActivityRecord) -> JobType[Any]:
    """The type of the job that the activity was; raises `JobFailure` where it was none."""
    try:
        job_type = registry.get(activity.name)
    except UnknownJobTypeError:
        raise JobFailure(
            f"ID: {activity.name!r} is no job that can be run again here; give the activity or a"
            " product of an analysis job"
        ) from None
    if job_type.name == NAME:
        raise JobFailure("ID: a comparison can't be made again; give what it compared")
    return job_type


def _run_again(
    context: JobContext[ReproduceParameters],
    job_type: JobType[Any],
    activity: ActivityRecord,
    past: Recorded,
) -> JobContext[Any]:
    parameters = _recorded_parameters(job_type, activity, past)
    folder = context.folder / "again"
    folder.mkdir()
    inner: JobContext[Any] = JobContext(
        context.job_id, context.owner, parameters, folder, context, context.inputs
    )
    with as_recorded(past), nullcontext() if context.parameters.use_cache else everything_anew():
        job_type.run(inner)
    return inner


def _recorded_parameters(
    job_type: JobType[Any], activity: ActivityRecord, past: Recorded
) -> BaseModel:
    """What the job is to be run with again; raises `JobFailure`."""
    try:
        values = _values(job_type.parameters, activity, past)
        parameters: BaseModel = check(job_type.parameters, values)
        return parameters
    except InvalidParametersError as problem:
        raise JobFailure(
            f"the recorded parameters of {activity.name} are refused today: {problem.message}"
        ) from problem


def _values(model: type[BaseModel], activity: ActivityRecord, past: Recorded) -> Values:
    """The recorded parameters, with the Science Windows that were used and nothing published."""
    known = {described.name: described for described in describe(model)}
    values: dict[str, tuple[str, ...]] = {
        parameter.name: (parameter.value,)
        for parameter in activity.parameters
        if parameter.name in known
    }
    if "scw_list" in known:
        if not past.science_windows:
            raise JobFailure("the history leads to no Science Window")
        values["scw_list"] = past.science_windows
    if "publish" in known:
        values["publish"] = ("0",)
    return values


def _missed(past: Recorded) -> Iterator[Difference]:
    """Inputs that the archive has no more, so that today's were taken."""
    for file in past.missed:
        yield Difference(
            Aspect.INPUTS,
            file.location or file.id,
            file.checksum or "",
            "not in the archive any more; what it has now was taken",
        )


def _compare(
    name: str, original: StoredProduct, inner: JobContext[Any], missed: tuple[Difference, ...]
) -> Compared:
    """missed: inputs that differ, whatever is in the files."""
    again = next((result for result in inner.results if result.name == name), None)
    if again is None or name in _NOT_COMPARED:
        return Compared(name, original, again, ())
    found = file_differences(original.path, again.path, original.media_type, FREE_PARAMETERS)
    return Compared(name, original, again, (*missed, *found))


def _verdict(item: Compared) -> str:
    if item.again is None:
        return "was not made again"
    if item.identical:
        return "identical, but for dates and ids"
    aspects = sorted({str(difference.aspect) for difference in item.differences})
    return f"different in {', '.join(aspects)}"


def _document(
    context: JobContext[ReproduceParameters],
    activity: ActivityRecord,
    compared: list[Compared],
) -> dict[str, Any]:
    """The comparison as JSON has it."""
    return {
        "id": context.parameters.identifier,
        "activity": activity.id,
        "job_type": activity.name,
        "use_cache": context.parameters.use_cache,
        "identical": all(item.identical for item in compared),
        "products": [
            {
                "result": item.result,
                "original": item.original.obs_publisher_did,
                "identical": item.identical,
                "verdict": _verdict(item),
                "differences": [
                    {
                        "aspect": str(difference.aspect),
                        "where": difference.where,
                        "original": difference.original,
                        "again": difference.again,
                    }
                    for difference in item.differences
                ],
            }
            for item in compared
        ],
    }


def _record(
    context: JobContext[ReproduceParameters],
    inner: JobContext[Any],
    compared: list[Compared],
    comparison: Path,
) -> None:
    """Enter that it was compared, and with what outcome; public where the originals are.

    What was made again stays hidden, and with it who had it made.
    """
    authority = settings.VO_AUTHORITY
    identical = all(item.identical for item in compared)
    public = all(item.original.is_public for item in compared)
    run_again = given(inner)
    made_again = {g.role: g.entity for g in run_again.generated} if run_again else {}
    with recorder.activity(
        NAME,
        version=settings.VO_VERSION,
        authority=authority,
        start=context.begun,
        agents=[
            InvolvedRecord(agents.software(authority, "vo_server", settings.VO_VERSION), "software")
        ],
        parameters=_parameters(context.parameters),
        public=public,
    ) as activity:
        if run_again is not None:
            activity.informed_by(run_again.id)
        for item in compared:
            activity.used(item.original.obs_publisher_did, role="original")
            if item.result in made_again:
                activity.used(made_again[item.result].id, role="again")
        activity.generated(
            EntityRecord(
                new_entity_id(authority),
                name=comparison.name,
                content_type="application/json",
                checksum=file_checksum(comparison),
                description="comparison",
                comment="; ".join(f"{item.result}: {_verdict(item)}" for item in compared),
                public=public,
            ),
            role="comparison",
        )
        activity.generated(
            EntityRecord(
                new_entity_id(authority),
                name="identical",
                entity_class=EntityClass.VALUE,
                value="true" if identical else "false",
                description="identical",
                public=public,
            ),
            role="identical",
        )
    store.enter([activity.record])


def _parameters(parameters: ReproduceParameters) -> list[ParameterRecord]:
    return [
        recorder.parameter("ID", parameters.identifier),
        recorder.parameter("use_cache", parameters.use_cache),
    ]
