"""The recorder: what happened inside a ``with`` block, as a record."""

import hashlib
import platform
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

import provenance
from provenance import (
    EntityRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    agents,
    identifiers,
    surroundings,
)

AUTHORITY = "example.org"


def test_an_activity_is_recorded_with_all_that_it_used_made_and_ran_with() -> None:
    before = datetime.now(UTC)
    person = agents.person(AUTHORITY, "Ada Lovelace")
    program = agents.software(AUTHORITY, "vo_server", "0.1.0")
    with provenance.activity(
        "mosaic",
        version="1",
        authority=AUTHORITY,
        agent=person,
        agents=[InvolvedRecord(program, "software")],
        parameters={"E1_keV": 20.0},
    ) as mosaic:
        mosaic.configured(ParameterRecord("pixel", "0.08", unit="deg"))
        image = mosaic.used(EntityRecord("ivo://example.org/entity?image"), role="image")
        made = mosaic.generated(EntityRecord("ivo://example.org/entity?mosaic"), role="mosaic")
    record = mosaic.record
    assert (record.name, record.version, record.status) == ("mosaic", "1", Status.COMPLETED)
    assert record.id.startswith("ivo://example.org/activity?")
    assert record.start is not None
    assert record.end is not None
    assert made.generated_at is not None
    assert before <= record.start <= made.generated_at <= record.end <= datetime.now(UTC)
    assert [(u.entity, u.role) for u in record.used] == [(image, "image")]
    assert [(g.entity, g.role) for g in record.generated] == [(made, "mosaic")]
    assert [(i.agent.name, i.role) for i in record.agents][:2] == [
        ("Ada Lovelace", "Operator"),
        ("vo_server 0.1.0", "software"),
    ]
    assert [(p.name, p.value, p.value_type) for p in record.parameters] == [
        ("E1_keV", "20.0", "double"),
        ("pixel", "0.08", "char"),
    ]


def test_the_outer_activity_is_informed_by_the_inner_one_and_hands_over_both_records() -> None:
    with provenance.activity("job", authority=AUTHORITY) as job:
        with provenance.activity("step") as step:
            with provenance.activity("part", authority="elsewhere.org") as part:
                pass
            assert part.id.startswith("ivo://elsewhere.org/")
        job.informed_by("ivo://example.org/activity?cached")
    assert step.id.startswith("ivo://example.org/")
    assert job.record.informants == (step.id, "ivo://example.org/activity?cached")
    assert step.record.informants == (part.id,)
    assert part.record.informants == ()
    assert [record.name for record in job.records] == ["part", "step", "job"]


def test_a_failed_activity_is_recorded_as_failed_without_the_words_of_its_error() -> None:
    with (
        pytest.raises(ZeroDivisionError),
        provenance.activity("job", authority=AUTHORITY) as job,
        provenance.activity("step") as step,
    ):
        raise ZeroDivisionError("of a private file")
    for recorder in (job, step):
        assert recorder.record.status is Status.FAILED
        assert recorder.record.comment == "Ended by ZeroDivisionError."
        assert recorder.record.end is not None
    with provenance.activity("next", authority=AUTHORITY) as following:
        pass
    assert following.record.informants == ()
    assert len(job.records) == 2


def test_a_record_is_finished_exactly_when_the_activity_has_ended() -> None:
    with (
        provenance.activity("job", authority=AUTHORITY) as job,
        pytest.raises(RuntimeError, match="still runs"),
    ):
        _ = job.record
    with pytest.raises(RuntimeError, match="has ended"):
        job.used("ivo://example.org/entity?late")


def test_where_it_ran_is_recorded_by_itself_and_the_host_for_administrators_alone() -> None:
    with provenance.activity("job", authority=AUTHORITY, software=["numpy"]) as job:
        pass
    roles = {involved.role: involved.agent.name for involved in job.record.agents}
    assert roles["software"].startswith("numpy ")
    assert f"Python {platform.python_version()} on " in roles["platform"]
    revision = surroundings.source_revision()
    assert roles.get("source") == (revision and f"vo_server source at git revision {revision}")
    assert f"Ran on {socket.gethostname()} as " in str(job.record.private_comment)
    told = replace(job.record, private_comment=None).to_json()
    assert socket.gethostname() not in told


def test_a_file_is_known_by_its_content_and_each_one_made_is_new(tmp_path: Path) -> None:
    raw = tmp_path / "raw.fits.gz"
    raw.write_bytes(b"photons")
    other = tmp_path / "copy.fits.gz"
    other.write_bytes(b"photons")
    with provenance.activity("flat", authority=AUTHORITY) as flat:
        first, again = flat.used(raw, role="raw"), flat.used(other, role="raw")
        one, two = flat.generated(raw, role="flat"), flat.generated(raw, role="flat")
    digest = hashlib.sha256(b"photons").hexdigest()
    assert first.id == again.id == f"ivo://example.org/file?{digest}"
    assert first.checksum == one.checksum == two.checksum == f"sha256:{digest}"
    assert one.id != two.id
    assert (one.name, one.content_type) == ("raw.fits.gz", "application/fits")
    assert str(tmp_path) not in flat.record.to_json()


def test_an_activity_without_authority_is_refused_where_no_server_gives_its_own() -> None:
    code = "import provenance\nwith provenance.activity('job'): pass"
    failed = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert failed.returncode == 1
    assert "no authority for its identifier" in failed.stderr
    with provenance.activity("job") as job:
        pass
    assert job.id.startswith(f"ivo://{settings.VO_AUTHORITY}/activity?")


@pytest.mark.parametrize(
    ("value", "text", "datatype"),
    [
        (True, "true", "boolean"),
        (7, "7", "long"),
        (0.1, "0.1", "double"),
        ("Crab", "Crab", "char"),
        (["066500330010.001", "066500340010.001"], "066500330010.001,066500340010.001", "char"),
    ],
)
def test_a_parameter_is_written_as_votable_writes_its_value(
    value: provenance.recorder.ParameterValue, text: str, datatype: str
) -> None:
    record = provenance.parameter("x", value, unit="keV")
    assert (record.value, record.value_type, record.unit) == (text, datatype, "keV")


def test_identifiers_are_new_each_time_but_an_agent_keeps_its_own() -> None:
    assert identifiers.new_entity_id(AUTHORITY) != identifiers.new_entity_id(AUTHORITY)
    assert agents.software(AUTHORITY, "numpy").name.startswith("numpy ")
    assert agents.person(AUTHORITY, "Ada L") == agents.person(AUTHORITY, "Ada L")
    assert agents.person(AUTHORITY, "Ada L").id == "ivo://example.org/agent?user:Ada%20L"


def test_recording_needs_no_django() -> None:
    """Steps run in processes that have neither settings nor a database."""
    code = "import provenance, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
