"""A history as an indented text: what a file was made from, a step at a time."""

from collections.abc import Iterator
from itertools import groupby

from provenance.graph import Graph

_INDENT = "   "


def lines(graph: Graph, entity: str, *, everything: bool = False) -> Iterator[str]:
    """The history of ``entity``, line by line, back to what nothing in the graph made.

    Inputs that were made alike (the same step with the same role) are told once, and counted,
    unless ``everything`` is asked for. What was told before is only named.
    """
    yield from _Tree(graph, everything).entity(entity, "", 0)


class _Tree:
    def __init__(self, graph: Graph, everything: bool) -> None:
        self._graph = graph
        self._everything = everything
        self._told: set[str] = set()

    def entity(self, identifier: str, role: str, depth: int) -> Iterator[str]:
        """An entity, and below it the activity that made it."""
        graph, margin = self._graph, _INDENT * depth
        node = graph.entities.get(identifier)
        name = node.name if node else identifier
        place = node.get("location") if node else ""
        maker, _ = graph.generated_by.get(identifier, ("", ""))
        again = maker in self._told
        ending = " (told above)" if again else ""
        said = f"{role}: " if role and role != name else ""
        yield f"{margin}{said}{name}{f' at {place}' if place else ''}{ending}"
        if node is not None and not again:
            yield f"{margin}  {graph.full(identifier)}"
            if checksum := node.get("checksum"):
                yield f"{margin}  {checksum}"
            if since := node.get("invalidatedAtTime"):
                yield f"{margin}  BAD since {since}: {node.get('comment') or 'no reason is known'}"
        if maker and not again:
            self._told.add(maker)
            yield from self._activity(maker, depth)

    def _activity(self, identifier: str, depth: int) -> Iterator[str]:
        graph, margin = self._graph, _INDENT * depth
        node = graph.activities.get(identifier)
        if node is None:
            return
        version = node.get("version")
        said = f"{node.name}{f' version {version}' if version else ''}"
        yield f"{margin}← {said} ({graph.full(identifier)})"
        times = [time for time in (node.get("startTime"), node.get("endTime")) if time]
        if times:
            yield f"{margin}  run {' to '.join(times)}"
        if status := node.get("status"):
            comment = node.get("comment")
            yield f"{margin}  {status}{f': {comment}' if comment else ''}"
        kinds = (graph.agents, graph.people, graph.sources)
        agents = [name for kind in kinds for name in kind.get(identifier, ())]
        if agents:
            yield f"{margin}  by {', '.join(agents)}"
        for name, value in graph.parameters.get(identifier, ()):
            unit = graph.units.get((identifier, name))
            yield f"{margin}  {name} = {value}{f' {unit}' if unit else ''}"
        yield from self._inputs(identifier, depth + 1)

    def _inputs(self, activity: str, depth: int) -> Iterator[str]:
        uses = self._graph.used.get(activity, ())
        if self._everything:
            for entity, role in uses:
                yield from self.entity(entity, role, depth)
            return
        for (role, maker, is_bad), alike in groupby(sorted(uses, key=self._kind), key=self._kind):
            first, *others = alike
            yield from self.entity(first[0], role, depth)
            if others:
                what = f"made by {maker}" if maker else "that nothing here made"
                bad = ", bad as well" if is_bad else ""
                yield f"{_INDENT * depth}… and {len(others)} more of role {role!r} {what}{bad}"

    def _kind(self, use: tuple[str, str]) -> tuple[str, str, bool]:
        """What makes inputs alike: role, name of the step that made them, whether they are bad."""
        entity, role = use
        maker, _ = self._graph.generated_by.get(entity, ("", ""))
        activity = self._graph.activities.get(maker)
        node = self._graph.entities.get(entity)
        is_bad = node is not None and bool(node.get("invalidatedAtTime"))
        return role, activity.name if activity else "", is_bad
