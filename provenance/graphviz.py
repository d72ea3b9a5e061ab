"""Graphviz's ``dot`` as a child process with limits on time, memory and size.

https://graphviz.org/doc/info/command.html. It reads from its standard input and writes to its
standard output; it is given no files.
"""

import resource
import shutil
import subprocess
import threading

from lxml import etree

from dali.errors import DaliError

SECONDS = 15
BYTES_OF_MEMORY = 1_000_000_000
BYTES_OF_PICTURE = 10_000_000
_AT_ONCE = threading.BoundedSemaphore(2)

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
#: All that Graphviz writes; whatever else were in a picture, it would not be ours.
_ELEMENTS = frozenset(
    ("svg", "g", "title", "desc", "a", "path", "polygon", "polyline", "ellipse", "text")
)


def to_png(source: str) -> bytes:
    """A picture as PNG; raises `DaliError` where it is too large to be drawn."""
    return _drawn(source, "-Tpng", "-Gdpi=96")


def to_svg(source: str, summary: str) -> bytes:
    """A picture as SVG, with ``summary`` for whoever can't see it.

    Raises `DaliError` where it is too large to be drawn.
    """
    root = svg_of(source)
    root.set("role", "img")
    root.set("aria-label", summary)
    for title in root.iter(f"{{{_SVG}}}title"):
        parent = title.getparent()
        if parent is None or parent.getparent() is None:
            continue
        words = " ".join(
            text.text or "" for text in parent.iter(f"{{{_SVG}}}text") if (text.text or "").strip()
        )
        # Graphviz puts the nodes' internal names here
        title.text = summary if parent.get("id") == "graph0" else words
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def svg_of(source: str) -> etree._Element:
    """A picture as the root element of an SVG document; raises `DaliError` as `to_svg`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    root = etree.fromstring(_drawn(source, "-Tsvg"), parser)
    _check(root)
    return root


def _check(root: etree._Element) -> None:
    """Refuse whatever could run: elements and attributes that Graphviz has no business with."""
    for element in root.iter(tag=etree.Element):
        name = etree.QName(element)
        link = element.get(f"{{{_XLINK}}}href", "")
        if (
            name.namespace != _SVG
            or name.localname not in _ELEMENTS
            or any(str(attribute).lower().startswith("on") for attribute in element.attrib)
            or (link and not link.startswith(("http://", "https://")))
        ):
            raise DaliError("the picture can't be drawn", 500)


def _drawn(source: str, *arguments: str) -> bytes:
    program = shutil.which("dot")
    if program is None:
        raise DaliError(
            "pictures need Graphviz, which isn't installed here; ask for another format", 503
        )
    if not _AT_ONCE.acquire(timeout=SECONDS):
        raise DaliError("too many pictures are being drawn; try again", 503)
    try:
        with subprocess.Popen(  # noqa: S603 - the program is Graphviz, the arguments are ours
            [program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            # It waits for its input, so that the limits hold before it does anything.
            resource.prlimit(process.pid, resource.RLIMIT_AS, (BYTES_OF_MEMORY, BYTES_OF_MEMORY))
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
            try:
                picture, _ = process.communicate(source.encode(), timeout=SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise _too_large() from None
            except BaseException:
                process.kill()
                raise
    finally:
        _AT_ONCE.release()
    if process.returncode != 0 or not picture or len(picture) > BYTES_OF_PICTURE:
        raise _too_large()
    return picture


def _too_large() -> DaliError:
    return DaliError(
        "the graph is too large for a picture: ask for less of it (DEPTH), or for another format"
    )
