"""Telling addresses of the phases that jobs have come to.

Notices wait in the database (`uws.models.Notice`), written by the very transaction that changed
the phase. Threads of their own tell them, so that a receiver which is slow or gone holds up no job;
what fails is tried again, each time after twice the pause, and given up in the end. A notice may
arrive twice, where its receiver's answer was lost; its number tells.
"""

import json
import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import DatabaseError, InterfaceError, connection
from django.db.models.functions import Now

from dali.fetching import FetchError, FetchLimits, networks, send
from dali.log_context import about_job
from uws import registry, statements
from uws.documents import iso_time
from uws.errors import UnknownJobTypeError
from uws.models import Notice
from uws.notification import MAILTO

logger = logging.getLogger(__name__)

#: How often a notice is told before it is given up; with pauses from a minute, the last is after
#: two hours.
TRIES = 8
_THREADS = 2
_TIMEOUT_S = 10.0
_LOOK_AGAIN_S = 1.0
_GONE = 410


@dataclass(frozen=True, slots=True)
class _Told:
    """A notice as it is told. tries: this one included."""

    id: int
    job_id: str
    job_type: str
    run_id: str | None
    phase: str
    error: str | None
    time: datetime
    address: str
    tries: int

    @property
    def url(self) -> str:
        """The job's."""
        try:
            path = registry.get(self.job_type).path
        except UnknownJobTypeError:
            path = f"/uws/{self.job_type}"
        return f"{settings.SITE_URL}{path}/{self.job_id}"


class Delivery:
    """The threads that tell notices, in a worker that sees to everything else meanwhile."""

    def __init__(self) -> None:
        """Nothing is told before `start`."""
        self._wake = threading.Event()

    def start(self) -> None:
        """Tell notices until the process ends."""
        for number in range(_THREADS):
            name = f"uws delivery {number}"
            threading.Thread(target=self._run, name=name, daemon=True).start()

    def wake(self) -> None:
        """A phase has changed: look at once."""
        self._wake.set()

    def _run(self) -> None:
        while True:
            try:
                while tell_next():
                    pass
            except (DatabaseError, InterfaceError):
                logger.warning("the database doesn't answer; notices wait", exc_info=True)
                connection.close()
            self._wake.wait(_LOOK_AGAIN_S)
            self._wake.clear()


def tell_next() -> bool:
    """Tell the notice that is due, if there is one; whether there was."""
    rows = statements.execute("take_notice", kept_s=3 * _TIMEOUT_S)
    if not rows:
        return False
    notice = _Told(*rows[0])
    with about_job(notice.job_id):
        try:
            _tell(notice)
        except Exception as error:
            is_gone = isinstance(error, FetchError) and error.status == _GONE
            if notice.tries < TRIES and not is_gone:
                logger.info("telling of %s failed and will be tried again: %s", notice.phase, error)
                pause_s = settings.VO_UWS_NOTIFY_RETRY_S * 2 ** (notice.tries - 1)
                due = Now() + timedelta(seconds=pause_s)
                Notice.objects.filter(id=notice.id).update(next_try=due)
                return True
            logger.warning("telling of %s failed and is given up: %s", notice.phase, error)
        else:
            logger.info("told that the job is %s", notice.phase)
        Notice.objects.filter(id=notice.id).delete()
    return True


def _tell(notice: _Told) -> None:
    if notice.address.startswith(MAILTO):
        _letter(notice).send()
        return
    limits = FetchLimits(0, _TIMEOUT_S, networks(settings.VO_UWS_NOTIFY_NETWORKS))
    send(notice.address, json.dumps(_document(notice)).encode(), "application/json", limits)


def _document(notice: _Told) -> dict[str, str | int | None]:
    return {
        "notice": notice.id,
        "job_id": notice.job_id,
        "job_type": notice.job_type,
        "run_id": notice.run_id,
        "url": notice.url,
        "phase": notice.phase,
        "time": iso_time(notice.time),
        "error": notice.error,
    }


def _letter(notice: _Told) -> EmailMessage:
    name = " ".join((notice.run_id or notice.job_id).split())[:60]
    lines = [
        f"Your job {name} ({notice.job_type}) is {notice.phase} since {iso_time(notice.time)}."
    ]
    if notice.error:
        lines.append(notice.error)
    lines.append(notice.url)
    lines.append("You asked for this letter when you created the job.")
    return EmailMessage(
        subject=f"{notice.job_type}: {name} is {notice.phase}",
        body="\n\n".join(lines) + "\n",
        to=[notice.address[len(MAILTO) :]],
    )
