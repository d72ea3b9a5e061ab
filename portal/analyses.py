"""The form of an analysis with what it would do, and the page of a job with what it does.

Both show the drawn graph of the job's steps, each cached or to run, and how long that takes.
"""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from pydantic import TypeAdapter, ValidationError

from analysis import plans
from analysis.plan_documents import PlanDocuments
from auth.principal import Principal
from dali.errors import DaliError, NotFoundError
from dali.parameters import Parameters
from uws import registry, service
from uws.parameters import ParameterDescription, describe
from uws.phases import Phase
from uws.records import JobRecord
from uws.types import JobType

#: Whole documents as a parameter's value: they have many lines.
_DOCUMENT_UCD = "meta.record"
#: Reads what the parameters' models read.
_BOOLEAN = TypeAdapter(bool)
#: After how many seconds the page of a job that isn't finished asks again: at least and, for the
#: job's age alone, at most; of the job's age; and of the time that its plan took.
_REFRESH_S = 4
_REFRESH_OLD_S = 60
_REFRESH_OF_AGE = 0.05
_REFRESH_OF_PLANNING = 20
_UNFINISHED = (Phase.QUEUED, Phase.EXECUTING, Phase.SUSPENDED)
#: The last lines that a job told.
_LAST_MESSAGES = 12
#: Longer addresses are refused by servers and browsers.
_MOST_QUERY = 4000


@dataclass(frozen=True, slots=True)
class FormField:
    """A parameter and what is in its field now."""

    parameter: ParameterDescription
    value: str

    @property
    def options(self) -> tuple[str, ...]:
        """The only values allowed; none where there are others.

        A value that isn't allowed is one more, so that nothing is sent that isn't seen.
        """
        is_boolean = self.parameter.datatype == "boolean"
        options = ("1", "0") if is_boolean else self.parameter.options
        if not options or not self.value or self.value in options:
            return options
        return (*options, self.value)

    @property
    def is_document(self) -> bool:
        """Whether it takes a whole document."""
        return self.parameter.ucd == _DOCUMENT_UCD

    @property
    def is_number(self) -> bool:
        """Whether it takes a number."""
        return self.parameter.datatype in ("double", "long") and not self.parameter.multiple


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan as a page shows it. to_run: ``at most 58`` where not all is known yet."""

    cached: int
    to_run: str
    duration: str
    summary: str
    picture_url: str
    text_url: str
    json_url: str


@dataclass(frozen=True, slots=True)
class AnalysisPage:
    """The form of a job type; addresses are absolute.

    plan: of the parameters in the form, where it holds any. said: why there is none.
    """

    title: str
    description: str
    url: str
    jobs_url: str
    api_url: str
    fields: tuple[FormField, ...]
    plan: ShownPlan | None
    said: str


@dataclass(frozen=True, slots=True)
class JobPage:
    """A job as its owner sees it; addresses are absolute.

    form_url: the form with its settings; empty where they are too long. results: name, address and
    media type of each. pictures: name and address of those to be looked at. refresh_s: ``None``
    once the job is done.
    """

    job: JobRecord
    title: str
    form_url: str
    uws_url: str
    results: tuple[tuple[str, str, str], ...]
    pictures: tuple[tuple[str, str], ...]
    messages: tuple[str, ...]
    plan: ShownPlan | None
    refresh_s: int | None


def analysis_page(name: str, given: Parameters, principal: Principal) -> AnalysisPage:
    """The form, filled with ``given``; raises `NotFoundError` for what is no analysis."""
    job_type = _analysis(name)
    sent = _sent(job_type, given)
    plan, said = _plan(job_type, sent, principal) if sent else (None, "")
    return _form(job_type, sent, plan, said)


def begun(name: str, given: Parameters, principal: Principal) -> str:
    """The address of the page of a new job that runs; raises `dali.errors.DaliError`."""
    job_type = _analysis(name)
    sent = Parameters(_sent(job_type, given))
    job_id = service.submit(job_type, principal, sent, run_now=True)
    return f"{settings.SITE_URL}/jobs/{name}/{job_id}"


def refused(name: str, given: Parameters, said: str) -> AnalysisPage:
    """The form again, with why its job wasn't made."""
    job_type = _analysis(name)
    return _form(job_type, _sent(job_type, given), None, said)


def job_page(name: str, job_id: str, principal: Principal) -> JobPage:
    """The page of a job; raises as `uws.service.get`."""
    job_type = _analysis(name)
    job = service.get(job_type, principal, job_id)
    uws_url = f"{settings.SITE_URL}{job_type.path}/{job_id}"
    began = time.monotonic()
    try:
        plan = _shown(
            plans.of_job(job_type, principal, job_id),
            f"{settings.SITE_URL}/api/uws/{name}/jobs/{job_id}/plan",
            "",
        )
    except DaliError:
        plan = None  # what has become of the job says why
    planning_s = time.monotonic() - began
    results = tuple(
        (result.name, f"{uws_url}/results/{quote(result.name)}", result.media_type)
        for result in job.results
    )
    settings_again = urlencode([(parameter.name, parameter.value) for parameter in job.parameters])
    return JobPage(
        job,
        job_type.title,
        f"{_form_url(name)}?{settings_again}" if len(settings_again) < _MOST_QUERY else "",
        uws_url,
        results,
        tuple((name, url) for name, url, media_type in results if media_type == "image/png")[:1],
        tuple(line.text for line in job.messages[-_LAST_MESSAGES:]),
        plan,
        refresh_s(_age_s(job), planning_s) if job.phase in _UNFINISHED else None,
    )


def refresh_s(age_s: float, planning_s: float) -> int:
    """After how many seconds the page of an unfinished job is asked for again.

    The page and its picture each plan the job: for each who looks they shall take no more than a
    tenth of a processor, however large the job is, and little in all, however long it takes.
    """
    of_age = min(_REFRESH_OF_AGE * age_s, _REFRESH_OLD_S)
    return math.ceil(max(_REFRESH_S, of_age, _REFRESH_OF_PLANNING * planning_s))


def _age_s(job: JobRecord) -> float:
    """Since it runs, or else waits."""
    return (datetime.now(UTC) - (job.start_time or job.creation_time)).total_seconds()


def _analysis(name: str) -> JobType[Any]:
    job_type = next((kind for kind in registry.all() if kind.name == name), None)
    if job_type is None or not job_type.path.startswith("/uws/"):
        raise NotFoundError(f"there is no analysis {name!r}")
    return job_type


def _sent(job_type: JobType[Any], given: Parameters) -> list[tuple[str, str]]:
    """What a form really says: a browser sends empty fields, too."""
    return [
        (parameter.name, value)
        for parameter in describe(job_type.parameters)
        for value in given.all(parameter.name)
        if value.strip()
    ]


def _form(
    job_type: JobType[Any], sent: Sequence[tuple[str, str]], plan: ShownPlan | None, said: str
) -> AnalysisPage:
    return AnalysisPage(
        job_type.title,
        job_type.description,
        _form_url(job_type.name),
        f"{settings.SITE_URL}{job_type.path}",
        f"{settings.SITE_URL}/api/uws/{job_type.name}/jobs",
        tuple(_field(parameter, sent) for parameter in describe(job_type.parameters)),
        plan,
        said,
    )


def _field(parameter: ParameterDescription, sent: Iterable[tuple[str, str]]) -> FormField:
    values = [value for name, value in sent if name == parameter.name]
    if parameter.datatype == "boolean":
        values = [_choice(value) for value in values]
    return FormField(parameter, ",".join(values))


def _choice(value: str) -> str:
    """A boolean as the form has it, whatever the word; what is none is left as it is."""
    try:
        return "1" if _BOOLEAN.validate_python(value.strip()) else "0"
    except ValidationError:
        return value


def _plan(
    job_type: JobType[Any], sent: Sequence[tuple[str, str]], principal: Principal
) -> tuple[ShownPlan | None, str]:
    try:
        documents = plans.of_request(job_type, Parameters(sent), principal)
    except DaliError as error:
        return None, error.message
    address = f"{settings.SITE_URL}/api/plan/{job_type.name}"
    return _shown(documents, address, f"?{urlencode(sent)}"), ""


def _shown(documents: PlanDocuments, address: str, query: str) -> ShownPlan:
    steps = documents.json()["steps"]
    bound = "at most " if steps["provisional"] else ""
    return ShownPlan(
        steps["cached"],
        f"{bound}{steps['to_run']}",
        documents.duration,
        documents.summary(),
        f"{address}.svg{query}",
        f"{address}.txt{query}",
        f"{address}{query}",
    )


def _form_url(name: str) -> str:
    return f"{settings.SITE_URL}/analyses/{name}"
