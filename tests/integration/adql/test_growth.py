"""Queries whose expressions would grow without end: they stay small, or are refused."""

import time
from collections.abc import Callable
from typing import Any

import pytest

import adql
from adql.schema import Catalogue


def _nested(depth: int) -> str:
    query = "SELECT s_ra AS x FROM observation WHERE number = 1"
    for n in range(depth):
        query = f"SELECT x - x / 2 AS x FROM ({query}) AS t{n}"
    return query


def _chained(depth: int) -> str:
    steps = (f"w{n} AS (SELECT x - x / 2 AS x FROM w{n - 1})" for n in range(1, depth + 1))
    first = "w0 AS (SELECT s_ra AS x FROM observation WHERE number = 1)"
    return f"WITH {', '.join((first, *steps))} SELECT x FROM w{depth}"


def _called(depth: int) -> str:
    value = "s_ra"
    for _ in range(depth):
        value = f"COORD1(ivo_epoch_prop_pos({value}, 10, 1, 1, 1, {value}, 2016.0, 2016.0))"
    return f"SELECT {value} FROM observation WHERE number = 1"


def _boxed(depth: int) -> str:
    value = "s_ra"
    for _ in range(depth):
        value = f"COORD1(CENTROID(POLYGON(POINT({value}, 0), POINT(1, 2), POINT(2, 5))))"
    return f"SELECT {value} FROM observation WHERE number = 1"


def _cast(depth: int) -> str:
    value = "s_ra"
    for _ in range(depth):
        value = f"CAST(CAST(POINT({value}, 1) AS VARCHAR) AS DOUBLE PRECISION)"
    return f"SELECT {value} FROM observation WHERE number = 1"


def _read(depth: int) -> str:
    value = "obs_id"
    for _ in range(depth):
        value = f"CAST(CAST({value} AS CIRCLE) AS VARCHAR)"
    return f"SELECT {value} FROM observation WHERE number = 0"


def _overlapping(depth: int) -> str:
    value = "number"
    for _ in range(depth):
        value = f"ivo_interval_overlaps({value}, 1, 2, 3)"
    return f"SELECT {value} FROM observation WHERE number = 1"


@pytest.mark.parametrize(
    "query",
    [_nested(60), _chained(60), _called(5), _boxed(12)],
    ids=["derived tables", "common tables", "calls", "polygons"],
)
def test_a_short_query_stays_small_in_postgresql(sky: Any, query: str) -> None:
    begun = time.monotonic()
    assert len(sky.rows(query)) == 1
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("nested", [_cast, _read, _overlapping])
def test_an_expression_that_grows_large_is_refused_at_once(
    catalogue: Catalogue, nested: Callable[[int], str]
) -> None:
    begun = time.monotonic()
    with pytest.raises(adql.AdqlError, match="too large"):
        adql.translate(nested(60), catalogue, adql.CATALOGUE_FUNCTIONS)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("nested", [_cast, _read, _overlapping])
def test_the_largest_expression_is_soon_planned(
    sky: Any, catalogue: Catalogue, nested: Callable[[int], str]
) -> None:
    query = ""
    for depth in range(1, 60):
        try:
            adql.translate(nested(depth), catalogue, adql.CATALOGUE_FUNCTIONS)
        except adql.AdqlError:
            break
        query = nested(depth)
    begun = time.monotonic()
    sky.plan(query)
    assert time.monotonic() - begun < 10
