"""Requests in, error documents out."""

import asyncio

import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from dali.errors import DaliError, NotFoundError
from dali.http import dali_errors, methods, parameters_of

request = RequestFactory()


def status_of(document, read_votable):
    info = read_votable(document.content).resources[0].infos[0]
    assert info.name == "QUERY_STATUS"
    return info.value, info.content


def raising(error):
    def view(_request):
        raise error

    return view


def test_parameters_come_from_query_string_and_form_with_repeated_values():
    posted = request.post("/x?id=1&Id=2", {"ID": ["3", "4"], "other": "ü"})
    parameters = parameters_of(posted)
    assert parameters.all("id") == ("1", "2", "3", "4")
    assert parameters.one("OTHER") == "ü"


def test_a_url_encoded_form_is_read_too():
    kind = "application/x-www-form-urlencoded"
    posted = request.post("/x", "QUERY=SELECT+1%2B1&LANG=ADQL", content_type=kind)
    assert parameters_of(posted).one("query") == "SELECT 1+1"


def test_a_broken_form_is_the_clients_error(read_votable):
    posted = request.generic("POST", "/x", b"--", "multipart/form-data; boundary=")
    response = dali_errors(lambda r: parameters_of(r))(posted)
    assert response.status_code == 400
    assert status_of(response, read_votable)[0] == "ERROR"


@pytest.mark.parametrize(
    ("error", "status"),
    [(DaliError("no <such> column"), 400), (NotFoundError("no <such> column"), 404)],
)
def test_a_dali_error_becomes_a_votable(error, status, read_votable):
    response = dali_errors(raising(error))(request.get("/"))
    assert response.status_code == status
    assert response["Content-Type"] == "application/x-votable+xml"
    assert status_of(response, read_votable) == ("ERROR", "no <such> column")


def test_an_error_may_be_plain_text():
    response = dali_errors(as_text=True)(raising(DaliError("wrong")))(request.get("/"))
    assert (response.status_code, response.content) == (400, b"wrong\n")
    assert response["Content-Type"].startswith("text/plain")


def test_a_fault_of_the_server_tells_nothing_of_itself(read_votable, caplog):
    response = dali_errors(raising(RuntimeError("SELECT secret FROM t")))(request.get("/"))
    assert response.status_code == 500
    assert b"secret" not in response.content
    assert "secret" in caplog.text


def test_a_missing_page_is_a_document_too(read_votable):
    response = dali_errors(raising(Http404("no such job")))(request.get("/"))
    assert response.status_code == 404
    assert status_of(response, read_votable) == ("ERROR", "no such job")


def test_an_asynchronous_view_is_guarded_alike(read_votable):
    @dali_errors
    @methods("GET")
    async def view(_request):
        raise DaliError("wrong")

    response = asyncio.run(view(request.get("/")))
    assert status_of(response, read_votable) == ("ERROR", "wrong")


def test_other_methods_are_refused_with_a_document(read_votable):
    view = dali_errors(methods("GET", "POST")(lambda r: HttpResponse("fine")))
    assert view(request.get("/")).status_code == 200
    response = view(request.delete("/"))
    assert (response.status_code, response["Allow"]) == (405, "GET, POST")
    assert status_of(response, read_votable)[0] == "ERROR"
