"""``/metrics``: what every room counts, in Prometheus' text format."""

from django.http import HttpRequest, HttpResponse

import provenance.statistics
import uws.metrics
from dali.prometheus import MEDIA_TYPE


def metrics(request: HttpRequest) -> HttpResponse:
    """All of it, read from the database: any process of the web server tells the same."""
    text = uws.metrics.text() + provenance.statistics.metrics()
    return HttpResponse(text, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-cache"})
