"""Bodies without a length become whole ones; bodies beyond the limit are refused."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vo_server.asgi_types import Message, Receive, Scope, Send
from vo_server.request_body import WholeBody

LIMIT = 5_000
CHUNKED = (b"transfer-encoding", b"chunked")
DISCONNECT = {"type": "http.disconnect"}


class Recorder:
    """An application that reads its whole request, and what came after it."""

    def __init__(self) -> None:
        self.called = False
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.after: Message | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.called = True
        self.headers = dict(scope["headers"])
        more = scope["method"] == "POST"
        while more:
            message = await receive()
            self.body += message["body"]
            more = message["more_body"]
        self.after = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})


def exchange(
    pieces: list[bytes],
    *headers: tuple[bytes, bytes],
    method: str = "POST",
    path: str = "/tap/sync",
) -> tuple[Recorder, list[Message]]:
    """Send a request through the middleware; the application behind it and what was answered."""
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]
    messages.append(DISCONNECT)
    answered: list[Message] = []
    application = Recorder()

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        answered.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": list(headers),
    }
    asyncio.run(WholeBody(application, LIMIT)(scope, receive, send))
    return application, answered


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=12))
def test_a_chunked_body_arrives_whole_with_its_length(pieces: list[bytes]) -> None:
    application, answered = exchange(pieces, CHUNKED)
    assert application.body == b"".join(pieces)
    assert application.headers == {b"content-length": b"%d" % len(application.body)}
    assert application.after == DISCONNECT
    assert answered[0]["status"] == 200


@pytest.mark.parametrize("excess", [0, 1])
def test_the_limit_is_the_largest_body_that_passes(excess: int) -> None:
    application, answered = exchange([b"x" * (LIMIT - 10), b"x" * (10 + excess)], CHUNKED)
    assert application.called == (excess == 0)
    assert answered[0]["status"] == (413 if excess else 200)


def test_a_declared_length_beyond_the_limit_is_refused_unread() -> None:
    application, answered = exchange([b"x"], (b"content-length", b"%d" % (LIMIT + 1)))
    assert not application.called
    assert answered[0]["status"] == 413
    assert str(LIMIT) in answered[1]["body"].decode()


@pytest.mark.parametrize("declared", [CHUNKED, (b"content-length", b"%d" % (LIMIT + 1))])
@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/tap/sync", b"application/x-votable+xml"),
        ("/uws/isgri_image", b"application/x-votable+xml"),
        ("/datalink/links", b"application/x-votable+xml"),
        ("/admin/", b"text/plain;charset=UTF-8"),
        ("/", b"text/plain;charset=UTF-8"),
    ],
)
def test_a_refusal_is_a_document_of_the_kind_that_the_address_has(
    declared: tuple[bytes, bytes], path: str, media_type: bytes
) -> None:
    _, (start, body) = exchange([b"x" * (LIMIT + 1)], declared, path=path)
    headers = dict(start["headers"])
    assert headers[b"content-type"] == media_type
    assert (b'name="QUERY_STATUS" value="ERROR">' in body["body"]) == (b"votable" in media_type)


def test_a_request_with_a_length_passes_as_it_is() -> None:
    application, _ = exchange([b"ab", b"c"], (b"content-length", b"3"), (b"accept", b"*/*"))
    assert application.headers == {b"content-length": b"3", b"accept": b"*/*"}
    assert application.body == b"abc"


def test_a_post_without_any_body_has_length_zero() -> None:
    application, _ = exchange([b""])
    assert application.headers == {b"content-length": b"0"}


def test_a_get_without_a_body_is_not_read() -> None:
    application, _ = exchange([], method="GET")
    assert application.after == DISCONNECT
    assert application.headers == {}


def test_a_client_that_leaves_in_mid_body_reaches_no_application() -> None:
    messages: list[Message] = [{"type": "http.request", "body": b"a", "more_body": True}]
    messages.append(DISCONNECT)
    application = Recorder()

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        raise AssertionError("nobody is there to be answered")

    scope: dict[str, Any] = {"type": "http", "method": "POST", "headers": [CHUNKED]}
    asyncio.run(WholeBody(application, LIMIT)(scope, receive, send))
    assert not application.called
