"""A graph as people look at it: equal branches folded into one.

Steps are of one group where they are of one kind and engine and read groups that are the same, so
that fifty Science Windows make one branch and the mosaic before cleaning stays apart from that
after. A graph that is still too large is folded by kind alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from analysis.planning import Plan, State
from analysis.steps import RawFile, Step, StepKind

#: Groups that a picture can hold.
MOST_GROUPS = 60
_Shape = tuple[object, ...]


@dataclass(slots=True)
class Group:
    """Steps that look alike, or files of the archive that are read in one role.

    name: the step's, or the role. kind: ``None`` for files. labels: Science Windows, each once, by
    state; files have no state. inputs: groups that are read, and how many readings that are.
    told_by: groups that tell parameters. provisional: how many of those to run aren't known yet.
    """

    name: str
    engine: str = ""
    kind: StepKind | None = None
    members: int = 0
    labels: dict[State | None, dict[str, None]] = field(default_factory=dict)
    counts: dict[State, int] = field(default_factory=dict)
    inputs: dict[int, int] = field(default_factory=dict)
    told_by: dict[int, None] = field(default_factory=dict)
    provisional: int = 0

    def sentence(self) -> str:
        """``sky_image × 50: 48 cached, 2 to run``, ``events (50 files)``."""
        if self.kind is None:
            return f"{self.name} ({self.members} file{'s' if self.members != 1 else ''})"
        name = self.name if self.members == 1 else f"{self.name} × {self.members}"
        states = [self.share(state) for state in State if self.counts.get(state)]
        return f"{name}: {', '.join(states)}" if states else name

    def share(self, state: State) -> str:
        """How many are in that state: ``2 to run``, ``at most 50 to run``, ``to run`` of one."""
        if self.members == 1:
            return str(state)
        bound = "at most " if state is State.TO_RUN and self.provisional else ""
        return f"{bound}{self.counts[state]} {state}"


def folded(plan: Plan) -> tuple[Group, ...]:
    """The groups of a plan, inputs before users; `Group.inputs` are positions in it."""
    groups = _fold(plan, by_shape=True)
    return groups if len(groups) <= MOST_GROUPS else _fold(plan, by_shape=False)


def _fold(plan: Plan, *, by_shape: bool) -> tuple[Group, ...]:
    groups: list[Group] = []
    positions: dict[_Shape, int] = {}
    position_of: dict[str, int] = {}
    seen_files: set[tuple[int, str]] = set()

    def position(shape: _Shape, new: Group) -> int:
        if shape not in positions:
            positions[shape] = len(groups)
            groups.append(new)
        return positions[shape]

    for step, state in plan.states.items():
        read: list[int] = []
        shape: list[_Shape] = []
        for role, node in _inputs(step):
            if isinstance(node, RawFile):
                at = position(("file", role), Group(role))
                if (at, node.identity) not in seen_files:
                    seen_files.add((at, node.identity))
                    groups[at].members += 1
                    groups[at].labels.setdefault(None, {})[node.label] = None
            else:
                at = position_of[node.identity]
            read.append(at)
            shape.append((role, at))
        tellers = [position_of[teller.identity] for teller in step.told_by]
        shape += [("told by", at) for at in tellers]
        reads = tuple(sorted(set(shape), key=str)) if by_shape else ()
        at = position(
            ("step", step.engine, step.kind.name, reads),
            Group(step.kind.name, step.engine, step.kind),
        )
        position_of[step.identity] = at
        group = groups[at]
        group.members += 1
        group.counts[state] = group.counts.get(state, 0) + 1
        group.labels.setdefault(state, {})[step.label] = None
        group.told_by.update(dict.fromkeys(tellers))
        group.provisional += state is State.TO_RUN and not step.is_settled
        for other in read:
            group.inputs[other] = group.inputs.get(other, 0) + 1
    return tuple(groups)


def _inputs(step: Step) -> Iterator[tuple[str, Step | RawFile]]:
    for role, nodes in step.inputs.items():
        for node in nodes:
            yield role, node
