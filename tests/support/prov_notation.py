"""A reader of PROV-N, for comparing what was written: no package here has one.

Follows the grammar of PROV-N (30 April 2013) as far as documents of ours need it.
"""

import re
from collections import Counter
from typing import Any

from prov.constants import PROV_N_MAP
from prov.model import Literal, QualifiedName

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\\n\r]|\\[tbnrf"'\\])*")
    | '(?P<quoted>(?:[^'\\]|\\.)+)'
    | (?P<time>\d{4}-\d\d-\d\dT[\d:.+-]+)
    | (?P<name>[A-Za-z]\w*:(?:[^\W]|[-./@~&+*?\#$!]|%[0-9A-Fa-f]{2}|\\[=\'(),\-:;"\[\].])+)
    | (?P<word>[A-Za-z]\w*)
    | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    | (?P<sign>%%|[-()\[\],;=@])
    )""",
    re.VERBOSE,
)
_ECHARS = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}

Statement = tuple[str, tuple[str, ...], frozenset[tuple[str, str]]]
"""Its word, its arguments (the identifier first), and its attributes; names as IRIs."""


def read_notation(text: str) -> Counter[Statement]:
    """The statements of a document; raises ``AssertionError`` where it isn't PROV-N."""
    tokens = _tokens(text)
    assert tokens[0] == ("word", "document")
    assert tokens[-1] == ("word", "endDocument")
    prefixes = {
        "prov": "http://www.w3.org/ns/prov#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }
    place = 1
    while tokens[place] == ("word", "prefix"):
        (_, prefix), (kind, iri) = tokens[place + 1 : place + 3]
        assert kind == "iri"
        assert prefix not in prefixes
        prefixes[prefix] = iri[1:-1]
        place += 3
    found: Counter[Statement] = Counter()
    while place < len(tokens) - 1:
        statement, place = _statement(tokens, place, prefixes)
        found[statement] += 1
    return found


def statements(document: Any) -> Counter[Statement]:
    """The statements of a document of ``prov`` or voprov, in the same form."""
    found: Counter[Statement] = Counter()
    for record in document.records:
        formal = dict(record.formal_attributes)
        arguments = [_plain(formal.get(name)) for name in record.FORMAL_ATTRIBUTES]
        if record.identifier is not None:
            arguments.insert(0, record.identifier.uri)
        further = frozenset((name.uri, _plain(value)) for name, value in record.extra_attributes)
        found[PROV_N_MAP[record.get_type()], tuple(arguments), further] += 1
    return found


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, QualifiedName):
        return str(value.uri)
    if isinstance(value, Literal):
        return str(value.value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match, text[place : place + 80]
        assert match.lastgroup is not None
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


def _statement(
    tokens: list[tuple[str, str]], place: int, prefixes: dict[str, str]
) -> tuple[Statement, int]:
    kind, word = tokens[place]
    assert kind == "word" or ":" in word
    assert tokens[place + 1] == ("sign", "(")
    place += 2
    arguments: list[str] = []
    attributes: set[tuple[str, str]] = set()
    while tokens[place] != ("sign", ")"):
        if tokens[place] == ("sign", "["):
            place += 1
            while tokens[place] != ("sign", "]"):
                assert tokens[place + 1] == ("sign", "=")
                name, _ = _read(tokens, place, prefixes)
                value, place = _read(tokens, place + 2, prefixes)
                attributes.add((name, value))
                if tokens[place] == ("sign", ","):
                    place += 1
            place += 1
        else:
            argument, place = _read(tokens, place, prefixes)
            arguments.append(argument)
        if tokens[place] in (("sign", ","), ("sign", ";")):
            place += 1
    return (word, tuple(arguments), frozenset(attributes)), place + 1


def _read(tokens: list[tuple[str, str]], place: int, prefixes: dict[str, str]) -> tuple[str, int]:
    kind, word = tokens[place]
    match kind:
        case "name" | "quoted":
            prefix, _, local = word.partition(":")
            return prefixes[prefix] + re.sub(r"\\(.)", r"\1", local), place + 1
        case "text":
            said = re.sub(r"\\(.)", lambda m: _ECHARS.get(m[1], m[1]), word[1:-1])
            is_typed = tokens[place + 1] == ("sign", "%%")
            return said, place + (3 if is_typed else 1)
        case "time":
            return word, place + 1
    assert (kind, word) == ("sign", "-")
    return word, place + 1
