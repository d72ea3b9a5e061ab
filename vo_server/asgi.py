"""The server's ASGI application, as granian runs it."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vo_server.settings")

application = get_asgi_application()
