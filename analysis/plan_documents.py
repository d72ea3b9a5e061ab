"""A plan for its readers: JSON for programs, text for terminals, a picture."""

from collections.abc import Iterator
from typing import Any

from analysis.drawing import drawn
from analysis.folding import Group, folded
from analysis.planning import Costs, Estimate, Plan, State, cost_of, estimate

Json = dict[str, Any]


class PlanDocuments:
    """The forms of one plan.

    name: of the job type. costs: of past runs. processes: how many steps run at once.
    """

    def __init__(self, name: str, plan: Plan, costs: Costs, processes: int) -> None:
        self.name = name
        self._plan = plan
        self._costs = costs
        self._processes = processes
        self.estimate: Estimate = estimate(plan, costs, processes)

    def json(self, *, with_steps: bool = False) -> Json:
        """Counts, kinds of steps and the estimate; ``with_steps`` every single step, too."""
        document: Json = {
            "job_type": self.name,
            "engines": sorted({step.engine for step in self._plan.states}),
            "steps": {**self._counts(), "provisional": len(self._plan.provisional)},
            "estimate": {
                "seconds": round(self.estimate.seconds, 3),
                "processor_seconds": round(self.estimate.processor_seconds, 3),
                "processes": self.estimate.processes,
                "bytes": self.estimate.size,
                "steps_judged_by_past_runs": self.estimate.steps_known,
            },
            "kinds": [self._kind(*named) for named in self._kinds()],
        }
        if with_steps:
            document["graph"] = [
                {
                    "identity": step.identity,
                    "kind": step.kind.name,
                    "engine": step.engine,
                    "label": step.label,
                    "state": str(state),
                    "parameters": dict(step.parameters),
                    "inputs": {
                        role: [node.identity for node in nodes]
                        for role, nodes in step.inputs.items()
                    },
                    "told_by": [teller.identity for teller in step.told_by],
                    "provisional": not step.is_settled,
                }
                for step, state in self._plan.states.items()
            ]
        return document

    def text(self) -> str:
        """A line for each group of equal steps, inputs before users, and a summary."""
        groups = folded(self._plan)
        lines = [f"{self.name}: {self.summary()}", ""]
        names = [group.sentence() for group in groups]
        width = max((len(name) for name in names), default=0)
        for group, name in zip(groups, names, strict=True):
            read = ", ".join(dict.fromkeys(groups[other].name for other in group.inputs))
            told = ", ".join(dict.fromkeys(groups[other].name for other in group.told_by))
            read = f"{read} (told by {told})" if told else read
            lines.append(f"{name:<{width}}  ← {read}" if read else name)
            lines += [f"    to run: {label}" for label in _few(group)]
        return "\n".join(lines) + "\n"

    def svg(self) -> bytes:
        """The picture; raises `dali.errors.DaliError` where it can't be drawn."""
        sentences = [group.sentence() for group in folded(self._plan)]
        return drawn(
            self._plan,
            f"Steps of {self.name}",
            f"{self.summary()}. From the files to the product: {'; '.join(sentences)}.",
        )

    def summary(self) -> str:
        """One line: how many steps, how long, how many bytes."""
        counts = [f"{count} {state.replace('_', ' ')}" for state, count in self._counts().items()
                  if count and state != "total"]  # fmt: skip
        if self._plan.provisional:
            counts = [f"at most {told}" if told.endswith("to run") else told for told in counts]
        total = len(self._plan.states)
        told = f"{total} step{'s' if total != 1 else ''}: {', '.join(counts)}"
        if not self._plan.count(State.TO_RUN):
            return told
        size = self.estimate.size
        room = "" if size is None else f", {size / 1e6:.3g} MB"
        return (
            f"{told}; about {self.duration} on {self.estimate.processes} "
            f"processor{'s' if self.estimate.processes != 1 else ''}{room}"
        )

    @property
    def duration(self) -> str:
        """How long the run is likely to take, in words."""
        less = " or less" if self._plan.provisional else ""
        return f"{_duration(self.estimate.seconds)}{less}"

    def _counts(self) -> dict[str, int]:
        return {
            "total": len(self._plan.states),
            **{_key(state): self._plan.count(state) for state in State},
        }

    def _kinds(self) -> Iterator[tuple[str, str]]:
        yield from dict.fromkeys((step.engine, step.kind.name) for step in self._plan.states)

    def _kind(self, engine: str, name: str) -> Json:
        states = {
            step: state
            for step, state in self._plan.states.items()
            if (step.engine, step.kind.name) == (engine, name)
        }
        first = next(iter(states))
        cost = cost_of(first, self._costs)
        return {
            "kind": name,
            "engine": engine,
            "version": first.kind.version,
            "description": first.kind.description,
            **{_key(state): sum(found is state for found in states.values()) for state in State},
            "seconds_each": round(cost.seconds, 3),
            "bytes_each": cost.size,
            "past_runs": cost.runs,
            "memory": first.kind.memory,
        }


def _key(state: State) -> str:
    return state.replace(" ", "_")


def _few(group: Group) -> list[str]:
    """What is to run in a group of which most isn't, where that is soon said."""
    labels = [label for label in group.labels.get(State.TO_RUN, ()) if label]
    return labels if group.members > 1 and len(labels) <= 10 < group.members else []


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "1 s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
