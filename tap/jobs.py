"""Queries as jobs: `/tap/async` (TAP 1.1, section 2.2), served by `uws`.

A job is created whatever its parameters are; what is wrong with them makes it ERROR when it runs,
with the message that `/tap/sync` would give.
"""

import contextlib
from typing import Annotated

import adbc_driver_postgresql.dbapi as adbc
from django.conf import settings
from pydantic import Field

from dali.errors import DaliError
from dali.parameters import Parameters
from tap import translations
from tap.execution import Execution, QueryRequest
from tap.reader import load_driver
from tap.uploads import FilesOfJob
from uws.errors import JobFailure
from uws.parameters import JobParameters, Meaning
from uws.types import FileDescription, JobContext, JobType, Queue


class TapParameters(JobParameters):
    """TAP's parameters, as they were sent; `tap.execution` reads them when the job runs."""

    request: str | None = Field(default=None, alias="REQUEST", description="doQuery")
    lang: str | None = Field(
        default=None, alias="LANG", description="Language of the query: ADQL, ADQL-2.0 or ADQL-2.1"
    )
    query: str | None = Field(default=None, alias="QUERY", description="The query")
    response_format: str | None = Field(
        default=None, alias="RESPONSEFORMAT", description="Format of the result"
    )
    format: str | None = Field(
        default=None, alias="FORMAT", description="Older name of RESPONSEFORMAT"
    )
    maxrec: str | None = Field(
        default=None, alias="MAXREC", description="Rows of the result at most"
    )
    upload: Annotated[list[str], Meaning(separator=None)] = Field(
        default=[],
        alias="UPLOAD",
        description="Tables to upload, each as a name, a comma and an address (http:, https: or, "
        "for a part of the request, param:)",
    )

    def as_sent(self) -> Parameters:
        """The parameters as a request has them."""
        single = {
            "REQUEST": self.request,
            "LANG": self.lang,
            "QUERY": self.query,
            "RESPONSEFORMAT": self.response_format,
            "FORMAT": self.format,
            "MAXREC": self.maxrec,
        }
        given = [(name, value) for name, value in single.items() if value is not None]
        return Parameters([*given, *(("UPLOAD", value) for value in self.upload)])


def prepare() -> None:
    """Read a query and learn the database's types once, instead of in every job."""
    translations.prepare()
    with contextlib.suppress(adbc.Error):  # then each job will, once the database answers
        load_driver(settings.VO_UWS_MAX_EXECUTION_DURATION_S)


def run(context: JobContext[TapParameters]) -> None:
    """Run the query and leave its result as a file, written while the rows arrive."""
    try:
        asked = QueryRequest.read(context.parameters.as_sent())
        execution = Execution(
            asked,
            settings.VO_UWS_MAX_EXECUTION_DURATION_S,
            synchronous=False,
            documents=FilesOfJob(context.inputs),
        )
        path = context.folder / f"result.{asked.format.extension}"
        with path.open("wb") as file:
            for piece in execution.pieces():
                file.write(piece)
        if execution.failure is not None:
            raise execution.failure
    except DaliError as error:
        raise JobFailure(error.message) from error
    context.add_result("result", path, asked.format.media_type)


job_type = JobType(
    name="tap",
    title="TAP",
    description="Queries in ADQL that may take longer than at /tap/sync.",
    path="/tap/async",
    parameters=TapParameters,
    run=run,
    refuses_wrong_values=False,
    takes_files=True,
    queue=Queue.SHORT,
    makes=(FileDescription("result", "The table, in the format of RESPONSEFORMAT."),),
    preload=("tap.execution",),
    prepare=prepare,
)
