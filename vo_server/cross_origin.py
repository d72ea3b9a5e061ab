"""Read access for pages of any origin, by the Fetch standard's CORS protocol.

Everything that these addresses tell the anonymous, any page may read: that is what web clients of
the Virtual Observatory need. Cookies are never honoured, since an answer without
``Access-Control-Allow-Credentials`` is hidden from a page whose request carried them; a page that
has a name and password may send them in ``Authorization``. Changes in a user's name are refused by
`auth.middleware.SameOriginForUsers`.
"""

from vo_server.asgi_types import Application, Message, Receive, Scope, Send

#: Services that pages may read; each with all that is below it.
SERVICES = ("/tap", "/uws", "/datalink", "/products", "/provsap")

_ANY_ORIGIN = (b"access-control-allow-origin", b"*")
#: What a page may read beside the few headers that the standard lets through.
_EXPOSED = (
    b"access-control-expose-headers",
    b"Location, Link, Content-Disposition, ProvSAP-Cut, Retry-After, WWW-Authenticate,"
    b" X-Request-ID",
)
_PREFLIGHT = [
    _ANY_ORIGIN,
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Range, X-Requested-With"),
    (b"access-control-max-age", b"86400"),
]


class CrossOriginReading:
    """ASGI middleware: answers preflights, and lets pages read the services' answers."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it where a browser only asks whether it may be sent."""
        if scope["type"] != "http" or not _is_service(scope["path"]):
            await self.application(scope, receive, send)
            return
        if _is_preflight(scope):
            await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), _ANY_ORIGIN, _EXPOSED]
                message = {**message, "headers": headers}
            await send(message)

        await self.application(scope, receive, send_readable)


def _is_service(path: str) -> bool:
    return any(path == service or path.startswith(f"{service}/") for service in SERVICES)


def _is_preflight(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return scope["method"] == "OPTIONS" and {b"origin", b"access-control-request-method"} <= names
