"""Writing XML piece by piece, always well-formed."""

import io
import re
from collections.abc import Mapping
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

# Characters that XML 1.0, section 2.2, has no way to write.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def writable(text: str) -> str:
    """The text with what XML can't hold replaced by U+FFFD."""
    return _UNWRITABLE.sub("\ufffd", text)


class XmlPieces:
    """Collects XML; `take` hands over what was written since the last time."""

    def __init__(self) -> None:
        """Begins with the XML declaration."""
        self._buffer = io.BytesIO()
        self._generator = XMLGenerator(self._buffer, "UTF-8", short_empty_elements=True)
        self._generator.startDocument()
        self._open: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str | None] | None = None) -> None:
        """Open an element; attributes that are ``None`` are left out."""
        given = {k: writable(v) for k, v in (attributes or {}).items() if v is not None}
        self._generator.startElement(tag, AttributesImpl(given))
        self._open.append(tag)

    def end(self) -> None:
        """Close the innermost open element."""
        self._generator.endElement(self._open.pop())

    def element(
        self, tag: str, attributes: Mapping[str, str | None] | None = None, text: str = ""
    ) -> None:
        """An element that holds only text."""
        self.start(tag, attributes)
        if text:
            self._generator.characters(writable(text))
        self.end()

    def line(self) -> None:
        """A line break, for people who read the document."""
        self._generator.ignorableWhitespace("\n")

    def written(self, text: str) -> None:
        """Whole elements that were written elsewhere."""
        self._generator.ignorableWhitespace(text)

    def end_all(self) -> None:
        """Close every open element: the document ends."""
        while self._open:
            self.end()
        self.line()

    def take(self) -> bytes:
        """What was written since the last call; a start tag only once something came after it."""
        written = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return written
