"""Show the queue, the workers, and how old what waits and runs is."""

from typing import Any

from django.core.management.base import BaseCommand

from uws import queue, statements


class Command(BaseCommand):
    """``manage.py uws_status``."""

    help = "Show the queue, the workers, and how old what waits and runs is."

    def handle(self, *args: Any, **options: Any) -> None:
        """Two tables."""
        self.stdout.write(f"{'job type':<24}{'phase':<12}{'jobs':>8}{'oldest':>12}")
        for job_type, phase, count, age in statements.execute("status"):
            self.stdout.write(f"{job_type:<24}{phase:<12}{count:>8}{_age(age):>12}")
        self.stdout.write("")
        workers = queue.workers_alive()
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
