"""Django's middleware without a change of threads.

Under ASGI, Django hands each of these to a thread, once for the request and once for the answer:
ten changes of threads, which cost more than what they do. None of them waits for anything, but
for a session that is read or stored; so they run where they are, except then.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.security import SecurityMiddleware


class _Direct:
    """The asynchronous chain of `django.utils.deprecation.MiddlewareMixin`, in one thread."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """What Django calls in an asynchronous chain."""
        this: Any = self
        answer: Any = None
        if hasattr(self, "process_request"):
            answer = this.process_request(request)
        if answer is None:
            answer = await this.get_response(request)
        if not hasattr(self, "process_response"):
            return answer  # type: ignore[no-any-return]
        if self.must_store(request):
            return await sync_to_async(this.process_response)(request, answer)  # type: ignore[no-any-return]
        return this.process_response(request, answer)  # type: ignore[no-any-return]

    def must_store(self, request: HttpRequest) -> bool:
        """Whether the answer can't go before the database has heard of it."""
        return False


class DirectSecurity(_Direct, SecurityMiddleware):
    """Headers of security."""


class DirectCommon(_Direct, CommonMiddleware):
    """Slashes at the end of addresses; the length of answers."""


class DirectAuthentication(_Direct, AuthenticationMiddleware):
    """The request's user, who is looked up only when somebody wants to know."""


class DirectFrameOptions(_Direct, XFrameOptionsMiddleware):
    """No page in others' frames."""


class DirectSessions(_Direct, SessionMiddleware):
    """The request's session, which is read only when somebody wants to know."""

    def must_store(self, request: HttpRequest) -> bool:
        """Something was put into the session."""
        return request.session.modified


class DirectMessages(_Direct, MessageMiddleware):
    """Messages for the next page."""

    def must_store(self, request: HttpRequest) -> bool:
        """Some were read or added."""
        messages: Any = getattr(request, "_messages", None)
        return messages is not None and (messages.used or messages.added_new)
