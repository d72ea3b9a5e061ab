"""A product's history is joined of what its origins came from and of its own last step."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from astropy.io import fits

from analysis.products.provenance_extension import Document, add_history, joined, read_history
from provenance import (
    ActivityRecord,
    EntityRecord,
    GeneratedRecord,
    UsedRecord,
    graph,
    serialisation,
)
from provenance.history import History

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def step(authority: str, number: int, origin: str, comment: str = "") -> History:
    """An activity that made one thing of another."""
    made = EntityRecord(
        f"ivo://{authority}/entity?{number}", comment=comment, derived_from=(origin,)
    )
    activity = ActivityRecord(
        f"ivo://{authority}/activity?{number}", "step", start=NOON, end=NOON,
        used=(UsedRecord(EntityRecord.reference(origin), "in", NOON),),
        generated=(GeneratedRecord(EntityRecord.reference(made.id), "out"),),
    )  # fmt: skip
    return History((activity,), (made, EntityRecord(origin)))


def written(history: History, after: Document | None = None) -> Document:
    """The document of a history; after: what it is to be joined with."""
    prefixes = after["prefix"] if after else None
    text = serialisation.to_json(serialisation.document(history, prefixes=prefixes))
    document: Document = json.loads(text)
    return document


def ways(document: Document) -> set[tuple[str, str]]:
    """What was made of what, by whole identifiers."""
    found = graph.read(document)
    return {
        (found.full(made), found.full(used))
        for made, (maker, _) in found.generated_by.items()
        for used, _ in found.used[maker]
    }


def test_steps_of_several_authorities_are_joined(tmp_path: Path) -> None:
    """An operator named the server anew, twice; what the cache has keeps its identifiers."""
    first = written(step("old", 1, "ivo://old/archive?events"))
    second = joined(first, written(step("new", 1, "ivo://old/entity?1"), first))
    # what is said stays as it was said, though it looks like a name
    third = joined(
        second, written(step("newest", 1, "ivo://new/entity?1", "entity:1 of old"), second)
    )
    assert ways(third) == {
        ("ivo://old/entity?1", "ivo://old/archive?events"),
        ("ivo://new/entity?1", "ivo://old/entity?1"),
        ("ivo://newest/entity?1", "ivo://new/entity?1"),
    }
    assert len(third["activity"]) == 3
    assert len(third["prefix"]) == len(set(third["prefix"].values()))
    entities = graph.read(third).entities.values()
    assert [entity.get("comment") for entity in entities if entity.get("comment")] == [
        "entity:1 of old"
    ]
    path = tmp_path / "product.fits"
    fits.PrimaryHDU().writeto(path)
    add_history(path, [], third)
    assert read_history(path) == third


def test_what_was_not_told_of_each_other_is_not_joined_wrongly() -> None:
    one = written(step("old", 1, "ivo://old/archive?events"))
    with pytest.raises(ValueError, match="the prefix entity has two meanings"):
        joined(one, written(step("new", 1, "ivo://old/entity?1")))
