"""Readers of provenance documents that no package here has, for comparing what was written.

`read_voprov_xml` reads the elements that voprov writes; `check_prov_json` and `check_prov_xml`
check against the schemas of the W3C (``schemas/prov``).
"""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, FormatChecker
from lxml import etree
from prov.model import Literal as ProvLiteral
from prov.model import QualifiedName
from voprov.serializers.xml import FULL_NAMES_MAP

SCHEMAS = Path(__file__).parent / "schemas" / "prov"
PROV = "http://www.w3.org/ns/prov#"
VOPROV = "http://www.ivoa.net/documents/ProvenanceDM/index.html#"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

Statement = tuple[str, str | None, frozenset[tuple[str, str]]]
"""A record: its kind, its identifier, and its attributes with their values as text."""


def read_voprov_xml(text: str) -> Counter[Statement]:
    """The statements of an XML document with voprov's elements."""
    root = etree.fromstring(text.encode())
    assert root.tag == f"{{{VOPROV}}}document"
    found: Counter[Statement] = Counter()
    for element in root:
        name = etree.QName(element)
        assert name.namespace == VOPROV
        attributes = set()
        for part in element:
            value = part.get(f"{{{VOPROV}}}ref")
            if value is None:
                value = part.text or ""
                kind = part.get(_XSI_TYPE)
            else:
                kind = "name"
            if value and kind in ("name", "xsd:QName"):
                value = _expanded(value, part.nsmap)
            attributes.add((etree.QName(part).namespace + etree.QName(part).localname, value))
        identifier = element.get(f"{{{VOPROV}}}id")
        whole = _expanded(identifier, element.nsmap) if identifier else None
        label = name.localname
        if label == "collection":  # a type that has an element of its own
            label = "entity"
            attributes.add((f"{PROV}type", f"{VOPROV}Collection"))
        found[label, whole, frozenset(attributes)] += 1
    return found


def statements(document: Any) -> Counter[Statement]:
    """The statements of one of voprov's documents, in the same form."""
    found: Counter[Statement] = Counter()
    for record in document.records:
        attributes = {(name.uri, _text(value)) for name, value in record.attributes}
        label = FULL_NAMES_MAP[record.get_type()]
        identifier = record.identifier.uri if record.identifier else None
        found[label, identifier, frozenset(attributes)] += 1
    return found


def _text(value: object) -> str:
    if isinstance(value, QualifiedName):
        return str(value.uri)
    if isinstance(value, ProvLiteral):
        return str(value.value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _expanded(name: str, namespaces: dict[str | None, str]) -> str:
    prefix, _, local = name.partition(":")
    return namespaces[prefix] + local


def check_prov_json(text: str) -> None:
    """Raise where a document isn't as the W3C's schema of PROV-JSON has it."""
    content = json.loads(text)
    problems = [f"{e.json_path}: {e.message}" for e in _prov_json().iter_errors(content)]
    assert not problems
    # beyond what the schema can say: names have prefixes that are declared
    for kind, records in content.items():
        for identifier, attributes in records.items() if kind != "prefix" else ():
            for name in (identifier, *attributes):
                prefix = name.partition(":")[0]
                assert prefix in ("_", "prov", "xsd") or prefix in content["prefix"], name


@cache
def _prov_json() -> Draft4Validator:
    formats = FormatChecker(())
    formats.checks("uri")(lambda value: not isinstance(value, str) or ":" in value[1:])
    schema = json.loads((SCHEMAS / "prov-json.schema.json").read_text())
    return Draft4Validator(schema, format_checker=formats)


@cache
def _prov_xml() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / "prov.xsd"))


def check_prov_xml(content: bytes) -> None:
    """Raise where a document isn't as the W3C's schemas of PROV-XML have it, but for its names.

    PROV's names may hold what QNames of XML can't (``/``, a digit first). They are replaced by
    others, one for one, before the rest is checked.
    """
    root = etree.fromstring(content)
    names: dict[str, str] = {}
    for element in root.iter(etree.Element):
        for attribute in (f"{{{PROV}}}id", f"{{{PROV}}}ref"):
            name = element.get(attribute)
            if name is not None:
                prefix, _, _ = name.partition(":")
                assert prefix in element.nsmap, name
                element.set(attribute, names.setdefault(name, f"{prefix}:n{len(names)}"))
    _prov_xml().assertValid(root)
