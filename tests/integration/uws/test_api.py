"""Jobs as JSON, and the descriptions of job types."""

import base64
import io

import pytest
from astropy.io import votable

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import registry, service
from uws.models import Job, JobResult
from uws.phases import Phase

pytestmark = pytest.mark.django_db

JSON = "application/json"


def as_user(name):
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{name}:{name}".encode()).decode()}


@pytest.fixture
def create(client, sample):
    def post(**body):
        headers = body.pop("headers", {})
        return client.post("/api/uws/sample/jobs", body, content_type=JSON, **headers)

    return post


def test_a_job_is_created_with_typed_values_and_read_again(client, create, sample):
    created = create(
        parameters={"text": "hello", "RA": 83.6, "numbers": [1, 2], "pool": True, "other": None},
        run_id="mine",
        execution_duration=60,
        run=True,
    )
    assert created.status_code == 201
    job = created.json()
    assert created["Location"] == job["url"]
    assert job["phase"] == "QUEUED"
    assert job["parameters"] == {
        "RA": ["83.6"],
        "text": ["hello"],
        "numbers": ["1", "2"],
        "pool": ["1"],
    }
    assert (job["run_id"], job["execution_duration"]) == ("mine", 60)
    assert client.get(job["url"]).json() == job
    assert client.get(job["uws"]).status_code == 200


def test_json_and_xml_tell_the_same(client, sample):
    job_id = service.create(sample, ANONYMOUS, Parameters([("text", "hello")])).job_id
    service.abort(sample, ANONYMOUS, job_id)
    JobResult.objects.create(job_id=job_id, name="r", path="p", media_type="text/plain", size=7)
    job = client.get(f"/api/uws/sample/jobs/{job_id}").json()
    xml = client.get(f"{sample.path}/{job_id}").content.decode()
    for value in ("creation_time", "end_time", "destruction", "job_id", "phase"):
        assert f">{job[value]}<" in xml
    assert job["results"][0]["url"] in xml


def test_every_problem_is_told_at_once(create):
    refused = create(parameters={"RA": 400, "numbers": ["one"]}, run=True)
    assert refused.status_code == 400
    problems = refused.json()["problems"]
    assert [problem.partition(":")[0] for problem in problems] == ["RA", "numbers", "text"]
    assert not Job.objects.exists()


def test_a_job_is_changed_run_aborted_and_deleted(client, create):
    url = create(parameters={"text": "hello"}).json()["url"]

    def patch(**body):
        return client.patch(url, body, content_type=JSON)

    changed = patch(parameters={"text": "changed"}, execution_duration=5, phase="RUN").json()
    assert (changed["phase"], changed["parameters"]["text"]) == ("QUEUED", ["changed"])
    assert changed["execution_duration"] == 5
    assert patch(parameters={"text": "late"}).status_code == 403
    assert patch(phase="ABORT").json()["phase"] == "ABORTED"
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


def test_of_several_changes_all_are_made_or_none(client, create):
    url = create(parameters={"text": "hello"}).json()["url"]
    wrong = {"execution_duration": 5, "destruction": "soon"}
    assert client.patch(url, wrong, content_type=JSON).status_code == 400
    assert client.get(url).json()["execution_duration"] != 5


def test_lists_are_the_users_own_and_filtered(client, create, people):
    first = create(parameters={"text": "a"}, headers=as_user("ann")).json()
    second = create(parameters={"text": "b"}, run=True, headers=as_user("ann")).json()
    create(parameters={"text": "c"}, headers=as_user("bob"))

    def listed(query="", user="ann"):
        answer = client.get(f"/api/uws/sample/jobs{query}", **as_user(user)).json()
        return [job["job_id"] for job in answer["jobs"]]

    assert listed() == [second["job_id"], first["job_id"]]
    assert listed("?phase=PENDING&phase=HELD") == [first["job_id"]]
    assert listed("?last=1") == [second["job_id"]]
    assert listed(f"?after={first['creation_time'][:-1]}999Z") == [second["job_id"]]
    assert len(listed(user="root")) == 3
    assert client.get("/api/uws/sample/jobs").json() == {"jobs": []}
    assert client.get(first["url"], **as_user("bob")).status_code == 403


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[]", "JSON object"),
        ("{", "JSON parse error"),
        ('{"parameters": {"text": {"a": 1}}}', "plain values"),
        ('{"parameters": [], "run": true}', "JSON object"),
        ('{"execution_duration": "long", "parameters": {"text": "a"}}', "not a whole number"),
        ('{"destruction": "soon", "parameters": {"text": "a"}}', "not a time in ISO 8601"),
    ],
)
def test_a_wrong_body_is_explained(client, sample, body, words):
    refused = client.post("/api/uws/sample/jobs", body, content_type=JSON)
    assert refused.status_code == 400
    assert words in refused.json()["error"]


def test_what_is_not_there_is_not_found(client, sample):
    for path in ("/api/uws/none", "/api/uws/none/jobs", "/api/uws/sample/jobs/none"):
        assert client.get(path).status_code == 404
        assert "error" in client.get(path).json()


def test_quotas_hold_here_too(create, settings):
    settings.VO_UWS_QUEUED_ANONYMOUS = 0
    refused = create(parameters={"text": "hello"}, run=True)
    assert refused.status_code == 403
    assert "wait already" in refused.json()["error"]


def test_the_openapi_document_names_every_type_and_parameter(client, sample):
    document = client.get("/api/schema").json()
    assert document["openapi"].startswith("3.1")
    for job_type in registry.all():
        assert f"/api/uws/{job_type.name}/jobs" in document["paths"]
    declared = document["components"]["schemas"]["sample.parameters"]["properties"]
    assert declared["RA"]["maximum"] == 360
    text = str(document)
    for reference in [part.split("'")[0] for part in text.split("#/components/")[1:]]:
        section, _, name = reference.partition("/")
        assert name in document["components"][section]


def test_a_job_type_is_described_as_json(client, sample):
    described = client.get("/uws/sample/description").json()
    assert described == client.get("/api/uws/sample").json()
    ra = next(p for p in described["parameters"] if p["name"] == "RA")
    assert (ra["unit"], ra["ucd"], ra["maximum"]) == ("deg", "pos.eq.ra", 360)
    assert described["makes"][0]["name"] == "result"


def test_every_job_type_is_described_as_a_votable(client, job_types):
    for job_type in registry.all():
        answer = client.get(f"/uws/{job_type.name}/jdl")
        assert answer["Content-Type"] == "application/x-votable+xml"
        (resource,) = votable.parse(io.BytesIO(answer.content), verify="exception").resources
        assert resource.utype == "voprov:ActivityDescription"
        assert [group.name for group in resource.groups] == ["InputParams", "Used", "Generated"]
    parameters = {
        entry.name: entry
        for entry in votable.parse(
            io.BytesIO(client.get("/uws/sample/jdl").content), verify="exception"
        )
        .resources[0]
        .groups[0]
        .entries
    }
    ra = parameters["RA"]
    assert (ra.datatype, str(ra.unit), ra.ucd, ra.value) == ("double", "deg", "pos.eq.ra", 0.0)
    assert (float(ra.values.min), float(ra.values.max)) == (0, 360)
    assert parameters["numbers"].arraysize == "*"


def test_the_phase_of_a_job_is_what_the_queue_made_it(client, create, claimed):
    url = create(parameters={"text": "hello"}, run=True).json()["url"]
    claimed()
    assert client.get(url).json()["phase"] == Phase.EXECUTING
