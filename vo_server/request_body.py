"""Request bodies of unknown length, made whole before Django reads them.

TOPCAT and STILTS send uploads in chunks, without a Content-Length. Django takes a multipart body
without a length for an empty one (its ticket 35838), so that the query would run without its
parameters. Here such a body is spooled within a limit and handed on with its length.
"""

import tempfile
from http import HTTPStatus
from typing import IO

from dali.http import error_response
from vo_server.asgi_types import Application, Message, Receive, Scope, Send
from vo_server.unknown_address import is_for_programs

IN_MEMORY_BYTES = 1_000_000
PIECE_BYTES = 65_536
WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})


class WholeBody:
    """ASGI middleware: bodies are within ``limit_bytes`` and have a Content-Length."""

    def __init__(self, application: Application, limit_bytes: int) -> None:
        self.application = application
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; 413 where its body is too large."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length")
        if declared is not None:
            if int(declared) > self.limit_bytes:
                await self._refuse(scope, send)
                return
            await self.application(scope, receive, send)
            return
        if b"transfer-encoding" not in headers and scope["method"] in WITHOUT_BODY:
            await self.application(scope, receive, send)
            return
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as spool:
            if not await self._fill(spool, receive):
                return
            length = spool.tell()
            if length > self.limit_bytes:
                await self._refuse(scope, send)
                return
            spool.seek(0)
            kept = [pair for pair in scope["headers"] if pair[0] != b"transfer-encoding"]
            whole = {**scope, "headers": [*kept, (b"content-length", b"%d" % length)]}
            await self.application(whole, _replay(spool, length, receive), send)

    async def _fill(self, spool: IO[bytes], receive: Receive) -> bool:
        """Spool the body, up to just beyond the limit. False where the client left meanwhile."""
        more = True
        while more and spool.tell() <= self.limit_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            spool.write(message.get("body", b""))
            more = message.get("more_body", False)
        return True

    async def _refuse(self, scope: Scope, send: Send) -> None:
        """Answer that the body is too large, in the form of the address's other errors."""
        message = f"the request is larger than this server takes: {self.limit_bytes} bytes"
        answer = error_response(
            message,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            as_text=not is_for_programs(scope["path"]),
        )
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
        await send(
            {"type": "http.response.start", "status": answer.status_code, "headers": headers}
        )
        await send({"type": "http.response.body", "body": answer.content})


def _replay(spool: IO[bytes], length: int, receive: Receive) -> Receive:
    """The spooled body as ASGI messages, and after it whatever the client does next."""
    is_over = False

    async def receive_spooled() -> Message:
        nonlocal is_over
        if is_over:
            return await receive()
        piece = spool.read(PIECE_BYTES)
        is_over = spool.tell() >= length
        return {"type": "http.request", "body": piece, "more_body": not is_over}

    return receive_spooled
