"""What graphs of steps cost: cached steps, steps that run, planning, and the speed of two workers.

``make bench`` runs it on a server of its own (`own_server`) with the embedded cluster. The graphs
are of the tests' tiny engine, whose steps take no time of their own, or compute for a while; the
mosaic is the server's own engine's on a simulated archive. Two workers are no faster than one
without a processor for each. It prints whether each aim is met, and ends with 0 all the same, since
how fast a machine is, is no error of the server; with ``--strict`` it ends with 1 where one isn't.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vo_server.settings")

from measuring import offer_strict, said, status, tell, timed_ms  # noqa: E402
from own_server import OwnServer  # noqa: E402 - tests and benchmarks share it

SCIENCE_WINDOWS = 50
STEPS = 200
PLANNED = 10_000
#: So long each step computes, where the speed of two workers is measured, in seconds.
SLOW_S = 0.3
SLOW_STEPS = 24


def graph_costs(server: OwnServer) -> None:
    """In this process, on the server's database, with a cluster of one and of two workers."""
    os.environ.update(
        {name: server.environment[name] for name in ("DATABASE_URL", "VO_CACHE_ROOT")}
    )
    import django

    django.setup()
    from graph_running import Runner
    from tiny_engine import TinyGraph, toil

    from analysis.outcomes import GraphResult
    from analysis.past_runs import past_costs, planned
    from analysis.planning import estimate

    folder = Path(tempfile.mkdtemp(dir=server.folder))
    tiny = TinyGraph(folder)

    # --- planning ---------------------------------------------------------------------------------
    leaves = [tiny.raw(f"p{n}", n) for n in range(100)]

    def plan() -> None:
        inner = [tiny.add(leaves[n % 100], plus=n, label=str(n)) for n in range(PLANNED - 1)]
        top = tiny.add(*inner)
        known = planned((top,))
        assert len(known.states) == PLANNED
        estimate(known, past_costs(known.states), 8)

    plan()
    taken = timed_ms(plan)
    aim = said(taken <= 1000, "<= 1 s")
    tell(f"planning {PLANNED} steps: identities, cache, times, estimate", taken, "ms", None, aim)

    # --- steps ------------------------------------------------------------------------------------
    root = Path(server.environment["VO_CACHE_ROOT"])
    rounds = 1_000_000
    rounds = round(rounds * SLOW_S * 1e3 / min(timed_ms(lambda: toil(rounds)) for _ in range(3)))
    rates: dict[int, float] = {}
    for workers in (1, 2):
        with cluster(root, workers) as executor:
            run = Runner(root, lambda executor=executor: executor)

            def graph(
                name: str, steps: int, rounds: int = 0, run: Runner = run
            ) -> Callable[[], GraphResult]:
                parts = [tiny.add(tiny.raw(f"{name}{n}", n), rounds=rounds) for n in range(steps)]
                return partial(run, *parts)

            graph(f"warm{workers}", 4)()
            rates[workers] = timed_ms(graph(f"slow{workers}", SLOW_STEPS, rounds))
            if workers == 2:
                many = graph("many", STEPS)
                fresh = timed_ms(many) / STEPS
                aim = said(fresh <= 15, "<= 15 ms")
                tell(f"a step that runs, of {STEPS}, its own work aside", fresh, "ms", None, aim)
                again = statistics.median(timed_ms(many) for _ in range(5)) / STEPS
                aim = said(again <= 2, "<= 2 ms")
                tell(f"a cached step, of {STEPS}", again, "ms", None, aim)
    ratio, processors = rates[1] / rates[2], len(os.sched_getaffinity(0))
    tell(f"{SLOW_STEPS} steps that compute {SLOW_S} s, one worker", rates[1], "ms")
    aim = f"ratio >= 1.7 ({ratio:.2f})"
    aim = said(ratio >= 1.7, aim) if processors > 1 else f"aim {aim}: not on one processor"
    words = f"the same, two workers on {processors} processors"
    tell(words, rates[2], "ms", ratio, aim)
    bare = {processes: bare_ms(processes, rounds) for processes in (1, 2)}
    tell("a third of them, two bare processes over one", bare[2], "ms", bare[1] / bare[2])


def bare_ms(processes: int, rounds: int) -> float:
    """The same work without a cluster, for what the machine has to give at this moment."""
    from tiny_engine import toil

    with ProcessPoolExecutor(processes, get_context("forkserver")) as pool:
        list(pool.map(toil, [1] * processes))
        return timed_ms(lambda: list(pool.map(toil, [rounds] * (SLOW_STEPS // 3))))


class cluster:  # noqa: N801 - used as a context
    """An embedded cluster with that many workers, and an executor that is joined to it."""

    def __init__(self, root: Path, workers: int) -> None:
        self.root, self.workers = root, workers

    def __enter__(self) -> Any:
        import subprocess

        from analysis import embedded_cluster
        from analysis.cache import Cache
        from analysis.dask_executor import DaskExecutor

        Cache(self.root)
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "analysis_cluster"],
            env={
                **os.environ,
                "VO_CACHE_ROOT": str(self.root),
                "VO_ANALYSIS_PROCESSES": str(self.workers),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        )
        while embedded_cluster.address(self.root) is None:
            time.sleep(0.05)
        self.executor = DaskExecutor(partial(embedded_cluster.address, self.root), ("tiny_engine",))
        return self.executor

    def __exit__(self, *_: object) -> None:
        self.executor.close()
        self.process.terminate()
        self.process.wait()


def cached_mosaic(server: OwnServer) -> None:
    """A mosaic of 50 Science Windows, from POST to COMPLETED, that was made before."""
    import requests
    from crab_windows import simulate_crab

    tree = server.folder / "tree"
    simulate_crab(tree, SCIENCE_WINDOWS)
    server.manage("ingest", str(tree))

    def job() -> str:
        answer = requests.post(
            f"{server.url}/uws/isgri_image",
            data={"RA": "83.63", "DEC": "22.01", "radius": "20", "PHASE": "RUN"},
            allow_redirects=False,
            timeout=60,
        )
        address = answer.headers["Location"]
        phase = "QUEUED"
        while phase in ("QUEUED", "EXECUTING"):
            text = requests.get(f"{address}?WAIT=60&PHASE={phase}", timeout=90).text
            phase = text.partition("phase>")[2].partition("<")[0]
        assert phase == "COMPLETED", text
        return address

    first = timed_ms(job)
    log = requests.get(f"{job()}/results/log", timeout=60).text
    assert " main done" not in log, log
    again = statistics.median(timed_ms(job) for _ in range(5))
    tell(f"a mosaic of {SCIENCE_WINDOWS} Science Windows, the first time", first, "ms")
    aim = said(again <= 500, "<= 500 ms")
    tell("the same again, POST to COMPLETED", again, "ms", first / again, aim)


def main() -> int:
    """Measure and print; the status to end with."""
    options = argparse.ArgumentParser(description=__doc__)
    offer_strict(options)
    chosen = options.parse_args()
    with OwnServer(web_workers=2, variables={"VO_LOG_LEVEL": "WARNING"}) as server:
        server.start_worker()
        server.start_web()
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        graph_costs(server)
        cached_mosaic(server)
    return status(chosen.strict)


if __name__ == "__main__":
    sys.exit(main())
