"""Driving a graph: what the cache has is used, the rest is made, wherever steps run.

The driver holds no truth of its own. What is made lies in the cache and its index, who makes what
is in PostgreSQL: another driver of the same graph, after the death of this one or beside it, goes
on from there. A result that lies in the cache is used at once, and registered with others a moment
later, in the order in which they were made: so provenance is always entered from the events towards
the products. The one who runs a graph is told of every result when it is registered.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from analysis.errors import AnalysisError, ClusterLost, MachineFailure
from analysis.executors import Ended, Executor, Given
from analysis.ledger import Ledger
from analysis.making import DamagedInputs, Input, Making, Task, attempt, science_window
from analysis.outcomes import GraphResult, Listener, StepFailure, StepResult
from analysis.patience import Patience
from analysis.step_processes import packed
from analysis.steps import RawFile, Step, in_order

#: How often a driver looks for what others make, and renews what it has claimed, in seconds.
_LOOK_EVERY_S = 0.25
_RENEW_EVERY_S = 4.0
_RECONNECT_EVERY_S = 0.1
#: How long what was made waits to be registered, with more, in seconds; and, where the database is
#: slow, how many times as long as that took the last time, up to so many seconds.
_REGISTER_EVERY_S = 0.25
_REGISTER_SHARE = 5.0
_REGISTER_AT_LAST_S = 2.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """In whose name a graph runs.

    authority: IVOA authority of new identifiers. software: what computes (this server, the
    engine's libraries), and the versions. patience_s: how long to wait for what steps run on, when
    it can't be reached.
    """

    authority: str
    software: Mapping[str, str]
    patience_s: float = 300.0


def run_graph(
    targets: Iterable[Step],
    ledger: Ledger,
    executor: Callable[[], Executor],
    surroundings: Surroundings,
    listener: Listener,
) -> GraphResult:
    """Make the results of ``targets``; a failed step fails only what depends on it.

    executor: gives the place where steps run; asked for when a step must run, not before.
    Raises `analysis.errors.MachineFailure` where not the data failed but what computes, and
    `ValueError` for a provisional graph.
    """
    wanted = tuple(targets)
    if not all(step.is_settled for step in wanted):
        raise ValueError("a provisional step can't be run: what it awaits must be made before")
    return _Driver(wanted, ledger, executor, surroundings, listener).run()


class _Driver:
    """One run of one graph."""

    def __init__(
        self,
        targets: tuple[Step, ...],
        ledger: Ledger,
        executor: Callable[[], Executor],
        surroundings: Surroundings,
        listener: Listener,
    ) -> None:
        self._targets = targets
        self._ledger = ledger
        self._executor = executor
        self._surroundings = surroundings
        self._listener = listener
        self._outcome = GraphResult()
        self._steps = in_order(targets)
        self._positions = {step.identity: n for n, step in enumerate(self._steps)}
        #: What is to be made, with the inputs that it still waits for; and who waits for what.
        self._waiting: dict[str, set[str]] = {}
        self._users: dict[str, list[Step]] = {}
        self._ready: dict[str, Step] = {}
        self._running: dict[str, tuple[Step, Task]] = {}  # by identity
        self._elsewhere: dict[str, Step] = {}
        self._made: dict[Step, Making] = {}  # and not registered yet
        self._register_due = 0.0
        self._register_every_s = _REGISTER_EVERY_S
        self._patience = Patience(surroundings.patience_s)
        self._look_due = self._renew_due = 0.0

    def run(self) -> GraphResult:
        """See `run_graph`."""
        self._ledger.hold(self._steps)
        self._require(self._targets)
        while self._waiting or self._ready or self._running or self._elsewhere or self._made:
            self._begin()
            self._register()
            self._settle(self._wait())
            self._look_elsewhere()
            self._listener.waited()
            if time.monotonic() >= self._renew_due:
                self._ledger.renew()
                self._renew_due = time.monotonic() + _RENEW_EVERY_S
        self._register(at_once=True)
        return self._outcome

    def _require(self, targets: Sequence[Step]) -> None:
        """Find these results, or plan to make them and what they need.

        Nothing stands behind a result that is found: what it was made from need not exist any
        more. What the job itself will read, the graph's targets, is checked to the last byte; what
        steps read, they check.
        """
        found = self._ledger.find(targets)
        if len(found) < len(set(targets)):
            found.update(self._ledger.find(in_order(tuple(targets))))
        wanted = {step.identity for step in self._targets}
        damaged = [i for i in wanted & found.keys() if not self._ledger.cache.is_whole(found[i])]
        if damaged:
            self._ledger.damaged(damaged)
            found = {i: file for i, file in found.items() if i not in damaged}
        planned: list[Step] = []
        visited: set[str] = set()
        stack = list(reversed(targets))
        while stack:
            step = stack.pop()
            if step.identity in visited or self._is_known(step.identity):
                continue
            visited.add(step.identity)
            planned.append(step)
            if step.identity not in found:
                stack.extend(step.needed_steps())
        missing = [step for step in planned if step.identity not in found]
        self._listener.planned(planned)
        restored = [step for step in planned if step.identity in found]
        self._ledger.used([step.identity for step in restored])
        for step in missing:
            self._waiting[step.identity] = set()
        for step in sorted(restored, key=lambda step: self._positions[step.identity]):
            self._succeed(StepResult(step, found[step.identity], restored=True))
        for step in missing:
            self._make(step)

    def _is_known(self, identity: str) -> bool:
        outcome = self._outcome
        return (
            identity in outcome.results
            or identity in outcome.failures
            or identity in self._waiting
            or identity in self._ready
            or identity in self._running
            or identity in self._elsewhere
        )

    def _make(self, step: Step) -> None:
        """Have the step made as soon as its inputs are there."""
        needed = {s.identity for s in step.needed_steps()}
        for failed in needed & self._outcome.failures.keys():
            self._waiting.pop(step.identity, None)
            self._fail(step, self._outcome.failures[failed].cause)
            return
        lacking = needed - self._outcome.results.keys()
        if lacking:
            self._waiting[step.identity] = lacking
            for identity in lacking:
                self._users.setdefault(identity, []).append(step)
        else:
            self._waiting.pop(step.identity, None)
            self._ready[step.identity] = step

    def _succeed(self, result: StepResult) -> None:
        """The result lies in the cache, so that what reads it can be made."""
        identity = result.step.identity
        self._outcome.results[identity] = result
        if result.restored:
            self._listener.succeeded(result)
        for user in self._users.pop(identity, ()):
            lacking = self._waiting.get(user.identity)
            if lacking is not None:
                lacking.discard(identity)
                if not lacking:
                    del self._waiting[user.identity]
                    self._ready[user.identity] = user

    def _fail(self, step: Step, cause: AnalysisError) -> None:
        failed = [step]
        while failed:
            lost = failed.pop()
            failure = StepFailure(lost, str(cause), cause)
            self._outcome.failures[lost.identity] = failure
            self._listener.failed(failure)
            for user in self._users.pop(lost.identity, ()):
                if self._waiting.pop(user.identity, None) is not None:
                    failed.append(user)

    def _begin(self) -> None:
        """Claim what can be made now, and give it to the place where steps run."""
        for step in tuple(self._ready.values()):
            if any(s.identity not in self._outcome.results for s in step.needed_steps()):
                del self._ready[step.identity]  # an input was found damaged meanwhile
                self._make(step)
        if not self._ready:
            return
        try:
            executor = self._executor()
            place = executor.place()
            steps = tuple(self._ready.values())
            keys = self._ledger.claim(steps, place)
            root = self._ledger.cache.root
            ours = [
                (step, self._task(step, keys[step.identity]))
                for step in steps
                if step.identity in keys
            ]
            executor.submit(
                [Given(task.key, packed(root, task), step.kind.memory) for step, task in ours]
            )
            self._patience.somewhere()
            self._running.update((step.identity, (step, task)) for step, task in ours)
            self._elsewhere.update((s.identity, s) for s in steps if s.identity not in keys)
            self._ready.clear()
        except ClusterLost as lost:
            self._look_again(lost)

    def _look_again(self, lost: ClusterLost) -> None:
        """Nothing can be run now; raise what happened where that has lasted too long."""
        if not self._patience.nowhere():
            self._register(at_once=True)
            raise lost
        if not self._running:
            time.sleep(_RECONNECT_EVERY_S)

    def _wait(self) -> list[Ended]:
        timeout_s = _LOOK_EVERY_S if self._elsewhere or self._ready or self._made else 1.0
        if self._running or self._elsewhere:
            ear = self._ledger.ear() if self._elsewhere else None
            return self._executor().wait(timeout_s, self._lies_there, ear)
        return []

    def _lies_there(self, key: str) -> Making | None:
        """The result that was made under this key, or before it, with its record."""
        found = self._ledger.cache.read(key.partition("-")[0])
        return found and Making(*found, restored=found[1].key != key)

    def _settle(self, ended: Sequence[Ended]) -> None:
        """Go on with what was made; try again, or give up, what was not."""
        by_key = {task.key: (step, task) for step, task in self._running.values()}
        for item in ended:
            if item.key not in by_key:
                continue
            step, task = by_key[item.key]
            del self._running[step.identity]
            outcome = item.outcome
            if isinstance(outcome, Making):
                self._patience.somewhere()
                if not self._made:
                    self._register_due = time.monotonic() + self._register_every_s
                self._made[step] = outcome
                self._succeed(StepResult(step, outcome.file, restored=False))
                continue
            if outcome is not None:
                self._ledger.spent(step)
            if isinstance(outcome, DamagedInputs):
                self._remake(step, outcome.identities)
            elif outcome is None or isinstance(outcome, ClusterLost):
                self._give_again(step)
            else:
                self._try_again(step, task, outcome)

    def _give_again(self, step: Step) -> None:
        """The place lost the step; patience with it lasts until a place takes steps again."""
        if not self._patience.was_lost(step.identity):
            self._stop(step, ClusterLost("the computers that run steps lose it again and again"))
        self._ready[step.identity] = step
        self._look_again(ClusterLost("the computers that run steps can't be reached"))

    def _register(self, *, at_once: bool = False) -> None:
        """Register what was made, many at once, while other steps run; then tell of it.

        In the order in which it was made, so that what a result was made from is always in first.
        What a driver that dies leaves unregistered lies on disk and is found there.
        """
        is_idle = not self._running and not self._ready
        if not self._made or not (at_once or is_idle or time.monotonic() >= self._register_due):
            return
        made, self._made = self._made, {}
        began = time.monotonic()
        entered = self._ledger.register(made)
        pause = _REGISTER_SHARE * (time.monotonic() - began)
        self._register_every_s = min(max(_REGISTER_EVERY_S, pause), _REGISTER_AT_LAST_S)
        for step, making in made.items():
            is_new = step.identity in entered and not making.restored
            messages = making.record.messages if is_new else ()
            result = StepResult(step, making.file, not is_new, messages)
            self._outcome.results[step.identity] = result
            self._listener.succeeded(result)

    def _try_again(self, step: Step, task: Task, failure: AnalysisError) -> None:
        failure.attempt = attempt(task, failure)
        self._ledger.failed(failure.attempt)
        if isinstance(failure, MachineFailure):
            if not (failure.retry and self._patience.has_failed(step.identity)):
                self._stop(step, failure)
            self._ready[step.identity] = step
        else:
            self._ledger.give_up(step)
            self._fail(step, failure)

    def _stop(self, step: Step, failure: MachineFailure) -> NoReturn:
        """End the run for want of a machine that can do the step; tell of what was made before."""
        self._register(at_once=True)
        window = science_window(step.label)
        name = step.kind.name if window else f"{step.kind.name} {step.label}".strip()
        named = failure.at(window, name)
        self._listener.failed(StepFailure(step, str(named), named))
        raise named

    def _remake(self, step: Step, damaged: Sequence[str]) -> None:
        """Inputs of the step turned out to be damaged: make these anew, then the step."""
        # registered all the same: what was made of them has them in its history
        self._register(at_once=True)
        self._ledger.damaged(damaged)
        again = [needed for needed in step.needed_steps() if needed.identity in damaged]
        for needed in again:
            self._outcome.results.pop(needed.identity, None)
            self._ledger.spent(needed)
        if not self._patience.has_failed(step.identity):
            self._stop(step, MachineFailure("files that it reads are damaged again and again"))
        self._waiting[step.identity] = set()
        self._require(again)
        self._make(step)

    def _look_elsewhere(self) -> None:
        """What others make: take it when it is there, make it when they have given up."""
        if not self._elsewhere or time.monotonic() < self._look_due:
            return
        self._look_due = time.monotonic() + _LOOK_EVERY_S
        steps = tuple(self._elsewhere.values())
        found = self._ledger.find(steps)
        self._ledger.used(list(found))
        for step in steps:
            del self._elsewhere[step.identity]
            if step.identity in found:
                self._succeed(StepResult(step, found[step.identity], restored=True))
            else:
                self._ready[step.identity] = step

    def _task(self, step: Step, key: str) -> Task:
        return Task(
            identity=step.identity,
            key=key,
            kind=step.kind,
            engine=step.engine,
            software_digest=step.software_digest,
            parameters=dict(step.parameters),
            inputs={
                role: tuple(self._input(node) for node in nodes)
                for role, nodes in step.inputs.items()
            },
            label=step.label,
            authority=self._surroundings.authority,
            software=dict(self._surroundings.software),
        )

    def _input(self, node: Step | RawFile) -> Input:
        if isinstance(node, RawFile):
            return Input(node.path, node.entity)
        file = self._outcome.results[node.identity].file
        return Input(file.path, file.entity, node.identity)
