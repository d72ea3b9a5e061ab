"""The form of an analysis with what it would do, and the page of its job."""

import base64
import json
import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.db.models import F
from django.test import Client

from archive.ingest.service import ingest
from archive.models import ScienceWindow
from portal.analyses import refresh_s
from uws import registry
from uws.models import Job
from uws.parameters import describe

FORM = "/analyses/isgri_image"


@pytest.fixture
def scws(db: None, small_archive: Path, settings, tmp_path: Path) -> list[str]:
    """Science Windows of the Crab in an archive."""
    settings.VO_ARCHIVE_ROOT = small_archive
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    settings.VO_JOB_ROOT = tmp_path / "jobs"
    assert ingest([small_archive]).bad == 0
    found = ScienceWindow.objects.filter(target_name="Crab").order_by("scw")
    return list(found.values_list("scw", flat=True))


def numbers(page: str) -> dict[str, str]:
    """The numbers that a page shows large, by what they are."""
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd></div>", page))


def pictures(page: str) -> list[str]:
    """Where its pictures are, on this server."""
    return [_here(source) for source in re.findall(r'<img src="([^"]+)"', page)]


def _here(address: str) -> str:
    return unescape(address).removeprefix("http://127.0.0.1:8000")


class Form(HTMLParser):
    """What a browser would send of a page's form."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = self._textarea = ""

    @classmethod
    def of(cls, page: str) -> "Form":
        form = cls()
        form.feed(page)
        form.close()
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "input":
            self.values[name] = value
        elif tag == "select":
            self._select, self.values[name] = name, ""
        elif tag == "option" and "selected" in given:
            self.values[self._select] = given.get("value", "selected") or ""
        elif tag == "textarea":
            self._textarea, self.values[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea] += data
        elif self.values.get(self._select) == "selected":
            self.values[self._select] = data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.values[self._textarea] = self.values[self._textarea].removeprefix("\n")
            self._textarea = ""
        elif tag == "select":
            self._select = ""


def test_the_form_has_a_field_for_every_parameter(client: Client, db: None) -> None:
    answer = client.get(FORM)
    assert answer.status_code == 200
    declared = [p.name for p in describe(registry.get("isgri_image").parameters)]
    assert list(Form.of(answer.text).values) == declared
    assert "What it would do" not in answer.text, "of nothing"
    assert "Undefined" not in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    assert "script" not in policy


def test_before_a_job_exists_the_form_shows_and_draws_what_it_would_do(
    client: Client, scws: list[str]
) -> None:
    page = client.get(FORM, {"scw_list": ",".join(scws[:3]), "E1_keV": "25", "RA": ""}).text
    told = numbers(page)
    assert told["steps found in the cache"] == "0"
    assert told["steps to run"] == f"at most {3 * 4 + 5}"
    assert told["likely to take"].endswith(" s or less")
    assert 'name="E1_keV" value="25"' in page
    (picture,) = pictures(page)
    assert picture.startswith("/api/plan/isgri_image.svg?")
    drawn = client.get(picture)
    assert drawn.headers["Content-Type"] == "image/svg+xml"
    assert b"sky_image" in drawn.content
    for form in ("text", "JSON"):
        (address,) = re.findall(rf'<a href="([^"]+)">{form}</a>', page)
        assert client.get(_here(address)).status_code == 200
    assert not Job.objects.exists()


def test_what_can_not_be_done_is_said_where_it_is_asked(client: Client, scws: list[str]) -> None:
    page = client.get(FORM, {"RA": "200", "DEC": "-60", "radius": "3"}).text
    assert "EmptyScWList" in page
    assert "What it would do" not in page
    refused = client.post(FORM, {"scw_list": scws[0], "E1_keV": "<b>"})
    assert refused.status_code == 400
    assert "E1_keV" in refused.text
    assert 'value="&lt;b&gt;"' in refused.text, "what was typed is still there"
    assert not Job.objects.exists()


def test_the_form_begins_a_job_whose_page_shows_its_steps(client: Client, scws: list[str]) -> None:
    answer = client.post(FORM, {"scw_list": scws[0], "radius": "", "publish": "0"})
    assert answer.status_code == 303
    (job,) = Job.objects.all()
    assert job.phase == "QUEUED"
    assert answer.headers["Location"] == f"http://127.0.0.1:8000/jobs/isgri_image/{job.id}"
    page = client.get(f"/jobs/isgri_image/{job.id}").text
    assert "QUEUED" in page
    assert 'http-equiv="refresh"' in page, "it is not done yet"
    assert numbers(page)["steps to run"] == "at most 9"
    (picture,) = pictures(page)
    assert picture == f"/api/uws/isgri_image/jobs/{job.id}/plan.svg"
    assert client.get(picture).status_code == 200
    assert f"/uws/isgri_image/{job.id}" in page
    (again,) = re.findall(r'<a href="([^"]+)">Another with these settings', page)
    assert "publish=0" in again
    client.post(f"/uws/isgri_image/{job.id}/phase", {"PHASE": "ABORT"})
    assert 'http-equiv="refresh"' not in client.get(f"/jobs/isgri_image/{job.id}").text


CATALOGUE = json.dumps(
    {
        "cat_frame": "fk5",
        "cat_coord_units": "deg",
        "cat_column_list": [[0], ["Crab & co"], [15.0], [83.63], [22.01], [-32768], [0], [2], [0]],
        "cat_column_names": [
            *("meta_ID", "src_names", "significance", "ra", "dec"),
            *("NEW_SOURCE", "ISGRI_FLAG", "FLAG", "ERR_RAD"),
        ],
        "cat_column_descr": [],
        "cat_lat_name": "dec",
        "cat_lon_name": "ra",
    },
    indent=1,
)


def test_what_the_form_runs_is_what_it_has_planned(client: Client, scws: list[str]) -> None:
    given = {
        "scw_list": ",".join(scws[:2]),
        "E1_keV": "25",
        "engine": "coded_mask",
        "selected_catalog": f"\n{CATALOGUE}",
        "publish": "no",
    }
    page = client.get(FORM, given).text
    assert numbers(page)["steps to run"]
    sent = {name: value for name, value in Form.of(page).values.items() if value}
    assert client.post(FORM, sent).status_code == 303
    (job,) = Job.objects.all()
    assert {p.name: p.value for p in job.parameters.all()} == {
        **{name: value for name, value in given.items() if name != "engine"},
        "publish": "0",
    }


@pytest.mark.parametrize(
    ("word", "chosen"),
    [
        *((word, "0") for word in ("0", "False", "false", "no", "off", " F ")),
        *((word, "") for word in ("1", "True", "yes", "on")),
        ("perhaps", "perhaps"),
    ],
)
def test_a_choice_stays_whatever_its_word(client: Client, db: None, word: str, chosen: str) -> None:
    """Publishing is the default, which the form's empty choice stands for."""
    form = Form.of(client.get(FORM, {"publish": word}).text)
    assert form.values["publish"] == chosen
    form = Form.of(client.get("/analyses/reproduce", {"use_cache": word}).text)
    assert form.values["use_cache"] == chosen
    form = Form.of(client.get(FORM, {"integral_data_rights": "mine"}).text)
    assert form.values["integral_data_rights"] == "mine", "refused when sent, not dropped"


def test_the_page_of_a_job_asks_the_more_seldom_the_longer_it_runs_and_is_planned(
    client: Client, scws: list[str]
) -> None:
    assert refresh_s(age_s=0, planning_s=0.01) == 4
    assert refresh_s(age_s=600, planning_s=0.01) == 30
    assert refresh_s(age_s=1e6, planning_s=0.01) == 60
    assert refresh_s(age_s=0, planning_s=2) == 40
    client.post(FORM, {"scw_list": scws[0]})
    (job,) = Job.objects.all()

    def asks_again() -> int:
        page = client.get(f"/jobs/isgri_image/{job.id}").text
        return int(re.findall(r'http-equiv="refresh" content="([0-9]+)"', page)[0])

    young = asks_again()
    Job.objects.update(creation_time=F("creation_time") - timedelta(days=1))
    assert asks_again() >= max(60, young)


def test_a_jobs_page_is_its_owners(client: Client, scws: list[str], django_user_model) -> None:
    django_user_model.objects.create_user("owner", password="owner")
    credentials = base64.b64encode(b"owner:owner").decode()
    headers = {"HTTP_AUTHORIZATION": f"Basic {credentials}"}
    client.post(FORM, {"scw_list": scws[0]}, **headers)
    (job,) = Job.objects.all()
    assert client.get(f"/jobs/isgri_image/{job.id}", **headers).status_code == 200
    kept = client.get(f"/jobs/isgri_image/{job.id}", **headers).headers["Cache-Control"]
    assert kept == "private, no-store"
    refused = client.get(f"/jobs/isgri_image/{job.id}")
    assert refused.headers["Cache-Control"] == "private, no-store"
    assert refused.status_code == 403
    assert scws[0] not in refused.text


@pytest.mark.parametrize(
    "address", ["/analyses/nothing", "/analyses/tap", "/jobs/isgri_image/none", "/jobs/none/none"]
)
def test_what_is_not_here_is_said(client: Client, db: None, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "Not here" in answer.text


def test_every_analysis_has_a_form_that_the_home_page_links(client: Client, db: None) -> None:
    home = client.get("/").text
    for job_type in registry.all():
        if job_type.path.startswith("/uws/"):
            assert f"/analyses/{job_type.name}" in home
            assert client.get(f"/analyses/{job_type.name}").status_code == 200
