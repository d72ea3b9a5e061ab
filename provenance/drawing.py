"""A history as a picture's source, in Graphviz's language.

Signs are those of the W3C's PROV pictures: data are ellipses (here rounded boxes, which hold more
words), activities boxes, agents houses. Arrows point to where a thing came from; the picture reads
from top to bottom all the same. Words of records are only ever text: they are escaped as Graphviz's
HTML-like labels want it.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC
from html import escape

from provenance.folding import Folded, Group, GroupEdge, fold, unfolded
from provenance.history import History
from provenance.identifiers import page_url
from provenance.qualified_names import writable
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    EntityClass,
    EntityRecord,
    ParameterRecord,
    Status,
)

_FEW = 12
"""A history of so many things and no more is drawn without folding."""
_WIDTH = 34
_MOST_PARAMETERS = 8
_MOST_LINES = 3
_INFORMED = "wasInformedBy"

_DATA = "#fff7d6"
_MADE = "#ffe08a"
_ACTIVITY = "#d3dcf7"
_FAILED = "#f7cfcf"
_AGENT = "#fbd9b5"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture tells. attributes: more than names. site_url: where its links lead."""

    site_url: str
    attributes: bool = True


def dot_source(history: History, shown: Shown) -> str:
    """The picture of a history; what is alike is drawn once (`provenance.folding`)."""
    size = len(history.entities) + len(history.activities)
    folded = unfolded(history) if size <= _FEW else fold(history)
    lines = [
        "digraph provenance {",
        # heads (origins) on top: a picture is read from the first data down to the product
        'graph [rankdir=BT, bgcolor="white", fontname="sans-serif", fontsize=11, nodesep=0.25,'
        f" ranksep=0.3, labelloc=b, labeljust=l, label={_legend(history, folded)}];",
        'node [fontname="sans-serif", fontsize=11, style="filled", color="#4a5568"];',
        'edge [fontname="sans-serif", fontsize=9, color="#4a5568", fontcolor="#4a5568",'
        " arrowsize=0.7];",
        *(
            _node(number, group, shown, set(history.asked))
            for number, group in enumerate(folded.groups)
        ),
        *(_edge(edge, folded) for edge in _telling(folded)),
        *_agents(history, folded, shown),
        "}",
    ]
    return "\n".join(lines)


def summary(history: History) -> str:
    """The picture in one sentence, for whoever can't see it."""
    activities, entities = len(history.activities), len(history.entities)
    names = [
        _entity_title(entity) for entity in history.entities if entity.id in set(history.asked)
    ] + [activity.name for activity in history.activities if activity.id in set(history.asked)]
    names += [agent.name for agent in history.agents]
    of = f" of {', '.join(names[:3])}" if names else ""
    return writable(
        f"Provenance{of}: {activities} {'activity' if activities == 1 else 'activities'} and "
        f"{entities} {'entity' if entities == 1 else 'entities'}."
    )


def _node(number: int, group: Group, shown: Shown, asked: set[str]) -> str:
    records: tuple[EntityRecord | ActivityRecord, ...] = (*group.entities, *group.activities)
    first = records[0]
    times = f" × {group.size}" if group.size > 1 else ""
    if isinstance(first, ActivityRecord):
        title = f"{first.name}{times}"
        lines = _activity_lines(group) if shown.attributes else []
        look = f'shape=box, fillcolor="{_FAILED if first.status is Status.FAILED else _ACTIVITY}"'
    else:
        title = f"{_entity_title(first) if group.size == 1 else _common(group)}{times}"
        lines = _entity_lines(group) if shown.attributes else []
        fill = _MADE if first.id in asked else _DATA
        look = f'shape=box, style="filled,rounded", fillcolor="{fill}"'
        if first.entity_class is EntityClass.COLLECTION:
            look += ", peripheries=2"
    if first.id in asked:
        look += ", penwidth=2.5"
    if group.size > 1:
        look += ", penwidth=1.8"
    tip = first.id if group.size == 1 else f"{group.size} alike, such as {first.id}"
    return (
        f"n{number} [label={_label(title, lines)}, {look},"
        f" URL={_quoted(page_url(shown.site_url, first.id))}, tooltip={_quoted(tip)},"
        ' target="_top"];'
    )


def _telling(folded: Folded) -> list[GroupEdge]:
    """The edges without those that say "was informed by" where data lead the same way anyway."""
    steps: dict[int, set[int]] = defaultdict(set)
    for edge in folded.edges:
        if edge.relation != _INFORMED:
            steps[edge.tail].add(edge.head)
    reached: dict[int, set[int]] = {}

    def origins(start: int) -> set[int]:
        if start not in reached:
            found: set[int] = set()
            front = {start}
            while front := {head for tail in front for head in steps[tail]} - found:
                found |= front
            reached[start] = found
        return reached[start]

    return [
        edge
        for edge in folded.edges
        if edge.relation != _INFORMED or edge.head not in origins(edge.tail)
    ]


def _edge(edge: GroupEdge, folded: Folded) -> str:
    ends = folded.groups[edge.tail], folded.groups[edge.head]
    words = edge.relation
    known = {entity.description for group in ends for entity in group.entities}
    if edge.role is not None and edge.role not in known:
        words += f"\n{_short(edge.role, 24)}"
    if edge.count > max(group.size for group in ends):
        words += f" ({edge.count})"
    style = "" if edge.relation in ("used", "wasGeneratedBy") else ", style=dashed"
    lines = _quoted(words)
    return f"n{edge.tail} -> n{edge.head} [label={lines}, edgetooltip={lines}{style}];"


def _agents(history: History, folded: Folded, shown: Shown) -> list[str]:
    """Each agent once, with lines to the groups that it answers for.

    Software that has the same part in several activities is drawn as one list beside them. Those
    that were asked for stand alone.
    """
    involved: dict[AgentRecord, dict[tuple[int, str | None], None]] = defaultdict(dict)
    for agent in history.agents:
        involved[agent] = {}
    for number, group in enumerate(folded.groups):
        for activity in group.activities:
            for part in activity.agents:
                involved[part.agent][number, part.role] = None
        for entity in group.entities:
            for part in entity.attributed_to:
                involved[part.agent][number, part.role] = None
    alone = [(tuple(involved.pop(agent)), [agent]) for agent in history.agents]
    together: dict[tuple[tuple[int, str | None], ...], list[AgentRecord]] = defaultdict(list)
    for agent, roles in involved.items():
        if not _is_everywhere(agent, len(roles)):
            together[tuple(roles)].append(agent)
    lines = []
    for number, (parts, agents) in enumerate((*alone, *together.items())):
        title, *more = [_short(agent.name, _WIDTH) for agent in agents[:9]]
        if len(agents) > 9:
            more.append(f"and {len(agents) - 9} more")
        is_asked = number < len(alone)
        if is_asked and shown.attributes:
            more = _agent_lines(agents[0])
        look = f'fillcolor="{_MADE if is_asked else _AGENT}"{", penwidth=2.5" if is_asked else ""}'
        lines.append(
            f"a{number} [label={_label(title, more)}, shape=house, margin=0.08,"
            f" {look}, URL={_quoted(page_url(shown.site_url, agents[0].id))},"
            f' tooltip={_quoted(", ".join(agent.id for agent in agents))}, target="_top"];'
        )
        lines.extend(
            f"n{group} -> a{number} [label={_quoted(role or '')}, style=dotted, arrowhead=none];"
            for group, role in parts
        )
    everywhere = [agent for agent, roles in involved.items() if _is_everywhere(agent, len(roles))]
    if everywhere:
        names = [_short(agent.name, _WIDTH) for agent in everywhere[:12]]
        if len(everywhere) > 12:
            names.append(f"and {len(everywhere) - 12} more")
        lines.append(
            f"software [label={_label('Software in many of these', names)}, shape=box,"
            f' fillcolor="{_AGENT}", URL={_quoted(page_url(shown.site_url, everywhere[0].id))},'
            f' tooltip={_quoted(", ".join(agent.id for agent in everywhere))}, target="_top"];'
        )
    return lines


def _agent_lines(agent: AgentRecord) -> list[str]:
    words = (str(agent.type) if agent.type else None, agent.affiliation, agent.comment, agent.url)
    return [_short(word, _WIDTH) for word in words if word]


def _is_everywhere(agent: AgentRecord, parts: int) -> bool:
    """Whether lines to all that the agent answers for would hide the picture."""
    return agent.type is AgentType.SOFTWARE and parts > _MOST_LINES


def _legend(history: History, folded: Folded) -> str:
    """What the signs mean, and what was left out."""
    cells = [(_MADE, "asked for"), (_DATA, "data"), (_ACTIVITY, "activity"), (_AGENT, "agent")]
    if any(activity.status is Status.FAILED for activity in history.activities):
        cells.append((_FAILED, "failed activity"))
    said = ["Arrows point to what a thing came from."]
    if any(group.size > 1 for group in folded.groups):
        said.append("“× n”: n alike, drawn once.")
    if history.cut:
        said.append(history.cut)
    colours = "".join(
        f'<TD BGCOLOR="{colour}" BORDER="1" COLOR="#4a5568"> {words} </TD>'
        for colour, words in cells
    )
    rows = "".join(
        f'<TR><TD COLSPAN="{len(cells)}" ALIGN="LEFT" BORDER="0">{escape(text)}</TD></TR>'
        for text in said
    )
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4"><TR>{colours}</TR>{rows}</TABLE>>'


def _entity_title(entity: EntityRecord) -> str:
    words = entity.name or entity.description
    return _short(words or entity.id.rpartition("?")[2] or entity.id, _WIDTH)


def _common(group: Group) -> str:
    """Words for entities that are alike."""
    first = group.entities[0]
    return _short(first.description or first.name or str(first.entity_class), _WIDTH)


def _entity_lines(group: Group) -> list[str]:
    first = group.entities[0]
    if group.size > 1:
        examples = [_short(_entity_title(entity), _WIDTH) for entity in group.entities]
        return [examples[0], *(["…"] if group.size > 2 else []), examples[-1]]
    lines = []
    if first.description and first.description not in (first.name, _entity_title(first)):
        lines.append(first.description)
    if first.value is not None:
        lines.append(f"value {_short(first.value, _WIDTH)}")
    if first.content_type:
        lines.append(first.content_type)
    if first.generated_at:
        lines.append(f"made {first.generated_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    if first.invalidated_at:
        lines.append(f"invalid since {first.invalidated_at.astimezone(UTC):%Y-%m-%d %H:%M}")
    return lines


def _activity_lines(group: Group) -> list[str]:
    first = group.activities[0]
    lines = [f"version {first.version}"] if first.version else []
    if first.status is Status.FAILED:
        lines.append("failed")
    starts = [activity.start for activity in group.activities if activity.start]
    if starts:
        lines.append(f"{min(starts).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    shared = [
        parameter
        for parameter in first.parameters
        if all(parameter in activity.parameters for activity in group.activities)
        and parameter.value
    ]
    lines.extend(_parameter_line(parameter) for parameter in shared[:_MOST_PARAMETERS])
    if len(shared) > _MOST_PARAMETERS:
        lines.append(f"and {len(shared) - _MOST_PARAMETERS} more parameters")
    return lines


def _parameter_line(parameter: ParameterRecord) -> str:
    unit = f" {parameter.unit}" if parameter.unit else ""
    return f"{parameter.name} = {_short(parameter.value, 24)}{unit}"


def _label(title: str, lines: list[str]) -> str:
    """A label with a bold first line; everything in it is text."""
    rows = "".join(
        f'<BR/><FONT POINT-SIZE="9">{escape(writable(line)) or " "}</FONT>' for line in lines
    )
    return f"<<B>{escape(writable(title)) or ' '}</B>{rows}>"


def _quoted(text: str) -> str:
    """A text as a string of Graphviz's, in which nothing is an escape but the end of a line."""
    safe = writable(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + safe.replace("\r", " ").replace("\n", "\\n") + '"'


def _short(text: str, length: int) -> str:
    """The text, its end left out where it is long, and of paths the beginning."""
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    return f"{text[: length - 1]}…"
