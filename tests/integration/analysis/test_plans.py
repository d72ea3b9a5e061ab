"""Plans over HTTP: what a job would do, before it exists and while it does."""

import base64
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analysis import plans
from analysis.cache import Cache
from analysis.jobs import ISGRI_IMAGE
from analysis.models import CachedStep, StepTiming
from archive.models import ScienceWindow
from auth.principal import ANONYMOUS, of_user
from dali.parameters import Parameters
from provenance.files import file_checksum
from uws import service

JSON = "application/json"
PLAN = "/api/plan/isgri_image"


def as_user(name: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{name}:{name}".encode()).decode()}


@pytest.fixture
def crab_scws(archive) -> list[str]:
    found = ScienceWindow.objects.filter(target_name="Crab").order_by("scw")
    return list(found.values_list("scw", flat=True))


@pytest.fixture
def embargoed_scw(archive) -> str:
    return str(ScienceWindow.objects.filter(release_date__year=2099).first().scw)


def cache(steps: Iterable[dict[str, Any]], seconds: float = 2.0) -> None:
    """Enter these steps of a plan into the cache's index."""
    CachedStep.objects.bulk_create(
        CachedStep(
            identity=step["identity"],
            kind=step["kind"],
            engine=step["engine"],
            label=step["label"],
            file_name="file",
            size=1000,
            checksum="sha256:0",
            entity_id=f"ivo://test/{step['identity']}",
            activity_id="ivo://test/activity",
            seconds=seconds,
            made_at=datetime.now(UTC),
            data_rights="public",
        )
        for step in steps
    )


def planned(client, scws: Iterable[str], **more: str) -> dict[str, Any]:
    answer = client.get(PLAN, {"scw_list": ",".join(scws), "steps": "1", **more})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_with_an_empty_cache_all_steps_are_to_run_and_none_is_created(client, crab_scws):
    told = planned(client, crab_scws[:3])
    assert told["steps"]["to_run"] == told["steps"]["total"] == len(told["graph"])
    assert told["engines"] == ["coded_mask"]
    assert {"sky_image", "mosaic", "preview"} <= {kind["kind"] for kind in told["kinds"]}
    assert told["estimate"]["steps_judged_by_past_runs"] == 0
    assert client.get("/api/uws/isgri_image/jobs").json() == {"jobs": []}


def test_one_new_science_window_is_its_own_steps_and_what_the_mosaic_tells(client, crab_scws):
    """Before the new mosaic's sources are known, all that they tell is expected to run."""
    cache(planned(client, crab_scws[:4])["graph"])
    told = planned(client, crab_scws[1:5])
    run = [step for step in told["graph"] if step["state"] == "to run"]
    own = [step["kind"] for step in run if step["label"] == crab_scws[4]]
    assert {"shadowgram", "sky_image", "clean"} <= set(own)
    assert len(own) == len(set(own))
    others = {step["kind"] for step in run if step["label"] != crab_scws[4]}
    assert {"mosaic", "mosaic_sources", "clean", "preview"} <= others, "of four, not the same four"
    waiting = [step["kind"] for step in run if step["provisional"]]
    assert sorted(waiting) == ["clean"] * 4 + ["mosaic", "preview"]
    assert told["steps"]["provisional"] == len(waiting)
    assert not others & {"events", "shadowgram", "sky_image"}


def test_the_same_again_runs_nothing_and_is_soon_done(client, crab_scws):
    cache(planned(client, crab_scws[:3])["graph"])
    told = planned(client, crab_scws[:3])
    assert told["steps"]["to_run"] == 0
    assert told["estimate"]["seconds"] < 0.5
    assert told["estimate"]["bytes"] == 0


def test_the_estimate_comes_from_past_runs(client, crab_scws, settings):
    settings.VO_ANALYSIS_PROCESSES = 1
    cache(planned(client, crab_scws[:3])["graph"], seconds=100.0)
    told = planned(client, crab_scws[:3], E1_keV="40", E2_keV="80")
    estimate, count = told["estimate"], told["steps"]["to_run"]
    assert estimate["steps_judged_by_past_runs"] == count
    assert estimate["processor_seconds"] == pytest.approx(100 * count)
    assert estimate["seconds"] == pytest.approx(100 * count, rel=0.01)
    assert estimate["bytes"] == 1000 * count
    settings.VO_ANALYSIS_PROCESSES = 2
    assert planned(client, crab_scws[:3], E1_keV="40", E2_keV="80")["estimate"]["seconds"] < 0.9 * (
        100 * count
    )


def test_a_mosaic_of_more_science_windows_is_expected_to_take_longer(client, crab_scws):
    """By medians of past mosaics of so many."""
    for count, seconds in ((2, 1.0), (4, 2.0)):
        for band in ("40", "50", "60"):
            steps = planned(client, crab_scws[:count], E1_keV=band, E2_keV="80")["graph"]
            cache([s for s in steps if s["kind"] == "mosaic"], seconds=seconds)
    CachedStep.objects.filter(seconds=1.0).update(breadth=2)
    CachedStep.objects.filter(seconds=2.0).update(breadth=4)

    def seconds_of_mosaics(count: int) -> float:
        told = planned(client, crab_scws[:count])
        (mosaic,) = (kind for kind in told["kinds"] if kind["kind"] == "mosaic")
        assert mosaic["seconds_each"] == 1.5, "the median of all"
        others = sum(
            kind["seconds_each"] * kind["to_run"]
            for kind in told["kinds"]
            if kind["kind"] != "mosaic"
        )
        return float(told["estimate"]["processor_seconds"] - others)

    for count, expected in ((2, 1.0), (3, 1.5), (4, 2.0), (6, 3.0)):
        assert seconds_of_mosaics(count) == pytest.approx(2 * expected), "two mosaics"


def test_one_slow_run_does_not_move_the_estimate(client, crab_scws):
    steps = planned(client, crab_scws[:5])["graph"]
    images = [step for step in steps if step["kind"] == "sky_image"]
    cache(images[:4], seconds=3.0)
    cache(images[4:], seconds=5000.0)
    told = planned(client, crab_scws[:5], E1_keV="40", E2_keV="80")
    (image,) = (kind for kind in told["kinds"] if kind["kind"] == "sky_image")
    assert (image["seconds_each"], image["past_runs"]) == (3.0, 5)


@pytest.mark.parametrize("job_type", ["isgri_image", "isgri_spectrum"])
def test_a_list_of_sources_that_can_not_be_read_is_as_if_it_were_not_there(
    client, crab_scws, settings, job_type: str
) -> None:
    """As one that is given up in just that moment: it is planned as if it were made again."""
    request = {"scw_list": crab_scws[0], "steps": "1"}
    before = client.get(f"/api/plan/{job_type}", request).json()
    (sources,) = (step for step in before["graph"] if step["kind"] == "mosaic_sources")
    cache([sources])
    path = Cache(settings.VO_CACHE_ROOT).path(sources["identity"], "file")
    path.parent.mkdir(parents=True)
    path.write_text("no list of sources")
    CachedStep.objects.update(checksum=file_checksum(path))
    answer = client.get(f"/api/plan/{job_type}", request)
    assert answer.status_code == 200
    assert answer.json()["steps"]["provisional"] == before["steps"]["provisional"] > 0


def test_what_was_evicted_is_judged_by_the_mean_of_its_runs(client, crab_scws):
    StepTiming.objects.create(engine="coded_mask", kind="sky_image", runs=4, seconds=28.0)
    told = planned(client, crab_scws[:2])
    (image,) = (kind for kind in told["kinds"] if kind["kind"] == "sky_image")
    assert (image["seconds_each"], image["bytes_each"], image["past_runs"]) == (7.0, None, 4)


def test_the_number_of_statements_does_not_grow_with_the_graph(client, crab_scws):
    counts = []
    for scws in (crab_scws[:1], crab_scws[:6]):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            planned(client, scws)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_post_takes_the_body_that_would_create_the_job(client, crab_scws):
    body = {"parameters": {"scw_list": crab_scws[:2], "E1_keV": 20}, "run": True}
    answer = client.post(PLAN, body, content_type=JSON)
    assert answer.json()["steps"] == planned(client, crab_scws[:2])["steps"]


def test_the_plan_is_text_and_picture_too(client, crab_scws):
    query = {"scw_list": ",".join(crab_scws[:3])}
    links = client.get(PLAN, query).json()["links"]
    text = client.get(links["text"].removeprefix("http://127.0.0.1:8000"))
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "sky_image × 3: 3 to run" in text.content.decode()
    picture = client.get(links["picture"].removeprefix("http://127.0.0.1:8000"))
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert "default-src 'none'" in picture.headers["Content-Security-Policy"]
    assert fromstring(picture.content).tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        (f"{PLAN}?scw_list=066500330010.001&E1_keV=90", 400, "E1_keV"),
        (f"{PLAN}?E1_keV=20", 400, "give scw_list, or a position"),
        (f"{PLAN}?scw_list=012300010010.001", 400, "NoScWData: "),
        (f"{PLAN}?RA=200&DEC=-60&radius=3", 400, "EmptyScWList: "),
        ("/api/plan/nothing?ID=1", 404, "no job type 'nothing'"),
        ("/api/plan/tap?QUERY=SELECT", 404, "jobs of tap have no plan"),
        ("/api/uws/isgri_image/jobs/unknown/plan", 404, "there is no such job"),
    ],
)
def test_what_can_not_be_planned_is_said_as_the_job_would(
    client, archive, address: str, status: int, said: str
):
    for form in ("", ".txt", ".svg"):
        path, _, query = address.partition("?")
        answer = client.get(f"{path}{form}?{query}")
        assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.json()


# --- Rights --------------------------------------------------------------------------------------


def test_withheld_data_are_planned_only_for_those_who_may_use_them(
    client, embargoed_scw, django_user_model
):
    django_user_model.objects.create_user("stranger", password="stranger")
    django_user_model.objects.create_superuser("operator", password="operator")
    query = {"scw_list": embargoed_scw, "integral_data_rights": "all-private"}
    for headers in ({}, as_user("stranger")):
        refused = client.get(PLAN, query, **headers)
        assert refused.status_code == 400
        assert refused.json()["error"].startswith("NoValidScW: ")
    assert client.get(PLAN, query, **as_user("operator")).status_code == 200


def test_a_jobs_plan_is_its_owners_alone(client, crab_scws, django_user_model):
    owner = django_user_model.objects.create_user("owner", password="owner")
    django_user_model.objects.create_user("stranger", password="stranger")
    django_user_model.objects.create_superuser("operator", password="operator")
    parameters = Parameters([("scw_list", crab_scws[0])])
    job = service.create(ISGRI_IMAGE, of_user(owner), parameters)
    address = f"/api/uws/isgri_image/jobs/{job.job_id}/plan"
    for headers, status in (
        (as_user("owner"), 200),
        (as_user("operator"), 200),
        (as_user("stranger"), 403),
        ({}, 403),
    ):
        assert client.get(address, **headers).status_code == status
        assert client.get(f"{address}.svg", **headers).status_code == status


def test_a_job_is_planned_with_its_owners_rights_whoever_looks(
    client, embargoed_scw, django_user_model
):
    django_user_model.objects.create_superuser("operator", password="operator")
    sent = [("scw_list", embargoed_scw), ("integral_data_rights", "all-private")]
    job = service.create(ISGRI_IMAGE, ANONYMOUS, Parameters(sent))
    address = f"/api/uws/isgri_image/jobs/{job.job_id}/plan"
    assert client.get(address, **as_user("operator")).status_code == 400


def test_while_a_job_runs_ever_more_of_its_plan_is_cached(client, crab_scws):
    job = service.create(ISGRI_IMAGE, ANONYMOUS, Parameters([("scw_list", crab_scws[0])]))
    address = f"/api/uws/isgri_image/jobs/{job.job_id}/plan?steps=1"
    steps = client.get(address).json()["graph"]
    for number in range(1, len(steps) + 1):
        cache(steps[number - 1 : number])
        told = client.get(address).json()["steps"]
        assert (told["cached"], told["to_run"]) == (number, len(steps) - number)


# --- Quotes --------------------------------------------------------------------------------------


def test_a_job_quotes_the_plans_estimate(client, crab_scws, settings):
    settings.VO_ANALYSIS_PROCESSES = 1
    cache(planned(client, crab_scws[:2])["graph"], seconds=50.0)
    sent = [("scw_list", ",".join(crab_scws[:2])), ("E1_keV", "40"), ("E2_keV", "80")]
    job = service.create(ISGRI_IMAGE, ANONYMOUS, Parameters(sent))
    expected = plans.of_request(ISGRI_IMAGE, Parameters(sent), ANONYMOUS).estimate.seconds
    assert job.quote is not None
    assert (job.quote - job.creation_time).total_seconds() == pytest.approx(expected, abs=0.01)
    assert client.get(f"/uws/isgri_image/{job.job_id}/quote").content.startswith(b"20")


def test_a_job_that_could_not_begin_is_created_and_quotes_nothing(client, archive, caplog):
    sent = Parameters([("src_name", "No Such Source")])
    job = service.create(ISGRI_IMAGE, ANONYMOUS, sent)
    assert job.quote is None
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


# --- At the terminal -----------------------------------------------------------------------------


def test_the_command_tells_and_draws_the_same(client, crab_scws, tmp_path, capsys):
    scws = ",".join(crab_scws[:2])
    call_command("plan_job", "isgri_image", f"scw_list={scws}", svg=tmp_path / "plan.svg")
    assert capsys.readouterr().out == client.get(f"{PLAN}.txt?scw_list={scws}").content.decode()
    assert (tmp_path / "plan.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "no job type 'nothing'"),
        (["isgri_image", "E1_keV"], "E1_keV: parameters are given as NAME=VALUE"),
        (["isgri_image", "E1_keV=90"], "E1_keV"),
        (["isgri_image", "--user", "nobody"], "no account 'nobody'"),
    ],
)
def test_the_command_says_what_is_wrong(archive, arguments: list[str], said: str):
    with pytest.raises(CommandError, match=said):
        call_command("plan_job", *arguments)


def test_the_command_may_use_an_accounts_rights(embargoed_scw, django_user_model, capsys):
    django_user_model.objects.create_superuser("operator")
    sent = [f"scw_list={embargoed_scw}", "integral_data_rights=all-private"]
    with pytest.raises(CommandError, match="NoValidScW"):
        call_command("plan_job", "isgri_image", *sent)
    call_command("plan_job", "isgri_image", *sent, user="operator")
    assert "to run" in capsys.readouterr().out


def test_the_openapi_document_tells_of_plans_and_every_field_of_their_answers(client, crab_scws):
    document = client.get("/api/schema").json()
    assert "/api/plan/tap" not in document["paths"]
    for address, method in (
        ("/api/plan/isgri_image", "post"),
        ("/api/uws/isgri_image/jobs/{job_id}/plan", "get"),
    ):
        answer = document["paths"][address][method]["responses"]["200"]
        fields = answer["content"]["application/json"]["schema"]["properties"]
        told = planned(client, crab_scws[:1])
        assert fields.keys() == told.keys()
        assert fields["kinds"]["items"]["properties"].keys() == told["kinds"][0].keys()
        assert fields["estimate"]["properties"].keys() == told["estimate"].keys()
        assert fields["steps"]["properties"].keys() == told["steps"].keys()
