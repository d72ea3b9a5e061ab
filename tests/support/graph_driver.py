"""Drives a graph of the tiny engine in a process of its own: one more place where steps run.

``python -m graph_driver JOB FOLDER LEASE_S``, on the database that DATABASE_URL names, with leases
that last so long; the graph is that of `graph`, in that folder. It tells, a line of JSON each:
that it waits, and, at the end, the sum and the labels of what it has made itself.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import django
from tiny_engine import TinyGraph

from analysis.steps import Step


def graph(folder: Path, job: str) -> tuple[Step, Step]:
    """The sum that all jobs want, and one of each job's own.

    Three numbers are added at once, a fourth when the file ``runs.go`` is there.
    """
    tiny = TinyGraph(folder)
    first = [tiny.add(tiny.raw(f"{n}", n), label=f"{n}") for n in (1, 2, 3)]
    last = tiny.add(first[-1], plus="wait", label="long")
    own = tiny.add(tiny.raw(job, 100), label=job, job=job)
    return tiny.add(*first, last, label="sum"), own


def _drive(job: str, folder: Path, lease_s: float) -> None:
    from graph_running import SURROUNDINGS, Told, value

    from analysis import execution, ledger
    from analysis.cache import Cache
    from analysis.execution import run_graph
    from analysis.executors import LocalExecutor

    ledger.LEASE_S = lease_s
    assert execution._RENEW_EVERY_S > 0.5
    execution._RENEW_EVERY_S = 0.5

    class Waiting(Told):
        """Tells when all is done that the job can do for now."""

        has_told = False

        def waited(self) -> None:
            if not self.has_told and any(result.step == own for result in self.told):
                self.has_told = True
                _tell(waits=True)

    total, own = graph(folder, job)
    executor = LocalExecutor(2, ("tiny_engine",))
    leases = ledger.SharedLedger(Cache(folder / "cache"), job)
    surroundings = replace(SURROUNDINGS)
    try:
        outcome = run_graph((total, own), leases, lambda: executor, surroundings, Waiting())
    finally:
        executor.close()
        leases.close()
        leases.release()
    made = [result.step.label for result in outcome.results.values() if not result.restored]
    _tell(sum=value(outcome, total), made=sorted(made))


def _tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vo_server.settings")
    django.setup()
    _drive(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
