"""A plan as a picture: SVG by Graphviz's ``dot``, which set-up installs.

Equal branches are one box (`analysis.folding`). A colour never tells alone: every box says its
counts in words, and boxes of other states have other outlines. The picture has a title and a
description for those who can't see it, and so has every box.
"""

from collections.abc import Iterator, Sequence

from lxml import etree

from analysis.folding import Group, folded
from analysis.planning import Plan, State
from provenance import graphviz

_SVG = "http://www.w3.org/2000/svg"
_WORDS = {"title": "title", "desc": "description"}
#: Science Windows that a box names; of more it only tells the number.
_MOST_LABELS = 3

_COLOUR = {State.CACHED: "#b7e1c1", State.TO_RUN: "#ffd391", State.NOT_NEEDED: "#e6e6e6"}
_OUTLINE = {State.CACHED: "solid", State.TO_RUN: "bold", State.NOT_NEEDED: "dashed"}
_FILES = "#dce8f5"
_MEANING = {
    State.CACHED: "cached: used as it is",
    State.TO_RUN: "to run: made anew",
    State.NOT_NEEDED: "not needed: nothing that runs reads it",
}


def drawn(plan: Plan, title: str, description: str) -> bytes:
    """The plan as an SVG document; raises `dali.errors.DaliError` where it can't be drawn.

    title, description: of the whole, in plain words.
    """
    groups = folded(plan)
    return _accessible(graphviz.svg_of(_source(groups)), groups, title, description)


def _source(groups: Sequence[Group]) -> str:
    """The graph in dot's language."""
    return "\n".join(
        [
            "digraph plan {",
            'graph [rankdir=LR, bgcolor=white, fontname="sans-serif", nodesep=0.3, ranksep=0.6]',
            'node [fontname="sans-serif", fontsize=12, shape=box, margin="0.15,0.08"]',
            'edge [fontname="sans-serif", fontsize=10, color="#555555", fontcolor="#333333"]',
            *_nodes(groups),
            *_edges(groups),
            *_legend(groups),
            "}",
        ]
    )


def _nodes(groups: Sequence[Group]) -> Iterator[str]:
    for number, group in enumerate(groups):
        if group.kind is None:
            lines = [group.sentence(), *_named(group, None)]
            yield _node(f"g{number}", lines, _FILES, "solid", "ellipse")
            continue
        lines = [group.name if group.members == 1 else f"{group.name} × {group.members}"]
        states = [state for state in State if group.counts.get(state)]
        for state in states:
            lines.append(group.share(state))
            if state is State.TO_RUN or group.members == 1:
                lines += _named(group, state)
        outline = next(
            _OUTLINE[state]
            for state in (State.TO_RUN, State.CACHED, State.NOT_NEEDED)
            if state in states
        )
        yield _node(f"g{number}", lines, _fill(group, states), outline)


def _named(group: Group, state: State | None) -> list[str]:
    labels = [label for label in group.labels.get(state, ()) if label]
    return labels if len(labels) <= _MOST_LABELS else []


def _fill(group: Group, states: Sequence[State]) -> str:
    """One colour, or stripes as broad as the shares of the states."""
    if len(states) == 1:
        return _COLOUR[states[0]]
    # a single step among many still has to be seen
    shares = [max(group.counts[state] / group.members, 0.05) for state in states]
    stripes = [
        f"{_COLOUR[s]};{share / sum(shares):.3f}" for s, share in zip(states, shares, strict=True)
    ]
    return ":".join([*stripes[:-1], stripes[-1].partition(";")[0]])


def _node(name: str, lines: Sequence[str], fill: str, outline: str, shape: str = "box") -> str:
    style = f"{'striped' if ':' in fill else 'filled'},{outline}"
    label = "\\n".join(map(_escaped, lines))
    return f'{name} [label="{label}", fillcolor="{fill}", style="{style}", shape={shape}]'


def _escaped(text: str) -> str:
    """As part of a quoted label; ``\\`` would begin one of dot's own words."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _edges(groups: Sequence[Group]) -> Iterator[str]:
    for number, group in enumerate(groups):
        for other, readings in group.inputs.items():
            label = f' [label="{readings}"]' if readings > 1 else ""
            yield f"g{other} -> g{number}{label}"
        for other in group.told_by:
            yield f'g{other} -> g{number} [label="tells where", style=dashed]'


def _legend(groups: Sequence[Group]) -> Iterator[str]:
    present = {state for group in groups for state in group.counts}
    yield 'subgraph cluster_legend { label="Legend"; fontsize=12; color="#999999"; style=rounded'
    for state in State:
        if state in present:
            lines = _MEANING[state].split(": ")
            yield _node(f"l{state.name}", lines, _COLOUR[state], _OUTLINE[state])
    yield _node("lfile", ["file", "of the archive"], _FILES, "solid", "ellipse")
    yield "}"


def _accessible(
    root: etree._Element, groups: Sequence[Group], title: str, description: str
) -> bytes:
    """The same picture with words for those who can't see it."""
    root.set("role", "img")
    root.set("style", "max-width: 100%; height: auto")
    root.set("aria-labelledby", "plan-title plan-description")
    sentences = {f"g{number}": group.sentence() for number, group in enumerate(groups)}
    for element in root.iter(f"{{{_SVG}}}g"):
        told = element.find(f"{{{_SVG}}}title")
        if told is None:
            continue
        match element.get("class"):
            case "node":
                told.text = sentences.get(told.text or "", "Legend")
            case "edge":
                read, _, reader = (told.text or "").partition("->")
                told.text = f"{groups[int(read[1:])].name} → {groups[int(reader[1:])].name}"
            case _:
                element.remove(told)
    for tag, words in (("desc", description), ("title", title)):
        element = etree.Element(f"{{{_SVG}}}{tag}", id=f"plan-{_WORDS[tag]}")
        element.text = words
        root.insert(0, element)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))
