"""The REST binding of UWS 1.1: basics, control, lists, and what is refused."""

import re

import pytest
from defusedxml import ElementTree
from django.test import Client
from vo_models.uws import Jobs

from uws.models import Job, JobResult
from uws.phases import Phase

pytestmark = pytest.mark.django_db

UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
LIST = "/uws/sample"


@pytest.fixture
def client(sample):
    return Client()


@pytest.fixture
def ann(sample, people):
    client = Client()
    client.login(username="ann", password="ann")
    return client


def path_of(response):
    """Where a 303 points, as a path of this server."""
    assert response.status_code == 303, response.content
    assert response["Location"].startswith("http://127.0.0.1:8000/")
    return response["Location"].removeprefix("http://127.0.0.1:8000")


def create(client, **parameters):
    return path_of(client.post(LIST, {"text": "hello"} | parameters))


def document(client, address):
    response = client.get(address)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/xml"
    return ElementTree.fromstring(response.content)


def refused(response, status, words):
    assert response.status_code == status
    assert response["Content-Type"] == "application/x-votable+xml"
    text = ElementTree.fromstring(response.content).find(".//{*}INFO[@value='ERROR']").text
    assert re.search(words, text), text


def test_a_created_job_is_described_whole(client):
    job = document(client, create(client, RUNID="r1", numbers=["1", "2"], RA="83.6"))
    assert job.tag == f"{UWS}job"
    assert job.get("version") == "1.1"
    assert job.findtext(f"{UWS}phase") == "PENDING"
    assert job.findtext(f"{UWS}runId") == "r1"
    assert job.findtext(f"{UWS}executionDuration") == "14400"
    assert job.findtext(f"{UWS}creationTime").endswith("Z")
    for name in ("ownerId", "quote", "startTime", "endTime"):
        assert job.find(f"{UWS}{name}").get(NIL) == "true"
    given = [(p.get("id"), p.text) for p in job.iter(f"{UWS}parameter")]
    assert sorted(given) == [("RA", "83.6"), ("numbers", "1"), ("numbers", "2"), ("text", "hello")]
    assert job.find(f"{UWS}results") is not None
    assert job.find(f"{UWS}errorSummary") is None


def test_a_job_may_be_run_by_the_post_that_creates_it(client):
    job = create(client, PHASE="RUN")
    assert client.get(f"{job}/phase").content == b"QUEUED"


def test_parameters_in_the_query_string_of_a_post_count(client):
    job = path_of(client.post(f"{LIST}?text=there&phase=RUN"))
    assert client.get(f"{job}/phase").content == b"QUEUED"


def test_a_job_is_run_and_aborted_by_its_phase(client):
    job = create(client)
    assert path_of(client.post(f"{job}/phase", {"PHASE": "RUN"})) == job
    assert client.get(f"{job}/phase").content == b"QUEUED"
    assert path_of(client.post(f"{job}/phase", {"PHASE": "ABORT"})) == job
    assert document(client, job).findtext(f"{UWS}phase") == "ABORTED"
    refused(client.post(f"{job}/phase", {"PHASE": "RUN"}), 403, "ABORTED")
    refused(client.post(f"{job}/phase", {"PHASE": "JUMP"}), 400, "JUMP")
    refused(client.post(f"{job}/phase"), 400, "PHASE")


@pytest.mark.parametrize("delete", ["by method", "by action"])
def test_a_deleted_job_is_gone(client, delete):
    job = create(client)
    response = (
        client.delete(job) if delete == "by method" else client.post(job, {"ACTION": "DELETE"})
    )
    assert path_of(response).partition("?")[0] == LIST
    for place in ("", "/phase", "/results", "/results/result", "/error"):
        refused(client.get(job + place), 404, "no such job")
    refused(client.delete(job), 404, "no such job")


def test_simple_resources_are_plain_text(client):
    job = create(client)
    for name, expected in (("quote", ""), ("owner", ""), ("executionduration", "14400")):
        response = client.get(f"{job}/{name}")
        assert response["Content-Type"].startswith("text/plain")
        assert response.content.decode() == expected
    time = client.get(f"{job}/destruction").content.decode()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time)


def test_duration_and_destruction_are_set_and_clamped(client):
    job = create(client)
    response = client.post(f"{job}/executionduration", {"EXECUTIONDURATION": "60"})
    assert path_of(response) == job
    assert client.get(f"{job}/executionduration").content == b"60"
    client.post(f"{job}/executionduration", {"EXECUTIONDURATION": "999999999"})
    assert client.get(f"{job}/executionduration").content == b"86400"
    refused(client.post(f"{job}/executionduration", {"EXECUTIONDURATION": "x"}), 400, "whole")
    created = document(client, job).findtext(f"{UWS}creationTime")
    year = int(created[:4]) + 20
    client.post(f"{job}/destruction", {"DESTRUCTION": f"{year}-01-01T00:00:00Z"})
    assert not client.get(f"{job}/destruction").content.startswith(str(year).encode())
    client.post(f"{job}/destruction", {"DESTRUCTION": created.replace("Z", "")})
    assert client.get(f"{job}/destruction").content.decode() == created
    refused(client.post(f"{job}/destruction", {"DESTRUCTION": "soon"}), 400, "ISO 8601")


def test_parameters_are_read_and_changed_while_pending(client):
    job = create(client)
    assert path_of(client.post(f"{job}/parameters", {"TEXT": "other", "DUMMY": "1"})) == job
    parameters = document(client, f"{job}/parameters")
    assert [(p.get("id"), p.text) for p in parameters] == [("text", "other")]
    refused(client.post(f"{job}/parameters", {"RA": "east"}), 400, "RA: 'east'")
    client.post(f"{job}/phase", {"PHASE": "RUN"})
    refused(client.post(f"{job}/parameters", {"TEXT": "late"}), 403, "PENDING")


def test_wrong_values_are_refused_at_creation_missing_ones_at_run(client):
    refused(client.post(LIST, {"RA": "361"}), 400, "RA")
    job = path_of(client.post(LIST, {"RA": "1"}))
    refused(client.post(f"{job}/phase", {"PHASE": "RUN"}), 400, "text: missing")
    assert client.get(f"{job}/phase").content == b"PENDING"


def test_bodies_that_are_no_forms_are_refused(client):
    response = client.post(LIST, b"<job/>", content_type="text/xml")
    refused(response, 415, "form")
    assert not Job.objects.exists()


def test_results_are_listed_by_absolute_links_and_sent_as_they_are(client, settings):
    job_path = create(client)
    job_id = job_path.rpartition("/")[2]
    file = settings.VO_JOB_ROOT / job_id / "1" / "Crab.fits"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x" * 3_000_000)
    JobResult.objects.create(
        job_id=job_id,
        name="mosaic",
        path=f"{job_id}/1/Crab.fits",
        media_type="application/fits",
        size=3_000_000,
    )
    (listed,) = document(client, f"{job_path}/results")
    assert listed.get("id") == "mosaic"
    assert listed.get("mime-type") == "application/fits"
    href = listed.get(f"{XLINK}href")
    assert href == f"http://127.0.0.1:8000{job_path}/results/mosaic"
    response = client.get(f"{job_path}/results/mosaic")
    assert response["Content-Type"] == "application/fits"
    assert response["Content-Length"] == "3000000"
    assert "Crab.fits" in response["Content-Disposition"]
    assert b"".join(response.streaming_content) == b"x" * 3_000_000
    refused(client.get(f"{job_path}/results/other"), 404, "no result")
    file.unlink()
    refused(client.get(f"{job_path}/results/mosaic"), 404, "no longer")


def test_the_error_of_a_failed_job_is_summed_up_and_told_in_a_votable(client):
    job = create(client)
    refused(client.get(f"{job}/error"), 404, "no error")
    Job.objects.update(
        phase=Phase.ERROR,
        error_message="the sky <is> cloudy",
        error_kind="fatal",
        end_time="2026-01-01T00:00:00Z",
    )
    summary = document(client, job).find(f"{UWS}errorSummary")
    assert (summary.get("type"), summary.get("hasDetail")) == ("fatal", "true")
    assert summary.findtext(f"{UWS}message") == "the sky <is> cloudy"
    refused(client.get(f"{job}/error"), 200, "the sky <is> cloudy")


def test_progress_and_messages_are_in_the_job_info(client):
    job = create(client)
    Job.objects.update(progress_done=3, progress_total=12, progress_message="imaging")
    Job.objects.get().messages.create(text="66 science windows")
    info = document(client, job).find(f"{UWS}jobInfo")
    progress = info.find("{urn:vo-server:job-info}progress")
    assert (progress.get("done"), progress.get("total")) == ("3.0", "12.0")
    assert info.findtext("{urn:vo-server:job-info}message") == "66 science windows"


def test_an_anonymous_list_is_an_empty_document(client):
    create(client)
    jobs = document(client, LIST)
    assert jobs.tag == f"{UWS}jobs"
    assert jobs.get("version") == "1.1"
    assert len(jobs) == 0


def test_a_users_list_can_be_filtered(ann):
    created = [create(ann, RUNID=str(number)) for number in range(3)]
    ann.post(f"{created[0]}/phase", {"PHASE": "RUN"})

    def listed(query):
        jobs = Jobs.from_xml(ann.get(LIST + query).content)
        return [job.run_id for job in jobs.jobref]

    assert listed("") == ["2", "1", "0"]
    assert listed("?LAST=1") == ["2"]
    assert listed("?phase=QUEUED") == ["0"]
    assert listed("?PHASE=QUEUED&PHASE=PENDING&LAST=2") == ["2", "1"]
    assert listed("?AFTER=2999-01-01T00:00:00Z") == []
    assert listed("?AFTER=2000-01-01T00:00:00.000") == ["2", "1", "0"]
    reference = document(ann, LIST)[0]
    assert reference.get(f"{XLINK}href") == f"http://127.0.0.1:8000{created[2]}"
    assert reference.findtext(f"{UWS}ownerId") == "ann"
    for wrong in ("?LAST=0", "?LAST=x", "?PHASE=SLEEPING", "?AFTER=yesterday"):
        assert ann.get(LIST + wrong).status_code == 400


def test_anothers_job_is_refused(client, ann, people):
    job = create(ann)
    refused(client.get(job), 403, "another user")
    bob = Client()
    bob.login(username="bob", password="bob")
    refused(bob.delete(job), 403, "another user")
    root = Client()
    root.login(username="root", password="root")
    assert root.get(job).status_code == 200


def test_jobs_of_an_unknown_type_are_not_found_in_words(client):
    for address in ("/uws/nothing", "/uws/nothing/1/phase"):
        refused(client.get(address), 404, "no job type 'nothing'.*sample")
    refused(client.post("/uws/nothing", {"a": "b"}), 404, "no job type")


def test_job_types_are_listed_with_their_parameters(client):
    listed = client.get("/uws/").json()["job_types"]
    sample = next(job_type for job_type in listed if job_type["name"] == "sample")
    assert sample["href"] == "http://127.0.0.1:8000/uws/sample"
    ra = next(parameter for parameter in sample["parameters"] if parameter["name"] == "RA")
    assert (ra["unit"], ra["ucd"], ra["datatype"]) == ("deg", "pos.eq.ra", "double")
    assert (ra["minimum"], ra["maximum"], ra["default"]) == (0.0, 360.0, "0.0")


def test_other_methods_are_refused(client):
    job = create(client)
    assert client.put(job).status_code == 405
    assert client.delete(LIST).status_code == 405
    assert client.delete(f"{job}/phase").status_code == 405


def test_links_start_with_the_site_url(client, settings):
    settings.SITE_URL = "https://vo.example.org/base"
    response = client.post(LIST, {"text": "x"})
    assert response["Location"].startswith("https://vo.example.org/base/uws/sample/")
