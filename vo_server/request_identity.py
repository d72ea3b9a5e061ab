"""Each request's identity: on every line it logs, and in its answer as ``X-Request-ID``.

A proxy in front may have named the request already; its word is kept where it is a plain one.
A request about a job has the job's id on its lines, too.
"""

import logging
import re
import secrets
import time

from dali.log_context import job_id, request_id
from uws import registry
from vo_server.asgi_types import Application, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

HEADER = b"x-request-id"
_JOB = re.compile(r"/([0-9a-f]{32})(?:/|$)")
_PLAIN = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestIdentity:
    """ASGI middleware: names the request for the logs and tells the client the name."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its name, and log its answer's status and time."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        name = _name(scope)
        token = request_id.set(name)
        job_token = job_id.set(_job(scope["path"]))
        began = time.monotonic()
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (HEADER, name.encode())]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self.application(scope, receive, send_named)
        finally:
            milliseconds = 1000 * (time.monotonic() - began)
            # A path may hold anything; quoted, it can't forge a line of the log.
            logger.info("%s %r %d in %.0f ms", scope["method"], scope["path"], status, milliseconds)
            job_id.reset(job_token)
            request_id.reset(token)


def _name(scope: Scope) -> str:
    """The name that came with the request, else a new one."""
    given = dict(scope["headers"]).get(HEADER, b"")
    return given.decode("ascii") if _PLAIN.fullmatch(given) else secrets.token_hex(8)


def _job(path: str) -> str:
    """The id of the job that the path is about; ``-`` for none."""
    found = _JOB.search(path)
    lists = ("/api/uws/", "/admin/uws/job/", *(f"{each.path}/" for each in registry.all()))
    return found[1] if found and path.startswith(lists) else "-"
