"""The provenance knows what the parameters of job types mean, without being told twice."""

import pytest
import sample_jobs
from django.core.management import call_command

from archive.kinds import EVENT_KIND, JEMX_KINDS, SPI_ACS_KIND
from provenance import ActivityRecord, ParameterRecord
from provenance.descriptions import KindOfParameter
from provenance.models import ActivityDescription, Parameter
from provenance.store import enter
from uws import registry
from vo_server import __version__
from vo_server.activity_kinds import kinds_of_jobs


def test_an_analysis_is_a_kind_of_activity_with_its_parameters() -> None:
    (kind,) = kinds_of_jobs([sample_jobs.sample], "1.2")
    assert (kind.name, kind.version, kind.description) == ("sample", "1.2", "Does as told.")
    parameters = {parameter.name: parameter for parameter in kind.parameters}
    assert parameters["RA"] == KindOfParameter(
        "RA",
        value_type="double",
        unit="deg",
        ucd="pos.eq.ra",
        min="0",
        max="360",
        default="0.0",
        description="Right ascension.",
    )
    assert parameters["text"].default is None
    assert parameters["numbers"].value_type == "long"


@pytest.fixture
def offered():
    """The sample job type, offered while the test runs."""
    registry.register(sample_jobs.sample)
    yield
    registry.withdraw("sample")


@pytest.mark.django_db
@pytest.mark.usefixtures("offered")
def test_migrating_describes_the_job_types_and_records_of_jobs_point_there() -> None:
    call_command("migrate", verbosity=0)
    described = ActivityDescription.objects.get(name="sample")
    assert described.version == __version__
    enter(
        [
            ActivityRecord(
                "activity:1",
                "sample",
                version=__version__,
                parameters=(ParameterRecord("RA", "83.6"),),
            )
        ]
    )
    description = Parameter.objects.get().parameter_description
    assert description is not None
    assert (description.activity_description, description.unit) == (described, "deg")


@pytest.mark.django_db
def test_migrating_describes_what_the_archive_and_the_steps_give() -> None:
    call_command("migrate", verbosity=0)
    ingest = ActivityDescription.objects.get(name="ingest", version=__version__)
    kinds = {
        (role.role, link.entity_description.name)
        for role in ingest.generationdescription_set.all()
        for link in role.generationdescriptionentity_set.all()
    }
    assert kinds == {(k, k) for k in (*JEMX_KINDS.values(), SPI_ACS_KIND, EVENT_KIND, "swg")}
    image = ActivityDescription.objects.filter(name="sky_image").first()
    assert image is not None
    (role,) = image.generationdescription_set.all()
    (link,) = role.generationdescriptionentity_set.all()
    assert link.entity_description.dataset.content_type == "application/fits"
