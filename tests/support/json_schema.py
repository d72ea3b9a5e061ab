"""JSON Schema draft 4, as far as the schema of PROV-JSON uses it; other keywords are refused.

No package here checks JSON against schemas; what this one gives was compared with what `jsonschema`
gives for right and wrong documents.
"""

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "number": (int, float),
}  # fmt: skip
_KNOWN = {
    "$ref", "$schema", "additionalProperties", "anyOf", "definitions", "description", "format",
    "id", "items", "minItems", "patternProperties", "properties", "required", "title", "type",
}  # fmt: skip


def problems(document: Any, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a document, each with its place; empty where it is valid."""
    return list(_problems(document, schema, schema, ""))


def _problems(
    value: Any, schema: dict[str, Any], root: dict[str, Any], place: str
) -> Iterator[str]:
    # the schema of PROV-JSON has two attributes where only keywords may be: they say nothing
    unknown = {name for name in set(schema) - _KNOWN if not name.startswith("prov:")}
    if unknown:
        raise NotImplementedError(f"keywords of JSON Schema: {unknown}")
    if "$ref" in schema:
        yield from _problems(value, _referred(schema["$ref"], root), root, place)
        return
    if "type" in schema and not _is(value, schema["type"]):
        yield f"{place}: {value!r} is no {schema['type']}"
        return
    if "anyOf" in schema and not any(
        not list(_problems(value, choice, root, place)) for choice in schema["anyOf"]
    ):
        yield f"{place}: {value!r} is nothing that is allowed there"
    if schema.get("format") == "uri" and not re.match(r"[A-Za-z][\w+.-]*:", value):
        yield f"{place}: {value!r} is no URI"
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{place}: too few"
        for number, item in enumerate(value):
            yield from _problems(item, schema.get("items", {}), root, f"{place}[{number}]")
    if isinstance(value, dict):
        yield from _members(value, schema, root, place)


def _members(
    value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], place: str
) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{place}: lacks {name}"
    for name, member in value.items():
        rules = [schema["properties"][name]] if name in schema.get("properties", {}) else []
        rules += [
            rule
            for pattern, rule in schema.get("patternProperties", {}).items()
            if re.search(pattern, name)
        ]
        further = schema.get("additionalProperties", True)
        if not rules and further is False:
            yield f"{place}: may not have {name}"
        if not rules and isinstance(further, dict):
            rules = [further]
        for rule in rules:
            yield from _problems(member, rule, root, f"{place}/{name}")


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _referred(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found
