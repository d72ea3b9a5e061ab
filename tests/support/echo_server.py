"""The server's ASGI application with one view, which tells what Django understood of a POST."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

from vo_server.asgi import application

__all__ = ["application"]


def echo(request: HttpRequest) -> JsonResponse:
    """Parameters, and the sizes of the files."""
    sizes = {name: file.size for name, file in request.FILES.items()}
    return JsonResponse({"parameters": request.POST.dict(), "files": sizes})


urlpatterns = [path("echo", echo)]
settings.ROOT_URLCONF = __name__
