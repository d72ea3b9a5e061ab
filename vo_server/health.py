"""Whether the server lives, and whether it is ready for work.

``/health/live`` says that the web server answers, and touches nothing else: a supervisor starts a
process anew that does not. ``/health/ready`` says that requests and jobs can be served now.
"""

import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse

from analysis.places import site_answers
from uws import queue

logger = logging.getLogger(__name__)

LEAST_FREE_BYTES = 500_000_000


class NotReadyError(Exception):
    """A part of the server can't work now; the message is for anybody to read."""


def live(request: HttpRequest) -> JsonResponse:
    """Answer 200, always."""
    return JsonResponse({"status": "live"})


def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 where every part can work, else 503; the document says which part can't."""
    parts: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            check()
            parts[name] = "ready"
        except NotReadyError as reason:
            parts[name] = str(reason)
    is_ready = all(answer == "ready" for answer in parts.values())
    document = {"status": "ready" if is_ready else "not ready", "parts": parts}
    return JsonResponse(document, status=200 if is_ready else 503)


def check_database() -> None:
    """The database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        logger.warning("The database does not answer: %s", error)
        raise NotReadyError("does not answer") from error


def check_worker() -> None:
    """At least one worker has been heard of lately, so that jobs are taken up."""
    try:
        alive = queue.workers_alive()
    except Error as error:
        raise NotReadyError("unknown, since the database does not answer") from error
    if not alive:
        raise NotReadyError("none has been heard of lately")


def check_steps() -> None:
    """The site's Dask scheduler can be reached; the embedded cluster is started when needed."""
    if not site_answers():
        raise NotReadyError("the Dask scheduler of VO_DASK_SCHEDULER can't be reached")


def check_disk() -> None:
    """There is room for new files."""
    for root in (settings.VO_PRODUCT_ROOT, settings.VO_JOB_ROOT, settings.VO_CACHE_ROOT):
        if _free_bytes(root) < LEAST_FREE_BYTES:
            logger.warning("Less than %d bytes are free below %s", LEAST_FREE_BYTES, root)
            raise NotReadyError("nearly full")


def _free_bytes(folder: Path) -> int:
    """Free space where the folder lies, or will lie once it is made."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


CHECKS: Mapping[str, Callable[[], None]] = {
    "database": check_database,
    "worker": check_worker,
    "disk": check_disk,
    "steps": check_steps,
}
