"""The worker: claims jobs, has them run by children, and sees to it that each one ends.

One thread and one database connection, and, where the server tells owners of phases, threads of
their own for that alone. It sleeps until the database tells of a phase, a child
ends, a signal comes or a lease must be renewed. When the database goes away it keeps its children
running and comes back; when it is killed its children are, too (`uws.template`).
"""

import logging
import os
import secrets
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection

from dali.log_context import about_job
from uws import child, finished, processes, queue, registry
from uws.changes import CHANNEL
from uws.companions import Companions
from uws.delivery import Delivery
from uws.janitor import Janitor
from uws.phases import TERMINAL
from uws.queue import Claim, WorkerIdentity
from uws.template import Ended, Template, TemplateLostError
from uws.types import Queue

logger = logging.getLogger(__name__)

_SWEEP_EVERY_S = 2.0
_RETRY_S = 0.5
_STOP_PATIENCE_S = 5.0


@dataclass(slots=True)
class _Running:
    """A job that a child of this worker runs. Times are of the monotonic clock.

    is_over: the child is being killed, since its phase is decided already.
    """

    claim: Claim
    queue: Queue
    began: float
    is_over: bool = False

    def overruns_at(self) -> float:
        duration = self.claim.execution_duration
        return self.began + duration if duration else float("inf")


class Worker:
    """A worker process, from its start to its end."""

    def __init__(self, places: Mapping[Queue, int]) -> None:
        """Fork the template; so call it before anything uses the database.

        places: how many jobs of each queue it runs at once; it prepares for no others.
        """
        self._places = {queue: number for queue, number in places.items() if number}
        self._companions = Companions(with_places=bool(self._places.get(Queue.LONG)))
        self._template = Template(
            child.run, [job_type for queue in self._places for job_type in registry.of_queue(queue)]
        )
        host = socket.gethostname()
        own = processes.process(os.getpid())
        self._identity = WorkerIdentity(
            id=f"{host}:{own.pid}:{secrets.token_hex(4)}",
            place=processes.place(),
            host=host,
            process=own,
            template=self._template.process,
            capacity=sum(self._places.values()),
        )
        self._janitor = Janitor()
        self._delivery = Delivery()
        self._running: dict[str, _Running] = {}
        self._ended: list[Ended] = []
        self._is_stopping = False
        self._is_listening = False
        self._may_be_queued = set(self._places)
        self._beat_due = self._sweep_due = 0.0

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then give the jobs back and return.

        Raises `TemplateLostError` where the template was killed; the jobs are taken back first.
        """
        os.environ["PGAPPNAME"] = "uws_worker"
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(wake)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        logger.info("worker %s runs %d jobs at once", self._identity.id, self._identity.capacity)
        if settings.VO_UWS_NOTIFY:
            self._delivery.start()
        try:
            while not self._is_stopping:
                self._sleep(self._turn_or_retry(), woken)
        except TemplateLostError:
            self._lose_jobs()
            raise
        self._give_up_jobs()

    def _turn_or_retry(self) -> float:
        """Do what is due; the seconds until something is again."""
        try:
            self._turn()
        except (OperationalError, InterfaceError):
            logger.warning("the database doesn't answer; trying again", exc_info=True)
            connection.close()
            self._is_listening = False
            return _RETRY_S
        return self._seconds_to_next_duty()

    def _stop(self, number: int, frame: object) -> None:
        self._is_stopping = True

    def _turn(self) -> None:
        """Everything that is due now."""
        if not self._is_listening:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self._is_listening = True
            self._beat_due = self._sweep_due = 0.0
            self._check_rights()
        now = time.monotonic()
        if now >= self._beat_due:
            beat_every_s = settings.VO_UWS_LEASE_S / 3
            self._beat_due = now + (beat_every_s if self._beat() else min(_RETRY_S, beat_every_s))
        while self._ended:
            self._settle(self._ended[0])
            self._ended.pop(0)
        if now >= self._sweep_due:
            self._sweep()
            self._sweep_due = now + _SWEEP_EVERY_S
        self._hear()
        self._end_overruns(now)
        self._fill()
        self._companions.attend()

    def _check_rights(self) -> None:
        """Say so, where an abort could not end a query of the reader."""
        reader = urlsplit(settings.VO_READER_DATABASE_URL).username
        if reader and not queue.may_end_backends_of(unquote(reader)):
            logger.warning("this role can't end queries of %s: grant it that role", reader)

    def _beat(self) -> bool:
        """Renew the leases, whether all of them; learn what this worker no longer has to run."""
        held = {claim.attempt.job_id: claim for claim in queue.heartbeat(self._identity)}
        for job_id, running in self._running.items():
            claim = held.get(job_id)
            if claim is None or claim.attempt != running.claim.attempt:
                self._kill(running)
            else:
                running.claim = claim  # its owner may have changed the duration
        return all(claim.is_renewed for claim in held.values())

    def _sweep(self) -> None:
        """What any worker does for all: lost jobs, expired jobs."""
        taken = queue.take_back_from_dead(self._identity.place) | queue.take_back_expired()
        for attempt, phase in taken.items():
            with about_job(attempt.job_id):
                logger.warning("the job was lost by its worker; now %s", phase)
                queue.tidy(attempt)
        queue.forget_lost_workers()
        queue.destroy_expired()
        self._janitor.sweep()
        self._may_be_queued = set(self._places)

    def _hear(self) -> None:
        """Notifications that have come with the last answers or since."""
        raw = connection.connection
        with connection.wrap_database_errors:
            raw.poll()
        if raw.notifies:
            self._delivery.wake()
        while raw.notifies:
            job_id, _, phase = raw.notifies.pop(0).payload.partition(":")
            if phase == "QUEUED" or phase in TERMINAL:  # an end may make room within a limit
                self._may_be_queued = set(self._places)
            if job_id in self._running and phase in ("ABORTED", "DELETED"):
                self._kill(self._running[job_id])

    def _kill(self, running: _Running) -> None:
        if not running.is_over:
            running.is_over = True
            with about_job(running.claim.attempt.job_id):
                logger.info("the job's process is ended")
            self._template.kill(running.claim.attempt)

    def _end_overruns(self, now: float) -> None:
        for running in self._running.values():
            if not running.is_over and now >= running.overruns_at():
                queue.overrun(running.claim.attempt, running.claim.execution_duration)
                self._kill(running)

    def _fill(self) -> None:
        try:
            for jobs_queue, places in self._places.items():
                while jobs_queue in self._may_be_queued and self._runs(jobs_queue) < places:
                    claim = queue.claim(self._identity.id, jobs_queue)
                    if claim is None:
                        self._may_be_queued.remove(jobs_queue)
                        break
                    self._running[claim.attempt.job_id] = _Running(
                        claim, jobs_queue, time.monotonic()
                    )
                    with about_job(claim.attempt.job_id):
                        logger.info("attempt %d at the %s", claim.attempt.number, claim.job_type)
                    self._template.start(claim.attempt, claim.task)
        except IntegrityError:
            # Somebody took this worker for dead and removed it: it registers anew.
            self._beat_due = 0.0

    def _runs(self, jobs_queue: Queue) -> int:
        return sum(running.queue is jobs_queue for running in self._running.values())

    def _settle(self, ended: Ended) -> None:
        """A child is gone: record what it has done, or end what it left and queue the job again."""
        attempt = ended.attempt
        running = self._running.get(attempt.job_id)
        if running is not None and running.claim.attempt != attempt:
            running = None  # the next attempt is here already
        with about_job(attempt.job_id):
            is_expected = ended.status == 0 and running is not None and not running.is_over
            if is_expected and not queue.is_noted(attempt):
                pass  # it has recorded its end itself
            elif is_expected and queue.finish(attempt):
                finished.forget(attempt.job_id, attempt.number)
                logger.info("the job is COMPLETED")
            else:
                queue.end_backends(attempt)
                phase = queue.take_back(attempt, _reason(ended.status))
                if phase is not None:
                    logger.warning("%s; now %s", _reason(ended.status), phase)
                queue.tidy(attempt)
        if running is not None:
            del self._running[attempt.job_id]

    def _seconds_to_next_duty(self) -> float:
        due = min(
            self._beat_due,
            self._sweep_due,
            self._companions.due(),
            *(running.overruns_at() for running in self._running.values() if not running.is_over),
        )
        return max(0.0, due - time.monotonic())

    def _sleep(self, timeout_s: float, woken: int) -> None:
        """Until something happens; collects the children that have ended."""
        ears: list[Any] = [self._template.fileno(), woken, self._companions.fileno()]
        if self._is_listening and connection.connection is not None:
            ears.append(connection.connection.fileno())
        ready, _, _ = select.select(ears, [], [], timeout_s)
        if woken in ready:
            os.read(woken, 4096)
        if self._template.fileno() in ready:
            self._ended += self._template.ended()

    def _give_up_jobs(self) -> None:
        """Kill the children, then let others have their jobs."""
        logger.info("worker %s stops; %d jobs wait again", self._identity.id, len(self._running))
        self._template.close()
        self._companions.end()
        until = time.monotonic() + _STOP_PATIENCE_S
        while True:
            try:
                self._end_what_runs()
                queue.give_back(self._identity.id)
                return
            except (OperationalError, InterfaceError):
                if time.monotonic() > until:
                    raise
                connection.close()
                time.sleep(_RETRY_S)

    def _lose_jobs(self) -> None:
        """The template is dead: what its children ran is lost, as if they had crashed."""
        processes.end_session(self._identity.template)
        self._template.close()
        self._companions.end()
        for running in self._running.values():
            attempt = running.claim.attempt
            with about_job(attempt.job_id):
                queue.end_backends(attempt)
                queue.take_back(attempt, "the worker that ran the job died")
                queue.tidy(attempt)
        queue.give_back(self._identity.id)

    def _end_what_runs(self) -> None:
        """The children are dead: end what they do in the database, remove what they wrote."""
        for running in self._running.values():
            attempt = running.claim.attempt
            with about_job(attempt.job_id):
                queue.end_backends(attempt)
                queue.finish(attempt)
                queue.tidy(attempt)


def _reason(status: int) -> str:
    if status < 0:
        return f"the job's process was killed by signal {-status} ({signal.Signals(-status).name})"
    return f"the job's process ended with status {status} before the job was done"


def work(places: Mapping[Queue, int]) -> None:
    """Run a worker; starts anew, as the same process, should its template be killed."""
    try:
        Worker(places).run()
    except TemplateLostError:
        logger.error("the process that jobs are forked from was killed; the worker starts anew")
        connection.close()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - its own command line
