"""The page about one entity, activity or agent: what it is, how it was made, from what."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.conf import settings

from provenance.identifiers import page_url
from provenance.pages import MOST_LISTED, About, Neighbour, about
from provenance.records import ConfigFileRecord, InvolvedRecord, ParameterRecord

_BEGINNING = 40
"""Characters of a value that are shown where it has more than twice as many."""

_FORMATS = ("PROV-SVG", "PROV-PNG", "PROV-JSON", "PROV-XML", "PROV-N", "PROV-VOTABLE",
            "PROV-TURTLE", "PROV-JSONLD")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """A neighbour with the address of its own page."""

    role: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter's value in words, and what it is for.

    beginning: of a value that is too long to be shown unasked; else empty.
    """

    name: str
    value: str
    unit: str
    description: str

    @property
    def beginning(self) -> str:
        """What is shown of a long value until its reader wants all of it."""
        if len(self.value) <= 2 * _BEGINNING:
            return ""
        several = self.value.count(",") + 1
        count = f"{several} values: " if several > 1 else ""
        return f"{count}{self.value[:_BEGINNING]}"


@dataclass(frozen=True, slots=True)
class ProvenancePage:
    """All that the template needs; addresses are absolute.

    picture_url: the nearest steps; whole_picture_url: all of them. query: the same question in
    ADQL, and query_url, which asks it.
    """

    about: About
    what: str
    settings: tuple[Setting, ...]
    agents: tuple[Link, ...]
    inputs: tuple[Link, ...]
    outputs: tuple[Link, ...]
    maker_url: str
    product_url: str
    picture_url: str
    whole_picture_url: str
    forward_url: str
    formats: tuple[tuple[str, str], ...]
    query: str
    query_url: str
    seconds: float | None


def provenance_page(identifier: str, *, hidden: bool = False) -> ProvenancePage:
    """The page of an identifier; ``hidden`` as an administrator sees it.

    Raises `dali.errors.NotFoundError`.
    """
    found = about(identifier, hidden=hidden)
    activity = found.activity or found.made_by
    is_graph = found.agent is None
    query = _query(found)
    involved: tuple[InvolvedRecord, ...] = (*(found.entity.attributed_to if found.entity else ()),
                                            *(activity.agents if activity else ()))  # fmt: skip
    location = found.entity.location if found.entity else None
    return ProvenancePage(
        about=found,
        what="activity" if found.activity else "entity" if found.entity else "agent",
        settings=(
            *(_setting(parameter) for parameter in activity.parameters),
            *(_file(file) for file in activity.config_files),
        )
        if activity
        else (),
        agents=tuple(
            Link(i.role or "", i.agent.name, page_url(settings.SITE_URL, i.agent.id))
            for i in dict.fromkeys(involved)
        ),
        inputs=tuple(_link(neighbour) for neighbour in found.inputs),
        outputs=tuple(_link(neighbour) for neighbour in found.outputs),
        maker_url=page_url(settings.SITE_URL, found.made_by.id) if found.made_by else "",
        product_url=_product_url(found, location),
        picture_url=_provsap(identifier, DEPTH="1") if is_graph else "",
        whole_picture_url=_provsap(identifier, DEPTH="ALL") if is_graph else "",
        forward_url=_forward_url(found),
        formats=tuple(
            (name, _provsap(identifier, DEPTH="ALL", DESCRIPTIONS="2", RESPONSEFORMAT=name))
            for name in _FORMATS
        ),
        query=query,
        query_url=f"{settings.SITE_URL}/tap/sync?"
        + urlencode({"LANG": "ADQL", "RESPONSEFORMAT": "html", "QUERY": query}),
        seconds=(activity.end - activity.start).total_seconds()
        if activity and activity.start and activity.end
        else None,
    )


def _forward_url(found: About) -> str:
    """What became of it; of an agent, what it is responsible for where that is little enough."""
    if found.agent is None:
        return _provsap(found.identifier, DEPTH="ALL", DIRECTION="FORWARD")
    is_little = max(len(found.inputs), len(found.outputs)) < MOST_LISTED
    return _provsap(found.identifier, DEPTH="1", DIRECTION="FORWARD") if is_little else ""


def _product_url(found: About, location: str | None) -> str:
    """Where the file itself is had: its own address, or that of the archive's files."""
    if location and location.startswith(f"{settings.SITE_URL}/"):
        return location
    # whichever authority it was ingested under
    _, archive, name = found.identifier.partition("/archive?")
    return f"{settings.SITE_URL}/products/{quote(name)}" if location and archive else ""


def _query(found: About) -> str:
    """The page's question in ADQL."""
    identifier = found.identifier.replace("'", "''")
    if found.entity:
        return (
            "SELECT l.depth, e.id, e.name, e.location, e.page_url\n"
            "FROM provenance.lineage AS l\n"
            "JOIN provenance.entity AS e ON e.id = l.ancestor\n"
            f"WHERE l.descendant = '{identifier}'\nORDER BY l.depth"
        )
    if found.activity:
        return (
            "SELECT u.role, e.id, e.name, e.location, e.page_url\n"
            "FROM provenance.used AS u\n"
            "JOIN provenance.entity AS e ON e.id = u.entity_id\n"
            f"WHERE u.activity_id = '{identifier}'"
        )
    return (
        "SELECT TOP 100 w.role, a.name, a.start_time, a.page_url\n"
        "FROM provenance.was_associated_with AS w\n"
        "JOIN provenance.activity AS a ON a.id = w.activity_id\n"
        f"WHERE w.agent_id = '{identifier}'\nORDER BY a.start_time DESC"
    )


def _provsap(identifier: str, **parameters: str) -> str:
    return f"{settings.SITE_URL}/provsap?{urlencode({'ID': identifier, **parameters})}"


def _link(neighbour: Neighbour) -> Link:
    url = page_url(settings.SITE_URL, neighbour.identifier)
    return Link(neighbour.role, neighbour.name, url)


def _setting(parameter: ParameterRecord) -> Setting:
    return Setting(
        parameter.name, parameter.value, parameter.unit or "", parameter.description or ""
    )


def _file(file: ConfigFileRecord) -> Setting:
    return Setting(file.name, file.location or "", "", file.comment or "A file of settings")
