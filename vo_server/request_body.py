"""Request bodies of unknown length, made whole before Django reads them.

TOPCAT and STILTS send uploads in chunks, without a Content-Length. Django takes a multipart body
without a length for an empty one (its ticket 35838), so that the query would run without its
parameters. Here such a body is spooled within a limit and handed on with its length.
"""

import tempfile
from http import HTTPStatus
from typing import IO

from vo_server.asgi_types import Application, Message, Receive, Scope, Send

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
                await self._refuse(send)
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
                await self._refuse(send)
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

    async def _refuse(self, send: Send) -> None:
        """Answer that the body is too large."""
        text = f"The request is larger than this server takes: {self.limit_bytes} bytes.\n"
        await send(
            {
                "type": "http.response.start",
                "status": int(HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
                "headers": [(b"content-type", b"text/plain; charset=utf-8")],
            }
        )
        await send({"type": "http.response.body", "body": text.encode()})


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
