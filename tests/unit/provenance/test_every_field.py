"""Whatever a record can say, every format says it: each field of each class, one by one.

Reading back what was written can't find what the writer leaves out. Here one field is changed at a
time, and each format has to tell the new value, or else stand among the exceptions below.
"""

import json
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

import pytest
import rdflib
from rdflib.compare import isomorphic

from provenance import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    UsedRecord,
    rdf,
    serialisation,
    w3c,
)
from provenance.descriptions import (
    KindOfActivity,
    KindOfConfigFile,
    KindOfEntity,
    KindOfParameter,
    Role,
)
from provenance.history import History
from provenance.notation import to_provn
from provenance.votable import to_votable

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CLASSES = (
    ActivityRecord, EntityRecord, AgentRecord, InvolvedRecord, UsedRecord, GeneratedRecord,
    ParameterRecord, ConfigFileRecord, KindOfActivity, KindOfEntity, Role, KindOfParameter,
    KindOfConfigFile,
)  # fmt: skip

#: What no format may tell: who may read it, and what is for administrators or nobody.
PRIVATE = {
    (EntityRecord, "public"), (ActivityRecord, "public"), (ActivityRecord, "private_comment"),
    (AgentRecord, "email"), (AgentRecord, "phone"), (AgentRecord, "address"),
}  # fmt: skip
#: What the description of the parameter tells instead.
DESCRIBED = {
    (ParameterRecord, "description"): "everywhere",
    # as in the table ``provenance.parameter``
    (ParameterRecord, "value_type"): "votable",
    (ParameterRecord, "unit"): "votable",
    (ParameterRecord, "ucd"): "votable",
}
#: What is told of activities' descriptions in the IVOA's documents only.
NOT_IN_PLANS = {
    *((KindOfActivity, name) for name in ("usages", "generations", "parameters", "config_files")),
    *((cls, f.name) for cls in (Role, KindOfParameter, KindOfConfigFile) for f in fields(cls)),
}
#: Names that point at something: others point nowhere, and the pointer is gone.
POINTERS = {(EntityRecord, "description")}
IDENTIFIERS = {"id", "value_entity"}

FULL = InvolvedRecord(
    AgentRecord(
        "ivo://x/agent?ada", "Ada", AgentType.PERSON, "Wrote the first program.", "ada@x.org",
        "Analytical Engine", "0044", "London", "https://x.org/ada",
    ),
    "Operator",
)  # fmt: skip


@cache
def history() -> History:
    """Something of every class, with all that it can have."""
    raw, made, several, limit = (f"ivo://x/entity?{n}" for n in ("raw", "made", "all", "limit"))
    return History(
        (
            ActivityRecord(
                "ivo://x/activity?work", "work", "1", NOON, NOON + timedelta(minutes=9),
                Status.FAILED, "A remark",
                used=(UsedRecord(EntityRecord.reference(raw), "events", NOON),),
                generated=(GeneratedRecord(EntityRecord.reference(made), "image"),),
                agents=(FULL,),
                parameters=(
                    ParameterRecord("E1", "20", "double", "keV", "em.energy", "From", limit),
                ),
                config_files=(ConfigFileRecord("osa.par", "pfiles/osa.par", "As delivered"),),
                informants=("ivo://x/activity?before",),
                public=True, private_comment="Ran on a host",
            ),
            ActivityRecord("ivo://x/activity?before", "before"),
        ),
        (
            EntityRecord(
                made, "image.fits", "products/image.fits", "application/fits", "sha256:1", "step",
                NOON, NOON + timedelta(days=1), "Good", EntityClass.DATASET, "image",
                derived_from=(raw,), attributed_to=(FULL,), public=True,
            ),
            EntityRecord(raw, entity_class=EntityClass.ENTITY),
            EntityRecord(limit, entity_class=EntityClass.VALUE, value="7"),
            EntityRecord(several, entity_class=EntityClass.COLLECTION, members=(made,)),
        ),
        kinds=(
            KindOfActivity(
                "work", "1", "Works", "https://x.org/work", "Analysis", "engine",
                (Role("events", "What came in", "Main", "1..*", ("image",)),),
                (Role("image", "What came out", "Main", "1", ("image",)),),
                (
                    KindOfParameter(
                        "E1", "double", "keV", "em.energy", "spec:min", "3", "1000", "20",
                        ("20", "30"), "Lower limit",
                    ),
                ),
                (KindOfConfigFile("osa.par", "text/plain", "Settings"),),
            ),
        ),
        entity_kinds=(
            KindOfEntity("image", "A picture", "https://x.org/i", "data", "application/fits"),
            KindOfEntity(
                "limit", value_type="double", unit="keV", ucd="stat.min", utype="spec:limit"
            ),
        ),
    )  # fmt: skip


def everything(value: Any) -> Iterator[Any]:
    """All records in a history, entities before what only refers to them."""
    if isinstance(value, History):
        value = (value.entities, value.activities, value.kinds, value.entity_kinds)
    if isinstance(value, tuple):
        for item in value:
            yield from everything(item)
    elif is_dataclass(value):
        yield value
        for field in fields(value):
            yield from everything(getattr(value, field.name))


def exchanged(value: Any, old: Any, new: Any) -> Any:
    """The same with one record in the place of another."""
    if value is old:
        return new
    if isinstance(value, tuple):
        return tuple(exchanged(item, old, new) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return replace(
        value, **{f.name: exchanged(getattr(value, f.name), old, new) for f in fields(value)}
    )


def mark(name: str) -> str:
    return f"zz{name.replace('_', '')}zz"


def other(name: str, value: Any) -> Any:
    """Another value for a field of that name."""
    match value:
        case bool():
            return not value
        case StrEnum():
            members = list(type(value))
            return members[(members.index(value) + 1) % len(members)]
        case str():
            return f"ivo://x/other?{mark(name)}" if name in IDENTIFIERS else mark(name)
        case datetime():
            return value + timedelta(seconds=33)
        case tuple():
            return ()
        case AgentRecord():
            return AgentRecord(f"ivo://x/agent?{mark(name)}", "another")
        case EntityRecord():
            return EntityRecord.reference(f"ivo://x/entity?{mark(name)}")
    raise AssertionError(f"{name} has no value in the sample")


def changed(cls: type, field: "Field[Any]") -> tuple[History, Any]:
    """The history with another value of that field, and that value."""
    usual = None if field.default is MISSING else field.default
    record = next(
        record
        for record in everything(history())
        if type(record) is cls and getattr(record, field.name) not in (usual, ())
    )
    new = other(field.name, getattr(record, field.name))
    return exchanged(history(), record, replace(record, **{field.name: new})), new


def written(whole: History) -> dict[str, str]:
    """The history in every format that has words."""
    ours, theirs, graph = serialisation.document(whole), w3c.document(whole), rdf.graph(whole)
    return {
        "json": serialisation.to_json(ours),
        "xml": serialisation.to_xml(ours),
        "provn": to_provn(ours),
        "w3c json": w3c.to_json(theirs),
        "w3c xml": w3c.to_xml(theirs),
        "w3c provn": to_provn(theirs),
        "turtle": rdf.to_turtle(graph),
        "json-ld": rdf.to_json_ld(graph),
        "votable": to_votable(whole),
    }


@cache
def before() -> dict[str, str]:
    return written(history())


def same(form: str, one: str, two: str) -> bool:
    """Whether two documents say the same."""
    if form not in ("turtle", "json-ld"):
        return one == two
    read = (rdflib.Graph().parse(data=text, format=form) for text in (one, two))
    return isomorphic(*read)


def is_excepted(cls: type, name: str, form: str) -> bool:
    if (cls, name) in PRIVATE or DESCRIBED.get((cls, name)) in ("everywhere", form):
        return True
    return form.startswith("w3c") and (cls, name) in NOT_IN_PLANS


# rdflib's own reader of JSON-LD uses a class that rdflib deprecates
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("cls", "field"),
    [pytest.param(cls, f, id=f"{cls.__name__}.{f.name}") for cls in CLASSES for f in fields(cls)],
)
def test_every_format_tells_it(cls: type, field: "Field[Any]") -> None:
    whole, new = changed(cls, field)
    for form, text in written(whole).items():
        if is_excepted(cls, field.name, form):
            assert same(form, text, before()[form]), f"{form} tells it: it is no exception"
        elif isinstance(new, str) and type(new) is str and (cls, field.name) not in POINTERS:
            assert mark(field.name) in text, form
            assert mark(field.name) not in before()[form]
        elif is_dataclass(new):
            assert mark(field.name) in text, form
        else:
            assert not same(form, text, before()[form]), form


# rdflib's own reader of JSON-LD uses a class that rdflib deprecates
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_the_same_history_is_the_same_document() -> None:
    for form, text in written(history()).items():
        assert same(form, text, before()[form]), form


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_options_stay_apart_whatever_is_in_them() -> None:
    parameter = next(r for r in everything(history()) if isinstance(r, KindOfParameter))
    one, two = (
        written(exchanged(history(), parameter, replace(parameter, options=options)))
        for options in (("a, b", "c"), ("a", "b, c"))
    )
    for form in one:
        assert same(form, one[form], two[form]) == form.startswith("w3c"), form
    (described,) = json.loads(one["json"])["parameterDescription"].values()
    assert json.loads(described["voprov:options"]) == ["a, b", "c"]


def test_no_format_says_that_marked_data_ended_as_prov_means_it() -> None:
    """PROV-CONSTRAINTS 38 forbids that what was invalidated is used later, which happens."""
    for form, text in before().items():
        assert "nvalidatedAtTime" in text or form == "votable"
        assert "wasInvalidatedBy" not in text
        assert "prov:invalidatedAtTime" not in text.replace("voprov:", ""), form
        assert f"{rdf.PROV}invalidatedAtTime" not in text
