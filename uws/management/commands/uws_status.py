"""Show the queues, the workers, what runs, and how old what waits and runs is."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from uws import companions, queue, registry, statements
from uws.types import Queue


class Command(BaseCommand):
    """``manage.py uws_status``."""

    help = "Show the queues, the workers, what runs, and how old what waits and runs is."

    def handle(self, *args: Any, **options: Any) -> None:
        """Four tables."""
        rows = statements.execute("status")
        self._queues(rows)
        self._jobs(rows)
        self._running()
        self._workers()
        for line in companions.status():
            self.stdout.write(f"\n{line}")

    def _queues(self, rows: list[tuple[Any, ...]]) -> None:
        self.stdout.write(f"{'queue':<10}{'waiting':>8}{'oldest':>12}{'running':>10}{'oldest':>12}")
        for name in Queue:
            types = {job_type.name for job_type in registry.of_queue(name)}
            told = f"{name:<10}"
            for phase, width in (("QUEUED", 8), ("EXECUTING", 10)):
                found = [row for row in rows if row[0] in types and row[1] == phase]
                age = _age(max(row[3] for row in found)) if found else "-"
                told += f"{sum(row[2] for row in found):>{width}}{age:>12}"
            self.stdout.write(told)

    def _jobs(self, rows: list[tuple[Any, ...]]) -> None:
        self.stdout.write(f"\n{'job type':<24}{'phase':<12}{'jobs':>8}{'oldest':>12}")
        for job_type, phase, count, age in rows:
            self.stdout.write(f"{job_type:<24}{phase:<12}{count:>8}{_age(age):>12}")

    def _running(self) -> None:
        running = queue.running_jobs()
        if not running:
            return
        header = f"{'running job':<34}{'job type':<18}{'owner':<16}{'for':>10}{'done':>7}"
        self.stdout.write(f"\n{header}{'attempt':>9}  worker")
        now = datetime.now(UTC)
        for job in running:
            done = "-" if job.done is None else f"{job.done:.0%}"
            age = _age(max(0.0, (now - job.start_time).total_seconds()))
            self.stdout.write(
                f"{job.job_id:<34}{job.job_type:<18}{job.owner or '(anonymous)':<16}{age:>10}"
                f"{done:>7}{job.attempt:>9}  {job.worker_id}"
            )

    def _workers(self) -> None:
        workers = queue.workers_alive()
        self.stdout.write("")
        if not workers:
            self.stdout.write("no worker is alive: start one with manage.py uws_worker")
            return
        self.stdout.write(f"{'worker':<40}{'runs':>8}{'of':>6}  alive since")
        for worker in workers:
            self.stdout.write(
                f"{worker.id:<40}{worker.running:>8}{worker.capacity:>6}  "
                f"{worker.started:%Y-%m-%d %H:%M:%S} UTC"
            )


def _age(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} d"
