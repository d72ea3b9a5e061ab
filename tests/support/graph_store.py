"""A SPARQL 1.1 Graph Store over HTTP, for tests: Oxigraph's own store behind Python's server.

Oxigraph's server isn't a package that is installed here. The store, its parser and its query engine
are the real ones (pyoxigraph); the protocol is what stands below: PUT, GET and DELETE of a graph
named by ``?graph=`` (SPARQL 1.1 Graph Store HTTP Protocol, section 5), and queries.
"""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pyoxigraph


@dataclass(slots=True)
class GraphStoreServer:
    """A running store.

    refuse: answer 503 to so many requests first. dislikes: graphs to which the answer is 400.
    credentials: demanded. at_request: called while a request waits for its answer.
    """

    url: str
    store: pyoxigraph.Store
    refuse: int = 0
    credentials: tuple[str, str] | None = None
    asked: list[str] = field(default_factory=list)
    dislikes: set[str] = field(default_factory=set)
    at_request: Callable[[], None] | None = None

    def graphs(self) -> set[str]:
        """The names of all graphs."""
        return {graph.value for graph in self.store.named_graphs()}

    def ask(self, query: str) -> list[tuple[str, ...]]:
        """Rows of a SELECT over the union of all graphs."""
        found = self.store.query(query, use_default_graph_as_union=True)
        assert isinstance(found, pyoxigraph.QuerySolutions)
        return [tuple(str(value.value) for value in row) for row in found]


@contextmanager
def graph_store() -> Iterator[GraphStoreServer]:
    """A store that lives as long as the block."""
    served: GraphStoreServer

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            graph = parse_qs(urlsplit(self.path).query).get("graph", [""])[0]
            served.asked.append(graph)
            if served.at_request is not None:
                served.at_request()
            if graph in served.dislikes:
                return self._answer(400)
            if served.refuse:
                served.refuse -= 1
                return self._answer(503)
            if served.credentials:
                known = base64.b64encode(":".join(served.credentials).encode()).decode()
                if self.headers.get("Authorization") != f"Basic {known}":
                    return self._answer(401)
            if not self.headers["Content-Type"].startswith("text/turtle"):
                return self._answer(415)
            name = pyoxigraph.NamedNode(graph)
            is_new = not served.store.contains_named_graph(name)
            served.store.remove_graph(name)
            try:
                served.store.load(body, pyoxigraph.RdfFormat.TURTLE, to_graph=name)
            except SyntaxError:
                return self._answer(400)
            return self._answer(201 if is_new else 204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = GraphStoreServer(f"http://127.0.0.1:{server.server_port}/data", pyoxigraph.Store())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
