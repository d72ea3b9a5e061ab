"""Pages of any origin may read the services, and nothing in a user's name by cookie."""

import asyncio
from typing import Any

import pytest

from vo_server.asgi_types import Message, Receive, Scope, Send
from vo_server.cross_origin import CrossOriginReading

ORIGIN = (b"origin", b"https://page.example")
ASKED = (b"access-control-request-method", b"GET")


def answer(path: str, method: str = "GET", *headers: tuple[bytes, bytes]) -> tuple[int, dict]:
    """Status and headers of the answer; the application itself answers 201 with a Location."""
    answered: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 201, "headers": [(b"location", b"/x")]}
        )
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": list(headers),
    }
    asyncio.run(CrossOriginReading(application)(scope, receive, send))
    assert [message["type"] for message in answered] == [
        "http.response.start",
        "http.response.body",
    ]
    return answered[0]["status"], dict(answered[0]["headers"])


@pytest.mark.parametrize(
    "path", ["/tap/sync", "/tap", "/uws/x/1/phase", "/datalink/links", "/products/a", "/provsap"]
)
def test_a_services_answer_may_be_read(path: str) -> None:
    status, headers = answer(path, "GET", ORIGIN)
    assert status == 201
    assert headers[b"access-control-allow-origin"] == b"*"
    assert headers[b"location"] == b"/x"
    exposed = headers[b"access-control-expose-headers"].split(b", ")
    assert {b"Location", b"ProvSAP-Cut"} <= set(exposed)


@pytest.mark.parametrize("path", ["/", "/admin/", "/tapestry", "/health/live", "/provsapling"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_all_else_may_not(path: str, method: str) -> None:
    status, headers = answer(path, method, ORIGIN, ASKED)
    assert status == 201
    assert set(headers) == {b"location"}


def test_a_preflight_is_answered_without_asking_the_application() -> None:
    status, headers = answer("/tap/sync", "OPTIONS", ORIGIN, ASKED)
    assert status == 204
    assert headers[b"access-control-allow-origin"] == b"*"
    assert b"GET" in headers[b"access-control-allow-methods"]
    assert b"DELETE" not in headers[b"access-control-allow-methods"]
    assert b"Authorization" in headers[b"access-control-allow-headers"]


def test_other_questions_about_options_are_the_applications() -> None:
    assert answer("/tap/sync", "OPTIONS")[0] == 201
    assert answer("/tap/sync", "OPTIONS", ORIGIN)[0] == 201


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_cookies_are_never_honoured(method: str) -> None:
    _, headers = answer("/tap/sync", method, ORIGIN, ASKED, (b"cookie", b"sessionid=1"))
    assert b"access-control-allow-credentials" not in headers
