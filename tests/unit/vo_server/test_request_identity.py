"""Every answer carries the name under which its request stands in the logs."""

import asyncio
import logging
from typing import Any

import pytest

from dali.log_context import ContextFilter, job_id, request_id
from vo_server.asgi_types import Message, Receive, Scope, Send
from vo_server.request_identity import RequestIdentity


def answer(*headers: tuple[bytes, bytes], path: str = "/x") -> tuple[str, str]:
    """The name that the application saw, and the one in the answer."""
    seen: list[str] = []
    answered: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(request_id.get())
        await send({"type": "http.response.start", "status": 204, "headers": [(b"a", b"b")]})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": list(headers),
    }
    asyncio.run(RequestIdentity(application)(scope, receive, send))
    return seen[0], dict(answered[0]["headers"])[b"x-request-id"].decode()


def test_the_answer_carries_the_name_that_the_logs_do() -> None:
    seen, told = answer()
    assert seen == told
    assert len(seen) == 16


def test_two_requests_have_two_names() -> None:
    assert answer() != answer()


def test_a_proxys_name_is_kept() -> None:
    assert answer((b"x-request-id", b"proxy-17.a_B")) == ("proxy-17.a_B",) * 2


@pytest.mark.parametrize("given", [b"", b"a b", b"a\nINFO forged", b"x" * 65, "ä".encode()])
def test_a_name_that_could_forge_a_log_line_is_replaced(given: bytes) -> None:
    seen, _ = answer((b"x-request-id", given))
    assert seen.encode() != given
    assert len(seen) == 16


def test_the_request_is_logged_on_one_line_whatever_its_path(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, logger="vo_server"):
        answer(path="/a\nb")
    (message,) = caplog.messages
    assert message.startswith(r"GET '/a\nb' 204 in")


def test_the_name_is_gone_after_the_request() -> None:
    answer()
    assert request_id.get() == job_id.get() == "-"


@pytest.mark.parametrize(
    ("path", "job"),
    [
        (f"/tap/async/{'a1' * 16}", "a1" * 16),
        (f"/tap/async/{'a1' * 16}/results/result", "a1" * 16),
        (f"/api/uws/tap/jobs/{'a1' * 16}", "a1" * 16),
        (f"/admin/uws/job/{'a1' * 16}/change/", "a1" * 16),
        ("/tap/async", "-"),
        (f"/products/{'a1' * 16}", "-"),
        (f"/tap/async/{'a1' * 20}", "-"),
    ],
)
def test_a_request_about_a_job_has_its_id_on_its_lines(
    path: str, job: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(ContextFilter())
    with caplog.at_level(logging.INFO, logger="vo_server"):
        answer(path=path)
    assert caplog.records[-1].job_id == job  # type: ignore[attr-defined]
