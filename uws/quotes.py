"""When a job is likely to be done (UWS 1.1, section 2.1.6), as far as its type can tell.

A quote may cost more than a query: it is worked out when the job is first read, never while it is
created, and kept with the parameters that it is for. A job without one is a job like any other.
"""

import hashlib
import json
import logging
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from auth.principal import Principal, of_user_id
from uws import parameters
from uws.errors import InvalidParametersError
from uws.models import Job
from uws.phases import TERMINAL
from uws.records import Belongings
from uws.types import JobType

logger = logging.getLogger(__name__)

#: Longest time that is told, in seconds; whoever says more can't tell.
_LONGEST_S = 366 * 86400.0


def quote(job_type: JobType[Any], job: Job, belongings: Belongings) -> datetime | None:
    """When ``job`` is likely to be done; ``None`` where nobody can tell.

    Counted from its start, before that from its queueing, before that from its creation. For a job
    that is over, what was told while it wasn't.
    """
    tell = job_type.quote
    if tell is None:
        return None
    values: dict[str, tuple[str, ...]] = {}
    for given in belongings.parameters:
        values[given.name] = (*values.get(given.name, ()), given.value)
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    seconds = job.quoted_s
    if job.quoted_for != digest:
        if job.phase in TERMINAL:
            return None
        seconds = _ask(tell, job_type, job, values)
        Job.objects.filter(id=job.id).update(quoted_s=seconds, quoted_for=digest)
    if seconds is None:
        return None
    return (job.start_time or job.queued_time or job.creation_time) + timedelta(seconds=seconds)


def _ask(
    tell: Callable[[Any, Principal], float | None],
    job_type: JobType[Any],
    job: Job,
    values: dict[str, tuple[str, ...]],
) -> float | None:
    try:
        checked = parameters.check(job_type.parameters, values)
    except InvalidParametersError:
        return None  # they are not complete yet
    try:
        with transaction.atomic():  # a query that fails in it must not be the end of the request
            seconds = tell(checked, of_user_id(job.owner_id))
    except Exception:
        logger.exception("could not tell how long a job of %s will take", job_type.name)
        return None
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds <= _LONGEST_S:
        return None
    return float(seconds)
