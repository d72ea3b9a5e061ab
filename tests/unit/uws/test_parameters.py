"""A job type's parameters: one declaration, checked and described."""

import re
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from dali.parameters import Parameters
from uws.errors import InvalidParametersError
from uws.parameters import (
    JobParameters,
    Meaning,
    check,
    check_what_is_there,
    describe,
    known_values,
)


class Engine(StrEnum):
    CODED_MASK = "coded_mask"
    OSA = "osa"


class Declared(JobParameters):
    e1: Annotated[float, Meaning(unit="keV", ucd="em.energy;stat.min")] = Field(
        default=20.0, alias="E1_keV", gt=0, le=1000, description="Lower limit."
    )
    e2: Annotated[float, Meaning(unit="keV")] = Field(alias="E2_keV")
    scw_list: list[str] = Field(default=[], description="Science windows.")
    lines: Annotated[list[str], Meaning(separator=None)] = Field(default=[])
    engine: Engine = Engine.CODED_MASK
    jemx_num: Literal[1, 2] | None = None
    publish: bool = True
    count: int | None = None

    @model_validator(mode="after")
    def limits_are_ordered(self):
        if self.e1 >= self.e2:
            raise ValueError("E1_keV must be below E2_keV")
        return self


def values(*pairs):
    return known_values(Declared, Parameters(pairs))


def problems(function, *pairs):
    with pytest.raises(InvalidParametersError) as refused:
        function(Declared, values(*pairs))
    return refused.value.problems


def test_names_are_matched_without_regard_to_case_and_unknown_ones_ignored():
    assert values(("e1_kev", "3"), ("DUMMY", "1"), ("ScW_List", "a")) == {
        "E1_keV": ("3",),
        "scw_list": ("a",),
    }


def test_values_become_what_they_are_declared_to_be():
    filled = check(
        Declared,
        values(("E2_keV", " 40 "), ("engine", "osa"), ("publish", "0"), ("count", "7")),
    )
    assert (filled.e1, filled.e2, filled.engine) == (20.0, 40.0, Engine.OSA)
    assert (filled.publish, filled.count, filled.jemx_num) == (False, 7, None)


@given(st.lists(st.lists(st.from_regex(r"[0-9]{1,4}", fullmatch=True), min_size=1), min_size=1))
def test_a_list_is_taken_repeated_or_separated_or_both(groups):
    pairs = [("scw_list", ", ".join(group)) for group in groups]
    filled = check(Declared, values(("E2_keV", "40"), *pairs))
    assert filled.scw_list == [item for group in groups for item in group]


def test_a_list_without_separator_keeps_its_commas():
    filled = check(Declared, values(("E2_keV", "40"), ("lines", "a,b"), ("lines", "c")))
    assert filled.lines == ["a,b", "c"]


def test_a_forms_empty_field_is_a_missing_one():
    assert check(Declared, values(("E2_keV", "40"), ("count", ""))).count is None
    assert problems(check, ("E2_keV", " ")) == ("E2_keV: missing",)


def test_every_problem_is_named_at_once():
    found = problems(check, ("E1_keV", "nan"), ("engine", "xspec"), ("count", "1"), ("count", "2"))
    assert [problem.partition(":")[0] for problem in found] == [
        "count",
        "E1_keV",
        "engine",
        "E2_keV",
    ]
    assert "'xspec'" in found[2]
    assert found[3] == "E2_keV: missing"


def test_a_rule_between_parameters_is_told_in_its_own_words():
    assert problems(check, ("E1_keV", "50"), ("E2_keV", "40")) == ("E1_keV must be below E2_keV",)


def test_what_is_missing_may_come_later_but_what_is_wrong_may_not():
    check_what_is_there(Declared, values(("E1_keV", "50")))
    assert problems(check_what_is_there, ("E1_keV", "-1"))[0].startswith("E1_keV: '-1'")


def test_the_description_has_all_that_was_declared():
    described = {parameter.name: parameter for parameter in describe(Declared)}
    assert list(described) == [
        "E1_keV", "E2_keV", "scw_list", "lines", "engine", "jemx_num", "publish", "count",
    ]  # fmt: skip
    e1 = described["E1_keV"]
    assert (e1.datatype, e1.unit, e1.ucd) == ("double", "keV", "em.energy;stat.min")
    assert (e1.minimum, e1.maximum, e1.default, e1.required) == (0.0, 1000.0, "20.0", False)
    assert e1.description == "Lower limit."
    assert described["E2_keV"].required
    assert described["scw_list"].multiple
    assert described["engine"].options == ("coded_mask", "osa")
    assert described["engine"].default == "coded_mask"
    assert described["jemx_num"].options == ("1", "2")
    assert described["publish"].datatype == "boolean"
    assert described["publish"].default == "1"
    assert described["count"].datatype == "long"
    assert not described["count"].required


@given(st.dictionaries(st.sampled_from(["E1_keV", "E2_keV", "engine", "count"]), st.text()))
def test_whatever_comes_is_filled_in_or_refused_in_words(given_values):
    names = {"E1_keV", "E2_keV", "engine", "count"}
    try:
        filled = check(Declared, values(*given_values.items()))
    except InvalidParametersError as refused:
        found = {re.match(r"\w+", problem)[0] for problem in refused.problems}
    else:
        found = names if filled.e1 < filled.e2 else set()
    assert found
    assert found <= names
