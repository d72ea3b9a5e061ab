"""The addresses of jobs, as `vo_server.urls` has them, read anew for each test's registry."""

from uws.urls import urlpatterns as uws_urlpatterns

urlpatterns = uws_urlpatterns()
