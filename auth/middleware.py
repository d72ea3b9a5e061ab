"""Who asks, found out before any view runs.

Both classes work in Django's synchronous and asynchronous chains: one that is only synchronous
would hold a thread for as long as an asynchronous view waits.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from auth.basic import CredentialsError, read_header, verify
from auth.models import User
from dali.http import error_response

_CHALLENGE = 'Basic realm="vo_server", charset="UTF-8"'
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_Next = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class _Middleware:
    """What a middleware needs to stand in both kinds of chain."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: _Next) -> None:
        self.get_response = get_response
        self._is_asynchronous = iscoroutinefunction(get_response)
        if self._is_asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_asynchronous:
            return self._answer_later(request)
        answer = self.refusal(request) or self.get_response(request)
        return self.completed(answer) if isinstance(answer, HttpResponseBase) else answer

    async def _answer_later(self, request: HttpRequest) -> HttpResponseBase:
        refused = None
        if self.concerns(request):
            refused = await sync_to_async(self.refusal)(request)
        if refused is not None:
            return self.completed(refused)
        answer = self.get_response(request)
        return self.completed(answer if isinstance(answer, HttpResponseBase) else await answer)

    def concerns(self, request: HttpRequest) -> bool:
        """Whether `refusal` has anything to do; must be quick and read nothing."""
        raise NotImplementedError

    def refusal(self, request: HttpRequest) -> HttpResponseBase | None:
        """The answer that ends the request here, or ``None``."""
        raise NotImplementedError

    def completed(self, answer: HttpResponseBase) -> HttpResponseBase:
        """The answer with what it lacks; must be quick."""
        return answer


class BasicAuthentication(_Middleware):
    """Takes HTTP Basic: right credentials set ``request.user``, wrong ones are answered 401.

    Every 401, also a view's own, tells how to sign in (RFC 9110, section 15.5.2).
    Stands below Django's AuthenticationMiddleware; credentials count more than a session.
    """

    def concerns(self, request: HttpRequest) -> bool:
        """Only requests that carry credentials."""
        return "Authorization" in request.headers

    def refusal(self, request: HttpRequest) -> HttpResponseBase | None:
        """401 with a challenge, where the credentials are wrong."""
        if not self.concerns(request):
            return None
        try:
            user = verify(request, read_header(request.headers["Authorization"]))
        except CredentialsError as error:
            return error_response(error.message, error.status)
        request.user = user

        async def auser() -> User:
            return user

        request.auser = auser
        return None

    def completed(self, answer: HttpResponseBase) -> HttpResponseBase:
        """A challenge in every 401."""
        if answer.status_code == 401:
            answer.headers.setdefault("WWW-Authenticate", _CHALLENGE)
        return answer


class SameOriginForUsers(_Middleware):
    """Refuses a change that another site's page asks for in a user's name.

    Browsers add the session's cookie, and Basic credentials that they once asked for, to requests
    that any page makes them send. They also say where such a request comes from, in
    ``Sec-Fetch-Site`` or ``Origin``. Programs with HTTP Basic send neither header and pass;
    a session is a browser's, so it must come with one of them. Who isn't signed in passes: nobody
    else's rights can be abused.
    """

    def concerns(self, request: HttpRequest) -> bool:
        """Changes by someone who may be signed in."""
        return request.method not in _SAFE_METHODS and (
            "Authorization" in request.headers or settings.SESSION_COOKIE_NAME in request.COOKIES
        )

    def refusal(self, request: HttpRequest) -> HttpResponseBase | None:
        """403, where the request comes from elsewhere or doesn't say where from."""
        # Django's test client sets the attribute, as for its own CSRF protection.
        if not self.concerns(request) or getattr(request, "_dont_enforce_csrf_checks", False):
            return None
        if _is_from_here(request):
            return None
        message = (
            "this change was refused: a signed-in browser must send it from this site's own pages; "
            "programs sign in by HTTP Basic"
        )
        return error_response(message, 403)


def _is_from_here(request: HttpRequest) -> bool:
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return "Authorization" in request.headers
    site = urlsplit(settings.SITE_URL)
    return origin in (
        f"{site.scheme}://{site.netloc}",
        f"{request.scheme}://{request.get_host()}",
        *settings.CSRF_TRUSTED_ORIGINS,
    )
