"""``reproduce``: makes a product again from nothing but its provenance, and compares.

The job's type and parameters are those of the recorded activity, the Science Windows those that
its history leads to. The products made again stay results of this job; what came out of the
comparison is a JSON document, and itself recorded.
"""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
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
from analysis.workflows.originals import REPRODUCE, Asked, Original, asked_for
from analysis.workflows.reproduce_parameters import ReproduceParameters
from archive.stored_products import StoredProduct
from auth.principal import Principal
from provenance import agents, recorder, store
from provenance.files import file_checksum
from provenance.identifiers import new_entity_id
from provenance.likeness import Aspect, Difference
from provenance.records import (
    ActivityRecord,
    EntityClass,
    EntityRecord,
    InvolvedRecord,
    ParameterRecord,
)
from uws.errors import InvalidParametersError, JobFailure
from uws.parameters import Values, check, describe
from uws.types import JobContext, JobType, ResultFile

NAME = REPRODUCE
#: Parameters that choose the inputs, which are compared themselves, and who sees the products. A
#: source that is extracted stands in the steps' parameters, name and position.
FREE_PARAMETERS = frozenset(
    {"src_name", "RA", "DEC", "scw_list", "max_pointings", "selection_seed", "publish"}
)


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
    asked = asked_for(context.parameters.identifier, context.owner)
    activity = asked.activity
    context.message(f"running {activity.name} again as {activity.id} did")
    past = of_history(asked.history)
    inner = _run_again(context, asked.job_type, activity, past)
    missed = tuple(_missed(past))
    compared = [_compare(original, inner, missed) for original in asked.originals]
    for item in compared:
        context.message(f"{item.result}: {_verdict(item)}")
    for left_out in asked.left_out:
        context.message(f"{left_out.result}: not compared, since it {left_out.reason}")
    for result in inner.results:
        context.add_result(result.name, result.path, result.media_type)
    path = context.folder / "comparison.json"
    document = _document(context, asked, compared)
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    context.add_result("comparison", path, "application/json")
    context.at_completion.extend(inner.at_completion)
    context.at_completion.append(partial(_record, context, inner, asked, compared, path))


def targets(parameters: ReproduceParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps of the job that would be run again; raises what the job would."""
    asked = asked_for(parameters.identifier, owner)
    past = of_history(asked.history)
    again = _recorded_parameters(asked.job_type, asked.activity, past)
    try:
        find = targets_of(asked.job_type.name)
    except KeyError:
        raise JobFailure(f"ID: jobs of {asked.job_type.name} have no plan") from None
    with as_recorded(past):
        return find(again, owner)


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
    original: Original, inner: JobContext[Any], missed: tuple[Difference, ...]
) -> Compared:
    """missed: inputs that differ, whatever is in the files."""
    name, product = original.result, original.product
    again = next((result for result in inner.results if result.name == name), None)
    if again is None:
        return Compared(name, product, None, ())
    found = file_differences(product.path, again.path, product.media_type, FREE_PARAMETERS)
    return Compared(name, product, again, (*missed, *found))


def _verdict(item: Compared) -> str:
    if item.again is None:
        return "was not made again"
    if item.identical:
        return "identical, but for dates and ids"
    aspects = sorted({str(difference.aspect) for difference in item.differences})
    return f"different in {', '.join(aspects)}"


def _document(
    context: JobContext[ReproduceParameters], asked: Asked, compared: list[Compared]
) -> dict[str, Any]:
    """The comparison as JSON has it."""
    return {
        "id": context.parameters.identifier,
        "activity": asked.activity.id,
        "job_type": asked.activity.name,
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
        "left_out": [asdict(left_out) for left_out in asked.left_out],
    }


def _record(
    context: JobContext[ReproduceParameters],
    inner: JobContext[Any],
    asked: Asked,
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
                comment="; ".join(
                    (
                        *(f"{item.result}: {_verdict(item)}" for item in compared),
                        *(f"{left_out.result}: not compared" for left_out in asked.left_out),
                    )
                ),
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
