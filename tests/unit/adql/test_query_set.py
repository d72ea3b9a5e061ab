"""The project's own queries, each with the tree or the error that it has to give.

`queries.txt` beside this file holds them: a query, then after ``=>`` its tree with every operator
before its operands, or after ``!!`` its error as people read it. Blank lines part them.
"""

from functools import singledispatch
from pathlib import Path

import pytest

import adql
from adql import tree

_FILE = Path(__file__).with_name("queries.txt")


def _queries() -> list[tuple[str, str, str]]:
    """Triples of a query, ``=>`` or ``!!``, and what comes of it."""
    found = []
    for block in _FILE.read_text().split("\n\n"):
        lines = [line for line in block.strip().split("\n") if not line.startswith("#")]
        if lines:
            *query, outcome = lines
            found.append(("\n".join(query), outcome[:2], outcome[3:]))
    return found


QUERIES = _queries()


def _joined(*parts: object) -> str:
    return "(" + " ".join(str(part) for part in parts if part not in (None, "", False)) + ")"


def _all(nodes: tuple[tree.Node, ...]) -> str:
    return " ".join(map(shown, nodes))


@singledispatch
def shown(node: tree.Node) -> str:
    """A tree as one line."""
    raise NotImplementedError(type(node).__name__)


@shown.register
def _(node: tree.Name) -> str:
    return f'"{node.text}"' if node.delimited else node.text


@shown.register
def _(node: tree.NumberLiteral) -> str:
    return node.text


@shown.register
def _(node: tree.StringLiteral) -> str:
    return f"'{node.text}'"


@shown.register
def _(node: tree.NullLiteral) -> str:
    return "NULL"


@shown.register
def _(node: tree.ColumnReference) -> str:
    return ".".join(map(shown, (*node.qualifier, node.name)))


@shown.register
def _(node: tree.Sign) -> str:
    return _joined(node.operator, shown(node.operand))


@shown.register
def _(node: tree.Arithmetic) -> str:
    return _joined(node.operator, shown(node.left), shown(node.right))


@shown.register
def _(node: tree.Concatenation) -> str:
    return _joined("||", shown(node.left), shown(node.right))


@shown.register
def _(node: tree.FunctionCall) -> str:
    return _joined(node.name, _all(node.arguments))


@shown.register
def _(node: tree.Aggregate) -> str:
    argument = "*" if node.argument is None else shown(node.argument)
    return _joined(node.function, node.quantifier, argument)


@shown.register
def _(node: tree.Cast) -> str:
    return _joined("CAST", shown(node.operand), node.target, node.length)


@shown.register
def _(node: tree.Comparison) -> str:
    return _joined(node.operator, shown(node.left), shown(node.right))


@shown.register
def _(node: tree.Between) -> str:
    word = "not-between" if node.negated else "between"
    return _joined(word, shown(node.operand), shown(node.low), shown(node.high))


@shown.register
def _(node: tree.InList) -> str:
    return _joined("not-in" if node.negated else "in", shown(node.operand), _all(node.values))


@shown.register
def _(node: tree.InQuery) -> str:
    return _joined("not-in" if node.negated else "in", shown(node.operand), shown(node.query))


@shown.register
def _(node: tree.Like) -> str:
    word = ("not-" if node.negated else "") + ("ilike" if node.ignores_case else "like")
    return _joined(word, shown(node.operand), shown(node.pattern))


@shown.register
def _(node: tree.IsNull) -> str:
    return _joined("is-not-null" if node.negated else "is-null", shown(node.operand))


@shown.register
def _(node: tree.Exists) -> str:
    return _joined("exists", shown(node.query))


@shown.register
def _(node: tree.Not) -> str:
    return _joined("not", shown(node.operand))


@shown.register
def _(node: tree.And) -> str:
    return _joined("and", _all(node.operands))


@shown.register
def _(node: tree.Or) -> str:
    return _joined("or", _all(node.operands))


@shown.register
def _(node: tree.TableReference) -> str:
    name = ".".join(map(shown, (*node.qualifier, node.name)))
    return _joined("as", name, shown(node.alias)) if node.alias else name


@shown.register
def _(node: tree.DerivedTable) -> str:
    return _joined("as", shown(node.query), shown(node.alias))


@shown.register
def _(node: tree.Join) -> str:
    how = "natural" if node.natural else _joined("using", _all(node.using)) if node.using else ""
    condition = shown(node.condition) if node.condition else how
    return _joined(node.kind.lower() + "-join", shown(node.left), shown(node.right), condition)


@shown.register
def _(node: tree.AllColumns) -> str:
    return ".".join([*map(shown, node.qualifier), "*"])


@shown.register
def _(node: tree.SelectItem) -> str:
    value = shown(node.value)
    return _joined("as", value, shown(node.alias)) if node.alias else value


@shown.register
def _(node: tree.Select) -> str:
    return _joined(
        "select",
        node.quantifier,
        None if node.top is None else f"(top {node.top})",
        _all(node.items),
        _joined("from", _all(node.tables)),
        _joined("where", shown(node.where)) if node.where else None,
        _joined("group-by", _all(node.group_by)) if node.group_by else None,
        _joined("having", shown(node.having)) if node.having else None,
    )


@shown.register
def _(node: tree.SetOperation) -> str:
    word = node.operator.lower() + ("-all" if node.keeps_all else "")
    return _joined(word, shown(node.left), shown(node.right))


@shown.register
def _(node: tree.OrderTerm) -> str:
    return _joined("desc", shown(node.value)) if node.descending else shown(node.value)


@shown.register
def _(node: tree.Query) -> str:
    named = (_joined("with", shown(t.name), shown(t.query)) for t in node.common_tables)
    parts = (
        " ".join(named),
        shown(node.body),
        _joined("order-by", _all(node.order_by)) if node.order_by else None,
        None if node.offset is None else f"(offset {node.offset})",
    )
    given = [part for part in parts if part]
    return given[0] if len(given) == 1 else _joined(*given)


def test_the_set_is_large_and_holds_no_query_twice() -> None:
    queries = [query for query, _, _ in QUERIES]
    assert len(set(queries)) == len(queries) >= 150
    assert {sign for _, sign, _ in QUERIES} == {"=>", "!!"}


@pytest.mark.parametrize(("query", "expected"), [(q, e) for q, sign, e in QUERIES if sign == "=>"])
def test_a_query_has_its_tree(query: str, expected: str) -> None:
    parsed = adql.parse(query)
    assert shown(parsed) == expected
    assert shown(adql.parse(adql.write(parsed))) == expected


@pytest.mark.parametrize(("query", "expected"), [(q, e) for q, sign, e in QUERIES if sign == "!!"])
def test_a_wrong_query_has_its_error(query: str, expected: str) -> None:
    with pytest.raises(adql.AdqlError) as caught:
        adql.parse(query)
    assert str(caught.value) == expected
