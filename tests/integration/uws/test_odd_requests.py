"""Odd, wrong and hostile requests about jobs: all are answered in words, by valid documents."""

import re
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from dali.parameters import Parameters
from uws import service
from uws.models import Job
from uws.phases import Phase

pytestmark = pytest.mark.django_db

LIST = "/uws/sample"
SCHEMAS = Path(__file__).parents[2] / "support" / "schemas"
UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"


@pytest.fixture(scope="module")
def schema():
    """UWS 1.1's own."""

    class Local(etree.Resolver):
        def resolve(self, url, public_id, context):
            if url.endswith("/xlink.xsd"):
                return self.resolve_filename(str(SCHEMAS / "xlink.xsd"), context)
            return None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    return etree.XMLSchema(etree.parse(SCHEMAS / "UWS-v1.1.xsd", parser))


@pytest.fixture
def client(sample):
    return Client()


def path_of(response):
    assert response.status_code == 303, response.content
    return response["Location"].removeprefix("http://127.0.0.1:8000")


def create(client, **form):
    return path_of(client.post(LIST, {"text": "hello"} | form))


def words(response):
    """The error's text; the document must be one."""
    root = etree.fromstring(response.content)
    return root.findtext(".//{*}INFO[@value='ERROR']")


WRONG = [
    ("phase", {"PHASE": "QUEUED"}, "PHASE: can be set to RUN or ABORT"),
    ("phase", {"PHASE": ""}, "PHASE: can be set to RUN or ABORT"),
    ("phase", {"PHASE": ["RUN", "ABORT"]}, "PHASE: given 2 times"),
    ("phase", {"OTHER": "RUN"}, "PHASE: missing"),
    ("executionduration", {"EXECUTIONDURATION": "-1"}, "must not be negative"),
    ("executionduration", {"EXECUTIONDURATION": "1.5"}, "not a whole number"),
    ("executionduration", {"EXECUTIONDURATION": "1e3"}, "not a whole number"),
    ("executionduration", {"EXECUTIONDURATION": "9" * 5000}, "not a whole number"),
    ("executionduration", {"EXECUTIONDURATION": ""}, "missing"),
    ("executionduration", {"EXECUTIONDURATION": ["1", "2"]}, "given 2 times"),
    ("executionduration", {}, "missing"),
    ("destruction", {"DESTRUCTION": "tomorrow"}, "not a time in ISO 8601"),
    ("destruction", {"DESTRUCTION": "2030-02-30T00:00:00Z"}, "not a time in ISO 8601"),
    ("destruction", {"DESTRUCTION": "2030-01-01T25:00:00Z"}, "not a time in ISO 8601"),
    ("destruction", {"DESTRUCTION": "0001-01-01T00:00:00+14:00"}, "not a time in ISO 8601"),
    ("destruction", {"DESTRUCTION": "59215.5"}, "not a time in ISO 8601"),
    ("destruction", {"DESTRUCTION": ""}, "DESTRUCTION"),
    ("destruction", {}, "missing"),
    ("parameters", {"RA": "361"}, "RA"),
    ("parameters", {"text": ["a", "b"]}, "given 2 times"),
    ("parameters", {"text": "a\x00b"}, "control character"),
    ("parameters", {"text": "\ufffe"}, "control character"),
    ("notify", {"NOTIFY": "https://example.org/"}, "tells nobody"),
    ("notify", {}, "missing"),
    ("", {"ACTION": "EXPLODE"}, "can be DELETE"),
    ("", {"ACTION": ["DELETE", "DELETE"]}, "given 2 times"),
]


@pytest.mark.parametrize(("resource", "form", "said"), WRONG)
def test_a_wrong_value_is_refused_in_words_and_changes_nothing(client, resource, form, said):
    job = create(client)
    before = client.get(job).content
    refused = client.post(f"{job}/{resource}".rstrip("/"), form)
    assert 400 <= refused.status_code < 500
    assert said in words(refused)
    assert client.get(job).content == before


@pytest.mark.parametrize("resource", ["quote", "owner", "error", "results", "results/result"])
def test_what_can_not_be_set_says_so(client, resource):
    refused = client.post(f"{create(client)}/{resource}", {"A": "b"})
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD")
    assert "not offered" in words(refused)


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("2030-01-01T12:00:00Z", "2030-01-01T12:00:00.000Z"),
        ("2030-01-01T12:00:00.1234567Z", "2030-01-01T12:00:00.123Z"),
        ("2030-01-01T12:00:00", "2030-01-01T12:00:00.000Z"),
        ("2030-01-01 12:00:00", "2030-01-01T12:00:00.000Z"),
        ("2030-01-01T14:00:00+02:00", "2030-01-01T12:00:00.000Z"),
        # a client that forgot to encode the plus sign
        ("2030-01-01T14:00:00 02:00", "2030-01-01T12:00:00.000Z"),
        ("2030-01-01T06:30:00-05:30", "2030-01-01T12:00:00.000Z"),
        ("20300101T120000Z", "2030-01-01T12:00:00.000Z"),
        ("2030-01-01", "2030-01-01T00:00:00.000Z"),
        (" 2030-01-01T12:00:00Z ", "2030-01-01T12:00:00.000Z"),
    ],
)
def test_times_are_taken_in_any_zone_and_told_in_utc(client, settings, wanted, kept):
    settings.VO_UWS_MAX_DESTRUCTION_DAYS = 36500
    job = create(client)
    assert path_of(client.post(f"{job}/destruction", {"DESTRUCTION": wanted})) == job
    assert client.get(f"{job}/destruction").content.decode() == kept
    assert kept.encode() in client.get(job).content


def test_destruction_and_duration_keep_to_the_limits_at_creation_and_later(client, settings):
    settings.VO_UWS_MAX_DESTRUCTION_DAYS = 10
    settings.VO_UWS_MAX_EXECUTION_DURATION_S = 100
    far = {"DESTRUCTION": "9999-12-31T23:59:59Z", "EXECUTIONDURATION": str(10**30)}
    job = create(client, **far)
    for _ in range(2):
        stored = Job.objects.get()
        days = (stored.destruction - stored.creation_time).total_seconds() / 86400
        assert days == pytest.approx(10, abs=0.01)
        assert stored.execution_duration == 100
        for name, value in far.items():
            client.post(f"{job}/{name.lower()}", {name: value})
    client.post(f"{job}/executionduration", {"EXECUTIONDURATION": "0"})
    assert client.get(f"{job}/executionduration").content == b"100"


def test_a_destruction_in_the_past_is_the_end_of_the_job(client):
    from uws import queue

    job = create(client, DESTRUCTION="1999-01-01T00:00:00Z")
    assert queue.destroy_expired() == 1
    assert client.get(job).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "Crab & <Vela>",
        "a\nb\tc",
        "\"quoted'",
        "Ægir 天 🛰",
        "]]>",
        "  padded  ",
        "x" * 5000,
        "%2F../",
    ],
)
def test_a_run_id_is_given_back_as_it_came(client, schema, name):
    job = create(client, RUNID=name)
    root = etree.fromstring(client.get(job).content)
    schema.assertValid(root)
    assert root.findtext(f"{UWS}runId") == name


@pytest.mark.parametrize(
    "job_id", ["%00", "..%2f..%2fetc", "1' OR '1'='1", "x" * 4000, "天", "%ff"]
)
def test_an_odd_identifier_is_no_job(client, job_id):
    for resource in ("", "/phase", "/results/result"):
        answer = client.get(f"{LIST}/{job_id}{resource}")
        assert answer.status_code == 404
        assert words(answer)


@pytest.mark.parametrize("phase", list(Phase))
def test_every_document_of_a_job_in_any_phase_is_valid(client, schema, settings, phase, people):
    """What the phase itself makes impossible in the database is left to the documents' own test."""
    client.login(username="ann", password="ann")
    job = create(client, RUNID="<&>", numbers=["1", "2"])
    found = Job.objects.get()
    if phase is Phase.EXECUTING:
        service.run(_sample(), people["ann"], found.id)
        from uws import processes, queue
        from uws.types import Queue

        process = processes.process(1)
        queue.heartbeat(queue.WorkerIdentity("w", "p", "h", process, process, 1))
        assert queue.claim("w", Queue.SHORT) is not None
    elif phase is not Phase.UNKNOWN:
        is_over = phase in ("COMPLETED", "ERROR", "ABORTED", "ARCHIVED")
        Job.objects.update(
            phase=phase,
            queued_time=found.creation_time,
            end_time=found.creation_time if is_over else None,
            error_message="it <broke>" if phase is Phase.ERROR else None,
            error_kind="fatal" if phase is Phase.ERROR else None,
        )
    for address in (job, f"{job}/parameters", f"{job}/results", LIST, f"{LIST}?PHASE={phase}"):
        answer = client.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
        schema.assertValid(etree.fromstring(answer.content))


def _sample():
    from uws import registry

    return registry.get("sample")


FORMS = st.dictionaries(
    st.sampled_from(
        [
            "PHASE",
            "RUNID",
            "EXECUTIONDURATION",
            "DESTRUCTION",
            "NOTIFY",
            "RA",
            "text",
            "numbers",
            "ACTION",
            "WAIT",
            "x",
        ]
    ),
    st.lists(
        st.one_of(
            st.sampled_from(["RUN", "ABORT", "DELETE", "-1", "0", "60", "", "2030-01-01", "nan"]),
            st.text(max_size=20),
        ),
        max_size=3,
    ),
    max_size=4,
)
PLACES = st.sampled_from(
    ["", "/phase", "/parameters", "/executionduration", "/destruction", "/notify", "/quote"]
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(PLACES, FORMS, st.booleans())
def test_whatever_is_posted_the_answer_is_a_document_or_a_way_on(client, place, form, to_list):
    job = create(client)
    Job.objects.update(destruction="2999-01-01T00:00:00Z")
    answer = client.post(LIST if to_list else f"{job}{place}", form)
    assert answer.status_code in (303, 400, 403, 405), (answer.status_code, answer.content)
    if answer.status_code == 303:
        target = answer["Location"].removeprefix("http://127.0.0.1:8000")
        assert re.match(rf"{LIST}(/[0-9a-f]{{32}}$|\?LAST=)", target)
        assert client.get(target).status_code == 200
    else:
        assert words(answer)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.dictionaries(
        st.sampled_from(["PHASE", "AFTER", "LAST", "phase", "last", "other"]),
        st.lists(
            st.one_of(
                st.sampled_from(["PENDING", "1", "99999999999999999999", "2030-01-01T00:00:00Z"]),
                st.text(max_size=10),
            ),
            max_size=3,
        ),
        max_size=3,
    )
)
def test_whatever_a_list_is_asked_for_it_is_one_or_an_error(client, schema, people, query):
    client.login(username="ann", password="ann")
    answer = client.get(LIST, query)
    assert answer.status_code in (200, 400), answer.content
    if answer.status_code == 200:
        schema.assertValid(etree.fromstring(answer.content))
    else:
        assert words(answer)


def test_a_list_may_be_asked_for_more_than_there_can_be(client, people):
    client.login(username="ann", password="ann")
    create(client)
    answer = client.get(LIST, {"LAST": "9" * 25})
    assert len(etree.fromstring(answer.content)) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"execution_duration": None}, "execution_duration"),
        ({"execution_duration": 1.5}, "whole number"),
        ({"execution_duration": -1}, "negative"),
        ({"destruction": None}, "ISO 8601"),
        ({"destruction": 5}, "ISO 8601"),
        ({"parameters": None}, "JSON object"),
        ({"parameters": {"RA": {"deep": 1}}}, "plain values"),
        ({"phase": None}, "RUN or ABORT"),
        ({"phase": ["RUN"]}, "RUN or ABORT"),
        ({"notify": None}, "list of strings"),
        ({"owner": "root"}, "owner: can't be given"),
        ([], "JSON object"),
    ],
)
def test_wrong_json_is_refused_in_words_and_changes_nothing(client, sample, body, said):
    created = client.post(
        f"/api{LIST}/jobs", {"parameters": {"text": "a"}}, content_type="application/json"
    )
    url = created.json()["url"]
    refused = client.patch(url, body, content_type="application/json")
    assert refused.status_code == 400
    assert said in refused.json()["error"]
    assert client.get(url).json() == created.json()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"run": "yes"}, "run: is true or false"),
        ({"parametres": {}}, "parametres"),
        ({"run_id": "\x00"}, "control character"),
        ("{broken", "JSON"),
    ],
)
def test_a_job_is_not_created_from_wrong_json(client, sample, body, said):
    refused = client.post(f"/api{LIST}/jobs", body, content_type="application/json")
    assert refused.status_code == 400
    assert said in refused.json()["error"]
    assert not Job.objects.exists()


def test_nobody_gets_at_anothers_job_by_any_way(client, people, sample, settings):
    job_id = service.submit(sample, people["ann"], Parameters([("text", "hello")]))
    client.login(username="bob", password="bob")
    job = f"{LIST}/{job_id}"
    places = ("phase", "parameters", "executionduration", "destruction", "quote", "owner")
    for place in ("", *(f"/{each}" for each in (*places, "error", "results", "results/result"))):
        assert client.get(job + place).status_code == 403, place
    for place in ("phase", "parameters", "executionduration", "destruction", "notify"):
        form = {place.upper(): "RUN", "text": "x"}
        assert client.post(f"{job}/{place}", form).status_code in (400, 403), place
    assert client.post(f"{job}/phase", {"PHASE": "ABORT"}).status_code == 403
    assert client.post(job, {"ACTION": "DELETE"}).status_code == 403
    assert client.delete(job).status_code == 403
    url = f"/api{LIST}/jobs/{job_id}"
    assert client.get(url).status_code == client.delete(url).status_code == 403
    body = {"phase": "ABORT"}
    assert client.patch(url, body, content_type="application/json").status_code == 403
    assert client.get(f"/api{LIST}/jobs").json() == {"jobs": []}
    assert job_id.encode() not in client.get(LIST).content
    assert service.phase(sample, people["ann"], job_id) is Phase.PENDING
