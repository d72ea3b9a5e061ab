"""PROV-N, the W3C's notation for people, of a document of ``prov`` or voprov.

Their own writer escapes neither backslashes nor names, and leaves the values of voprov's parameters
without quotes: what it writes can't always be read. Productions are those of PROV-N (30 April 2013,
section 3.7.1): STRING_LITERAL, PN_LOCAL, ECHAR.
"""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from prov.constants import PROV_N_MAP
from prov.identifier import Identifier, QualifiedName
from prov.model import Literal, ProvRecord

_IN_TEXTS = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLAIN = frozenset("_/@~&+*?#$!")
_ESCAPED = frozenset("='(),:;\"[]")
#: Prefixes that every document has, and none declares.
_KNOWN_PREFIXES = frozenset({"prov", "xsd"})


def to_provn(document: Any) -> str:
    """A document as PROV-N."""
    prefixes = sorted(
        f"  prefix {namespace.prefix} <{_iri(namespace.uri)}>"
        for namespace in document.namespaces
        if namespace.prefix not in _KNOWN_PREFIXES
    )
    records = [f"  {_record(record)}" for record in document.records]
    return "\n".join(("document", *prefixes, "", *records, "endDocument", ""))


def _record(record: ProvRecord) -> str:
    """One statement."""
    formal = dict(record.formal_attributes)
    items = [_argument(formal.get(name)) for name in record.FORMAL_ATTRIBUTES]
    start = ""
    if record.identifier is not None:
        name = _name(record.identifier)
        if record.is_element():
            items.insert(0, name)
        else:
            start = f"{name}; "
    further = [f"{_name(name)}={_value(value)}" for name, value in record.extra_attributes]
    if further:
        items.append(f"[{', '.join(further)}]")
    return f"{PROV_N_MAP[record.get_type()]}({start}{', '.join(items)})"


def _argument(value: Any) -> str:
    """What stands at a place of its own."""
    if value is None:
        return "-"
    if isinstance(value, QualifiedName):
        return _name(value)
    return value.isoformat() if isinstance(value, datetime) else _value(value)


def _value(value: Any) -> str:
    """An attribute's value, with its type where it isn't a text."""
    match value:
        case QualifiedName():
            return f"'{_name(value)}'"
        case Identifier():
            return f"{_text(value.uri)} %% xsd:anyURI"
        case datetime():
            return f"{_text(value.isoformat())} %% xsd:dateTime"
        case Literal():
            if value.langtag:
                return f"{_text(value.value)}@{value.langtag}"
            kind = f" %% {_name(value.datatype)}" if value.datatype else ""
            return f"{_text(value.value)}{kind}"
        case bool():
            return f'"{str(value).lower()}" %% xsd:boolean'
        case int():
            return str(value)
        case float():
            return f'"{value!r}" %% xsd:double'
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    return f'"{"".join(_IN_TEXTS.get(sign, sign) for sign in text)}"'


def _name(name: QualifiedName) -> str:
    """A qualified name; what none may hold is escaped as in an IRI."""
    prefix, local = name.namespace.prefix, name.localpart
    last = len(local) - 1
    signs = []
    for place, sign in enumerate(local):
        if sign.isalnum() or sign in _PLAIN:
            signs.append(sign)
        elif sign == "-":
            signs.append(sign if place else "\\-")
        elif sign == ".":
            signs.append(sign if 0 < place < last else "\\.")
        elif sign in _ESCAPED:
            signs.append(f"\\{sign}")
        elif sign == "%" and _is_escape(local[place + 1 : place + 3]):
            signs.append(sign)
        else:
            signs.append(quote(sign))
    return f"{prefix}:{''.join(signs)}"


def _is_escape(digits: str) -> bool:
    return len(digits) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in digits)


def _iri(uri: str) -> str:
    """What stands between angle brackets."""
    return "".join(quote(sign) if sign in '<>"{}|^`\\' or sign <= " " else sign for sign in uri)
