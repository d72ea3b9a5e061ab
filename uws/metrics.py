"""The queue in numbers, in Prometheus' text format (version 0.0.4), for ``/metrics``.

All of it is read from the database, so that any process of the web server tells the same. Nobody's
name and no job's id is in it.
"""

from collections.abc import Iterable, Iterator

from dali.prometheus import header, line
from uws import queue, registry, statements
from uws.models import EndedJobs, Notice
from uws.phases import ACTIVE


def text() -> str:
    """Every metric with its values now."""
    return "".join(f"{told}\n" for told in (*_jobs(), *_workers(), *_ended()))


def _jobs() -> Iterator[str]:
    rows = statements.execute("status")
    yield from header("uws_jobs", "gauge", "Jobs, by type and phase.")
    for job_type, phase, count, _ in rows:
        yield line("uws_jobs", count, job_type=job_type, phase=phase)
    queues = {job_type.name: str(job_type.queue) for job_type in registry.all()}
    waiting = dict.fromkeys(queues.values(), 0)
    for job_type, phase, count, _ in rows:
        if phase == "QUEUED" and job_type in queues:
            waiting[queues[job_type]] += count
    yield from header("uws_queue_length", "gauge", "Jobs that wait for a worker.")
    for name, count in waiting.items():
        yield line("uws_queue_length", count, queue=name)
    name = "uws_oldest_job_age_seconds"
    yield from header(name, "gauge", "How long the oldest job has been in its phase.")
    for job_type, phase, _, age in rows:
        if phase in ACTIVE:
            yield line(name, age, job_type=job_type, phase=phase)


def _workers() -> Iterator[str]:
    alive = queue.workers_alive()
    yield from header("uws_workers", "gauge", "Workers that are alive.")
    yield line("uws_workers", len(alive))
    yield from header("uws_worker_places", "gauge", "Jobs that these can run at once.")
    yield line("uws_worker_places", sum(worker.capacity for worker in alive))
    yield from header("uws_notices", "gauge", "Changes of phases that owners are to be told of.")
    yield line("uws_notices", Notice.objects.count())


def _ended() -> Iterator[str]:
    rows = list(EndedJobs.objects.order_by("job_type", "phase", "measure", "up_to"))
    for measure, name, meaning in (
        ("duration", "uws_job_duration_seconds", "How long jobs that have ended were run."),
        ("waiting", "uws_job_waiting_seconds", "How long they had waited for a worker."),
    ):
        yield from header(name, "histogram", meaning)
        groups: dict[tuple[str, str], list[EndedJobs]] = {}
        for row in rows:
            if row.measure == measure:
                groups.setdefault((row.job_type, row.phase), []).append(row)
        for (job_type, phase), buckets in groups.items():
            yield from _histogram(name, buckets, job_type=job_type, phase=phase)


def _histogram(name: str, buckets: Iterable[EndedJobs], **labels: str) -> Iterator[str]:
    """Prometheus counts upwards: each bucket holds those below it, too."""
    jobs, seconds = 0, 0.0
    for bucket in buckets:
        jobs += bucket.jobs
        seconds += bucket.seconds
        if bucket.up_to != float("inf"):
            yield line(f"{name}_bucket", jobs, **labels, le=f"{bucket.up_to:g}")
    yield line(f"{name}_bucket", jobs, **labels, le="+Inf")
    yield line(f"{name}_sum", seconds, **labels)
    yield line(f"{name}_count", jobs, **labels)
