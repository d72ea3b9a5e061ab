"""``manage.py simulate_archive``: make the demonstration archive."""

from argparse import ArgumentParser
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from fixtures.plan import PLAN, SMALL_PLAN
from fixtures.simulate import DEFAULT_SEED, SimulationConflictError, simulate_archive


class Command(BaseCommand):
    """Simulate the photons of the demonstration's observing plan and write them as an archive."""

    help = (
        "Simulate the demonstration archive: event lists of IBIS/ISGRI in the archive's layout, "
        "the reference catalogue and the list of observations. What is there already is kept, so "
        "an interrupted run can be taken up again."
    )
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--root",
            type=Path,
            default=settings.VO_ARCHIVE_ROOT,
            help="Root of the archive (default: VO_ARCHIVE_ROOT, %(default)s).",
        )
        parser.add_argument(
            "--processes", type=int, default=None, help="Processes (default: one per processor)."
        )
        parser.add_argument(
            "--seed", type=int, default=DEFAULT_SEED, help="Decides all photons (%(default)s)."
        )
        parser.add_argument(
            "--small", action="store_true", help="Only the few Science Windows that tests use."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the simulation with a progress bar on standard error."""
        started = monotonic()
        with tqdm(desc="Simulating photons", unit=" ScW", dynamic_ncols=True) as bar:

            def show(done: int, total: int, message: str) -> None:
                bar.total = total
                bar.set_postfix_str(message, refresh=False)
                bar.update(done - bar.n)

            try:
                made = simulate_archive(
                    options["root"],
                    seed=options["seed"],
                    processes=options["processes"],
                    progress=show,
                    plan=SMALL_PLAN if options["small"] else PLAN,
                )
            except (SimulationConflictError, OSError) as error:
                raise CommandError(str(error)) from error
        self.stdout.write(
            f"{len(made.written)} Science Windows simulated ({made.size_bytes / 1e6:.0f} MB) in "
            f"{monotonic() - started:.0f} s, {len(made.kept)} kept, in {options['root']}"
        )
