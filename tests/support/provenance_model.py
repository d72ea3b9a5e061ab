"""Whether what a running server recorded is as ProvenanceDM 1.0 and PROV want it."""

from collections.abc import Callable
from typing import Any

import requests
from prov.model import ProvDocument
from prov_constraints import violations
from prov_notation import read_notation, statements
from provenance_documents import check_prov_json, check_prov_xml

Ask = Callable[[str], list[dict[str, Any]]]

#: Section 2.5.1 of the model: what is bound to a described activity must refer to the descriptions
#: that belong to it, and have the same role or name.
_UNDESCRIBED = {
    "used": "SELECT DISTINCT a.name, r.role FROM provenance.used AS r"
    " JOIN provenance.activity AS a ON a.id = r.activity_id WHERE r.usage_description_id IS NULL",
    "generated": "SELECT DISTINCT a.name, r.role FROM provenance.was_generated_by AS r"
    " JOIN provenance.activity AS a ON a.id = r.activity_id"
    " WHERE r.generation_description_id IS NULL",
    "used as another": "SELECT r.role FROM provenance.used AS r"
    " JOIN provenance.activity AS a ON a.id = r.activity_id"
    " JOIN provenance.usage_description AS d ON d.id = r.usage_description_id"
    " WHERE d.role <> r.role OR d.activity_description_id <> a.activity_description_id",
    "generated as another": "SELECT r.role FROM provenance.was_generated_by AS r"
    " JOIN provenance.activity AS a ON a.id = r.activity_id"
    " JOIN provenance.generation_description AS d ON d.id = r.generation_description_id"
    " WHERE d.role <> r.role OR d.activity_description_id <> a.activity_description_id",
    "parameters": "SELECT DISTINCT a.name, p.name AS parameter FROM provenance.parameter AS p"
    " JOIN provenance.was_configured_by AS c ON c.parameter_id = p.id"
    " JOIN provenance.activity AS a ON a.id = c.activity_id"
    " LEFT JOIN provenance.parameter_description AS d ON d.id = p.parameter_description_id"
    " WHERE d.description IS NULL OR d.name <> p.name",
    "entities": "SELECT DISTINCT e.name FROM provenance.entity AS e"
    " LEFT JOIN provenance.entity_description AS d ON d.id = e.entity_description_id"
    " WHERE d.description IS NULL OR d.type IS NULL",
    "datasets": "SELECT DISTINCT e.name FROM provenance.entity AS e"
    " LEFT JOIN provenance.dataset_description AS d"
    " ON d.entity_description_id = e.entity_description_id"
    " WHERE e.class = 'DatasetEntity' AND d.content_type IS NULL",
    "activities": "SELECT name FROM provenance.activity_description"
    " WHERE description IS NULL OR version IS NULL OR type IS NULL",
}


def check_descriptions(ask: Ask) -> None:
    """Everything that happened is of a described kind; raises ``AssertionError``."""
    undescribed = {name: ask(query) for name, query in _UNDESCRIBED.items()}
    assert not any(undescribed.values()), undescribed


def check_documents(url: str, identifier: str) -> None:
    """The whole history of a product is valid in the W3C's forms, and keeps its constraints."""
    asked = {"ID": identifier, "DEPTH": "ALL", "MODEL": "W3C", "MEMBERS": "1", "DESCRIPTIONS": "2"}
    content = {
        form: requests.get(f"{url}/provsap", {**asked, "RESPONSEFORMAT": form}, timeout=60).content
        for form in ("PROV-JSON", "PROV-XML", "PROV-N")
    }
    said = content["PROV-JSON"].decode()
    check_prov_json(said)
    check_prov_xml(content["PROV-XML"])
    document = ProvDocument.deserialize(content=said, format="json")
    assert read_notation(content["PROV-N"].decode()) == statements(document)
    assert violations(document) == []
