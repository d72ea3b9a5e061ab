"""Printing a tree and parsing it gives the same tree; no text whatever breaks the parser."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adql
from adql import tree
from adql.words import RESERVED

REGULAR = st.text(string.ascii_letters, min_size=1, max_size=6).filter(
    lambda word: word.upper() not in RESERVED
)
ANY_TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=8
)
NAMES = st.builds(tree.Name, REGULAR) | st.builds(tree.Name, ANY_TEXT, st.just(True))
COLUMNS = st.builds(tree.ColumnReference, NAMES, st.lists(NAMES, max_size=3).map(tuple))
NUMBERS = st.builds(
    tree.NumberLiteral, st.sampled_from(["0", "42", "3.5", ".5", "7.", "1e-5", "2.5E+10"])
)
LEAVES = st.one_of(
    COLUMNS, NUMBERS, st.builds(tree.StringLiteral, ANY_TEXT), st.builds(tree.NullLiteral)
)


def _larger(values: st.SearchStrategy[tree.Value]) -> st.SearchStrategy[tree.Value]:
    """Values made of values."""
    return st.one_of(
        st.builds(tree.Sign, st.sampled_from("+-"), values),
        st.builds(tree.Arithmetic, st.sampled_from("+-*/"), values, values),
        st.builds(tree.Concatenation, values, values),
        st.builds(tree.FunctionCall, st.sampled_from(["ABS", "LOG", "LOWER"]), st.tuples(values)),
        st.builds(tree.FunctionCall, st.just("CONTAINS"), st.tuples(values, values)),
        st.builds(
            tree.FunctionCall,
            st.just("POINT"),
            st.tuples(st.just(tree.StringLiteral("ICRS")), values, values),
        ),
        st.builds(tree.FunctionCall, REGULAR, st.lists(values, max_size=3).map(tuple)),
        st.builds(
            tree.Aggregate,
            st.sampled_from(["AVG", "COUNT", "MAX"]),
            values,
            st.sampled_from([None, "ALL", "DISTINCT"]),
        ),
        st.just(tree.Aggregate("COUNT", None)),
        st.builds(tree.Cast, values, st.sampled_from(["VARCHAR", "CHAR"]), st.integers(1, 99)),
        st.builds(tree.Cast, values, st.sampled_from(["DOUBLE PRECISION", "POINT", "REAL"])),
    )


VALUES = st.recursive(LEAVES, _larger, max_leaves=6)


def _several(kind: type, operands: st.SearchStrategy[tree.Condition]) -> st.SearchStrategy:
    """AND or OR, whose operands are never of the same kind."""
    unlike = operands.filter(lambda operand: not isinstance(operand, kind))
    return st.builds(kind, st.lists(unlike, min_size=2, max_size=3).map(tuple))


def _conditions(queries: st.SearchStrategy[tree.Query]) -> st.SearchStrategy[tree.Condition]:
    operators = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
    leaves = st.one_of(
        st.builds(tree.Comparison, operators, VALUES, VALUES),
        st.builds(tree.Between, VALUES, VALUES, VALUES, st.booleans()),
        st.builds(
            tree.InList, VALUES, st.lists(VALUES, min_size=1, max_size=3).map(tuple), st.booleans()
        ),
        st.builds(tree.InQuery, VALUES, queries, st.booleans()),
        st.builds(tree.Like, VALUES, VALUES, st.booleans(), st.booleans()),
        st.builds(tree.IsNull, VALUES, st.booleans()),
        st.builds(tree.Exists, queries),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(tree.Not, inner), _several(tree.And, inner), _several(tree.Or, inner)
        ),
        max_leaves=3,
    )


def _tables(queries: st.SearchStrategy[tree.Query]) -> st.SearchStrategy[tree.FromItem]:
    leaves = st.one_of(
        st.builds(
            tree.TableReference,
            NAMES,
            st.lists(NAMES, max_size=2).map(tuple),
            st.none() | NAMES,
        ),
        st.builds(tree.DerivedTable, queries, NAMES),
    )
    kinds = st.sampled_from(["INNER", "LEFT", "RIGHT", "FULL"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(tree.Join, inner, inner, kinds, st.just(True)),
            st.builds(tree.Join, inner, inner, kinds, condition=st.builds(tree.IsNull, VALUES)),
            st.builds(
                tree.Join,
                inner,
                inner,
                kinds,
                using=st.lists(NAMES, min_size=1, max_size=2).map(tuple),
            ),
        ),
        max_leaves=3,
    )


def _selects(queries: st.SearchStrategy[tree.Query]) -> st.SearchStrategy[tree.Select]:
    items = st.builds(tree.AllColumns, st.lists(NAMES, max_size=2).map(tuple)) | st.builds(
        tree.SelectItem, VALUES, st.none() | NAMES
    )
    return st.builds(
        tree.Select,
        st.lists(items, min_size=1, max_size=3).map(tuple),
        st.lists(_tables(queries), min_size=1, max_size=2).map(tuple),
        st.none() | _conditions(queries),
        st.lists(VALUES, max_size=2).map(tuple),
        st.none() | _conditions(queries),
        st.sampled_from([None, "ALL", "DISTINCT"]),
        st.none() | st.integers(0, 2**63 - 1),
    )


def _queries(inner: st.SearchStrategy[tree.Query]) -> st.SearchStrategy[tree.Query]:
    bodies = st.recursive(
        _selects(inner) | inner,
        lambda parts: st.builds(
            tree.SetOperation,
            st.sampled_from(["UNION", "EXCEPT", "INTERSECT"]),
            parts,
            parts,
            st.booleans(),
        ),
        max_leaves=3,
    )
    terms = st.builds(tree.OrderTerm, VALUES, st.booleans())
    orders = st.lists(terms, max_size=2).map(tuple)
    return st.builds(tree.Query, bodies, orders, st.none() | st.integers(0, 99)).filter(
        lambda q: not isinstance(q.body, tree.Query) or bool(q.order_by) or q.offset is not None
    )


SIMPLE = st.just(
    tree.Query(tree.Select((tree.AllColumns(),), (tree.TableReference(tree.Name("t")),)))
)
QUERIES = _queries(SIMPLE)
STATEMENTS = st.builds(
    lambda query, common: tree.Query(query.body, query.order_by, query.offset, tuple(common)),
    QUERIES,
    st.lists(st.builds(tree.CommonTable, NAMES, SIMPLE), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(STATEMENTS)
def test_a_printed_tree_is_parsed_to_the_same_tree(query: tree.Query) -> None:
    assert adql.parse(adql.write(query)) == query


WORDS = """
SELECT FROM WHERE GROUP BY ORDER HAVING UNION INTERSECT EXCEPT ALL DISTINCT TOP OFFSET WITH AS
JOIN LEFT FULL NATURAL ON USING AND OR NOT IN LIKE ILIKE BETWEEN IS NULL EXISTS CAST COUNT MAX
POINT CIRCLE CONTAINS DISTANCE ABS COALESCE ( ( ) ) , , . * + - / || = <> < ; 1 2.5 'a' "b" a b
"""


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS.split()), max_size=25).map(" ".join))
def test_any_order_of_words_gives_a_tree_or_an_error(text: str) -> None:
    _parse(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_tree_or_an_error(text: str) -> None:
    _parse(text)


@settings(max_examples=150, deadline=None)
@given(STATEMENTS.map(adql.write), st.data())
def test_a_damaged_query_gives_a_tree_or_an_error(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    _parse(text[:start] + data.draw(st.text(max_size=3)) + text[end:])


def _parse(text: str) -> None:
    error = None
    try:
        adql.parse(text)
    except adql.AdqlError as caught:
        error = caught
    if error is not None:
        lines = text.split("\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
        assert error.message


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("select A from T", "SELECT A FROM T"),
        ("SELECT a /* b", None),
        ("SELECT a -- a comment\nFROM t;", "SELECT a FROM t"),
        ("SELECT a FROM t WHERE ((a = 1))", "SELECT a FROM t WHERE a = 1"),
        ("SELECT a FROM t WHERE a != 1", "SELECT a FROM t WHERE a <> 1"),
        (
            "SELECT a FROM (b JOIN c USING (d)) AS e",
            "SELECT a FROM (SELECT * FROM b JOIN c USING (d)) AS e",
        ),
        ("SELECT - -1 FROM t", "SELECT - -1 FROM t"),
        (
            "SELECT a FROM x JOIN y JOIN z ON b = c ON d = e",
            "SELECT a FROM x JOIN (y JOIN z ON b = c) ON d = e",
        ),
        ("(SELECT a FROM t)", "SELECT a FROM t"),
        ("SELECT 89x FROM t", "SELECT 89 AS x FROM t"),
        ("SELECT 1.e FROM t", "SELECT 1. AS e FROM t"),
    ],
)
def test_what_is_written_in_other_words_is_the_same_tree(text: str, same: str | None) -> None:
    if same is None:
        with pytest.raises(adql.AdqlError):
            adql.parse(text)
    else:
        assert adql.write(adql.parse(text)) == same


def test_a_node_knows_where_it_was_written() -> None:
    query = adql.parse("SELECT a,\n  b + 1\nFROM t\nWHERE c = 'x'")
    select = query.body
    assert isinstance(select, tree.Select)
    assert select.where is not None
    second = select.items[1]
    assert (second.position.line, second.position.column) == (2, 3)
    assert (select.where.position.line, select.where.position.column) == (4, 7)


@pytest.mark.parametrize("depth", [10, 300, 5_000])
@pytest.mark.parametrize("shape", ["({})", "NOT ({})", "({}) OR 1 = 2"])
def test_deep_nesting_is_parsed_or_refused(shape: str, depth: int) -> None:
    start, end = shape.split("{}")
    condition = start * depth + "1 = 1" + end * depth
    _parse(f"SELECT a FROM t WHERE {condition}")
