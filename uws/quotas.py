"""How much of the server one owner may take; all anonymous clients together count as one.

Counted without locks: owners who hand in many jobs at the very same moment may end up a few above,
the anonymous by what they hand in within a few seconds.
"""

import time

from django.conf import settings
from django.db.models import Sum

from auth.principal import Principal
from uws.errors import QuotaError
from uws.models import Job, JobResult
from uws.phases import Phase


def check_new_job(principal: Principal) -> None:
    """Raise `QuotaError` where the principal may not have another job."""
    if principal.is_administrator:
        return
    if principal.user_id is None:
        _check_anonymous()
        return
    jobs = Job.objects.filter(owner_id=principal.user_id)
    if jobs.count() >= settings.VO_UWS_JOBS_PER_OWNER:
        raise QuotaError(
            f"you have {settings.VO_UWS_JOBS_PER_OWNER} jobs, as many as one may have here:"
            " delete some first"
        )
    held = JobResult.objects.filter(job__owner_id=principal.user_id).aggregate(held=Sum("size"))
    if (held["held"] or 0) >= settings.VO_UWS_BYTES_PER_OWNER:
        raise QuotaError(
            f"the results of your jobs hold {held['held']} bytes of the"
            f" {settings.VO_UWS_BYTES_PER_OWNER} that one may have here: delete some jobs first"
        )


def _check_anonymous() -> None:
    jobs, held = _anonymous.counted()
    if jobs >= settings.VO_UWS_JOBS_ANONYMOUS:
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


class _AnonymousShare:
    """What the anonymous have, counted every few seconds: there may be very many jobs."""

    def __init__(self) -> None:
        self._found = (0, 0)
        self._count_at = float("-inf")

    def counted(self) -> tuple[int, int]:
        """Jobs, and bytes of results."""
        now = time.monotonic()
        if now >= self._count_at:
            jobs = Job.objects.filter(owner=None).count()
            results = JobResult.objects.filter(job__owner=None)
            self._found = jobs, results.aggregate(held=Sum("size"))["held"] or 0
            self._count_at = now + _COUNT_EVERY_S
        return self._found


_COUNT_EVERY_S = 5.0
_anonymous = _AnonymousShare()


def check_queue(principal: Principal) -> None:
    """Raise `QuotaError` where too many jobs of the principal wait already."""
    if principal.is_administrator:
        return
    waiting = Job.objects.filter(phase=Phase.QUEUED, owner_id=principal.user_id).count()
    if principal.user_id is None:
        if waiting >= settings.VO_UWS_QUEUED_ANONYMOUS:
            raise QuotaError(
                f"{waiting} jobs of anonymous clients wait already, as many as may here:"
                " come again later, or sign in"
            )
    elif waiting >= settings.VO_UWS_QUEUED_PER_OWNER:
        raise QuotaError(
            f"{waiting} of your jobs wait already, as many as may here: come again when some are"
            " done"
        )
