"""What a page of another origin gets from the running server."""

import requests

ORIGIN = {"Origin": "https://page.example"}


def test_a_page_may_ask_and_read_also_errors(live_server_url):
    for path, status in (
        ("/tap/capabilities", 200),
        ("/tap/sync", 400),
        ("/datalink/links", 200),
        ("/products/nothing", 404),
        ("/provsap", 400),
    ):
        answer = requests.get(f"{live_server_url}{path}", headers=ORIGIN, timeout=60)
        assert answer.status_code == status, path
        assert answer.headers["Access-Control-Allow-Origin"] == "*", path
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_page_learns_where_its_job_is(live_server_url):
    answer = requests.post(
        f"{live_server_url}/tap/async",
        {"LANG": "ADQL", "QUERY": "SELECT 1 AS one FROM tap_schema.schemas"},
        headers=ORIGIN,
        allow_redirects=False,
        timeout=60,
    )
    assert answer.status_code == 303
    assert "/tap/async/" in answer.headers["Location"]
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    requests.delete(answer.headers["Location"], timeout=60)


def test_a_browser_that_asks_first_is_answered(live_server_url):
    answer = requests.options(
        f"{live_server_url}/tap/sync",
        headers={
            **ORIGIN,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        },
        timeout=60,
    )
    assert answer.status_code == 204
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_the_rest_of_the_server_is_closed_to_pages_elsewhere(live_server_url):
    for path in ("/", "/health/live", "/admin/login/"):
        answer = requests.get(f"{live_server_url}{path}", headers=ORIGIN, timeout=60)
        assert "Access-Control-Allow-Origin" not in answer.headers, path
