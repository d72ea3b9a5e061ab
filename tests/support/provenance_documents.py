"""Readers of provenance documents that no package here has, for comparing what was written.

`read_voprov_xml` reads the elements that voprov writes; `check_prov_json` says what the W3C Member
Submission PROV-JSON (24 April 2013) demands, as pydantic models of our own: its JSON schema isn't
among the packages that are installed.
"""

import re
from collections import Counter
from typing import Any

from lxml import etree
from prov.model import Literal as ProvLiteral
from prov.model import QualifiedName
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from voprov.serializers.xml import FULL_NAMES_MAP

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
            attributes.add(("http://www.w3.org/ns/prov#type", f"{VOPROV}Collection"))
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


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Typed(_Strict):
    """A typed value (section 2.3): ``$`` with its type or language."""

    value: str | int | float | bool = Field(alias="$")
    type: str | None = None
    lang: str | None = None


_VALUE = TypeAdapter(str | int | float | bool | _Typed | list[str | int | float | bool | _Typed])
_NAME = re.compile(r"[A-Za-z][\w-]*:.+|_:.+")
_RELATIONS = {
    "wasGeneratedBy": ("prov:entity", {"prov:activity", "prov:time"}),
    "used": ("prov:activity", {"prov:entity", "prov:time"}),
    "wasInformedBy": ("prov:informed", {"prov:informant"}),
    "wasDerivedFrom": ("prov:generatedEntity", {"prov:usedEntity"}),
    "wasAttributedTo": ("prov:entity", {"prov:agent"}),
    "wasAssociatedWith": ("prov:activity", {"prov:agent", "prov:plan"}),
    "hadMember": ("prov:collection", {"prov:entity"}),
}
_ATTRIBUTES = {
    "prov:label", "prov:location", "prov:role", "prov:type", "prov:value", "prov:startTime",
    "prov:endTime",
}  # fmt: skip


def check_prov_json(content: dict[str, Any]) -> None:
    """Raise where a document isn't as the submission has it."""
    prefixes = content["prefix"]
    for name, records in content.items():
        if name == "prefix":
            assert all(isinstance(uri, str) for uri in records.values())
            continue
        assert name in ("entity", "activity", "agent", *_RELATIONS), name
        for identifier, attributes in records.items():
            assert _NAME.fullmatch(identifier), identifier
            assert identifier.startswith("_:") or identifier.partition(":")[0] in prefixes
            for several in attributes if isinstance(attributes, list) else [attributes]:
                _check_attributes(name, several, prefixes)


def _check_attributes(name: str, attributes: dict[str, Any], prefixes: dict[str, str]) -> None:
    subject, others = _RELATIONS.get(name, (None, set()))
    assert subject is None or subject in attributes
    for attribute, value in attributes.items():
        prefix = attribute.partition(":")[0]
        if prefix == "prov":
            assert attribute in {*_ATTRIBUTES, subject, *others}, attribute
        else:
            assert prefix in prefixes, attribute
        _VALUE.validate_python(value)
        if attribute == subject or attribute in others - {"prov:time"}:
            assert _NAME.fullmatch(value), value
