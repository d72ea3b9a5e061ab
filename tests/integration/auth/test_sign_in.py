"""Who asks: HTTP Basic, sessions, and changes that another site's page asks for."""

import base64
from unittest.mock import ANY

import pytest
from django.http import HttpResponse, JsonResponse
from django.test import Client
from django.urls import path

from auth import basic
from auth.principal import ANONYMOUS, of_request, of_user_id


def who(request):
    principal = of_request(request)
    return JsonResponse({"name": principal.name, "is_administrator": principal.is_administrator})


urlpatterns = [path("who", who), path("change", lambda request: HttpResponse("changed"))]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    """The server's own take half a second each."""
    settings.PASSWORD_HASHERS = ["quick_hasher.QuickHasher"]


@pytest.fixture
def ann(django_user_model):
    return django_user_model.objects.create_user("ann", password="päss:word")


def authorization(name, password, scheme="Basic"):
    encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"{scheme} {encoded}"}


def test_nobody_who_does_not_say_is_anybody(client):
    assert client.get("/who").json() == {"name": "", "is_administrator": False}


def test_right_credentials_are_taken(client, ann, django_user_model):
    django_user_model.objects.create_superuser("root", password="x")
    for _ in range(2):
        assert client.get("/who", headers=authorization("ann", "päss:word")).json() == {
            "name": "ann",
            "is_administrator": False,
        }
    assert client.get("/who", headers=authorization("root", "x", "BASIC")).json() == {
        "name": "root",
        "is_administrator": True,
    }


@pytest.mark.parametrize(
    "header",
    [
        authorization("ann", "wrong"),
        authorization("nobody", "päss:word"),
        authorization("ann", "päss:word", "Bearer"),
        authorization("a\0nn", "päss:word"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"ann:\xff").decode()},
    ],
)
def test_wrong_credentials_are_answered_with_a_challenge(client, ann, header):
    response = client.get("/who", headers=header)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Basic realm=")
    assert b"QUERY_STATUS" in response.content
    assert b"ss:word" not in response.content


def test_wrong_credentials_are_refused_even_with_a_session(client, ann):
    client.force_login(ann)
    assert client.get("/who", headers=authorization("ann", "wrong")).status_code == 401


def test_a_remembered_password_counts_no_more_once_changed_or_closed(client, ann):
    header = authorization("ann", "päss:word")
    assert client.get("/who", headers=header).status_code == 200
    ann.set_password("new")
    ann.save()
    assert client.get("/who", headers=header).status_code == 401
    header = authorization("ann", "new")
    assert client.get("/who", headers=header).status_code == 200
    ann.is_active = False
    ann.save()
    assert client.get("/who", headers=header).status_code == 401
    assert of_user_id(ann.pk) == ANONYMOUS


def test_a_right_password_is_hashed_once_a_wrong_or_unknown_one_always(client, ann, monkeypatch):
    hashed = []
    authenticate = basic.authenticate

    def counting(*args, **kwargs):
        hashed.append(kwargs["username"])
        return authenticate(*args, **kwargs)

    monkeypatch.setattr(basic, "authenticate", counting)
    for name, password in (("ann", "päss:word"), ("ann", "wrong"), ("nobody", "x")) * 2:
        client.get("/who", headers=authorization(name, password))
    assert sorted(hashed) == ["ann", "ann", "ann", "nobody", "nobody"]


def test_sessions_are_taken(client, ann):
    client.force_login(ann)
    assert client.get("/who").json()["name"] == "ann"
    assert of_user_id(ann.pk).name == "ann"


ORIGINS = [
    ({}, False),
    ({"Origin": "http://127.0.0.1:8000"}, True),
    ({"Origin": "http://testserver"}, True),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, False),
]


@pytest.mark.parametrize(("headers", "is_allowed"), ORIGINS)
def test_a_session_changes_things_only_from_this_sites_own_pages(ann, headers, is_allowed):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    for method in (client.post, client.delete):
        assert method("/change", headers=headers).status_code == (200 if is_allowed else 403)
    assert client.get("/change", headers=headers).status_code == 200


@pytest.mark.parametrize(("headers", "is_allowed"), ORIGINS)
def test_basic_credentials_that_a_browser_adds_by_itself_are_guarded_too(ann, headers, is_allowed):
    client = Client(enforce_csrf_checks=True)
    response = client.post("/change", headers=headers | authorization("ann", "päss:word"))
    # A program says nothing of where it comes from; a browser always does.
    assert response.status_code == (200 if is_allowed or not headers else 403)


def test_the_anonymous_may_post_from_anywhere():
    client = Client(enforce_csrf_checks=True)
    assert client.post("/change", headers={"Origin": "https://evil.example"}).status_code == 200


def test_credentials_show_no_password():
    assert "secret" not in repr(basic.Credentials("ann", "secret"))


def test_accounts_are_in_the_administration_pages(admin_client, settings):
    settings.ROOT_URLCONF = "vo_server.urls"
    page = admin_client.get("/admin/vo_auth/user/")
    assert page.status_code == 200
    assert page.headers["X-Frame-Options"] == "DENY"
    assert admin_client.get("/admin/").context["user"] == ANY
