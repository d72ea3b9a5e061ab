"""What is answered where nothing is: a page to people, a document to VO clients."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import defaults

from dali.http import error_response

#: First parts of paths below which programs ask, who read a VOTable (DALI 1.1, section 4.2).
FOR_PROGRAMS = frozenset({"tap", "uws", "datalink", "products", "provsap"})


def is_for_programs(path: str) -> bool:
    """Whether programs ask at this path."""
    return path.partition("/")[2].partition("/")[0] in FOR_PROGRAMS


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404, by the form that the address makes likely: clients' Accept headers say little."""
    if is_for_programs(request.path_info):
        return error_response("nothing is at this address", 404)
    return defaults.page_not_found(request, exception)
