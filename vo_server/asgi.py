"""The server's ASGI application, as granian runs it."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vo_server.settings")

# Django has to be set up before anything that reads its settings.
_django = get_asgi_application()

from django.conf import settings  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from tap import translations  # noqa: E402
from uws.changes import linger  # noqa: E402
from vo_server.cross_origin import CrossOriginReading  # noqa: E402
from vo_server.postgresql.base import keep_connections  # noqa: E402
from vo_server.request_body import WholeBody  # noqa: E402
from vo_server.request_identity import RequestIdentity  # noqa: E402

keep_connections()
linger(5.0)
translations.prepare()
# All views are imported now, which takes seconds, and not while each process' first client waits.
_ = get_resolver().url_patterns

application = RequestIdentity(CrossOriginReading(WholeBody(_django, settings.VO_MAX_REQUEST_BYTES)))
