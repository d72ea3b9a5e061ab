"""ProvSAP: the history of an entity or activity in one document.

There is no published text of the protocol; parameters are those that existing services share. Of
these, offered today: ID (repeatable), DEPTH (a number of steps or ALL), DIRECTION=BACK,
RESPONSEFORMAT (PROV-JSON, PROV-N), MODEL=IVOA, AGENTS (or AGENT) and CONFIGURATION (0, 1).
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from dali.errors import ParameterError
from dali.http import dali_errors, methods, parameters_of
from dali.parameters import Parameters
from provenance.history import backwards

_MOST_IDENTIFIERS = 100


@dali_errors
@methods("GET", "HEAD")
def provsap(request: HttpRequest) -> HttpResponse:
    """The history that the parameters ask for."""
    # voprov takes a while to import and few requests need it
    from provenance import serialisation

    writers: dict[str, tuple[str, Callable[[Any], str]]] = {
        "PROV-JSON": ("application/json", serialisation.to_json),
        "PROV-N": ("text/provenance-notation; charset=utf-8", serialisation.to_provn),
    }
    asked = parameters_of(request)
    identifiers = asked.all("ID")
    if not identifiers:
        raise ParameterError("ID", "missing: the identifier of an entity or activity")
    if len(identifiers) > _MOST_IDENTIFIERS:
        raise ParameterError("ID", f"at most {_MOST_IDENTIFIERS} are taken at once")
    if any("\0" in identifier for identifier in identifiers):
        raise ParameterError("ID", "no identifier has the character U+0000")
    _choice(asked, "DIRECTION", ("BACK",))
    _choice(asked, "MODEL", ("IVOA",))
    media_type, write = writers[_choice(asked, "RESPONSEFORMAT", tuple(writers))]
    agents = _choice(asked, "AGENT" if asked.all("AGENT") else "AGENTS", ("1", "0")) == "1"
    configuration = _choice(asked, "CONFIGURATION", ("1", "0")) == "1"
    history = backwards(identifiers, _depth(asked))
    document = serialisation.document(history, agents=agents, configuration=configuration)
    return HttpResponse(write(document), content_type=media_type)


def _choice(asked: Parameters, name: str, choices: tuple[str, ...]) -> str:
    """The parameter's value, the first choice where it isn't given."""
    value = asked.one(name, choices[0])
    if value not in choices:
        raise ParameterError(name, f"{value!r} is not offered here, only {', '.join(choices)}")
    return value


def _depth(asked: Parameters) -> int | None:
    """The number of steps; ``None`` for all."""
    text = asked.one("DEPTH", "1")
    if text == "ALL":
        return None
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ParameterError("DEPTH", f"{text!r} is neither a number of steps nor ALL")
    return int(text)
