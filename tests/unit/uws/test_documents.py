"""UWS documents against the standard's own schema."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pyvo.io.uws import parse_job, parse_job_list

from uws import documents
from uws.phases import Phase
from uws.records import (
    ErrorRecord,
    JobRecord,
    MessageRecord,
    ParameterRecord,
    ProgressRecord,
    ResultRecord,
)
from uws.text import legible

SCHEMAS = Path(__file__).parents[2] / "support" / "schemas"
NOW = datetime(2026, 11, 20, 22, 51, 47, 123456, tzinfo=UTC)

FULL = JobRecord(
    job_id="0" * 32,
    job_type="sample",
    phase=Phase.ERROR,
    run_id="my <run>",
    owner="ann",
    creation_time=NOW,
    quote=NOW,
    start_time=NOW,
    end_time=NOW,
    execution_duration=60,
    destruction=NOW,
    parameters=(
        ParameterRecord("QUERY", "SELECT 'ü' FROM t WHERE a < 1 & b > 2\n"),
        ParameterRecord("scw", "1"),
        ParameterRecord("scw", "2"),
    ),
    results=(ResultRecord("mosaic", Path("/x/y.fits"), "application/fits", 3 << 31),),
    error=ErrorRecord("it's <broken>", "transient"),
    progress=ProgressRecord(3, 12, "imaging"),
    messages=(MessageRecord(NOW, "66 windows"), MessageRecord(NOW, "")),
)
BARE = replace(
    FULL,
    phase=Phase.PENDING,
    run_id=None,
    owner=None,
    quote=None,
    start_time=None,
    end_time=None,
    parameters=(),
    results=(),
    error=None,
    progress=None,
    messages=(),
)


@pytest.fixture(scope="module")
def schema():
    parser = etree.XMLParser(no_network=True)

    class Local(etree.Resolver):
        def resolve(self, url, public_id, context):
            if url.endswith("/xlink.xsd"):
                return self.resolve_filename(str(SCHEMAS / "xlink.xsd"), context)
            return None

    parser.resolvers.add(Local())
    return etree.XMLSchema(etree.parse(SCHEMAS / "UWS-v1.1.xsd", parser))


@pytest.mark.parametrize("job", [FULL, BARE], ids=["full", "bare"])
def test_documents_are_valid_by_the_standards_schema(schema, job):
    for document in (
        documents.job_document(job, "http://h/x/1"),
        documents.jobs_document([job, job], "http://h/x"),
        documents.jobs_document([], "http://h/x"),
        documents.parameters_document(job),
        documents.results_document(job, "http://h/x/1"),
    ):
        schema.assertValid(etree.fromstring(document))


@given(st.text(), st.text(), st.sampled_from(list(Phase)))
def test_whatever_a_user_or_a_job_says_the_document_is_valid(schema, said, told, phase):
    job = replace(
        FULL,
        phase=phase,
        parameters=(ParameterRecord("text", legible(said)),),
        messages=(MessageRecord(NOW, legible(told)),),
    )
    root = etree.fromstring(documents.job_document(job, "http://h/x/1"))
    schema.assertValid(root)
    (parameter,) = root.iter("{*}parameter")
    # XML makes every end of line a line feed.
    expected = legible(said).replace("\r\n", "\n").replace("\r", "\n")
    assert (parameter.text or "") in (expected, legible(said))


def test_pyvo_reads_what_is_written(tmp_path):
    path = tmp_path / "job.xml"
    path.write_bytes(documents.job_document(FULL, "http://h/x/1"))
    job = parse_job(str(path))
    assert (job.phase, job.ownerid, job.runid) == ("ERROR", "ann", "my <run>")
    assert job.results[0].href == "http://h/x/1/results/mosaic"
    assert job.results[0].size == 3 << 31
    assert job.errorsummary.message.content == "it's <broken>"
    assert job.destruction.to_datetime().replace(tzinfo=UTC) == NOW.replace(microsecond=123000)
    path.write_bytes(documents.jobs_document([BARE, FULL], "http://h/x"))
    assert [job.phase for job in parse_job_list(str(path))] == ["PENDING", "ERROR"]


def test_times_are_utc_with_a_z():
    eastern = NOW.astimezone(timezone(timedelta(hours=2)))
    assert documents.iso_time(eastern) == "2026-11-20T22:51:47.123Z"
    assert documents.iso_time(None) == ""
    root = etree.fromstring(documents.job_document(replace(FULL, end_time=eastern), "x"))
    assert root.findtext("{*}endTime") == "2026-11-20T22:51:47.123Z"
