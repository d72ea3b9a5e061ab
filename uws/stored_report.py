"""What a job tells its owner on its way: how far it is, a line of each step, messages."""

import logging
import time
from collections.abc import Callable

from django.db import DatabaseError, connection

from uws import queue
from uws.models import JobMessage
from uws.queue import Attempt
from uws.text import legible

logger = logging.getLogger(__name__)

#: Progress is stored no more often than this.
_PROGRESS_EVERY_S = 0.5
#: So many lines about a job's steps, and so many messages, are kept for its owner.
LINES_AT_MOST = 500


class StoredReport:
    """Progress and messages into the database. A failure to tell is no failure of the job."""

    def __init__(self, attempt: Attempt) -> None:
        """attempt: whose progress it is."""
        self._attempt = attempt
        self._told_at = float("-inf")
        self._untold: tuple[float, float, str] | None = None
        self._lines: list[JobMessage] = []
        self._steps_told = self._messages_told = 0

    def progress(self, done: float, total: float, message: str) -> None:
        """Store it, unless something was stored just now: then it waits for `catch_up`."""
        self._untold = (done, total, legible(message))
        self._steps_told += bool(message)
        self._keep(message, self._steps_told, "further steps aren't listed here")
        self.catch_up()

    def catch_up(self) -> None:
        """Store what has waited for its time."""
        if self._untold is not None and time.monotonic() - self._told_at >= _PROGRESS_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Store the last progress, and the lines that came with it and before."""
        untold, self._untold = self._untold, None
        lines, self._lines = self._lines, []
        self._told_at = time.monotonic()
        if untold is not None:
            self._store(lambda: queue.tell_progress(self._attempt, *untold))
        if lines:
            self._store(lambda: JobMessage.objects.bulk_create(lines))

    def message(self, text: str) -> None:
        """Store it at once."""
        logger.info("%s", text)
        self._messages_told += bool(text)
        self._keep(text, self._messages_told, "further messages aren't listed here")
        self.flush()

    def _keep(self, text: str, number: int, then: str) -> None:
        """Keep the line of that number among its like; ``then`` in the place of the first left out.

        Steps' lines and messages are counted apart: where there are many steps, a warning that
        comes late is worth more than another line about a step.
        """
        if text and number <= LINES_AT_MOST + 1:
            line = legible(text) if number <= LINES_AT_MOST else then
            self._lines.append(JobMessage(job_id=self._attempt.job_id, text=line))

    def _store(self, do: Callable[[], object]) -> None:
        try:
            do()
        except DatabaseError:
            logger.warning("could not store how the job goes", exc_info=True)
            if not connection.in_atomic_block:
                connection.close()
