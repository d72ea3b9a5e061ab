"""The addresses of jobs, as `vo_server.urls` has them, read anew for each test's registry."""

from uws.api import urlpatterns as uws_api_urlpatterns
from uws.urls import urlpatterns as uws_urlpatterns

urlpatterns = [*uws_api_urlpatterns, *uws_urlpatterns()]
