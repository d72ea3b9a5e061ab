"""What runs in a Dask worker: it has a step run by a process of its own, and kills it in time.

Dask cancels only what has not begun. So a thread of the worker waits for the step's process and
looks again and again whether anybody still wants the result; where nobody does, since the jobs
that wanted it are gone, the process is killed with all that it started. A worker needs nothing but
this package and the cache's folder: no database, no settings, no plugin.
"""

import threading

from distributed import get_worker

from analysis.errors import ClusterLost
from analysis.step_processes import Outcome, StepProcesses

#: How soon a step that nobody wants any more is ended, in seconds.
LOOK_EVERY_S = 0.2
_WANTED = ("executing", "long-running")

_lock = threading.Lock()
_processes: StepProcesses | None = None


def use(processes: StepProcesses) -> None:
    """Let this worker's steps be run by these, which its maker has started."""
    global _processes
    _processes = processes


def run_step(task: bytes, memory: int, preload: tuple[str, ...]) -> Outcome:
    """Run a packed task; how it ended. Raises `ClusterLost` where it was killed as unwanted.

    preload: modules that steps need, where this worker's processes must be started first.
    """
    worker = get_worker()
    key = worker.get_current_task()
    done = threading.Event()
    outcomes: list[Outcome] = []

    def at_end(outcome: Outcome) -> None:
        outcomes.append(outcome)
        done.set()

    processes = _started(preload)
    number = processes.begin(task, memory, at_end)
    while not done.wait(LOOK_EVERY_S):
        state = worker.state.tasks.get(key)
        if state is None or state.state not in _WANTED:
            processes.kill(number)
            done.wait()
            raise ClusterLost("nobody wanted the step any more")
    return outcomes[0]


def _started(preload: tuple[str, ...]) -> StepProcesses:
    global _processes
    with _lock:
        if _processes is not None and _processes.is_lost:
            _processes.close()
            _processes = None
        if _processes is None:
            _processes = StepProcesses.start(preload)
        return _processes
