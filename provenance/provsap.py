"""ProvSAP: a history in one document.

There is no published text of the protocol. Parameters and their defaults are those that services
share which follow its draft (OPUS among them): docs/provenance.md lists them.
"""

from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from auth.principal import of_request
from dali.errors import ParameterError
from dali.http import dali_errors, methods, parameters_of
from dali.parameters import Parameters
from provenance.history import Direction, History, backwards, forwards

MOST_IDENTIFIERS = 100

IVOA = "IVOA"
W3C = "W3C"


@dataclass(frozen=True, slots=True)
class Format:
    """A form in which a history can be had.

    name: as RESPONSEFORMAT has it; aliases: further short names. models: those of MODEL that it
    can write.
    """

    name: str
    media_type: str
    aliases: tuple[str, ...] = ()
    models: tuple[str, ...] = (IVOA, W3C)


SVG = Format("PROV-SVG", "image/svg+xml", ("svg",))
PNG = Format("PROV-PNG", "image/png", ("png",))
JSON = Format("PROV-JSON", "application/json", ("json",))
XML = Format("PROV-XML", "application/xml", ("xml", "text/xml", "application/provenance+xml"))
PROVN = Format("PROV-N", "text/provenance-notation", ("provn", "text"))
TABLE = Format(
    "PROV-VOTABLE", "application/x-votable+xml", ("votable", "text/xml;content=x-votable"), (IVOA,)
)
TURTLE = Format("PROV-TURTLE", "text/turtle", ("turtle", "ttl", "PROV-O", "PROV-RDF"))
JSON_LD = Format("PROV-JSONLD", "application/ld+json", ("jsonld", "json-ld"))

FORMATS = (SVG, PNG, JSON, XML, PROVN, TABLE, TURTLE, JSON_LD)
_DEFAULT = SVG


@dataclass(frozen=True, slots=True)
class Question:
    """What one request asks for; depth ``None`` is ALL. descriptions: 0 to 2."""

    identifiers: tuple[str, ...]
    depth: int | None
    direction: Direction
    format: Format
    model: str
    agents: bool
    members: bool
    descriptions: int
    configuration: bool
    attributes: bool

    @classmethod
    def of(cls, asked: Parameters) -> Self:
        """The question of a request's parameters; raises `ParameterError` for a bad one."""
        identifiers = tuple(dict.fromkeys(asked.all("ID")))
        if not any(identifiers):
            raise ParameterError("ID", "missing: the identifier of an entity, activity or agent")
        if len(asked.all("ID")) > MOST_IDENTIFIERS:
            raise ParameterError("ID", f"at most {MOST_IDENTIFIERS} are taken at once")
        if any("\0" in identifier for identifier in identifiers):
            raise ParameterError("ID", "no identifier has the character U+0000")
        if asked.all("AGENT") and asked.all("AGENTS"):
            raise ParameterError("AGENT", "is another name of AGENTS: give one of them")
        wanted = _format(asked)
        model = _choice(asked, "MODEL", (IVOA, W3C))
        if model not in wanted.models:
            raise ParameterError("MODEL", f"{wanted.name} is written of MODEL=IVOA only")
        return cls(
            identifiers=identifiers,
            depth=_depth(asked),
            direction=Direction(_choice(asked, "DIRECTION", tuple(Direction))),
            format=wanted,
            model=model,
            agents=_switch(asked, "AGENT" if asked.all("AGENT") else "AGENTS", default=True),
            members=_switch(asked, "MEMBERS", default=False),
            descriptions=int(_choice(asked, "DESCRIPTIONS", ("0", "1", "2"))),
            configuration=_switch(asked, "CONFIGURATION", default=True),
            attributes=_switch(asked, "ATTRIBUTES", default=True),
        )


@csrf_exempt  # it changes nothing
@dali_errors
@methods("GET", "HEAD", "POST")
def provsap(request: HttpRequest) -> HttpResponse:
    """The history that the parameters ask for."""
    question = Question.of(parameters_of(request))
    history = answer(question, hidden=of_request(request).is_administrator)
    response = HttpResponse(_written(question, history), content_type=_content_type(question))
    if history.cut:
        response.headers["ProvSAP-Cut"] = history.cut
    if question.format is SVG:
        # a picture that is opened by itself is a page: let it do nothing but be seen
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'"
        )
    return response


def answer(question: Question, *, hidden: bool = False) -> History:
    """The history that is asked for, with what the question wants of it.

    hidden: rows that aren't public belong to it. Raises `dali.errors.NotFoundError`.
    """
    walk = backwards if question.direction is Direction.BACK else forwards
    history = walk(
        question.identifiers, question.depth, hidden=hidden, members=question.members, whole=False
    ).described(question.descriptions)
    if not question.agents:
        history = history.without_agents()
    if not question.configuration:
        history = history.without_configuration()
    return history


def _written(question: Question, history: History) -> str | bytes:
    """The document. What writes it is imported here, since that takes a while and few need it."""
    wanted = question.format
    if wanted in (SVG, PNG):
        from provenance import drawing, graphviz

        shown = drawing.Shown(settings.SITE_URL, question.attributes)
        source = drawing.dot_source(history, shown)
        if wanted is PNG:
            return graphviz.to_png(source)
        return graphviz.to_svg(source, drawing.summary(history))
    if wanted is TABLE:
        from provenance.votable import to_votable

        return to_votable(history)
    if wanted in (TURTLE, JSON_LD):
        from provenance import rdf

        graph = rdf.graph(history)
        said = f"# {history.cut}\n" if history.cut and wanted is TURTLE else ""
        return said + (rdf.to_turtle(graph) if wanted is TURTLE else rdf.to_json_ld(graph))
    from provenance import serialisation, w3c

    room: Any = serialisation if question.model == IVOA else w3c
    document = room.document(history)
    if wanted is PROVN:
        from provenance.notation import to_provn

        said = f"// {history.cut}\n" if history.cut else ""
        return f"{said}{to_provn(document)}"
    if wanted is XML:
        written = room.to_xml(document)
        return f"{written}<!-- {history.cut} -->\n" if history.cut else written
    return str(room.to_json(document))


def _content_type(question: Question) -> str:
    media_type = question.format.media_type
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def _format(asked: Parameters) -> Format:
    """The format by its name, a short name, or its media type, in any case."""
    text = asked.one("RESPONSEFORMAT")
    if text is None:
        return _DEFAULT
    wanted = "".join(text.lower().split())
    bare = wanted.partition(";charset=")[0]
    for known in FORMATS:
        names = {name.lower() for name in (known.name, known.media_type, *known.aliases)}
        if bare in names:
            return known
    offered = ", ".join(known.name for known in FORMATS)
    raise ParameterError("RESPONSEFORMAT", f"{text!r} is not offered here, only {offered}")


def _choice(asked: Parameters, name: str, choices: tuple[str, ...]) -> str:
    """The parameter's value, the first choice where it isn't given."""
    value = asked.one(name, choices[0])
    if value not in choices:
        raise ParameterError(name, f"{value!r} is not offered here, only {', '.join(choices)}")
    return value


def _switch(asked: Parameters, name: str, *, default: bool) -> bool:
    """A parameter that is 1 or 0."""
    return _choice(asked, name, ("1", "0") if default else ("0", "1")) == "1"


def _depth(asked: Parameters) -> int | None:
    """The number of steps; ``None`` for all."""
    text = asked.one("DEPTH", "1")
    if text == "ALL":
        return None
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ParameterError("DEPTH", f"{text!r} is neither a number of steps nor ALL")
    return int(text)
