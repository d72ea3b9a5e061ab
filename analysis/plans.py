"""Plans of jobs: before they exist, while they run, and as the time that they are quoted.

The rights are those of the job: whoever may not have it run may not have it planned.
"""

from typing import Any

from pydantic import BaseModel

from analysis.errors import AnalysisError
from analysis.past_runs import past_costs, planned
from analysis.places import slots
from analysis.plan_documents import PlanDocuments
from analysis.planning import Plan, plan_of
from analysis.workflow_types import targets_of
from auth.principal import ANONYMOUS, Principal, of_name
from dali.errors import DaliError, NotFoundError
from dali.parameters import Parameters
from uws import service
from uws.errors import JobFailure
from uws.parameters import check, known_values
from uws.types import JobType


def of_request(job_type: JobType[Any], given: Parameters, principal: Principal) -> PlanDocuments:
    """The plan of a job that ``principal`` might create with these parameters.

    Raises `dali.errors.DaliError`: as the job's creation for wrong parameters, with the job's own
    words where it could not begin, and `NotFoundError` for a type whose jobs are not made of steps.
    """
    _require_steps(job_type)
    values = known_values(job_type.parameters, given)
    try:
        return _documents(job_type, check(job_type.parameters, values), principal)
    except (JobFailure, AnalysisError) as failure:
        raise DaliError(str(failure)) from failure


def of_job(job_type: JobType[Any], principal: Principal, job_id: str) -> PlanDocuments:
    """What running the job now would do, with the rights of its owner.

    ``principal`` is who asks; raises as `uws.service.get` and `of_request`.
    """
    job = service.get(job_type, principal, job_id)
    given = Parameters((parameter.name, parameter.value) for parameter in job.parameters)
    return of_request(job_type, given, _owner(job.owner, principal))


def seconds(job_type_name: str, parameters: BaseModel, owner: Principal) -> float | None:
    """How long such a job is likely to run; ``None`` where nobody can tell."""
    try:
        plan = _planned(job_type_name, parameters, owner)
    except (KeyError, JobFailure, AnalysisError):
        return None
    return PlanDocuments(job_type_name, plan, past_costs(plan.to_run), slots()).estimate.seconds


def _documents(job_type: JobType[Any], parameters: BaseModel, owner: Principal) -> PlanDocuments:
    plan = _planned(job_type.name, parameters, owner)
    return PlanDocuments(job_type.name, plan, past_costs(plan.states), slots())


def _planned(name: str, parameters: BaseModel, owner: Principal) -> Plan:
    """The plan by the cache as it is, or by none where the job is to make all anew."""
    targets = targets_of(name)(parameters, owner)
    if getattr(parameters, "use_cache", True):
        return planned(targets)
    return plan_of(targets, frozenset())


def _require_steps(job_type: JobType[Any]) -> None:
    try:
        targets_of(job_type.name)
    except KeyError:
        raise NotFoundError(
            f"jobs of {job_type.name} have no plan: they are not made of steps"
        ) from None


def _owner(name: str | None, asking: Principal) -> Principal:
    if name is None:
        return ANONYMOUS
    if name == asking.name:
        return asking
    return of_name(name) or ANONYMOUS
