"""The GiST indexes serve the ways in which astronomers ask for places."""

from typing import Any

import pytest

CONE = "observation_position"
REGION = "observation_region"


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("1 = CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', 83.63, 22.01, 1))", CONE),
        ("CONTAINS(POINT(s_ra, s_dec), CIRCLE(83.63, 22.01, 30./60)) = 1", CONE),
        ("1 = CONTAINS(POINT(s_ra, s_dec), POLYGON(80, 20, 82, 20, 82, 22))", CONE),
        ("1 = CONTAINS(POINT(s_ra, s_dec), BOX(83.63, 22.01, 2, 2))", CONE),
        ("1 = INTERSECTS(CIRCLE(83.63, 22.01, 1), POINT(s_ra, s_dec))", CONE),
        ("DISTANCE(POINT(s_ra, s_dec), POINT(83.63, 22.01)) < 1", CONE),
        ("DISTANCE(83.63, 22.01, s_ra, s_dec) <= 1", CONE),
        ("1 > DISTANCE(s_ra, s_dec, 83.63, 22.01) AND number > 3", CONE),
        ("DISTANCE(83.63, 22.01, s_ra, s_dec) * 3600 < 100", CONE),
        ("3600 > 60 * (DISTANCE(83.63, 22.01, s_ra, s_dec) * 60)", CONE),
        ("DISTANCE(83.63, 22.01, s_ra, s_dec) / 2 <= 1./2", CONE),
        ("IN_UNIT(DISTANCE(83.63, 22.01, s_ra, s_dec), 'arcmin') < 5", CONE),
        ("DISTANCE(83.63, 22.01, s_ra, s_dec) BETWEEN 0.1 AND 1", CONE),
        ("1 = CONTAINS(POINT(83.63, 22.01), s_region)", REGION),
        ("1 = INTERSECTS(CIRCLE(83.63, 22.01, 1), s_region)", REGION),
        ("1 = INTERSECTS(s_region, POLYGON(80, 20, 82, 20, 82, 22))", REGION),
        ("1 = CONTAINS(s_region, CIRCLE(83.63, 22.01, 5))", REGION),
        ("obs_id LIKE 'obs01%'", "observation_id"),
    ],
)
def test_a_condition_on_places_is_served_by_an_index(sky: Any, condition: str, index: str) -> None:
    plan = sky.plan(f"SELECT obs_id FROM observation WHERE {condition}")
    assert index in plan, plan


@pytest.mark.parametrize(
    "condition",
    [
        "DISTANCE(o.s_ra, o.s_dec, s.ra, s.dec) < 1",
        "DISTANCE(POINT(s.ra, s.dec), POINT(o.s_ra, o.s_dec)) < 1",
        "1 = CONTAINS(POINT(o.s_ra, o.s_dec), CIRCLE(s.ra, s.dec, 1))",
        "1 = CONTAINS(POINT(o.s_ra, o.s_dec), s.error_circle)",
    ],
)
def test_a_crossmatch_is_served_by_an_index(sky: Any, condition: str) -> None:
    plan = sky.plan(f"SELECT o.obs_id FROM source AS s JOIN observation AS o ON {condition}")
    assert CONE in plan, plan


def test_light_subqueries_let_conditions_reach_the_index(sky: Any) -> None:
    plan = sky.plan(
        "SELECT obs_id FROM (SELECT obs_id, s_ra, s_dec, s_ra * 2 AS x FROM observation) AS t"
        " WHERE 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(83.63, 22.01, 1))"
    )
    assert "observation_position" in plan
