"""Identities of steps: everything that determines a result is in them, and nothing else."""

import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tiny_engine import ADD

from analysis.steps import ConfigFile, RawFile, Step, StepKind, Tolerance, in_order
from provenance.descriptions import KindOfParameter, Role

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


# --- Laws ----------------------------------------------------------------------------------------

values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text())
)
parameter_sets = st.dictionaries(st.text(max_size=8), values, max_size=5)


def _planned(parameters: dict[str, Any], inputs: Any = None) -> Step:
    return Step(ADD, "tiny", parameters, inputs or {})


@given(parameter_sets, parameter_sets)
def test_the_function_can_not_tell_apart_what_the_identity_does_not(one: Any, other: Any) -> None:
    """``20`` and ``20.0`` are one parameter; a title made of it must not show which it was."""
    try:
        first, second = _planned(one), _planned(other)
    except ValueError:
        assume(False)
    assert (first == second) == (repr(first.parameters) == repr(second.parameters))


@given(parameter_sets)
def test_the_order_and_the_kind_of_sequence_do_not_matter(parameters: Any) -> None:
    try:
        step = _planned(parameters)
    except ValueError:
        assume(False)
    again = {k: tuple(v) if isinstance(v, list) else v for k, v in reversed(parameters.items())}
    assert _planned(again) == step
    assert list(_planned(again).parameters) == list(step.parameters)


@pytest.mark.parametrize("number", [20, 20.0, np.float64(20), np.int32(20), np.float32(20)])
def test_the_function_is_given_one_number_however_it_was_written(number: Any) -> None:
    assert repr(_planned({"e_min_kev": number}).parameters) == "{'e_min_kev': 20}"


@pytest.mark.parametrize("value", [{"a": 1}, [[1]], [None], b"1", math.nan, {1, 2}, 1j])
def test_what_is_no_parameter_is_refused_when_the_step_is_planned(value: Any) -> None:
    with pytest.raises(ValueError, match=r"parameter|canonical form"):
        _planned({"plus": value})


def test_a_file_without_a_checksum_has_no_identity(raw_file: MakeRaw, add: MakeStep) -> None:
    raw = raw_file("a", 1)
    unknown = replace(raw, entity=replace(raw.entity, checksum=None))
    with pytest.raises(ValueError, match="a: a file without a checksum"):
        add(unknown)


def test_the_order_of_inputs_matters_and_that_of_roles_does_not(raw_file: MakeRaw) -> None:
    a, b = raw_file("a", 1), raw_file("b", 2)
    assert _planned({}, {"x": (a, b)}) != _planned({}, {"x": (b, a)})
    assert _planned({}, {"x": (a,), "y": (b,)}) == _planned({}, {"y": (b,), "x": (a,)})
    assert _planned({}, {"x": (a,), "y": (b,)}) != _planned({}, {"x": (b,), "y": (a,)})
    assert _planned({}, {"x": (a,)}) != _planned({}, {"x": (a,), "y": ()})


def test_what_is_only_told_or_reckoned_does_not_change_the_identity(raw_file: MakeRaw) -> None:
    step = _planned({"plus": 1})
    told = replace(
        ADD,
        description="Sums.",
        memory=7,
        expected_seconds=9.0,
        tolerance=Tolerance(relative=1e-6),
        file_name="total.txt",
        content_type="text/x-sum",
        work="Reduction",
        takes=(Role("term", "What is added", "Main", "1..*", ("sum",)),),
        parameters=(KindOfParameter("plus", "long", description="What is added"),),
        config_files=(ConfigFile("sum.par", "How to add"),),
    )
    assert replace(step, kind=told) == step


def test_every_field_of_a_step_is_known_to_matter_or_not() -> None:
    """A new field must be thought about: this list is the thought."""
    assert {field.name for field in fields(Step)} == {
        "kind", "engine", "parameters", "inputs",  # in the identity
        "provisional", "told_by",  # the second as long as the first
        "label",  # not in it
    }  # fmt: skip
    assert {field.name for field in fields(StepKind)} == {
        "name", "version", "software", "units",  # in the identity
        "run",  # by the software's digest
        "description", "file_name", "content_type", "memory", "tolerance", "expected_seconds",
        "work", "takes", "parameters",  # words, but for the units
        "config_files",  # names alone: what is in them is the software's
    }  # fmt: skip


def test_what_told_a_parameter_does_not_matter_what_it_said_does(raw_file: MakeRaw) -> None:
    tellers = [_planned({"plus": n}, {"term": (raw_file("a", 1),)}) for n in (1, 2)]
    inputs = {"term": (raw_file("b", 2),)}
    one, other = (
        Step(tellers[0].kind, "tiny", {"plus": 7}, inputs, told_by=(teller,)) for teller in tellers
    )
    assert one.identity == other.identity == _planned({"plus": 7}, inputs).identity
    assert list(one.needed_steps()) == [tellers[0]], "it can't be known before"
    assert one.is_settled


def test_a_provisional_step_is_no_other(raw_file: MakeRaw) -> None:
    tellers = [_planned({"plus": n}, {"term": (raw_file("a", 1),)}) for n in (1, 2)]
    inputs = {"term": (raw_file("b", 2),)}
    waiting = [
        Step(tellers[0].kind, "tiny", {"plus": 7}, inputs, told_by=(teller,), provisional=True)
        for teller in tellers
    ]
    known = _planned({"plus": 7}, inputs)
    assert len({step.identity for step in (*waiting, known)}) == 3
    top = _planned({}, {"term": (waiting[0],)})
    assert not waiting[0].is_settled
    assert not top.is_settled, "nor is what reads it"
    assert known.is_settled


def test_a_chain_of_any_length_has_an_identity(raw_file: MakeRaw) -> None:
    step = _planned({}, {"term": (raw_file("a", 1),)})
    for number in range(5000):
        step = _planned({"plus": number}, {"term": (step,)})
    assert len(in_order((step,))) == 5001


_PLAN = """
import random, sys
from provenance.records import EntityRecord
from pathlib import Path
from analysis.engines.registry import imaging_engine
from analysis.engines.protocol import ImagePlan
from analysis.steps import RawFile, in_order
shuffled = random.Random(sys.argv[1])
def raw(name):
    return RawFile(name, Path(sys.argv[1]) / name, EntityRecord(name, checksum="sha256:" + name))
engine = imaging_engine("coded_mask")
plan = ImagePlan(20, 40.0, 7, title="Crab é")
names = [f"06650033{n:02}10.001" for n in range(5)]
images = {}
for name in shuffled.sample(names, len(names)):
    images[name] = engine.image(raw(name), raw("catalogue"), plan)
steps = engine.mosaic([images[name] for name in names], raw("catalogue"), plan)
print(*sorted(step.identity for step in in_order(steps.all())))
"""


def test_every_process_gives_the_same_identities(tmp_path: Path) -> None:
    """Whatever the seed of hashes, the order of planning, the folder, the time zone."""
    plans = [
        subprocess.run(
            [sys.executable, "-c", _PLAN, seed],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale,
                 "PYTHONPATH": str(Path.cwd())},
            cwd=folder,
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone, locale, folder in (("1", "UTC", "C", "/"),
                                           ("2", "Asia/Tokyo", "C.UTF-8", tmp_path))
    ]  # fmt: skip
    assert plans[0] == plans[1]
    assert len(plans[0].split()) == 25
