"""How much of the server one owner may take; all anonymous clients together count as one.

Each check belongs into the transaction that creates or queues the job. Far from a limit nothing is
locked. Near it, whoever wants one more waits for the owner's lock and counts again, so that no
number of requests at the same moment gets beyond it.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet, Sum

from auth.principal import Principal
from uws.errors import QuotaError
from uws.models import Job, JobResult
from uws.phases import Phase

#: More requests than all processes of the web server have under way at a time.
_AT_ONCE = 200
#: The anonymous may have very many jobs: all of them are counted only so often while far from the
#: limit, further than anybody can get meanwhile.
_COUNT_EVERY_S = 5.0
_FAR = 5000


def check_new_job(principal: Principal) -> None:
    """Raise `QuotaError` where the principal may not have another job."""
    if principal.is_administrator:
        return
    if principal.user_id is None:
        _check_anonymous()
        return
    limit: int = settings.VO_UWS_JOBS_PER_OWNER
    if _surely(principal, limit, Job.objects.filter(owner_id=principal.user_id).count) >= limit:
        raise QuotaError(f"you have {limit} jobs, as many as one may have here: delete some first")
    held = _bytes(JobResult.objects.filter(job__owner_id=principal.user_id))
    if held >= settings.VO_UWS_BYTES_PER_OWNER:
        raise QuotaError(
            f"the results of your jobs hold {held} bytes of the"
            f" {settings.VO_UWS_BYTES_PER_OWNER} that one may have here: delete some jobs first"
        )


def _check_anonymous() -> None:
    limit: int = settings.VO_UWS_JOBS_ANONYMOUS
    jobs, held = _anonymous.counted()
    if limit - jobs <= _FAR:
        jobs = _surely(None, limit, Job.objects.filter(owner=None).count)
    if jobs >= limit:
        raise QuotaError(
            f"anonymous clients have {jobs} jobs, as many as they may have here together:"
            " come again when some have expired, or sign in"
        )
    if held >= settings.VO_UWS_BYTES_ANONYMOUS:
        raise QuotaError(
            f"the results of anonymous clients' jobs hold {held} bytes of the"
            f" {settings.VO_UWS_BYTES_ANONYMOUS} that they may have here together:"
            " come again when some have expired, or sign in"
        )


def check_queue(principal: Principal) -> None:
    """Raise `QuotaError` where too many jobs of the principal wait already."""
    if principal.is_administrator:
        return
    queued = Job.objects.filter(phase=Phase.QUEUED, owner_id=principal.user_id)
    if principal.user_id is None:
        limit: int = settings.VO_UWS_QUEUED_ANONYMOUS
        waiting = _surely(None, limit, queued.count)
        if waiting >= limit:
            raise QuotaError(
                f"{waiting} jobs of anonymous clients wait already, as many as may here:"
                " come again later, or sign in"
            )
        return
    limit = settings.VO_UWS_QUEUED_PER_OWNER
    waiting = _surely(principal, limit, queued.count)
    if waiting >= limit:
        raise QuotaError(
            f"{waiting} of your jobs wait already, as many as may here: come again when some are"
            " done"
        )


def _surely(principal: Principal | None, limit: int, count: Callable[[], int]) -> int:
    """The count; near the limit one that nobody else adds to before this transaction ends."""
    found = count()
    if limit - found > _AT_ONCE:
        return found
    owner = 0 if principal is None else principal.user_id
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('uws_quota ' || %s, 0))", [str(owner)]
        )
    return count()


def _bytes(results: QuerySet[JobResult]) -> int:
    return results.aggregate(held=Sum("size"))["held"] or 0


class _AnonymousShare:
    """What the anonymous have, counted every few seconds."""

    def __init__(self) -> None:
        self._found = (0, 0)
        self._count_at = float("-inf")

    def counted(self) -> tuple[int, int]:
        """Jobs, and bytes of results."""
        now = time.monotonic()
        if now >= self._count_at:
            jobs = Job.objects.filter(owner=None).count()
            self._found = jobs, _bytes(JobResult.objects.filter(job__owner=None))
            self._count_at = now + _COUNT_EVERY_S
        return self._found


_anonymous = _AnonymousShare()
