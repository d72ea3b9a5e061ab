"""Two histories are alike whatever their identifiers and times; what isn't alike is named."""

from dataclasses import replace
from typing import Any

import pytest

from provenance.graph import Graph, read
from provenance.likeness import Aspect, Difference, differences

EVENTS, IMAGE, MOSAIC = "sha256:1", "sha256:2", "sha256:3"


def history(run: str, **changed: Any) -> Graph:
    """Events → image → mosaic → product, all of one run."""
    told = {
        "events": EVENTS,
        "image": IMAGE,
        "mosaic": MOSAIC,
        "software": "numpy 2",
        "person": "Ada",
        "person_type": "Person",
        "digest": "abc",
        "e_min": "20.0",
        "scw_list": "all",
        "version": "1",
        "reads": "image",
        **changed,
    }
    steps = {
        "events": None,
        "image": "events",
        "mosaic": told["reads"],
        "product": "mosaic",
    }
    document: dict[str, dict[str, Any]] = {
        "entity": {
            f"{run}:{name}": {
                "voprov:name": name,
                **({} if name == "product" else {"voprov:checksum": told[name]}),
                **({"voprov:stepIdentity": name} if name in ("image", "mosaic") else {}),
            }
            for name in steps
        },
        "activity": {
            f"{run}:make_{name}": {
                "voprov:name": name,
                "voprov:version": told["version"],
                "prov:startTime": run,
            }
            for name in ("image", "mosaic", "product")
        },
        "used": {
            f"_:u{name}": {
                "prov:activity": f"{run}:make_{name}",
                "prov:entity": f"{run}:{source}",
                "prov:role": "input",
            }
            for name, source in steps.items()
            if source
        },
        "wasGeneratedBy": {
            f"_:g{name}": {
                "prov:entity": f"{run}:{name}",
                "prov:activity": f"{run}:make_{name}",
                "prov:role": "result",
            }
            for name in ("image", "mosaic", "product")
        },
        "agent": {
            f"{run}:software": {"voprov:name": told["software"]},
            f"{run}:person": {"voprov:name": told["person"], "voprov:type": told["person_type"]},
        },
        "wasAssociatedWith": {
            "_:a": {"prov:activity": f"{run}:make_image", "prov:agent": f"{run}:software"},
            "_:b": {
                "prov:activity": f"{run}:make_product",
                "prov:agent": f"{run}:person",
                "prov:role": "Operator",
            },
        },
        "parameter": {
            f"{run}:p1": {"prov:name": "e_min", "prov:value": told["e_min"]},
            f"{run}:p2": {"prov:name": "software_digest", "prov:value": told["digest"]},
            f"{run}:p3": {"prov:name": "scw_list", "prov:value": told["scw_list"]},
        },
        "wasConfiguredBy": {
            "_:c1": {"voprov:configured": f"{run}:make_image", "voprov:configurator": f"{run}:p1"},
            "_:c2": {"voprov:configured": f"{run}:make_image", "voprov:configurator": f"{run}:p2"},
            "_:c3": {
                "voprov:configured": f"{run}:make_product",
                "voprov:configurator": f"{run}:p3",
            },
        },
    }
    return read(document)


def test_identifiers_and_times_make_no_difference() -> None:
    assert differences(history("one"), history("other")) == ()


@pytest.mark.parametrize("words", ["Person", {"$": "prov:Person", "type": "prov:QUALIFIED_NAME"}])
def test_who_had_it_made_makes_no_difference(words: Any) -> None:
    other = history("other", person="Bob", person_type=words)
    assert other.people == {"other:make_product": ("Bob",)}
    assert differences(history("one"), other) == ()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"events": "sha256:9"}, Difference(Aspect.INPUTS, "events", EVENTS, "sha256:9")),
        ({"image": "sha256:9"}, Difference(Aspect.NUMBERS, "image: result", IMAGE, "sha256:9")),
        ({"software": "numpy 3"}, Difference(Aspect.VERSIONS, "image", "numpy 2", "numpy 3")),
        (
            {"digest": "xyz"},
            Difference(Aspect.VERSIONS, "image", "software_digest abc", "software_digest xyz"),
        ),
        ({"e_min": "25.0"}, Difference(Aspect.PARAMETERS, "image: e_min", "20.0", "25.0")),
        (
            {"scw_list": "some"},
            Difference(Aspect.PARAMETERS, "product: scw_list", "all", "some"),
        ),
    ],
)
def test_what_differs_is_named_with_both_values(
    changed: dict[str, str], expected: Difference
) -> None:
    assert differences(history("one"), history("other", **changed)) == (expected,)


def test_a_version_that_many_steps_have_is_told_by_step() -> None:
    found = differences(history("one"), history("other", version="2"))
    assert [(d.where, d.original, d.again) for d in found] == [
        (name, "1", "2") for name in ("image", "mosaic", "product")
    ]


def test_free_parameters_of_the_last_activity_are_no_difference() -> None:
    other = history("other", scw_list="some", e_min="25.0")
    free = frozenset({"scw_list", "e_min"})
    (left,) = differences(history("one"), other, free)
    assert left.where == "image: e_min", "the image isn't the last activity"


def test_the_same_files_by_other_ways_are_a_difference_of_structure() -> None:
    (found,) = differences(history("one"), history("other", reads="events"))
    assert found.aspect is Aspect.STRUCTURE


def test_an_activity_that_used_what_it_made_is_compared_as_any() -> None:
    one, other = (history(run, reads="mosaic") for run in ("one", "other"))
    assert differences(one, other) == ()
    (found,) = differences(history("one"), other)
    assert found.aspect is Aspect.STRUCTURE
    # the same in a longer circle: the image comes from the mosaic that is made of it
    circles = [
        replace(
            graph,
            used={**graph.used, f"{run}:make_image": ((f"{run}:mosaic", "input"),)},
        )
        for run in ("one", "other")
        for graph in [history(run)]
    ]
    assert differences(*circles) == ()


def test_a_step_that_ran_less_often_is_another_structure_not_another_version() -> None:
    one, other = history("one"), history("other")
    fewer = replace(
        other,
        activities={k: v for k, v in other.activities.items() if not k.endswith("make_image")},
    )
    found = {(d.aspect, d.where) for d in differences(one, fewer)}
    assert (Aspect.STRUCTURE, "image") in found
    twice = replace(
        one, activities={**one.activities, "one:again": one.activities["one:make_mosaic"]}
    )
    (difference,) = differences(one, twice)
    assert difference == Difference(Aspect.STRUCTURE, "mosaic", "run 1 times", "run 2 times")
