"""Whatever a client sends: an answer that says what is wrong, and shows nothing of the inside."""

import http.client
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from defusedxml import ElementTree

EMBARGOED = "272000080010.001"
PUBLIC = "066500290010.001"
#: What only the inside knows: programs, stored relations, translated SQL, places of the machine.
INSIDE = re.compile(
    r"Traceback|\.py\b|psycopg|adbc|site-packages|\bdjango\b|archive_\w+|uws_job\w*|vo_auth"
    r"|pg_catalog|spoint\(|scircle\(|SQLSTATE|ERROR: |DETAIL: |\bLINE \d+:|/root/|/home/|/tmp/"
    r"|internal error",
    re.IGNORECASE,
)
PLACES = (str(Path(__file__).resolve().parents[2]),)


@pytest.fixture(scope="module")
def server(
    serving: Callable[[Path], AbstractContextManager[Any]], simulated_archive: Path
) -> Iterator[Any]:
    """The running server with the small archive."""
    with serving(simulated_archive) as server:
        yield server


@pytest.fixture(scope="module")
def url(server: Any) -> str:
    return str(server.url)


def safe(answer: requests.Response, status: int = 0) -> str:
    """The text of a refusal, once it's sure that it is one and shows nothing of the inside."""
    text = answer.text
    assert 400 <= answer.status_code < 500, f"{answer.status_code}: {text[:500]}"
    assert status in (0, answer.status_code), f"{answer.status_code}: {text[:500]}"
    sealed(answer)
    return text


def sealed(answer: requests.Response) -> None:
    shown = f"{answer.headers}\n{answer.text}"
    found = INSIDE.search(shown)
    assert found is None, f"the answer shows {found.group()!r}: {answer.text[:1000]}"
    assert not any(place in shown for place in PLACES), answer.text[:1000]


def told(answer: requests.Response, status: int = 400) -> str:
    """The message of an error document (DALI 1.1, section 4.2)."""
    safe(answer, status)
    assert answer.headers["Content-Type"].startswith("application/x-votable+xml")
    info = ElementTree.fromstring(answer.content).find("{*}RESOURCE/{*}INFO")
    assert (info.get("name"), info.get("value")) == ("QUERY_STATUS", "ERROR")
    return str(info.text)


def ask(url: str, query: str, **more: str) -> requests.Response:
    data = {"LANG": "ADQL", "QUERY": query, **more}
    return requests.post(f"{url}/tap/sync", data=data, timeout=30)


def post(url: str, **parameters: str) -> requests.Response:
    return requests.post(
        f"{url}/uws/isgri_image", data=parameters, timeout=30, allow_redirects=False
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            "SELECT target_nam FROM ivoa.obscore",
            ["target_nam", "line 1", "column 8", "target_name"],
        ),
        ("SELECT *\nFROM ivoa.obscoer", ["ivoa.obscoer", "line 2", "column 6", "ivoa.obscore"]),
        ("SELECT * FROM ivoa.obscore WERE 1=1", ["line 1", "column 33"]),
        ("SELEC * FROM ivoa.obscore", ["line 1", "column 1", "SELECT"]),
        ("SELECT * FROM ivoa.obscore WHERE", ["line 1"]),
        ("SELECT COUNTT(t_min) FROM ivoa.obscore", ["line 1", "COUNTT", "COUNT"]),
        ("SELECT 'half FROM ivoa.obscore", ["line 1"]),
        ("SELECT TOP -5 * FROM ivoa.obscore", ["line 1"]),
        ("SELECT * FROM ivoa.obscore WHERE t_min < 1e999", []),
        ("SELECT * FROM ivoa.obscore WHERE t_min < NaN", ["NaN"]),
        ("SELECT POWER(10, 999999) FROM ivoa.obscore", ["range"]),
        ("SELECT TOP 5 9999999999999999999999999*t_min/0 FROM ivoa.obscore", []),
        ("SELECT * FROM ivoa.obscore; DROP TABLE ivoa.obscore", ["line 1"]),
        ("DROP TABLE ivoa.obscore", ["line 1"]),
        ("SELECT * FROM vo_user", ["vo_user"]),
        ("SELECT * FROM pg_shadow", ["pg_shadow"]),
        ("SELECT pg_sleep(10) FROM ivoa.obscore", ["pg_sleep"]),
        ("SELECT pg_read_file('/etc/passwd') FROM ivoa.obscore", ["pg_read_file"]),
        ('SELECT "x\\"; DROP TABLE a; --" FROM ivoa.obscore', []),
        ("SELECT * FROM ivoa.obscore WHERE s_ra = \x00", []),
        ("SELECT * FROM ivoa.obscore WHERE target_name = 'a\x00b'", []),
        ("\x00\x01\x02\x7f\ud7ff\uffff", []),
        ("SELECT " + "(" * 5000 + "1" + " FROM ivoa.obscore", []),
        ("SELECT " + "-" * 3001 + "1 FROM ivoa.obscore", []),
        ("SELECT 1" + "+1" * 20000 + " FROM ivoa.obscore", []),
        ("SELECT " + "x" * 1_000_000 + " FROM ivoa.obscore", []),
        ("x" * 1_000_000, []),
        ("SELECT * FROM ivoa.obscore WHERE " + " AND ".join(["s_ra>a"] * 20000), []),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, str) else "",
)
def test_a_wrong_query_is_refused_where_it_is_wrong(url: str, query: str, words: list[str]) -> None:
    began = time.monotonic()
    message = told(ask(url, query))
    assert time.monotonic() - began < 10
    assert len(message) < 2100, "a message, not an echo"
    for word in words:
        assert word.lower() in message.lower()


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"QUERY": ""}, "QUERY"),
        ({"MAXREC": "-1"}, "MAXREC"),
        ({"MAXREC": "many"}, "MAXREC"),
        ({"MAXREC": "9" * 5000}, "MAXREC"),
        ({"MAXREC": "1\x00"}, "MAXREC"),
        ({"LANG": "SQL'; DROP TABLE ivoa.obscore; --"}, "LANG"),
        ({"RESPONSEFORMAT": "../../etc/passwd"}, "FORMAT"),
        ({"RESPONSEFORMAT": "a\x00\r\nX-Evil: 1"}, "FORMAT"),
        ({"REQUEST": "x" * 1_000_000}, "REQUEST"),
        ({"UPLOAD": "t,http://127.0.0.1:22/"}, "UPLOAD"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_parameter_of_a_query_is_named(
    url: str, parameters: dict[str, str], word: str
) -> None:
    message = told(
        requests.post(
            f"{url}/tap/sync",
            data={"LANG": "ADQL", "QUERY": "SELECT 1 FROM ivoa.obscore", **parameters},
            timeout=30,
        )
    )
    assert word in message
    assert len(message) < 2100, "a message, not an echo"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM ivoa.obscore WHERE target_name = ''' OR 1=1 --'",
        "SELECT * FROM ivoa.obscore WHERE target_name = '\\'' OR TRUE; --'",
        "SELECT * FROM ivoa.obscore WHERE target_name = '$$; DROP TABLE archive; --$$'",
        "SELECT * FROM ivoa.obscore WHERE target_name LIKE '%s %(x)s {0} %%'",
        "SELECT * FROM ivoa.obscore WHERE 1=CONTAINS(POINT(s_ra, s_dec), CIRCLE(0, 100, 1))",
    ],
)
def test_what_looks_like_an_attack_is_a_query_without_rows_or_refused(url: str, query: str) -> None:
    answer = ask(url, query, RESPONSEFORMAT="csv")
    if answer.status_code == 200:
        assert len(answer.text.splitlines()) == 1
        sealed(answer)
    else:
        told(answer)
    # and everything is still there
    count = ask(
        url,
        "SELECT COUNT(*) FROM ivoa.obscore WHERE instrument_name = 'IBIS/ISGRI'",
        RESPONSEFORMAT="csv",
    )
    assert count.text.split()[-1] == "8"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"E1_keV": "40", "E2_keV": "20"}, ["E1_keV", "E2_keV"]),
        ({"E1_keV": "10"}, ["E1_keV", "15"]),
        ({"E2_keV": "900"}, ["E2_keV", "800"]),
        ({"E1_keV": "nan"}, ["E1_keV"]),
        ({"E2_keV": "1e400"}, ["E2_keV"]),
        ({"E1_keV": "30", "E2_keV": "30"}, ["E1_keV"]),
        ({"E1_keV": "twenty"}, ["E1_keV"]),
        ({"RA": "nan", "DEC": "22"}, ["RA"]),
        ({"RA": "83", "DEC": "-inf"}, ["DEC"]),
        ({"RA": "83", "DEC": "100"}, ["DEC"]),
        ({"RA": "1e308", "DEC": "0"}, ["RA"]),
        ({"RA": "83", "DEC": "22", "radius": "-1"}, ["radius"]),
        ({"scw_list": "0665"}, ["scw_list", "0665"]),
        ({"scw_list": "066500290010001"}, ["scw_list"]),
        ({"scw_list": "../../../etc/passwd"}, ["scw_list"]),
        ({"scw_list": "' OR 1=1; DROP TABLE jobs; --"}, ["scw_list"]),
        ({"scw_list": "066500290010.001\x00"}, ["scw_list"]),
        ({"scw_list": "x" * 1_000_000}, ["scw_list"]),
        ({"T1": "2008-04-01T00:00:00", "T2": "2008-03-01T00:00:00"}, ["T1", "T2"]),
        ({"T1": "yesterday"}, ["T1"]),
        ({"T1": "inf", "T_format": "mjd"}, ["T1"]),
        ({"T1": "54555", "T_format": "lunations"}, ["T_format"]),
        ({"detection_threshold": "1e999"}, ["detection_threshold"]),
        ({"max_pointings": "9" * 4000}, ["max_pointings"]),
        ({"max_pointings": "0"}, ["max_pointings"]),
        ({"engine": "__import__('os')"}, ["engine"]),
        ({"src_name": "Crab\x00"}, ["src_name"]),
        ({"PHASE": "WALK"}, ["PHASE"]),
        ({"RUNID": "x\x00"}, ["RUNID"]),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_wrong_parameter_of_an_image_is_named(
    url: str, parameters: dict[str, str], words: list[str]
) -> None:
    message = told(post(url, **parameters))
    assert len(message) < 2100, "a message, not an echo"
    for word in words:
        assert word in message


def finished(url: str, **parameters: str) -> tuple[str, str]:
    """Phase and error message of an image job after its end."""
    created = post(url, PHASE="RUN", **parameters)
    assert created.status_code == 303, created.text
    job = created.headers["Location"]
    phase = "QUEUED"
    until = time.monotonic() + 60
    while phase in ("QUEUED", "EXECUTING"):
        assert time.monotonic() < until, "the job doesn't end"
        answer = requests.get(job, params={"WAIT": "10", "PHASE": phase}, timeout=30)
        document = ElementTree.fromstring(answer.content)
        phase = document.findtext("{*}phase")
    sealed(answer)
    return phase, document.findtext("{*}errorSummary/{*}message", "")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"scw_list": f"{PUBLIC},066500990010.001"}, ["066500990010.001", "doesn't hold"]),
        ({"scw_list": f"{PUBLIC},{EMBARGOED}"}, [EMBARGOED, "not public"]),
        ({"scw_list": EMBARGOED, "integral_data_rights": "all-private"}, [EMBARGOED, "not public"]),
        ({"src_name": "Nemesis'; --"}, ["Nemesis", "catalogue"]),
        ({"RA": "10", "DEC": "-80", "radius": "1"}, ["EmptyScWList"]),
        ({"RA": "83", "DEC": "22", "T1": "1e308", "T_format": "mjd"}, ["EmptyScWList"]),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_job_that_can_give_nothing_is_an_error_that_says_why(
    url: str, parameters: dict[str, str], words: list[str]
) -> None:
    phase, message = finished(url, **parameters)
    assert phase == "ERROR"
    for word in words:
        assert word in message


def test_embargoed_events_are_listed_but_not_given_to_everybody(url: str) -> None:
    rows = ask(
        url,
        "SELECT scw, access_url, data_rights FROM ivoa.obscore WHERE scw LIKE '2720%'",
        RESPONSEFORMAT="csv",
    ).text.splitlines()[1:]
    assert len(rows) == 4, "ISGRI's events and SPI-ACS's counts of two Science Windows"
    for row in rows:
        _, address, rights = (value.strip('"') for value in row.split(","))
        assert rights == "proprietary"
        assert "2099" in told(requests.get(address, timeout=30), 403)


def test_what_is_not_there_is_not_found(url: str) -> None:
    created = post(url, scw_list=PUBLIC).headers["Location"]
    for place in (
        "/uws/make_coffee",
        "/uws/make_coffee/1/phase",
        "/uws/isgri_image/0123456789abcdef0123456789abcdef",
        "/uws/isgri_image/x' OR '1'='1",
        "/uws/isgri_image/%00",
        "/uws/isgri_image/%00?WAIT=1",
        "/uws/isgri_image/" + "9" * 2000,
        f"{urlsplit(created).path}/results/mosaic",
        f"{urlsplit(created).path}/results/%00",
        f"{urlsplit(created).path}/error",
        "/tap/async/0123456789abcdef0123456789abcdef",
        "/tap/tables/ivoa.nothing",
        "/tap/tables/%00",
        "/products/nothing",
        "/products/%00",
        "/products/' OR 1=1 --",
    ):
        told(requests.get(f"{url}{place}", timeout=30), 404)
    assert "make_coffee" in told(
        requests.post(f"{url}/uws/make_coffee", data={"PHASE": "RUN"}, timeout=30), 404
    )


@pytest.mark.parametrize(
    ("place", "parameters"),
    [
        ("", {"LAST": "9" * 5000}),
        ("", {"LAST": "-3"}),
        ("", {"LAST": "1; DROP TABLE x"}),
        ("", {"PHASE": "SLEEPING' --"}),
        ("", {"AFTER": "99999-01-01"}),
        ("", {"AFTER": "0001-01-01T00:00:00+23:00"}),
        ("/JOB", {"WAIT": "soon"}),
        ("/JOB", {"WAIT": "1e9"}),
        ("/JOB", {"PHASE": "\x00", "WAIT": "5"}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_wrong_parameters_of_a_reading_are_refused(
    url: str, place: str, parameters: dict[str, str]
) -> None:
    job = post(url, scw_list=PUBLIC).headers["Location"].rpartition("/")[2]
    address = f"{url}/uws/isgri_image{place.replace('JOB', job)}"
    (name, *_) = parameters
    assert name in told(requests.get(address, params=parameters, timeout=30))


@pytest.mark.parametrize(
    ("place", "parameters"),
    [
        ("phase", {"PHASE": "COMPLETED"}),
        ("phase", {}),
        ("executionduration", {"EXECUTIONDURATION": "-5"}),
        ("executionduration", {"EXECUTIONDURATION": "long"}),
        ("destruction", {"DESTRUCTION": "someday"}),
        ("parameters", {"RA": "nan"}),
        ("parameters", {"src_name": "\x00"}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_wrong_changes_of_a_job_are_refused(
    url: str, place: str, parameters: dict[str, str]
) -> None:
    job = post(url, scw_list=PUBLIC).headers["Location"]
    message = told(requests.post(f"{job}/{place}", data=parameters, timeout=30))
    for name in parameters:
        assert name in message


def test_numbers_beyond_all_measure_are_cut_to_the_limits(url: str) -> None:
    job = post(url, scw_list=PUBLIC).headers["Location"]
    for place, parameters in (
        ("executionduration", {"EXECUTIONDURATION": "9" * 30}),
        ("destruction", {"DESTRUCTION": "9999-12-31T23:59:59Z"}),
    ):
        answer = requests.post(f"{job}/{place}", data=parameters, timeout=30)
        assert answer.status_code in (200, 400), answer.text
        sealed(answer)
    assert requests.get(job, timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("method", "place"),
    [
        ("PUT", "/tap/sync"),
        ("DELETE", "/tap/sync"),
        ("PATCH", "/uws/isgri_image"),
        ("DELETE", "/uws/isgri_image"),
        ("POST", "/tap/tables"),
        ("DELETE", "/products/nothing"),
        ("PROPFIND", "/tap/capabilities"),
    ],
)
def test_a_method_that_is_not_offered_is_refused(url: str, method: str, place: str) -> None:
    answer = requests.request(method, f"{url}{place}", timeout=30)
    assert method in told(answer, 405)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("place", ["/tap/sync", "/tap/async", "/uws/isgri_image"])
@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/octet-stream", bytes(range(256)) * 40),
        ("application/x-www-form-urlencoded", bytes(range(256)) * 40),
        ("application/x-www-form-urlencoded", b"QUERY=%ff%fe%00&E1_keV=%ff"),
        ("application/x-www-form-urlencoded; charset=utf-32", b"E1_keV=\xff\xff"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"E1_keV=wrong"),
        ("application/x-www-form-urlencoded", b"&".join([b"E1_keV=1"] * 5000)),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", bytes(range(256)) * 40),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n"),
        ("application/json", b'{"E1_keV": 20}'),
        ("text/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_body_of_rubbish_is_refused(url: str, place: str, media_type: str, body: bytes) -> None:
    answer = requests.post(
        f"{url}{place}",
        data=body,
        headers={"Content-Type": media_type},
        timeout=30,
        allow_redirects=False,
    )
    if answer.status_code == 303:
        sealed(answer)  # a job without parameters, which can't be run
        return
    told(answer, answer.status_code)


@pytest.mark.parametrize(
    "path",
    [
        "/products/../../etc/passwd",
        "/products/..%2f..%2f..%2fetc%2fpasswd",
        "/products/%2e%2e/%2e%2e/etc/passwd",
        "/products//etc/passwd",
        "/products/....//....//etc/passwd",
        "/products/..\\..\\etc\\passwd",
        "/products/%c0%ae%c0%ae/etc/passwd",
        "/products/%ff",
        "/../../etc/passwd",
        "/uws/isgri_image/../../../etc/passwd",
        "/uws/isgri_image/..%2f..%2fetc%2fpasswd",
        "/uws/isgri_image/%2e%2e/results/..%2fpasswd",
        "/tap/tables/../../../etc/passwd",
        "/static/../vo_server/settings",
        "/" + "a" * 5000,
    ],
)
def test_no_path_leads_out_of_what_is_published(url: str, path: str) -> None:
    # as it stands: requests would take the dots out
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.putrequest("GET", path, skip_host=False)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
    finally:
        connection.close()
    assert 400 <= answer.status < 500, body[:500]
    assert "root:" not in body
    assert INSIDE.search(body) is None, body[:1000]


def test_a_mebibyte_in_the_address_is_refused_or_answered_in_order(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", "/tap/sync?LANG=ADQL&QUERY=" + "x" * (1 << 20))
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
        status = 414  # the server hung up before all of it was sent
    finally:
        connection.close()
    assert 400 <= status < 500
    assert requests.get(f"{url}/health/live", timeout=30).status_code == 200
