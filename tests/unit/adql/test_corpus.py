"""The IVOA's own test queries, where a copy of them lies beside the project.

Each query is marked valid or not by the grammar alone: tables are unknown. User defined functions
are unknown by nature too; those that the valid queries call count as declared.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import adql
from adql import tree
from adql.words import FUNCTIONS

_FOLDERS = [p / "shared" / "data" / "adql_corpus" for p in Path(__file__).resolve().parents]
_CORPUS = next((p for p in _FOLDERS if p.is_dir()), None)

pytestmark = pytest.mark.skipif(
    _CORPUS is None, reason="no copy of the IVOA's queries beside the project"
)

_DECLARED = {
    "ivo_healpix_index",
    "ivo_foo",
    "ivo_getstring",
    "ivo_simbadpoint",
    "eso_intersection",
    "eso_dateadd_sec",
}

_JOIN = "a JOIN without ON and USING has no meaning; the standard's own queries refuse it too"
_STRINGS = "ADQL 2.1 dropped SQL-92's texts continued on the next line"
_TEXTS = "that geometries can't be joined to texts is said by the resolver, not by the grammar"

# Every query of the data centres' own sets that is answered otherwise than they have it, by its
# file and its identifier there.
DIFFERENCES = {
    ("gavo/additionaltests.xml", "7cdd05fa-59b3-11ec-beef-28d2445a8967"): _TEXTS,
    ("gavo/additionaltests.xml", "84d8bcea-59b3-11ec-beef-28d2445a8967"): _TEXTS,
    ("gavo/simpleunit.xml", "ab9be5d0-4458-11e6-96e2-28b2bdcff70b"): _JOIN,
    ("gavo/simpleunit.xml", "b8823240-4458-11e6-96e2-28b2bdcff70b"): _JOIN,
    ("gavo/simpleunit.xml", "bdcc3002-4458-11e6-96e2-28b2bdcff70b"): _JOIN,
    ("gavo/simpleunit.xml", "c24cec5c-4458-11e6-96e2-28b2bdcff70b"): _JOIN,
    ("gavo/simpleunit.xml", "d4c3a72c-4458-11e6-96e2-28b2bdcff70b"): _JOIN,
    ("gavo/simpleunit.xml", "dbef92f4-4458-11e6-96e2-28b2bdcff70b"): _JOIN,
    ("gavo/simpleunit.xml", "9db41c44-450c-11e6-8564-332de33a5c03"): _JOIN,
    ("gavo/simpleunit.xml", "50cf9e14-4cfd-11e6-9064-032db3af9290"): _JOIN,
    ("gavo/simpleunit.xml", "065d4842-4d00-11e6-866d-736653f6053b"): _STRINGS,
    ("gavo/subqueries.xml", "e257048e-450b-11e6-a621-b59840aabaf1"): _JOIN,
    ("gavo/subqueries.xml", "1f5d27dc-450c-11e6-8564-332de33a5c03"): _JOIN,
    ("gavo/whitespace.xml", "d4c3a72c-4458-11e6-96e2-28b2bdcff70b"): _JOIN,
    ("gavo/whitespace.xml", "dbef92f4-4458-11e6-96e2-28b2bdcff70b"): _JOIN,
    ("gavo/whitespace.xml", "1f5d27dc-450c-11e6-8564-332de33a5c03"): _JOIN,
}


def _queries() -> list[dict[str, str]]:
    if _CORPUS is None:
        return []
    queries: list[dict[str, str]] = json.loads((_CORPUS / "lyonetia_queries.json").read_text())
    return queries


def _calls(part: object) -> Iterator[tree.FunctionCall]:
    if isinstance(part, tree.FunctionCall):
        yield part
    if isinstance(part, tuple):
        for item in part:
            yield from _calls(item)
    elif isinstance(part, tree.Node):
        for item in fields(part):
            yield from _calls(getattr(part, item.name))


def _is_accepted(query: str) -> bool:
    try:
        parsed = adql.parse(query)
    except adql.AdqlError:
        return False
    return all(c.name in FUNCTIONS or c.name.lower() in _DECLARED for c in _calls(parsed))


def test_the_official_queries_are_all_answered_as_marked() -> None:
    official = [q for q in _queries() if q["file"].startswith("ivoa/")]
    wrong = [q["q"] for q in official if _is_accepted(q["q"]) != (q["valid"] == "true")]
    assert len(official) == 196
    assert wrong == []


def test_other_queries_differ_only_where_a_reason_is_given() -> None:
    others = [q for q in _queries() if not q["file"].startswith("ivoa/")]
    different = {
        (q["file"], q["uuid"]) for q in others if _is_accepted(q["q"]) != (q["valid"] == "true")
    }
    assert len(others) == 299
    assert different == set(DIFFERENCES)


def test_what_is_printed_of_the_queries_has_the_same_tree() -> None:
    for query in _queries():
        try:
            parsed = adql.parse(query["q"])
        except adql.AdqlError:
            continue
        assert adql.parse(adql.write(parsed)) == parsed
