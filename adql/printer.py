"""From tree to text: ``parse(write(tree)) == tree``, positions aside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from adql import tree

# How tightly the parts of an expression hold together, loosest first.
_OR, _AND, _NOT, _PREDICATE, _CONCATENATION, _SUM, _PRODUCT, _FACTOR, _PRIMARY = range(9)


def write(node: tree.Node) -> str:
    """The text of a query, a value or a condition."""
    return _WRITERS[type(node)](node)


def _level(node: tree.Node) -> int:
    if isinstance(node, tree.Arithmetic):
        return _SUM if node.operator in "+-" else _PRODUCT
    return _LEVELS.get(type(node), _PRIMARY)


def _at(node: tree.Node, level: int) -> str:
    """The node's text, in parentheses where it would fall apart at that level."""
    text = write(node)
    return text if _level(node) >= level else f"({text})"


def _list(nodes: Iterable[tree.Node]) -> str:
    return ", ".join(write(node) for node in nodes)


def _names(*names: tree.Name) -> str:
    return ".".join(str(name) for name in names)


def _alias(name: tree.Name | None) -> str:
    return f" AS {name}" if name else ""


def _not(negated: bool) -> str:
    return "NOT " if negated else ""


def _string(node: tree.StringLiteral) -> str:
    return "'" + node.text.replace("'", "''") + "'"


def _arithmetic(node: tree.Arithmetic) -> str:
    level = _level(node)
    return f"{_at(node.left, level)} {node.operator} {_at(node.right, level + 1)}"


def _concatenation(node: tree.Concatenation) -> str:
    return f"{_at(node.left, _CONCATENATION)} || {_at(node.right, _SUM)}"


def _aggregate(node: tree.Aggregate) -> str:
    quantifier = f"{node.quantifier} " if node.quantifier else ""
    argument = "*" if node.argument is None else write(node.argument)
    return f"{node.function}({quantifier}{argument})"


def _cast(node: tree.Cast) -> str:
    length = "" if node.length is None else f"({node.length})"
    return f"CAST({write(node.operand)} AS {node.target}{length})"


def _comparison(node: tree.Comparison) -> str:
    return f"{_operand(node.left)} {node.operator} {_operand(node.right)}"


def _operand(node: tree.Value) -> str:
    return _at(node, _CONCATENATION)


def _between(node: tree.Between) -> str:
    limits = f"{_operand(node.low)} AND {_operand(node.high)}"
    return f"{_operand(node.operand)} {_not(node.negated)}BETWEEN {limits}"


def _in_list(node: tree.InList) -> str:
    return f"{_operand(node.operand)} {_not(node.negated)}IN ({_list(node.values)})"


def _in_query(node: tree.InQuery) -> str:
    return f"{_operand(node.operand)} {_not(node.negated)}IN ({write(node.query)})"


def _like(node: tree.Like) -> str:
    word = "ILIKE" if node.ignores_case else "LIKE"
    return f"{_operand(node.operand)} {_not(node.negated)}{word} {_operand(node.pattern)}"


def _is_null(node: tree.IsNull) -> str:
    return f"{_operand(node.operand)} IS {_not(node.negated)}NULL"


def _table(node: tree.TableReference) -> str:
    return _names(*node.qualifier, node.name) + _alias(node.alias)


def _join(node: tree.Join) -> str:
    right = write(node.right)
    if isinstance(node.right, tree.Join):
        right = f"({right})"
    kind = "" if node.kind == "INNER" else f"{node.kind} "
    text = f"{write(node.left)} {'NATURAL ' if node.natural else ''}{kind}JOIN {right}"
    if node.condition is not None:
        return f"{text} ON {write(node.condition)}"
    return f"{text} USING ({', '.join(map(str, node.using))})" if node.using else text


def _all_columns(node: tree.AllColumns) -> str:
    return _names(*node.qualifier) + ".*" if node.qualifier else "*"


def _select(node: tree.Select) -> str:
    words = ["SELECT"]
    if node.quantifier:
        words.append(node.quantifier)
    if node.top is not None:
        words.append(f"TOP {node.top}")
    words += [_list(node.items), "FROM", _list(node.tables)]
    if node.where is not None:
        words += ["WHERE", write(node.where)]
    if node.group_by:
        words += ["GROUP BY", _list(node.group_by)]
    if node.having is not None:
        words += ["HAVING", write(node.having)]
    return " ".join(words)


def _set_operation(node: tree.SetOperation) -> str:
    def operand(part: tree.Body, is_right: bool) -> str:
        text = write(part)
        if isinstance(part, tree.Query):
            return f"({text})"
        if isinstance(part, tree.SetOperation):
            loose = part.operator != "INTERSECT" and node.operator == "INTERSECT"
            same = (part.operator == "INTERSECT") == (node.operator == "INTERSECT")
            if loose or (is_right and same):
                return f"({text})"
        return text

    word = f"{node.operator} ALL" if node.keeps_all else node.operator
    return f"{operand(node.left, False)} {word} {operand(node.right, True)}"


def _query(node: tree.Query) -> str:
    words = []
    if node.common_tables:
        tables = (f"{table.name} AS ({write(table.query)})" for table in node.common_tables)
        words += ["WITH", ", ".join(tables)]
    body = write(node.body)
    words.append(f"({body})" if isinstance(node.body, tree.Query) else body)
    if node.order_by:
        words += ["ORDER BY", _list(node.order_by)]
    if node.offset is not None:
        words += ["OFFSET", str(node.offset)]
    return " ".join(words)


_LEVELS: dict[type, int] = {
    tree.Or: _OR,
    tree.And: _AND,
    tree.Not: _NOT,
    tree.Comparison: _PREDICATE,
    tree.Between: _PREDICATE,
    tree.InList: _PREDICATE,
    tree.InQuery: _PREDICATE,
    tree.Like: _PREDICATE,
    tree.IsNull: _PREDICATE,
    tree.Exists: _PREDICATE,
    tree.Concatenation: _CONCATENATION,
    tree.Sign: _FACTOR,
}

_WRITERS: dict[type, Callable[[Any], str]] = {
    tree.NumberLiteral: lambda n: n.text,
    tree.StringLiteral: _string,
    tree.NullLiteral: lambda n: "NULL",
    tree.ColumnReference: lambda n: _names(*n.qualifier, n.name),
    # A space keeps two minus signs from opening a comment.
    tree.Sign: lambda n: (
        f"{n.operator} {_at(n.operand, _FACTOR)}"
        if isinstance(n.operand, tree.Sign)
        else f"{n.operator}{_at(n.operand, _FACTOR)}"
    ),
    tree.Arithmetic: _arithmetic,
    tree.Concatenation: _concatenation,
    tree.FunctionCall: lambda n: f"{n.name}({_list(n.arguments)})",
    tree.Aggregate: _aggregate,
    tree.Cast: _cast,
    tree.Comparison: _comparison,
    tree.Between: _between,
    tree.InList: _in_list,
    tree.InQuery: _in_query,
    tree.Like: _like,
    tree.IsNull: _is_null,
    tree.Exists: lambda n: f"EXISTS ({write(n.query)})",
    tree.Not: lambda n: f"NOT {_at(n.operand, _NOT)}",
    tree.And: lambda n: " AND ".join(_at(o, _NOT) for o in n.operands),
    tree.Or: lambda n: " OR ".join(_at(o, _AND) for o in n.operands),
    tree.TableReference: _table,
    tree.DerivedTable: lambda n: f"({write(n.query)}) AS {n.alias}",
    tree.Join: _join,
    tree.AllColumns: _all_columns,
    tree.SelectItem: lambda n: write(n.value) + _alias(n.alias),
    tree.Select: _select,
    tree.SetOperation: _set_operation,
    tree.OrderTerm: lambda n: write(n.value) + (" DESC" if n.descending else ""),
    tree.Query: _query,
}
