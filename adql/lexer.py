"""From text to tokens (ADQL 2.1, section 2.1).

Reserved words are never identifiers, so one table tells what a word is; no context is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark import Token
from lark.lexer import Lexer

from adql.errors import AdqlError, Position
from adql.words import AGGREGATES, FUNCTIONS, KEYWORDS, RESERVED, TYPES

_TOKEN = re.compile(
    r"""
      (?P<SPACE>(?:[ \t\r\n\f\v]+|--[^\n]*)+)
    | (?P<WORD>[A-Za-z][A-Za-z0-9_]*)
    | (?P<HEXADECIMAL>0[xX][0-9A-Fa-f]+)
    | (?P<NUMBER>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<STRING>'[^']*'(?:'[^']*')*)
    | (?P<DELIMITED>"[^"]*"(?:"[^"]*")*)
    | (?P<COMPARISON><>|!=|<=|>=|[=<>])
    | (?P<SIGN>[+-])
    | (?P<SYMBOL>\|\||[*/(),.;])
    """,
    re.VERBOSE,
)

#: How many parentheses may be open at once: more than anyone writes, fewer than do harm.
_DEEPEST = 250

_SYMBOLS = {
    "*": "ASTERISK",
    "/": "SOLIDUS",
    "||": "_CONCATENATE",
    "(": "_LPAR",
    ")": "_RPAR",
    ",": "_COMMA",
    ".": "_PERIOD",
    ";": "_SEMICOLON",
}

_WORDS = dict.fromkeys(RESERVED, "RESERVED")
_WORDS.update(dict.fromkeys(FUNCTIONS, "FUNCTION"))
_WORDS.update(dict.fromkeys(AGGREGATES, "AGGREGATE"))
_WORDS.update(dict.fromkeys(TYPES, "TYPE"))
_WORDS.update({word: word for word in KEYWORDS})

_CHARACTER_HINTS = {
    "'": "the text that begins here has no closing quote",
    '"': "the name that begins here has no closing double quote",
    "_": 'a name begins with a letter; any other name stands in double quotes, as in "_name"',
    "%": "the remainder of a division is MOD(x, y)",
    "&": "ADQL 2.1 has no bitwise operators",
    "|": "ADQL 2.1 has no bitwise operators; texts are joined with ||",
    "^": "ADQL 2.1 has no bitwise operators; x to the power of y is POWER(x, y)",
    "~": "ADQL 2.1 has no bitwise operators",
    "!": "unequal is <> or !=; a condition is negated with NOT",
    "[": "ADQL has no arrays",
    **dict.fromkeys("‘’´`", "texts stand in straight quotes, as in 'Crab'"),
    **dict.fromkeys("“”", 'names stand in straight double quotes, as in "size"'),
}


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a query, each with its line and column from 1."""
    _check_characters(text)
    offset, line, line_start, depth = 0, 1, 0, 0
    match_at, size = _TOKEN.match, len(text)
    while offset < size:
        match = match_at(text, offset)
        if match is None:
            raise _unexpected_character(text, offset, Position(line, offset - line_start + 1))
        kind, word, end = match.lastgroup, match.group(), match.end()
        if kind != "SPACE":
            column = offset - line_start + 1
            if kind == "WORD":
                kind = _WORDS.get(word.upper(), "IDENTIFIER")
            elif kind == "SYMBOL":
                kind = _SYMBOLS[word]
                depth += (word == "(") - (word == ")")
                if depth > _DEEPEST:
                    raise AdqlError("the query is nested too deeply", Position(line, column))
            elif kind == "NUMBER":
                kind = "WHOLE_NUMBER" if word.isdigit() else "NUMBER"
            elif kind == "HEXADECIMAL":
                raise AdqlError(
                    f"unexpected hexadecimal number `{word}`",
                    Position(line, column),
                    "ADQL 2.1 has decimal numbers only",
                )
            elif word == '""':
                raise AdqlError("a name can't be empty", Position(line, column))
            yield Token(kind or "", word, offset, line, column)
        if "\n" in word:
            line += word.count("\n")
            line_start = offset + word.rindex("\n") + 1
        offset = end


def _check_characters(text: str) -> None:
    """Refuse what no database can hold as text."""
    bad = text.find("\0")
    if bad < 0:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            bad = error.start
    if bad >= 0:
        raise AdqlError(
            f"character U+{ord(text[bad]):04X} can't stand in a query", position_of(text, bad)
        )


def position_of(text: str, offset: int) -> Position:
    """Line and column of an offset into the text."""
    line_start = text.rfind("\n", 0, offset) + 1
    return Position(text.count("\n", 0, offset) + 1, offset - line_start + 1)


def _unexpected_character(text: str, offset: int, position: Position) -> AdqlError:
    character = text[offset]
    hint = _CHARACTER_HINTS.get(character)
    if hint is None and character.isalpha():
        hint = "a name with other letters than A to Z stands in double quotes"
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return AdqlError(f"unexpected character `{shown}`", position, hint)


class AdqlLexer(Lexer):
    """`tokens` as lark wants a lexer to be."""

    def __init__(self, lexer_conf: Any) -> None:
        """Lark's configuration isn't needed: the terminals are said here."""

    def lex(self, data: str) -> Iterator[Token]:  # type: ignore[override]
        """The tokens of a query."""
        return tokens(data)
