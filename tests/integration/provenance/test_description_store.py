"""Declared kinds of activities and entities in the tables, and records that point at them."""

import json

import pytest

from provenance import (
    ActivityRecord,
    ConfigFileRecord,
    EntityRecord,
    GeneratedRecord,
    ParameterRecord,
    UsedRecord,
)
from provenance.description_store import describe
from provenance.descriptions import (
    KindOfActivity,
    KindOfConfigFile,
    KindOfEntity,
    KindOfParameter,
    Role,
)
from provenance.models import (
    ActivityDescription,
    ConfigFile,
    DatasetDescription,
    EntityDescription,
    GenerationDescriptionEntity,
    Parameter,
    ParameterDescription,
    UsageDescription,
    UsageDescriptionEntity,
    Used,
    ValueDescription,
    WasGeneratedBy,
)
from provenance.store import enter

pytestmark = pytest.mark.django_db

MOSAIC = KindOfActivity(
    "mosaic",
    version="1",
    description="Adds sky images on a common grid",
    usages=(Role("image", "A sky image", multiplicity="1..*", entities=("isgri image",)),),
    generations=(Role("mosaic", multiplicity="1", entities=("isgri mosaic", "isgri image")),),
    parameters=(
        KindOfParameter(
            "pixel", "double", unit="deg", min="0.01", default="0.08", options=("0.08", "0.1")
        ),
    ),
    config_files=(KindOfConfigFile("osa.par", "text/plain"),),
)
KINDS = (
    KindOfEntity("isgri mosaic", "A mosaic", content_type="application/fits"),
    KindOfEntity("significance", value_type="double", ucd="stat.snr"),
)


def test_a_declaration_is_stored_with_all_its_parts() -> None:
    describe([MOSAIC], KINDS)
    assert ActivityDescription.objects.get().description == "Adds sky images on a common grid"
    assert UsageDescription.objects.get().multiplicity == "1..*"
    assert UsageDescriptionEntity.objects.get().entity_description.name == "isgri image"
    assert GenerationDescriptionEntity.objects.count() == 2
    assert EntityDescription.objects.get(name="isgri mosaic").description == "A mosaic"
    assert DatasetDescription.objects.get().content_type == "application/fits"
    assert ValueDescription.objects.get().ucd == "stat.snr"
    pixel = ParameterDescription.objects.get()
    assert (pixel.unit, pixel.min, pixel.max, pixel.default) == ("deg", "0.01", None, "0.08")
    assert json.loads(pixel.options or "") == ["0.08", "0.1"]


def test_declaring_again_replaces_the_words_and_adds_nothing() -> None:
    describe([MOSAIC], KINDS)
    changed = KindOfActivity(
        "mosaic", version="1", description="New words", usages=(Role("image", "Other"),)
    )
    describe([changed, KindOfActivity("mosaic", version="2")])
    first = ActivityDescription.objects.get(version="1")
    assert first.description == "New words"
    assert UsageDescription.objects.get().description == "Other"
    assert ParameterDescription.objects.get().activity_description == first
    assert ActivityDescription.objects.count() == 2


def test_records_point_at_the_declared_kinds() -> None:
    describe([MOSAIC], KINDS)
    enter(
        [
            ActivityRecord(
                "activity:1",
                "mosaic",
                version="1",
                used=(UsedRecord(EntityRecord("a"), "image"), UsedRecord(EntityRecord("b"), "x")),
                generated=(
                    GeneratedRecord(EntityRecord("c", description="isgri mosaic"), "mosaic"),
                ),
                parameters=(ParameterRecord("pixel", "0.1", "double"),),
                config_files=(ConfigFileRecord("osa.par"),),
            )
        ]
    )
    roles = {u.entity.identifier: u.usage_description for u in Used.objects.all()}
    assert roles["a"] == UsageDescription.objects.get()
    assert roles["b"] is None
    made = WasGeneratedBy.objects.get()
    assert made.generation_description is not None
    assert made.generation_description.role == "mosaic"
    assert made.entity.entity_description == EntityDescription.objects.get(name="isgri mosaic")
    assert Parameter.objects.get().parameter_description == ParameterDescription.objects.get()
    assert ConfigFile.objects.get().config_file_description is not None


def test_what_a_record_says_of_a_parameter_does_not_replace_its_declaration() -> None:
    describe([MOSAIC])
    parameter = ParameterRecord("pixel", "0.1", unit="arcmin", description="Said by the record")
    enter([ActivityRecord("activity:1", "mosaic", version="1", parameters=(parameter,))])
    assert ParameterDescription.objects.get().unit == "deg"
