"""One attempt at a job, in a process of its own.

What the job's code raises ends here: the phase says whether it went well, the error summary what
its owner should know, the log the rest. The phase and the results are recorded in one transaction:
by the attempt itself, or by its worker where it has no connection of Django's anyway. What is to be
recorded is noted first (`uws.finished`); a process that dies before leaves the job to be run again.
"""

import errno
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from dali import log_context
from dali.errors import DaliError
from uws import files, finished, parameters, processes, queue, registry
from uws.errors import JobFailure
from uws.finished import FinishedFile
from uws.queue import Attempt, Task
from uws.stored_report import StoredReport
from uws.text import legible
from uws.types import JobContext, ResultFile

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

#: Longest error message that is kept, in characters.
_LONGEST_ERROR = 10_000
#: PostgreSQL's error disk_full.
_DATABASE_DISK_FULL = "53100"
#: How long the end of a job waits for a database that doesn't answer.
_PATIENCE_S = 300.0


def run(attempt: Attempt, task: Task | None = None) -> None:
    """Run the job to its end and record it. Called once in the life of a process.

    task: what the job is to do, where the worker has told it.
    """
    log_context.job_id.set(attempt.job_id)
    # Every connection of this process bears the job's id, Django's and others: that is how
    # `uws.queue.end_backends` finds them.
    os.environ["PGAPPNAME"] = attempt.job_id
    folder = files.attempt_folder(attempt.job_id, attempt.number)
    processes.limit_memory(settings.VO_UWS_JOB_MEMORY_BYTES or None)
    began = time.monotonic()
    try:
        is_completed = _work(attempt, folder, task)
    except JobFailure as failure:
        logger.info("the job failed: %s", failure.message)
        _record_failure(attempt, failure.message, failure.kind)
    except DaliError as error:
        logger.info("the job failed: %s", error.message)
        _record_failure(attempt, error.message, "fatal")
    except Exception as error:
        processes.limit_memory(None)  # what follows must not fail for the same reason
        logger.exception("the job failed")
        shortage = _shortage(error)
        if shortage is not None:
            connection.close()
            _record_failure(attempt, *shortage)
        elif (reason := _interruption(error)) is not None:
            connection.close()
            _insist(lambda: queue.take_back(attempt, reason))
        else:
            _record_failure(attempt, "internal error", "fatal")
    else:
        if is_completed is None:
            logger.info("the job is done after %.2f s", time.monotonic() - began)
        elif is_completed:
            logger.info("the job is COMPLETED after %.2f s", time.monotonic() - began)
            finished.forget(attempt.job_id, attempt.number)
        else:
            logger.warning("the job was given to another worker or ended; its results are dropped")
            files.remove_attempt(attempt.job_id, attempt.number)
    finally:
        files.remove_temporary(attempt.job_id, attempt.number)
        connection.close()


def _shortage(error: BaseException) -> tuple[str, Literal["fatal", "transient"]] | None:
    """What the server had too little of, in words, and the kind of error; ``None`` for others."""
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, OSError) and reason.errno in (errno.ENOSPC, errno.EDQUOT):
            return "the server's disk is full", "transient"
        if getattr(reason, "pgcode", None) == _DATABASE_DISK_FULL:
            return "the disk of the server's database is full", "transient"
        if isinstance(reason, MemoryError):
            limit = settings.VO_UWS_JOB_MEMORY_BYTES
            most = f"the {limit} bytes that one may have here" if limit else "there is"
            return f"the job needs more memory than {most}", "fatal"
        reason = reason.__cause__ or reason.__context__
    return None


def _work(attempt: Attempt, folder: Path, task: Task | None) -> bool | None:
    """Do the job's work and record it; whether it was still this attempt's to record.

    ``None`` where it is left to the worker: a connection for this alone costs more than a query.
    """
    files.remove(folder)  # an attempt that didn't count had the same number
    _keep_temporary_files_in(files.temporary_folder(attempt.job_id, attempt.number))
    if task is None:
        task = _insist(lambda: queue.task(attempt.job_id))
    job_type = registry.get(task.job_type)
    report = StoredReport(attempt)
    context: JobContext[Any] = JobContext(
        job_id=attempt.job_id,
        owner=task.owner,
        parameters=parameters.check(job_type.parameters, task.values),
        folder=folder,
        report=report,
        inputs=files.inputs(attempt.job_id),
    )
    job_type.run(context)
    report.flush()
    results = tuple(_finished(result) for result in context.results)
    finished.make_durable(results)
    if context.at_completion:
        # Not insisted on: where the connection is lost the job is run again, whole.
        return queue.complete(attempt, results, context.at_completion)
    finished.note(attempt.job_id, attempt.number, results)
    if connection.connection is None:
        return None
    return _insist(lambda: queue.complete(attempt, results))


def _keep_temporary_files_in(folder: Path) -> None:
    """A killed job can't clean up; what it leaves in its own folder goes with that.

    The folder is named by way of this process' open descriptor, since sockets are made there, too
    (by multiprocessing): a socket's path may have 107 bytes, a folder of jobs may lie deep.
    """
    folder.mkdir(parents=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.environ["TMPDIR"] = tempfile.tempdir = f"/proc/{os.getpid()}/fd/{descriptor}"


def _finished(result: ResultFile) -> FinishedFile:
    path = result.path.resolve()
    return FinishedFile(
        name=result.name,
        path=str(path.relative_to(Path(settings.VO_JOB_ROOT).resolve())),
        media_type=result.media_type,
        size=path.stat().st_size,
    )


def _record_failure(attempt: Attempt, message: str, kind: str) -> None:
    _insist(lambda: queue.fail(attempt, legible(message)[:_LONGEST_ERROR], kind))
    files.remove_attempt(attempt.job_id, attempt.number)


def _insist(do: Callable[[], _T]) -> _T:
    """``do``, again and again while the database is away; its last error after some minutes.

    The connection may be broken, or in a transaction that the job's code left open: a new one is
    taken each time.
    """
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return do()
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            logger.warning("the database doesn't answer; trying again", exc_info=True)
            connection.close()
            time.sleep(0.5)


def _interruption(error: Exception) -> str | None:
    """How the database interrupted the job through no fault of its own; ``None`` for others.

    PostgreSQL's error classes 08 (connection) and 57P (shut down), or none: no answer; and 40, a
    transaction that was ended for another's sake, as one of two that wait for each other.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    code = getattr(error.__cause__, "pgcode", None)
    if code is None or code.startswith(("08", "57P")):
        return "the connection to the database was lost"
    if code.startswith("40"):
        return "the database ended one of two transactions that were in each other's way"
    return None
