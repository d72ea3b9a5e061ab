"""Which request or job a logged line belongs to.

The web server sets `request_id`, a job's child process sets `job_id`; the filter puts whichever
is set on every line, so that an operator can follow one request through all rooms.
"""

import logging
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
job_id: ContextVar[str] = ContextVar("job_id", default="-")


class ContextFilter(logging.Filter):
    """Adds ``request_id`` and ``job_id`` to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        record.request_id = request_id.get()
        record.job_id = job_id.get()
        return True
