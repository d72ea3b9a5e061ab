"""Identities of steps: everything that determines a result is in them, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

from analysis.steps import RawFile, Step, in_order

MakeStep = Callable[..., Step]
MakeRaw = Callable[..., RawFile]


def test_the_same_step_planned_twice_is_one(raw_file: MakeRaw, add: MakeStep) -> None:
    assert add(raw_file("a", 1), plus=2) == add(raw_file("a", 1), plus=2.0)


def test_all_that_determines_the_result_changes_the_identity(
    raw_file: MakeRaw, add: MakeStep
) -> None:
    step = add(raw_file("a", 1), plus=2)
    others = {
        "parameter": add(raw_file("a", 1), plus=3),
        "software": add(raw_file("a", 1), plus=2, software="2"),
        "content of a raw file": add(raw_file("a", 7), plus=2),
        "which raw file": add(raw_file("b", 1), plus=2),
        "number of inputs": add(raw_file("a", 1), raw_file("a", 1), plus=2),
        "engine": replace(step, engine="other"),
        "version of the step": replace(step, kind=replace(step.kind, version="2")),
        "name of the step": replace(step, kind=replace(step.kind, name="subtract")),
    }
    identities = {name: other.identity for name, other in others.items()}
    assert step.identity not in identities.values()
    assert len(set(identities.values())) == len(others)


def test_what_people_call_it_and_where_it_lies_do_not_change_the_identity(
    raw_file: MakeRaw, add: MakeStep
) -> None:
    raw = raw_file("a", 1)
    moved = replace(raw, path=raw.path.with_name("elsewhere"))
    assert add(raw, label="one name") == add(moved, label="another name")


def test_a_change_far_up_the_graph_reaches_the_product(raw_file: MakeRaw, add: MakeStep) -> None:
    def product(plus: int) -> Step:
        return add(add(add(raw_file("a", 1), plus=plus)), add(raw_file("b", 1)))

    assert product(1) != product(2)


def test_steps_come_after_what_they_need_and_only_once(raw_file: MakeRaw, add: MakeStep) -> None:
    shared = add(raw_file("a", 1))
    left, right = add(shared, plus=1), add(shared, plus=2)
    top = add(left, right)
    ordered = in_order((top, left))
    assert len(ordered) == 4
    assert ordered[0] == shared
    assert ordered[-1] == top
