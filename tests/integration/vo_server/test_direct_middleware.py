"""Django's middleware, run without a change of threads, does what it did."""

import asyncio
import sys
import threading

import pytest
from django.conf import settings as django_settings
from django.contrib import messages
from django.http import HttpResponse
from django.test import AsyncClient
from django.urls import path

seen: list[int] = []


async def put(request):
    """Something into the session, on the request's own event loop."""
    request.session["kept"] = "this"
    return HttpResponse("put")


def say(request):
    messages.info(request, "said before")
    return HttpResponse("said")


def tell(request):
    kept = request.session.get("kept", "nothing")
    told = [str(message) for message in messages.get_messages(request)]
    return HttpResponse(f"{kept} {told} {request.user.is_authenticated}")


async def plain(request):
    seen.append(threading.get_ident())
    return HttpResponse("plain")


urlpatterns = [
    path("put", put),
    path("say", say),
    path("tell", tell),
    path("plain", plain),
]


@pytest.fixture
def own_addresses(settings):
    """The views above, and sessions that need no database."""
    settings.ROOT_URLCONF = sys.modules[__name__]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"


def test_sessions_and_messages_are_kept_and_sent_back(own_addresses):
    async def visit():
        client = AsyncClient()
        await client.get("/put")
        assert django_settings.SESSION_COOKIE_NAME in client.cookies
        await client.get("/say")
        first = (await client.get("/tell")).content.decode()
        again = (await client.get("/tell")).content.decode()
        return first, again

    first, again = asyncio.run(visit())
    assert first == "this ['said before'] False"
    assert again == "this [] False"


def test_a_page_without_a_session_has_the_headers_and_no_cookie(own_addresses):
    async def visit():
        return await AsyncClient().get("/plain"), threading.get_ident()

    answer, loop = asyncio.run(visit())
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == "5"
    assert not answer.cookies
    assert seen[-1] == loop
