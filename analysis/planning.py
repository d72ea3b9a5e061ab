"""What a graph's run would do: which results are cached, which steps run, how long it takes.

Pure: told what the cache has and what past runs took, it says what to expect. Nothing is run, read
or locked, so that the answer may be another a moment later. What depends on what other steps find
in the data is planned as if all of it had to run, and said to be so (`Plan.provisional`).
"""

import bisect
import heapq
from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import StrEnum

from analysis.steps import Step, StepKind, in_order

#: What a step costs beside its own work, seconds: its process, its file, its provenance.
_OVERHEAD_S = 0.015
#: What a result found in the cache costs, seconds.
_CACHED_S = 0.002


class State(StrEnum):
    """What a run would do about a step."""

    CACHED = "cached"  #: Its result is there
    TO_RUN = "to run"  #: Its result has to be made
    NOT_NEEDED = "not needed"  #: Its result isn't there, and all that would read it is


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a kind of step takes.

    seconds: of one processor. size: bytes of the result, ``None`` where that isn't known.
    runs: how many past runs say so; 0 where it is what the step's declaration expects. by_breadth:
    numbers of inputs (`breadth`) that past runs had, rising, and the seconds that those took.
    """

    seconds: float
    size: int | None = None
    runs: int = 0
    by_breadth: tuple[tuple[int, float], ...] = ()

    def seconds_with(self, inputs: int) -> float:
        """Seconds of a run with so many inputs: on straight lines between what is known.

        Beyond the least and the most inputs that there were, in proportion to these.
        """
        if not self.by_breadth:
            return self.seconds
        first, last = self.by_breadth[0], self.by_breadth[-1]
        nearest = first if inputs <= first[0] else last
        if inputs <= first[0] or inputs >= last[0]:
            return nearest[1] * inputs / nearest[0]
        after = bisect.bisect_left(self.by_breadth, (inputs, 0.0))
        (low, low_s), (high, high_s) = self.by_breadth[after - 1 : after + 1]
        return low_s + (high_s - low_s) * (inputs - low) / (high - low)


#: By engine and name of the step.
Costs = Mapping[tuple[str, str], Cost]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run is likely to take.

    seconds: from its start to its end. processor_seconds: of all processors together.
    size: bytes that the cache grows by; ``None`` where nothing is known of some step's.
    processes: how many steps run at once. steps_known: how many of the steps to run have past runs
    to judge by.
    """

    seconds: float
    processor_seconds: float
    size: int | None
    processes: int
    steps_known: int


@dataclass(frozen=True)
class Plan:
    """A graph's steps, inputs before users, and what a run would do about each."""

    targets: tuple[Step, ...]
    states: Mapping[Step, State]

    def count(self, state: State) -> int:
        """How many steps are in that state."""
        return sum(found is state for found in self.states.values())

    @property
    def to_run(self) -> tuple[Step, ...]:
        """The steps that have to run, inputs before users."""
        return tuple(step for step, state in self.states.items() if state is State.TO_RUN)

    @property
    def provisional(self) -> tuple[Step, ...]:
        """Those of them that aren't known before others have run; some may turn out cached.

        So the number to run is the most that there can be.
        """
        return tuple(step for step in self.to_run if not step.is_settled)


def plan_of(targets: tuple[Step, ...], cached: Container[str]) -> Plan:
    """The plan of a graph, where ``cached`` are the identities of results that are there.

    Nothing that stands behind a cached step needs to exist any more.
    """
    ordered = in_order(targets)
    needed = {step.identity for step in targets}
    states: dict[Step, State] = {}
    for step in reversed(ordered):  # users before inputs
        if step.identity in cached:
            states[step] = State.CACHED
        elif step.identity in needed:
            states[step] = State.TO_RUN
            needed.update(read.identity for read in step.needed_steps())
        else:
            states[step] = State.NOT_NEEDED
    return Plan(targets, {step: states[step] for step in ordered})


def estimate(plan: Plan, costs: Costs, processes: int) -> Estimate:
    """What a run of ``plan`` is likely to take with that many processes.

    Steps are given to processes as they become free, as a run does: what has to wait for all its
    inputs, as a mosaic has, keeps one process busy and the others idle.
    """
    to_run = plan.to_run
    cost = {step.identity: cost_of(step, costs) for step in to_run}
    sizes = [cost[step.identity].size for step in to_run]
    seconds = {step.identity: cost[step.identity].seconds_with(breadth(step)) for step in to_run}
    return Estimate(
        seconds=_makespan(to_run, seconds, processes) + plan.count(State.CACHED) * _CACHED_S,
        processor_seconds=sum(seconds.values()),
        size=None if None in sizes else sum(size or 0 for size in sizes),
        processes=processes,
        steps_known=sum(found.runs > 0 for found in cost.values()),
    )


def breadth(step: Step) -> int:
    """How much a step has to go through: the inputs of its role that has most of them, at least 1.

    That is the number of Science Windows of what joins them.
    """
    return max([1, *(len(nodes) for nodes in step.inputs.values())])


def cost_of(step: Step, costs: Costs) -> Cost:
    """What that step is likely to take: by past runs, else by its declaration."""
    return costs.get((step.engine, step.kind.name)) or declared_cost(step.kind)


def declared_cost(kind: StepKind) -> Cost:
    """What the kind's declaration expects."""
    return Cost(kind.expected_seconds)


def _makespan(to_run: tuple[Step, ...], seconds: Mapping[str, float], processes: int) -> float:
    """Seconds until the last step ends, steps being started as soon as they can be."""
    waits_for: dict[str, int] = {}
    users: dict[str, list[str]] = {}
    for step in to_run:
        inputs = {read.identity for read in step.needed_steps() if read.identity in seconds}
        waits_for[step.identity] = len(inputs)
        for read in inputs:
            users.setdefault(read, []).append(step.identity)
    ready = [step.identity for step in reversed(to_run) if not waits_for[step.identity]]
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < processes:
            step_id = ready.pop()
            heapq.heappush(running, (now + seconds[step_id] + _OVERHEAD_S, step_id))
        now, ended = heapq.heappop(running)
        for user in users.get(ended, ()):
            waits_for[user] -= 1
            if not waits_for[user]:
                ready.append(user)
    return now
