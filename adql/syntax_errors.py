"""What to tell about a word that the grammar didn't expect."""

from __future__ import annotations

from lark.exceptions import UnexpectedToken

from adql.errors import AdqlError, nearest
from adql.lexer import position_of, tokens
from adql.words import KEYWORDS, RESERVED

_SET_OPERATORS = {"UNION", "EXCEPT", "INTERSECT"}
_VALUE_STARTS = {"WHOLE_NUMBER", "NUMBER", "STRING", "FUNCTION", "AGGREGATE", "CAST", "NULL"}

#: What may begin a value too, and an asterisk that then is no operator.
_VALUE_SIGNS = {"IDENTIFIER", "DELIMITED", "_LPAR", "SIGN", "ASTERISK"}

_SHOWN = {
    "IDENTIFIER": "a name",
    "DELIMITED": "a name",
    "COMPARISON": "a comparison",
    "SIGN": "an operator",
    "ASTERISK": "an operator",
    "SOLIDUS": "an operator",
    "_CONCATENATE": "an operator",
    "_LPAR": "`(`",
    "_RPAR": "`)`",
    "_COMMA": "`,`",
    "_PERIOD": "`.`",
    "_SEMICOLON": "`;`",
    "WHOLE_NUMBER": "a whole number",
    "NUMBER": "a number",
    "STRING": "a text in quotes",
    "TYPE": "a type",
    "FUNCTION": "a function",
    "AGGREGATE": "a function",
    "$END": "the end of the query",
}


def explain(text: str, error: UnexpectedToken) -> AdqlError:
    """The error of a query whose words stand in no order that the grammar knows."""
    token = error.token
    expected = set(error.accepts or error.expected)
    if token.type == "$END":
        position = position_of(text, len(text.rstrip()))
        found = "unexpected end of the query"
    else:
        position = position_of(text, token.start_pos or 0)
        found = f"unexpected `{token}`"
    message = f"{found}; expected {_wanted(expected)}"
    return AdqlError(message, position, _hint(text, error, expected))


def _wanted(expected: set[str]) -> str:
    words: list[str] = []
    if expected >= _VALUE_STARTS:
        words.append("a value")
        if "ASTERISK" in expected:
            words.append("`*`")
        expected = expected - _VALUE_STARTS - _VALUE_SIGNS
    for name in sorted(expected, key=lambda n: (n not in _SHOWN, n)):
        shown = _SHOWN.get(name, name)
        if shown not in words:
            words.append(shown)
    if len(words) > 8:
        words = [*words[:8], "..."]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _hint(text: str, error: UnexpectedToken, expected: set[str]) -> str | None:
    token = error.token
    start = len(text) if token.type == "$END" else token.start_pos or 0
    before = list(tokens(text[:start]))
    previous = before[-1] if before else None
    word = str(token)
    if previous is not None and previous.type in {"FUNCTION", "AGGREGATE"} and "_LPAR" in expected:
        return (
            f"`{previous}` is the name of a function; a column or table of that name is "
            f'written "{previous}"'
        )
    if previous is not None and previous.upper() == "LIMIT":
        return "ADQL has no LIMIT; write SELECT TOP n ..."
    if token.type == "SELECT" and previous is not None and previous == "(":
        return "ADQL has subqueries in FROM, IN and EXISTS only"
    if word == "*" and previous == "/":
        return "a comment begins with -- and ends with the line"
    if word.upper() == "CROSS":
        return "ADQL has no CROSS JOIN; name the tables with a comma between them"
    if token.type == "SELECT" and previous is not None and previous.upper() == "MINUS":
        return "ADQL's word for it is EXCEPT"
    if word.upper() in _SET_OPERATORS and _SET_OPERATORS.isdisjoint(expected):
        return "a query with ORDER BY or OFFSET stands in parentheses beside another"
    if word == previous == "=":
        return "equality is a single ="
    if token.type == "DISTINCT" and previous is not None and previous.type == "WHOLE_NUMBER":
        return "DISTINCT stands before TOP"
    if token.upper() == "CASE":
        return "ADQL 2.1 has no CASE"
    if "USING" in expected and "ON" in expected:
        return "a JOIN needs ON (...) or USING (...), unless it is NATURAL"
    if "IDENTIFIER" in expected and word.upper() in RESERVED - KEYWORDS:
        return f'`{word}` is a reserved word; a name like it is written "{word}"'
    if token.type == "IDENTIFIER":
        return nearest(word, [name for name in expected if name.isalpha()])
    if token.type == "NUMBER" and "WHOLE_NUMBER" in expected and "NUMBER" not in expected:
        return "only a whole number can stand here"
    return None
