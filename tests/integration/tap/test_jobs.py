"""Queries as jobs, run as the worker runs them."""

import io

import pytest
from astropy.io import votable

from auth.principal import Principal
from tap.jobs import TapParameters, job_type, run
from uws.errors import JobFailure
from uws.parameters import check
from uws.types import JobContext

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(tmp_path):
    """A job's context, from the parameters as they were sent."""

    def make(**sent):
        given = {
            name: (value,) if isinstance(value, str) else value for name, value in sent.items()
        }
        nobody = Principal(None, "", False)
        return JobContext("1", nobody, check(TapParameters, given), tmp_path)

    return make


def test_a_job_leaves_its_table_as_the_result(job):
    context = job(LANG="ADQL", QUERY="SELECT table_name FROM tap_schema.tables", MAXREC="3")
    run(context)
    (result,) = context.results
    assert (result.name, result.path.suffix) == ("result", ".vot")
    assert result.media_type == "application/x-votable+xml;serialization=BINARY2"
    resource = votable.parse(io.BytesIO(result.path.read_bytes())).resources[0]
    assert len(resource.tables[0].array) == 3
    assert [i.value for i in resource.infos if i.name == "QUERY_STATUS"] == ["OK", "OVERFLOW"]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"LANG": "ADQL"}, "QUERY: is missing"),
        ({"LANG": "X", "QUERY": "SELECT 1"}, "LANG: 'X' is not offered"),
        ({"QUERY": "SELECT a FROM b"}, "line 1, column 15: unknown table"),
        ({"QUERY": "SELECT 1 / 0 AS x FROM tap_schema.tables"}, "division by zero"),
        (
            {"QUERY": "SELECT 1", "UPLOAD": ("a,param:b", "c,d")},
            "table a: the request has no part 'b'",
        ),
        ({"QUERY": "SELECT 1", "MAXREC": "x"}, "MAXREC: 'x' is not a whole number"),
    ],
)
def test_what_is_wrong_makes_the_job_fail_with_the_message_of_sync(job, sent, message):
    context = job(**sent)
    with pytest.raises(JobFailure, match=message):
        run(context)
    assert context.results == ()


def test_a_late_failure_makes_the_job_fail_although_rows_were_written(job):
    late = (
        "SELECT 1 / (a.column_index - 20 + b.column_index) AS x, a.description, b.description"
        " FROM tap_schema.columns AS a, tap_schema.columns AS b, tap_schema.columns AS c"
        " ORDER BY a.column_index, b.column_index"
    )
    with pytest.raises(JobFailure, match="division by zero"):
        run(job(QUERY=late))


def test_nothing_is_refused_when_a_job_is_created():
    assert not job_type.refuses_wrong_values
    assert job_type.path == "/tap/async"
